"""The composition root: opens the store, provides the wall clock, and assembles the routes."""

import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from mockbatch.config import Config
from mockbatch.http import batches, files, health, messages, models
from mockbatch.http.unknown_paths import UnknownPaths
from mockbatch.service.services import Services
from mockbatch.service.sessions.rules import past
from mockbatch.service.sessions.session import Wall
from mockbatch.service.sessions.settings import check_functions
from mockbatch.store.sqlite import opened
from mockbatch.webhooks import Webhooks

_log = logging.getLogger(__name__)

_FRONT_ROOMS = (batches, messages, models, files, health)


class State(TypedDict):
    """The state that the lifespan passes to the endpoints."""

    mock: Services
    logged: set[str]
    """Messages already logged, of those logged only once."""


def wall_clock() -> Wall:
    """Return a clock of microseconds since 1970 that never goes back, even if the machine's clock is changed."""
    started, base = time.monotonic_ns(), time.time_ns()
    return lambda: (base + time.monotonic_ns() - started) // 1000


def create_app(config: Config, wall: Wall | None = None) -> Router:
    """Return the ASGI application. `wall` returns the real time in microseconds; the default is the machine's clock.

    Raises ConfigError for a function that does not exist. The lifespan opens the store, and raises StoreError if it
    cannot be used.
    """
    check_functions(config)
    clock = wall or wall_clock()

    @asynccontextmanager
    async def lifespan(app: Router) -> AsyncIterator[State]:
        store = await opened(Path(config.db) if config.db else None, config.durability)
        mock = Services(store, clock, config, Webhooks())
        _warn(config, mock.now())
        try:
            await mock.open()
            yield {"mock": mock, "logged": set()}
            if unhit := mock.unhit():
                _log.warning("rules that never matched: %s", ", ".join(unhit))
        finally:
            await mock.close()

    options: dict[str, Any] = {"redirect_slashes": False, "default": _further, "lifespan": lifespan}
    return LoggedRooms(_front_routes(), **options) if config.log_requests else Rooms(_front_routes(), **options)


def _warn(config: Config, now: int) -> None:
    for rule in config.all_rules():
        if problem := past(rule, now, now):
            _log.warning("rule %r: %s", rule.name, problem)


def _front_routes() -> list[Route]:
    return [route for room in _FRONT_ROOMS for route in room.routes]


def all_routes() -> list[Route]:
    """Return the routes of every path that is served."""
    # imported lazily: many servers only ever serve the front routes
    from mockbatch.http import control, openapi, organization, reports
    from mockbatch.http.origin_check import same_site_only

    routes = [*_front_routes(), *organization.routes, *reports.routes, *control.routes]
    return [*routes, same_site_only(openapi.route_of(routes))]


class Rooms(Router):
    """Starlette's router with a lookup table for common paths; all others are matched route by route."""

    def __init__(self, routes: Sequence[Route], **more: Any) -> None:
        super().__init__(routes, **more)
        self._exact = {route.path: route.app for route in routes if "{" not in route.path}
        self._of_id = {route.path.removesuffix("/{id}"): route.app for route in routes if route.path.count("{") == 1}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            endpoint = self._exact.get(path)
            if endpoint is None:
                parent, _, name = path.rpartition("/")
                endpoint = self._of_id.get(parent) if name else None
                scope["path_params"] = {"id": name}
            if endpoint is not None:
                await endpoint(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


class LoggedRooms(Rooms):
    """A router that logs a line for each call to standard error."""

    def __init__(self, routes: Sequence[Route], **more: Any) -> None:
        super().__init__(routes, **more)
        # imported lazily: most servers do not log calls
        from mockbatch.http.request_log import RequestLog

        self._log = RequestLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["request_log"] = self._log.begin()
        try:
            await super().__call__(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                self._log.close()


async def _further(scope: Scope, receive: Receive, send: Send) -> None:
    await _all_rooms()(scope, receive, send)


@cache
def _all_rooms() -> Rooms:
    routes = all_routes()
    return Rooms(routes, redirect_slashes=False, default=UnknownPaths(routes))
