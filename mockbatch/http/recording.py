"""A recorder: forwards `/v1/*` to an upstream with the client's key, and records requests and responses.

The client sees what the upstream sent, byte for byte, with one exception: each `results_url` points to the recorder,
since clients follow it literally and the download would otherwise not be recorded.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from sqlite3 import Error as SpoolError
from typing import Any

import msgspec
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from mockbatch import __version__
from mockbatch.core.cassette.values import decode, encode
from mockbatch.fixtures.exchange import RecordedExchange
from mockbatch.fixtures.exchanges import exchange_of
from mockbatch.fixtures.spool import Spool
from mockbatch.upstream import Headers, Upstream, UpstreamFailed, UpstreamResponse

_BATCHES = "/v1/messages/batches"
_RESULTS_URL = re.compile(rb'(?<!\\)"results_url"\s*:\s*("(?:[^"\\]|\\.)*")')
_RESULTS_PATH = re.compile(rf"{_BATCHES}/[^/?#]+/results(?:[?#].*)?\Z")


class _ClientGone(Exception):
    """The client disconnected."""


class RecordingFeed:
    """Feeds an exchange off the event loop. If that fails, the traffic continues unrecorded."""

    def __init__(self, spool: Spool, method: str, path: str, headers: dict[str, str]) -> None:
        self._spool, self._call = spool, f"{method} {path}"
        self._exchange: RecordedExchange | None = None
        try:
            self._exchange = exchange_of(spool, method, path, headers)
        except ValueError as error:
            self._fail(error)

    async def tell(self, what: Callable[[RecordedExchange], Callable[..., None]], *arguments: Any) -> None:
        """Call a method of the exchange."""
        if self._exchange is None or type(self._exchange) is RecordedExchange:
            return
        try:
            await asyncio.to_thread(what(self._exchange), *arguments)
        except (ValueError, SpoolError, OSError, RecursionError) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._exchange = None
        self._spool.failed((self._call, "unrecorded"), f"{self._call} could not be recorded: {error}")


class Recorder:
    """An ASGI application for one upstream that records to `spool`. `now` returns nanoseconds."""

    def __init__(self, upstream: Upstream, spool: Spool, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._upstream, self._spool, self._now = upstream, spool, now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/health":
            await _answer(send, 200, {"status": "recording", "name": "mockbatch", "version": __version__})
        elif not scope["path"].startswith("/v1/"):
            await _refuse(send, 404, "not_found_error", "mockbatch is recording and forwards only /v1/*")
        elif not (keys := _keys(scope)):
            await _refuse(send, 401, "authentication_error", "x-api-key header is required")
        else:
            for key in keys:
                self._spool.hide(key)
            await _Passing(self._upstream, self._watch(scope), scope, receive, send, self._now).run()

    def _watch(self, scope: Scope) -> RecordingFeed:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return RecordingFeed(self._spool, scope["method"], scope["path"], headers)


class _Passing:
    """One call on its way to the upstream and back."""

    def __init__(
        self,
        upstream: Upstream,
        watch: RecordingFeed,
        scope: Scope,
        receive: Receive,
        send: Send,
        now: Callable[[], int],
    ) -> None:
        self._upstream, self._watch, self._scope, self._now = upstream, watch, scope, now
        self._receive, self._send = receive, send
        self._started_at = now()
        self._answering = False
        self._has_more = _has_body(scope)

    async def run(self) -> None:
        whole = False
        try:
            whole = await self._passed_on()
        except UpstreamFailed as failure:
            # a response that has begun is broken off here as well: it stays without its end
            if not self._answering:
                await self._rest_of_body()
                await _refuse(self._send, 502, "api_error", str(failure))
        except _ClientGone:
            pass
        finally:
            if not whole:
                await self._done(False)

    async def _done(self, whole: bool) -> None:
        await self._watch.tell(lambda exchange: exchange.done, whole, (self._now() - self._started_at) // 1000)

    async def _passed_on(self) -> bool:
        scope = self._scope
        query = scope["query_string"].decode("latin-1")
        path = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode("latin-1")
        target = f"{path}?{query}" if query else path
        body = self._body() if self._has_more else None
        async with self._upstream.call(scope["method"], target, scope["headers"], body) as answer:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
            await self._watch.tell(lambda exchange: exchange.answered, answer.status, headers)
            pieces, own = answer.pieces(), answer.headers
            if _shows_batches(scope, answer):
                pieces, own = await self._rewritten(pieces, own)
            await self._send({"type": "http.response.start", "status": answer.status, "headers": own})
            self._answering = True
            await self._stream(pieces)
        return True

    async def _rest_of_body(self) -> None:
        """Read the part of the body that the upstream did not, so that the request is recorded whole."""
        with suppress(_ClientGone):
            async for _ in self._body():
                pass

    async def _body(self) -> AsyncIterator[bytes]:
        while self._has_more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _ClientGone
            piece, self._has_more = message.get("body", b""), message.get("more_body", False)
            if piece:
                await self._watch.tell(lambda exchange: exchange.sent, piece)
                yield piece

    async def _stream(self, pieces: AsyncIterator[bytes]) -> None:
        gone = asyncio.create_task(_gone(self._receive))
        try:
            async for piece in pieces:
                await self._watch.tell(lambda exchange: exchange.received, piece)
                if gone.done():
                    raise _ClientGone
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            gone.cancel()
        await self._done(True)
        await self._send({"type": "http.response.body", "body": b""})

    async def _rewritten(self, pieces: AsyncIterator[bytes], headers: Headers) -> tuple[AsyncIterator[bytes], Headers]:
        body = b"".join([piece async for piece in pieces])
        shown = with_results_here(body, _origin(self._scope))
        own = [(name, b"%d" % len(shown) if name == b"content-length" else value) for name, value in headers]

        async def whole() -> AsyncIterator[bytes]:
            yield shown

        return whole(), own


def with_results_here(body: bytes, origin: str) -> bytes:
    """Return the body with every `results_url` at `origin`, and every other byte unchanged."""

    def here(found: re.Match[bytes]) -> bytes:
        path = _RESULTS_PATH.search(decode(found[1]))
        return found[0] if path is None else found[0].replace(found[1], encode(origin + path[0]))

    return _RESULTS_URL.sub(here, body)


def _shows_batches(scope: Scope, answer: UpstreamResponse) -> bool:
    path: str = scope["path"]
    return answer.status == 200 and path.startswith(_BATCHES) and not path.endswith("/results")


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def _keys(scope: Scope) -> list[str]:
    """Return the keys of a call."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    scheme, _, token = headers.get(b"authorization", "").partition(" ")
    return [key for key in (headers.get(b"x-api-key", ""), token.strip() if scheme.lower() == "bearer" else "") if key]


def _origin(scope: Scope) -> str:
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"%b:%d" % (scope["server"][0].encode(), scope["server"][1] or 80))
    return f"{scope['scheme']}://{host.decode('latin-1')}{scope.get('root_path', '')}"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, kind: str, message: str) -> None:
    await _answer(send, status, {"type": "error", "error": {"type": kind, "message": message}, "request_id": None})


async def _answer(send: Send, status: int, content: Any) -> None:
    body = msgspec.json.encode(content)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def create_recorder(url: str, spool: Spool) -> Router:
    """Return the application that records the traffic between its clients and the API at `url`."""
    upstream = Upstream(url)

    @asynccontextmanager
    async def lifespan(app: Router) -> AsyncIterator[None]:
        yield
        await upstream.close()

    return Router(default=Recorder(upstream, spool), lifespan=lifespan)
