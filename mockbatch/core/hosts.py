"""Where URLs lead, told from their text alone."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit


def host_of(url: str) -> str | None:
    """The host of an http or https URL; None for what is no such URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    # browsers read a backslash as a slash, and other programs as a part of the name
    plain = url.isprintable() and not {" ", "\\"} & set(url)
    return host if parts.scheme in ("http", "https") and plain else None


def is_local(url: str) -> bool:
    """Whether the URL leads to this machine itself."""
    host = host_of(url) or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def may_be_called(url: str, allowed: Collection[str]) -> bool:
    """Whether the URL leads to this machine, or to a host that somebody has allowed."""
    return is_local(url) or host_of(url) in allowed
