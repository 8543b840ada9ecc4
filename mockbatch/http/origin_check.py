"""Origin checks of the control plane: only our own pages may call it.

A page of another site can send requests here, and even read the responses with a name that resolves to this machine
(DNS rebinding). But it cannot forge `Origin` and `Host`. Programs other than browsers send no `Origin`.
Sources: https://fetch.spec.whatwg.org/#origin-header, https://www.rfc-editor.org/rfc/rfc6761
"""

import re
from collections.abc import Sequence
from functools import wraps
from ipaddress import ip_address

from starlette.routing import Route

from mockbatch.config import Config
from mockbatch.core.contract.errors import InvalidRequest, PermissionDenied
from mockbatch.core.hosts import host_of
from mockbatch.core.numbers import shortened
from mockbatch.core.suggestions import did_you_mean
from mockbatch.http.access import check_access
from mockbatch.http.calls import Call, Endpoint, Handler
from mockbatch.http.operation import description_of
from mockbatch.http.responses import Response

# names under these do not exist on the public internet
_PRIVATE = (".localhost", ".internal", ".test", ".invalid")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::\d*)?").fullmatch


def same_site_only(route: Route) -> Route:
    """Protect a route against pages of other sites, and against callers beyond the reach of its endpoints."""
    assert isinstance(route.app, Endpoint)
    return Route(route.path, Endpoint(**{method: _guarded(handler) for method, handler in route.app.handlers.items()}))


def _guarded(handler: Handler) -> Handler:
    described = description_of(handler)
    known = ("session", *(parameter.name for parameter in described.query))

    @wraps(handler)
    async def checked(call: Call) -> Response:
        check_site(call)
        check_access(call, described.caller)
        if described.caller != "anyone":  # the query of the dashboard's address belongs to its scripts
            _check_query(call, known)
        return await handler(call)

    return checked


def _check_query(call: Call, known: Sequence[str]) -> None:
    """Raise InvalidRequest for an unknown parameter, which would otherwise be ignored silently."""
    if not call.scope["query_string"]:
        return
    for name in call.query():
        if name.removesuffix("[]") not in known:
            near = did_you_mean(name[:100], known)
            raise InvalidRequest(f"{shortened(name)[1:-1]}: unknown parameter.{near} Known: {', '.join(known)}")


def check_site(call: Call) -> None:
    """Raise PermissionDenied for a call that may come from a page of another site."""
    config = call.services.config
    host = _host(call.header(b"host") or "localhost")
    if not _is_ours(host, config):
        raise PermissionDenied(
            f"Host {host!r} is not a name of this server; if it should be, start it with --allow-host {host}"
        )
    origin = call.header(b"origin")
    if origin is not None and not _is_origin_of_ours(origin, host, config):
        raise PermissionDenied(f"Pages from {origin} may not use the control plane; allow them with --allow-host")


def _is_ours(host: str, config: Config) -> bool:
    """Return whether a host name can only lead here on purpose: no other site has an address or a dotless name."""
    if host in _named(config) or "." not in host or host.endswith(_PRIVATE):
        return True
    return _is_address(host)


def _is_origin_of_ours(origin: str, host: str, config: Config) -> bool:
    """Return whether a page comes from this server, or from this machine."""
    site = host_of(origin)
    if site is None:
        return False
    return site == host or site in _named(config) or site == "localhost" or (_is_address(site) and _is_loopback(site))


def _named(config: Config) -> set[str]:
    """Return the configured names of this server."""
    public = host_of(config.public_url) if config.public_url else None
    return {name.lower() for name in (config.host, public, *config.allow_host) if name}


def _host(header: str) -> str:
    """Return the name in a `Host` header; an invalid one is returned unchanged."""
    found = _HOST(header)
    return (found[1] or found[2]).lower() if found else f"{header}."


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return ip_address(host).is_loopback
