"""Catches programs that name the official host themselves: a proxy, a certificate, and variables that name both."""

HOST = "api.anthropic.com"
PORT = 443


class InterceptError(Exception):
    """What keeps a run from intercepting; the message is one sentence."""
