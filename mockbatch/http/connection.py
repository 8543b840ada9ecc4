"""The connection under a call: fast writes, and resets, early closes and hand-written HTTP for faults that break the
protocol.
"""

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import Any, TypeGuard

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mockbatch.http.compression import QUICK, as_gzip, gzipped
from mockbatch.http.heads import Heads, sendable
from mockbatch.http.responses import Headers, JsonResponse, RecordingSend, Response

_KEY = "mockbatch.connection"
_LINGER = struct.pack("ii", 1, 0)
_WRITTEN = 0.001
# characters not allowed in a header, apart from the end of the line
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\r\n"})


class Protocol(Heads):
    """uvicorn's protocol, which passes itself to its calls, and resets new connections if a rule refuses them.

    `lost` is set when the connection is gone; `resting` while a rule makes a call wait.
    """

    lost: asyncio.Event
    resting = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.lost = asyncio.Event()
        mock = self.app_state.get("mock")  # None for a recorder
        if mock is not None and mock.connection_rules.armed and mock.refuses():
            reset(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()

    def shutdown(self) -> None:
        # calls that wait on purpose must not delay the shutdown
        if self.resting:
            reset(self.transport)
        else:
            super().shutdown()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[_KEY] = self  # type: ignore[literal-required]

    def write_whole(self, status: int, headers: Headers, body: bytes) -> bool:
        """Write a response in one go, where uvicorn's `send` works header by header. Return False if uvicorn has to do
        it: the connection closes afterwards or is not writable now, or the headers are invalid.
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


def written(answer: Response, own: Headers, scope: Scope, *, zipped: bool = False) -> TypeGuard[JsonResponse]:
    """Write a plain JSON response directly, compressed if `zipped`. Return whether that was possible."""
    connection: Protocol | None = scope.get(_KEY)
    if connection is None or type(answer) is not JsonResponse or scope["method"] == "HEAD":
        return False
    if not zipped:
        return connection.write_whole(answer.status, answer.head(own), answer.body)
    if len(answer.body) > QUICK:
        return False
    body = gzipped(answer.body)
    return connection.write_whole(answer.status, as_gzip(answer.head(own), len(body)), body)


class ConnectionLost(ConnectionResetError):
    """Raised by a call in this process that would lose its connection, since it has none."""


def connection_of(scope: Scope) -> Protocol:
    """Return the connection of a call. Raises ConnectionLost if there is none."""
    found: Protocol | None = scope.get(_KEY)
    if found is None:
        raise ConnectionLost("a rule breaks the connection")
    return found


async def wait_or_disconnect(scope: Scope, seconds: float | None) -> bool:
    """Wait `seconds` (None: forever), or until the connection is lost; return whether it is.

    Raises ConnectionLost if there is no connection to wait for.
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
    """Reset the connection, dropping unsent data."""
    if transport.is_closing():
        return
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.family != socket.AF_UNIX:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    transport.abort()


async def end(scope: Scope, *, by_reset: bool) -> None:
    """Close the connection once everything written has been sent."""
    connection = connection_of(scope)
    transport = connection.transport
    # a transport does not signal that its buffer is empty
    while not connection.lost.is_set() and transport.get_write_buffer_size():  # noqa: ASYNC110
        await asyncio.sleep(_WRITTEN)
    if by_reset:
        reset(transport)
    elif not connection.lost.is_set():
        transport.close()
    await connection.lost.wait()


class ResetConnection:
    """No response: the connection is reset."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        await end(self._scope, by_reset=True)


class RawWriter:
    """A `send` that writes HTTP itself, without chunks: the body ends with the connection.

    `gap` is the pause between the bytes of the head, in seconds; `length` is the declared content-length, true or not.
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
            if await wait_or_disconnect(self._scope, self._gap):
                return


def raw_writer(send: Send, hand: RawWriter) -> Send:
    """Return `hand` as a `send`, still observed if `send` was."""
    if not isinstance(send, RecordingSend):
        return hand
    send.through(hand)
    return send


def _head(status: int, headers: Any, length: int | None) -> bytes:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    sent_headers = [(name, value) for name, value in headers if length is None or name != b"content-length"]
    sent_headers += [(b"connection", b"close"), *([(b"content-length", b"%d" % length)] if length is not None else [])]
    lines = [f"HTTP/1.1 {status} {phrase}".encode(), *(b"%b: %b" % pair for pair in sendable(sent_headers))]
    return b"\r\n".join([*lines, b"", b""])


class SlowHeaders:
    """A response whose headers are sent byte by byte."""

    def __init__(self, answer: Response, scope: Scope, gap: float) -> None:
        self._answer = answer
        self._scope = scope
        self._gap = gap

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        await self._answer.send(own, receive, raw_writer(send, RawWriter(self._scope, gap=self._gap)))
        await end(self._scope, by_reset=False)


class CloseAfter:
    """A response followed by the end of the connection, announced or not."""

    def __init__(self, answer: Response, scope: Scope, announced: bool) -> None:
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
