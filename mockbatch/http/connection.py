"""The connection under a call: written to at once, or reset, closed and written to by hand, where HTTP itself has to be
broken.
"""

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import Any, TypeGuard

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mockbatch.http.answers import Answer, Headers, Json, Overheard
from mockbatch.http.compression import QUICK, as_gzip, gzipped
from mockbatch.http.heads import Heads, sendable

_KEY = "mockbatch.connection"
_LINGER = struct.pack("ii", 1, 0)
_WRITTEN = 0.001
# what must not be in a header, besides the end of its line
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\r\n"})


class Protocol(Heads):
    """uvicorn's protocol, which hands itself to its calls; and does not even listen where a rule refuses that.

    `lost` is set when the connection is gone; `resting` says that a call waits because a rule wants it to.
    """

    lost: asyncio.Event
    resting = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.lost = asyncio.Event()
        mock = self.app_state.get("mock")  # a recorder has none
        if mock is not None and mock.door.armed and mock.refuses():
            reset(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()

    def shutdown(self) -> None:
        # what rests on purpose should not keep the server from stopping
        if self.resting:
            reset(self.transport)
        else:
            super().shutdown()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[_KEY] = self  # type: ignore[literal-required]

    def write_whole(self, status: int, headers: Headers, body: bytes) -> bool:
        """Write an answer at once, which uvicorn's `send` does header by header; False where that is for uvicorn to do:
        the connection ends with it or does not take it now, or the headers are not fit to be sent.
        """
        cycle = self.cycle_now
        if cycle.response_started or cycle.disconnected or not cycle.keep_alive or self.flow.write_paused:
            return False
        headers = self.server_state.default_headers + headers
        head = b"".join([b"%b: %b\r\n" % header for header in headers])
        if head.count(b"\n") != len(headers) or len(head.translate(None, _CONTROLS)) != len(head):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], head, body))
        cycle.message_event.set()
        cycle.on_response()
        return True


def written(answer: Answer, own: Headers, scope: Scope, *, zipped: bool = False) -> TypeGuard[Json]:
    """Write an answer that is JSON and nothing but that, and compressed if it is to be; whether that was possible."""
    connection: Protocol | None = scope.get(_KEY)
    if connection is None or type(answer) is not Json or scope["method"] == "HEAD":
        return False
    if not zipped:
        return connection.write_whole(answer.status, answer.head(own), answer.body)
    if len(answer.body) > QUICK:
        return False
    body = gzipped(answer.body)
    return connection.write_whole(answer.status, as_gzip(answer.head(own), len(body)), body)


class Broken(ConnectionResetError):
    """What a call in this process meets where it would lose a connection, as it has none."""


def connection_of(scope: Scope) -> Protocol:
    """The connection of a call. Raises Broken where there is none."""
    found: Protocol | None = scope.get(_KEY)
    if found is None:
        raise Broken("a rule breaks the connection here")
    return found


async def rest(scope: Scope, seconds: float | None) -> bool:
    """Wait so long, None for without end, or until the connection is gone; whether it is.

    Raises Broken where there is none to wait for.
    """
    if seconds is not None and scope.get(_KEY) is None:
        await asyncio.sleep(seconds)
        return False
    connection = connection_of(scope)
    connection.resting = True
    try:
        await asyncio.wait_for(connection.lost.wait(), seconds)
    except TimeoutError:
        return False
    finally:
        connection.resting = False
    return True


def reset(transport: asyncio.Transport) -> None:
    """Have the caller's system told that the connection is gone, with what is still on its way."""
    if transport.is_closing():
        return
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.family != socket.AF_UNIX:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    transport.abort()


async def end(scope: Scope, *, by_reset: bool) -> None:
    """End the connection when all that was written is on its way."""
    connection = connection_of(scope)
    transport = connection.transport
    # a transport tells nobody when its buffer is empty
    while not connection.lost.is_set() and transport.get_write_buffer_size():  # noqa: ASYNC110
        await asyncio.sleep(_WRITTEN)
    if by_reset:
        reset(transport)
    elif not connection.lost.is_set():
        transport.close()
    await connection.lost.wait()


class Dropped:
    """No answer: the connection is reset."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        await end(self._scope, by_reset=True)


class ByHand:
    """A `send` that writes HTTP itself, without chunks: the body ends with the connection.

    `gap` are seconds between the bytes of the head; `length` is a content-length that is told, true or not.
    """

    def __init__(self, scope: Scope, *, gap: float = 0.0, length: int | None = None) -> None:
        self._scope = scope
        self._connection = connection_of(scope)
        self._gap = gap
        self._length = length

    async def __call__(self, message: Message) -> None:
        if self._connection.lost.is_set():
            return
        if message["type"] == "http.response.start":
            await self._write_head(_head(message["status"], message["headers"], self._length))
        else:
            await self._connection.flow.drain()
            self._connection.transport.write(message.get("body", b""))

    async def _write_head(self, head: bytes) -> None:
        transport = self._connection.transport
        if not self._gap:
            transport.write(head)
            return
        for at in range(len(head)):
            transport.write(head[at : at + 1])
            if await rest(self._scope, self._gap):
                return


def by_hand(send: Send, hand: ByHand) -> Send:
    """A `send` by hand, of which is known what would be known of the other."""
    if not isinstance(send, Overheard):
        return hand
    send.through(hand)
    return send


def _head(status: int, headers: Any, length: int | None) -> bytes:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    told = [(name, value) for name, value in headers if length is None or name != b"content-length"]
    told += [(b"connection", b"close"), *([(b"content-length", b"%d" % length)] if length is not None else [])]
    lines = [f"HTTP/1.1 {status} {phrase}".encode(), *(b"%b: %b" % pair for pair in sendable(told))]
    return b"\r\n".join([*lines, b"", b""])


class SlowHeaders:
    """The answer, its headers byte by byte."""

    def __init__(self, answer: Answer, scope: Scope, gap: float) -> None:
        self._answer = answer
        self._scope = scope
        self._gap = gap

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        await self._answer.send(own, receive, by_hand(send, ByHand(self._scope, gap=self._gap)))
        await end(self._scope, by_reset=False)


class LastOne:
    """The answer, and then the end of the connection, announced or not."""

    def __init__(self, answer: Answer, scope: Scope, announced: bool) -> None:
        self._answer = answer
        self._scope = scope
        self._announced = announced

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        if self._announced:
            await self._answer.send([*own, (b"connection", b"close")], receive, send)
            return
        transport = connection_of(self._scope).transport
        await self._answer.send(own, receive, send)
        transport.close()
