"""The proxy settings of a command: those it inherits, and those it is given."""

from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from mockbatch.core.hosts import is_local
from mockbatch.intercept import HOST, PORT, InterceptError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OF_HTTPS = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


class UpstreamProxy(NamedTuple):
    """A proxy through which other hosts have to be reached."""

    host: str
    port: int
    is_tls: bool
    authorization: str | None


class Bypass(NamedTuple):
    """Hosts to reach without a proxy, as in `NO_PROXY`."""

    entries: tuple[str, ...]

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Bypass":
        text = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
        return cls(tuple(filter(None, (entry.strip() for entry in text.split(",")))))

    @property
    def is_all(self) -> bool:
        return "*" in self.entries

    @property
    def kept(self) -> tuple[str, ...]:
        """Return the entries that do not match the official host, which would otherwise bypass us."""
        return tuple(entry for entry in self.entries if entry != "*" and not _covers(entry, HOST, PORT))

    def has(self, host: str, port: int) -> bool:
        """Return whether a host matches an entry, or is this machine."""
        named = any(_covers(entry, host, port) for entry in self.entries if entry != "*")
        return named or is_local(f"https://[{host}]" if ":" in host else f"https://{host}")


def _covers(entry: str, host: str, port: int) -> bool:
    """Return whether an entry of `NO_PROXY` is this host, or a parent domain of it."""
    name = entry.lower().removesuffix(f":{port}").lstrip("*.").strip("[]")
    return bool(name) and f".{host}".endswith(f".{name}")


def upstream_of(environ: Mapping[str, str]) -> UpstreamProxy | None:
    """Return the proxy that programs would use for https; None if there is none. Raises InterceptError."""
    name = next((name for name in _OF_HTTPS if environ.get(name)), None)
    if name is None:
        return None
    url = environ[name]
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise InterceptError(f"{name} is not the URL of a proxy")
    if parts.scheme not in ("http", "https"):
        raise InterceptError(f"{name} is a {parts.scheme} proxy; only http and https proxies are supported")
    user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    authorization = f"Basic {b64encode(user.encode()).decode()}" if parts.username else None
    return UpstreamProxy(host, port or (443 if parts.scheme == "https" else 80), parts.scheme == "https", authorization)


def variables(proxy: str, bypass: Bypass, *, offline: bool) -> dict[str, str]:
    """Return the variables that select a proxy: for https, or for all schemes if `offline`. Loopback stays direct."""
    names = ("https_proxy", "http_proxy", "all_proxy") if offline else ("https_proxy",)
    no_proxy = ",".join(dict.fromkeys([*bypass.kept, *_LOOPBACK]))
    pairs = {**dict.fromkeys(names, proxy), "no_proxy": no_proxy}
    return {"NODE_USE_ENV_PROXY": "1", **pairs, **{name.upper(): value for name, value in pairs.items()}}
