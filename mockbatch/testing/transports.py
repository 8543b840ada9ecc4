"""A server without a socket: transports that pass the calls of the SDK's clients directly to the application."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import httpx2

from mockbatch.client.control import Send
from mockbatch.config import Config
from mockbatch.http.app import create_app
from mockbatch.testing.clients import Clients

T = TypeVar("T")

URL = "http://mockbatch.invalid"


class Application:
    """The application in an event loop in its own thread, so that callers may block or run their own loop."""

    def __init__(self, config: Config) -> None:
        self._app = create_app(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mockbatch application", daemon=True)
        self._thread.start()
        self._state: dict[str, Any] = {}
        try:
            self._lifespan: AbstractAsyncContextManager[Any] = self._app.lifespan_context(self._app)
            self._state = dict(self.submit(self._lifespan.__aenter__()).result() or {})
        except BaseException:
            self._end_loop()
            raise
        self.transport = httpx2.ASGITransport(self._with_state, raise_app_exceptions=False)

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in the application's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        self.submit(self._lifespan.__aexit__(None, None, None)).result()
        self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _with_state(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, "state": dict(self._state)}, receive, send)


class Memory:
    """A host for `Server` without a socket; only clients of its sessions reach it."""

    url = URL
    pid: int | None = None

    def __init__(self, config: Config) -> None:
        self._application = Application(config)

    def send(self) -> Send:
        return self._send

    def clients(self) -> Clients:
        return _Clients(self._application)

    def died(self) -> str | None:
        return None

    def stop(self) -> None:
        self._application.stop()

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        request = httpx2.Request(method, URL + path, headers=headers, content=body)
        answer, content = self._application.submit(_response_to(self._application, request)).result()
        return answer.status_code, content


class _Clients(Clients):
    """Clients whose transport is the application."""

    def __init__(self, application: Application) -> None:
        super().__init__(URL)
        self._application = application

    def dialable_url(self) -> str:
        raise ValueError("a server in memory has no URL; its sessions have client() and async_client()")

    def _transport(self, asynchronous: bool) -> dict[str, Any]:
        return {"transport": AsyncTransport(self._application) if asynchronous else Transport(self._application)}


class Transport(httpx2.BaseTransport):
    """A transport for `httpx2.Client`, used by the SDK's sync client."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request = _detached(request, request.read())
        answer, content = self._application.submit(_response_to(self._application, request)).result()
        return _rewrapped(answer, content)


class AsyncTransport(httpx2.AsyncBaseTransport):
    """A transport for `httpx2.AsyncClient`, used by the SDK's async client; asyncio only."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request = _detached(request, await request.aread())
        work = self._application.submit(_response_to(self._application, request))
        answer, content = await asyncio.wrap_future(work)
        return _rewrapped(answer, content)


async def _response_to(application: Application, request: httpx2.Request) -> tuple[httpx2.Response, bytes]:
    answer = await application.transport.handle_async_request(request)
    # raw: decoding is up to the client
    return answer, b"".join([piece async for piece in answer.aiter_raw()])


def _detached(request: httpx2.Request, body: bytes) -> httpx2.Request:
    return httpx2.Request(request.method, request.url, headers=request.headers, content=body)


def _rewrapped(answer: httpx2.Response, content: bytes) -> httpx2.Response:
    return httpx2.Response(answer.status_code, headers=answer.headers, stream=_Once(content))


class _Once(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body held in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content
