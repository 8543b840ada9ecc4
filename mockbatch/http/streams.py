"""Effects of rules on a response in transit: late, slow, sliced, cut off."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.types import Message, Receive, Scope, Send

from mockbatch.core.rules.actions import LineTransform, Position
from mockbatch.http.connection import RawWriter, end, raw_writer, wait_or_disconnect
from mockbatch.http.responses import Headers, Response, StreamResponse, until_gone

Pieces = AsyncGenerator[bytes]


class Late:
    """A delayed response; if `seconds` is None, it never comes."""

    def __init__(self, answer: Response, scope: Scope, seconds: float | None) -> None:
        self._answer = answer
        self._scope = scope
        self._seconds = seconds

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        if not await wait_or_disconnect(self._scope, self._seconds):
            await self._answer.send(own, receive, send)


class _Gone(Exception):
    pass


class HeadersFirst:
    """A response whose body is delayed after the headers; if `seconds` is None, it never comes."""

    def __init__(self, answer: Response, scope: Scope, seconds: float | None) -> None:
        self._answer = answer
        self._scope = scope
        self._seconds = seconds

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        async def held(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start" and await wait_or_disconnect(self._scope, self._seconds):
                raise _Gone

        try:
            await self._answer.send(own, receive, held)
        except _Gone:
            return


class CutOff:
    """A stream of results up to a position, ended in one of the ways of `results.cut`."""

    def __init__(self, stream: StreamResponse, scope: Scope, place: Position, how: str) -> None:
        self._stream = stream
        self._scope = scope
        self._place = place
        self._how = how

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(until_gone(receive))
        try:
            if self._how == "short":
                await self._send_short(own, send)
            elif self._how == "close":
                await self._send(own, gone, raw_writer(send, RawWriter(self._scope)))
            else:
                await self._send(own, gone, send)
        finally:
            gone.cancel()
            await self._stream.pieces.aclose()

    async def _send(self, own: Headers, gone: asyncio.Task[None], send: Send) -> None:
        await self._start(own, send)
        async for piece in self._stream.pieces:
            if gone.done():
                return
            await send({"type": "http.response.body", "body": self._place.before(piece), "more_body": True})
            if self._place.reached:
                break
        await self._end(send)

    async def _start(self, own: Headers, send: Send) -> None:
        headers = [(b"content-type", self._stream.content_type), *own]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _end(self, send: Send) -> None:
        if self._how == "close":
            await end(self._scope, by_reset=False)
        elif self._how == "clean" or not self._place.reached:
            await send({"type": "http.response.body", "body": b""})
        elif self._how == "stall":
            await wait_or_disconnect(self._scope, None)
        else:
            await end(self._scope, by_reset=self._how == "reset")

    async def _send_short(self, own: Headers, send: Send) -> None:
        """Declare the full length, and send only a part."""
        part, length = [], 0
        async for piece in self._stream.pieces:
            length += len(piece)
            if not self._place.reached:
                part.append(self._place.before(piece))
        send = raw_writer(send, RawWriter(self._scope, length=length))
        await self._start(own, send)
        await send({"type": "http.response.body", "body": b"".join(part)})
        await end(self._scope, by_reset=False)


async def worked_on(pieces: Pieces, work: LineTransform) -> Pieces:
    """Transform the lines of pieces that end at line ends."""
    async with aclosing(pieces):
        async for piece in pieces:
            yield work.feed(piece.removesuffix(b"\n").split(b"\n"))
    yield work.finish()


async def paused(pieces: Pieces, scope: Scope, place: Position, seconds: float) -> Pieces:
    """Yield the same bytes, with a pause at a position."""
    async with aclosing(pieces):
        async for piece in pieces:
            if place.reached:
                yield piece
                continue
            before = place.before(piece)
            yield before
            if place.reached and not await wait_or_disconnect(scope, seconds):
                yield piece[len(before) :]


async def broken_off(pieces: Pieces, place: Position, ended: Callable[[], bytes]) -> Pieces:
    """Yield the bytes up to a position, and then `ended()`; all bytes if the position is never reached."""
    async with aclosing(pieces):
        async for piece in pieces:
            yield place.before(piece)
            if place.reached:
                yield ended()
                return


async def delayed(pieces: Pieces, scope: Scope, seconds: float) -> Pieces:
    """Yield the same bytes after a pause."""
    async with aclosing(pieces):
        if await wait_or_disconnect(scope, seconds):
            return
        async for piece in pieces:
            yield piece


async def sliced(pieces: Pieces, scope: Scope, size: int, seconds: float) -> Pieces:
    """Yield the same bytes in slices of `size`, with pauses between them."""
    async with aclosing(pieces):
        async for piece in pieces:
            for at in range(0, len(piece), size):
                yield piece[at : at + size]
                if await wait_or_disconnect(scope, seconds):
                    return


def throttled(pieces: Pieces, scope: Scope, per_second: int) -> Pieces:
    """Yield the same bytes at `per_second` bytes per second."""
    size = max(per_second // 20, 1)
    return sliced(pieces, scope, size, size / per_second)
