"""Paths without a route: near misses, and the 404 for all others."""

import logging
import re
from collections.abc import Sequence
from functools import lru_cache

from starlette.routing import Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from mockbatch.core.contract.errors import NotFound
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.operation import operation
from mockbatch.http.responses import Response

_log = logging.getLogger(__name__)

_API = "/v1"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_LOOKED_AT = 200
_ALIKE = 0.75


class UnknownPaths:
    """Serves paths without a route.

    Retries them without doubled slashes, and with `/v1` added or removed for clients whose base URL is off by it;
    otherwise responds with a 404 that suggests the nearest route.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self._nowhere = _nowhere(routes)
        self._routes = routes
        self._of_api = [route for route in routes if route.path.startswith(f"{_API}/")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = re.sub("/{2,}", "/", scope["path"])
        meant = f"{_API}{re.sub(f'^({_API}(?=/))+', '', path)}"
        if meant != path and any(route.matches({**scope, "path": meant})[0] == Match.FULL for route in self._of_api):
            _tell(scope, path, meant)
            path = meant
        if path == scope["path"]:
            await self._nowhere(scope, receive, send)
            return
        inner = Router(self._routes, redirect_slashes=False, default=self._nowhere)
        await inner({**scope, "path": path}, receive, send)


def _tell(scope: Scope, path: str, meant: str) -> None:
    """Log a wrong base URL, once per server."""
    how = "not end" if path.startswith(f"{_API}/") else "end"
    if how not in scope["state"]["logged"]:
        scope["state"]["logged"].add(how)
        _log.warning(
            "%s %.100r is handled as %.100r: the base URL of this client should %s in /v1",
            scope["method"],
            path,
            meant,
            how,
        )


def _nowhere(routes: Sequence[Route]) -> ASGIApp:
    """Return the application that responds with a 404."""

    @operation(None, caller="anyone", op="unknown")
    async def unknown(call: Call) -> Response:
        """Report an unknown path."""
        near = nearest(call.method, call.scope["path"][:_LOOKED_AT])
        raise NotFound(f"The requested resource could not be found. {near}")

    @lru_cache(maxsize=256)
    def nearest(method: str, path: str) -> str:
        route = _nearest(routes, path)
        if route is None:
            return "GET /_mockbatch/openapi.json lists all endpoints."
        handlers = endpoint_of(route).handlers
        return f"Did you mean {method if method in handlers else next(iter(handlers))} {route.path}?"

    return Endpoint(**dict.fromkeys(_METHODS, unknown))


def _nearest(routes: Sequence[Route], path: str) -> Route | None:
    """Return the route that a path is close to."""
    # imported lazily: only a mistyped path needs it
    from difflib import SequenceMatcher

    def likeness(route: Route) -> float:
        return SequenceMatcher(None, path, _filled(route.path, path)).ratio()

    best = max(routes, key=likeness)
    return best if likeness(best) >= _ALIKE else None


def _filled(template: str, path: str) -> str:
    """Return a route's path, its parameters filled from another path."""
    given = path.split("/")
    parts = template.split("/")
    return "/".join(given[at] if part.startswith("{") and at < len(given) else part for at, part in enumerate(parts))


def endpoint_of(route: Route) -> Endpoint:
    """Return the endpoint of a route."""
    assert isinstance(route.app, Endpoint)
    return route.app
