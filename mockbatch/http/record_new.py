"""New episodes: recorded requests are replayed here, all others are sent to the upstream and recorded.

A batch is sent to the upstream whole if any of its requests is not recorded, since a client sees it as one unit.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any

from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send

from mockbatch.core.cassette.interaction import Kind
from mockbatch.core.cassette.tape import Tape
from mockbatch.core.cassette.values import decode
from mockbatch.core.contract.errors import ApiError
from mockbatch.core.contract.request_slicer import RequestSlice, RequestSlicer
from mockbatch.fixtures.exchange import inflater, object_of

_BATCHES = "/v1/messages/batches"
_KINDS: dict[str, Kind] = {"/v1/messages": "message", "/v1/messages/count_tokens": "count_tokens"}
_IN_MEMORY = 1 << 20
_PIECE = 1 << 16
_NO_LIMIT = 1 << 62


class _Kept:
    """A request body, buffered until its destination is known."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        self.whole = True

    async def take(self, receive: Receive) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.whole = False
                return
            piece, more = message.get("body", b""), message.get("more_body", False)
            self.file.write(piece)
            yield piece

    def again(self, receive: Receive) -> Receive:
        """Return a `receive` that replays the body, and then continues with the original."""
        self.file.seek(0)
        ended = not self.whole

        async def received() -> Message:
            nonlocal ended
            if ended:
                return await receive()
            piece = self.file.read(_PIECE)
            ended = len(piece) < _PIECE
            return {"type": "http.request", "body": piece, "more_body": not ended}

        return received


class Episodes:
    """Routes calls to `mock` or `recorder`, depending on what is on `tape`."""

    def __init__(self, mock: Router, recorder: Router, tape: Tape) -> None:
        self._mock, self._recorder, self._tape = mock, recorder, tape
        self._recorded: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["method"] == "POST" and (path in _KINDS or path == _BATCHES):
            await self._decided(scope, receive, send)
        elif path.startswith("/v1/files") or path.removeprefix(f"{_BATCHES}/").partition("/")[0] in self._recorded:
            await self._recorder(scope, receive, send)
        else:
            await self._mock(scope, receive, send)

    async def _decided(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = _Kept()
        with kept.file:
            known = await self._is_known(scope, kept.take(receive))
            app, sending = (self._mock, send) if known else (self._recorder, self._noting(scope, send))
            await app(scope, kept.again(receive), sending)

    async def _is_known(self, scope: Scope, pieces: AsyncIterator[bytes]) -> bool:
        """Return whether everything requested is on the tape. Always consumes the whole body."""
        look = _Look(self._tape, scope)
        async for piece in pieces:
            await asyncio.to_thread(look.feed, piece)
        return await asyncio.to_thread(look.finish)

    def _noting(self, scope: Scope, send: Send) -> Send:
        """Record the id of a batch that the upstream has created."""
        body = bytearray()

        async def sent(message: Message) -> None:
            body.extend(message.get("body", b""))
            await send(message)
            if scope["path"] == _BATCHES and not message.get("more_body", message["type"] != "http.response.body"):
                self._recorded.add(str(object_of(bytes(body)).get("id")))

        return sent if scope["path"] == _BATCHES else send


class _Look:
    """Looks up the requests of a body as it arrives."""

    def __init__(self, tape: Tape, scope: Scope) -> None:
        self._tape = tape
        self._kind = _KINDS.get(scope["path"])
        self._body = bytearray()
        self._intake = RequestSlicer(_NO_LIMIT, _NO_LIMIT)
        self._known = True
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            self._inflate = inflater(headers)
        except ValueError:
            self._known = False

    def feed(self, piece: bytes) -> None:
        if not self._known:
            return
        try:
            plain = self._inflate(piece)
            if self._kind:
                self._body += plain
            else:
                self._look(self._intake.feed(plain))
        except (ApiError, ValueError):
            self._known = False

    def finish(self) -> bool:
        """Return whether everything was found. Invalid bodies count as found: they are never recorded, and rejecting
        them here costs no upstream call.
        """
        try:
            if not self._known:
                return False
            if self._kind:
                request = object_of(bytes(self._body))
                return not request or self._tape.find(request, kind=self._kind) is not None
            self._look(self._intake.finish())
            self._intake.check()
        except ApiError:
            return True
        return self._known

    def _look(self, slices: list[RequestSlice]) -> None:
        for part in slices:
            self._intake.check_slice(part)
            self._known = self._known and all(self._finds(item.custom_id, decode(item.params)) for item in part.items)

    def _finds(self, custom_id: str, params: Any) -> bool:
        return self._tape.find(params, custom_id=custom_id) is not None


def create_episodes(mock: Router, recorder: Router, tape: Tape) -> Router:
    """Return the application that answers recorded requests with `mock`, and records the rest."""

    @asynccontextmanager
    async def lifespan(app: Router) -> AsyncIterator[Any]:
        async with mock.lifespan_context(mock) as state, recorder.lifespan_context(recorder):
            yield state

    return Router(default=Episodes(mock, recorder, tape), lifespan=lifespan)
