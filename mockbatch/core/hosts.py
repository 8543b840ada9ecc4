"""The host that a URL leads to, judged by its text alone."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit


def host_of(url: str) -> str | None:
    """Return the host of an http or https URL, or None for any other text."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    # browsers read a backslash as a slash, other programs as part of the name
    plain = url.isprintable() and not {" ", "\\"} & set(url)
    return host if parts.scheme in ("http", "https") and plain else None


def is_local(url: str) -> bool:
    """Return whether the URL leads to this machine."""
    host = host_of(url) or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def may_be_called(url: str, allowed: Collection[str]) -> bool:
    """Return whether the URL leads to this machine or to an allowed host."""
    return is_local(url) or host_of(url) in allowed
