"""The composition root: picks the store, names the wall clock, puts the rooms together."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from mockbatch.config import Config
from mockbatch.core.contract.errors import ApiError
from mockbatch.core.time.clock import Clock
from mockbatch.http import batches, control
from mockbatch.http.calls import Calls
from mockbatch.http.errors import on_api_error, on_http_exception, on_store_error
from mockbatch.service import Mock, Settings
from mockbatch.service.batches import Limits
from mockbatch.service.sessions import Wall
from mockbatch.store import StoreError
from mockbatch.store.sqlite import opened


class State(TypedDict):
    """What the lifespan hands to the endpoints."""

    mock: Mock


def wall_clock() -> Wall:
    """Microseconds since 1970 that never go back, whatever is done to the machine's clock."""
    started, base = time.monotonic_ns(), time.time_ns()
    return lambda: (base + time.monotonic_ns() - started) // 1000


def create_app(config: Config, wall: Wall | None = None) -> Starlette:
    """The ASGI application. `wall` gives the real time in microseconds; by default that of the machine.

    Its lifespan opens the store and raises StoreError when that cannot be used.
    """
    clock = wall or wall_clock()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[State]:
        store = await opened(Path(config.db) if config.db else None, config.durability)
        mock = Mock(store, clock, _settings(config))
        try:
            await mock.open()
            yield {"mock": mock}
        finally:
            await mock.close()

    routes = [*batches.routes, *control.routes]
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Calls, seed=config.seed)],
        exception_handlers={
            ApiError: on_api_error,
            StoreError: on_store_error,
            HTTPException: on_http_exception,
        },
    )
    app.router.redirect_slashes = False
    app.state.known_routes = [_told(route) for route in routes]
    return app


def _settings(config: Config) -> Settings:
    def new_clock(real: int) -> Clock:
        start = real if config.clock_start is None else config.clock_start
        return Clock(real, start, config.speedup, config.frozen)

    return Settings(
        config.profile(),
        Limits(config.max_requests, config.max_bytes),
        new_clock,
        config.poll_advances,
        config.public_url,
    )


def _told(route: Route) -> str:
    methods = "|".join(sorted((route.methods or set()) - {"HEAD"}))
    return f"{methods} {route.path}"
