"""Interception of programs that hard-code the official host: a proxy, a certificate, and their variables."""

HOST = "api.anthropic.com"
PORT = 443


class InterceptError(Exception):
    """Interception is not possible. The message is one sentence."""
