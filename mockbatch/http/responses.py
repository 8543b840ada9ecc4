"""Responses: JSON sent whole, or streams sent as they are produced."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

import msgspec
from starlette.types import Message, Receive, Send

from mockbatch.http.compression import Coded
from mockbatch.service.cooperative import to_the_end

Headers = list[tuple[bytes, bytes]]
Edit = Callable[[Headers], Headers]
"""A change to the headers of a response."""

_encode = msgspec.json.Encoder().encode


class Response(Protocol):
    """Anything that can be sent as a response."""

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        """Send it; `own` are the headers common to all responses."""
        ...


class JsonResponse:
    """A JSON response."""

    def __init__(self, content: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> None:
        self.status = status
        self.body = _encode(content)
        self.headers = headers

    def head(self, own: Headers) -> Headers:
        """Return the complete headers."""
        length = b"%d" % len(self.body)
        headers = [(b"content-type", b"application/json"), (b"content-length", length), *own]
        if self.headers:
            headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in self.headers.items()]
        return headers

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.head(own)})
        await send({"type": "http.response.body", "body": self.body})


class TextResponse:
    """A response other than JSON."""

    def __init__(self, body: bytes, content_type: bytes) -> None:
        self.body = body
        self.content_type = content_type

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", self.content_type), (b"content-length", b"%d" % len(self.body)), *own]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class Redirect:
    """A redirect to another path on this server that keeps method and body."""

    def __init__(self, path: bytes) -> None:
        self._path = path

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        headers = [(b"location", self._path), (b"content-length", b"0"), *own]
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


class StreamResponse:
    """A response in pieces; none are produced once the client has disconnected."""

    def __init__(self, pieces: AsyncGenerator[bytes], content_type: bytes) -> None:
        self.pieces = pieces
        self.content_type = content_type

    @classmethod
    async def begun(cls, pieces: AsyncGenerator[bytes], content_type: bytes) -> "StreamResponse":
        """Return a response whose first piece is ready. An error before that is raised here, where it can be answered
        with its status.
        """
        first = await anext(pieces, b"")
        return cls(_resumed(first, pieces), content_type)

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", self.content_type), *own]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.create_task(until_gone(receive))
        try:
            async for piece in self.pieces:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            gone.cancel()
            await self.pieces.aclose()
        await send({"type": "http.response.body", "body": b""})


async def _resumed(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        if first:
            yield first
        async for piece in rest:
            yield piece


async def until_gone(receive: Receive) -> None:
    """Wait until the client disconnects."""
    while (await receive())["type"] != "http.disconnect":
        pass


class RecordingSend:
    """A wrapper of `send` that records the status (0 until sent), the first piece of the body, and the body size.

    `edits` are applied to the headers, however they are sent.
    """

    __slots__ = ("_edits", "_send", "body", "size", "status")

    def __init__(self, send: Send, edits: Sequence[Edit] = ()) -> None:
        self._send = send
        self._edits = edits
        self.status = 0
        self.body = b""
        self.size = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            for edit in self._edits:
                message = {**message, "headers": edit(message["headers"])}
        else:
            self.body = self.body or message.get("body", b"")
            self.size += len(message.get("body", b""))
        await self._send(message)

    async def finish(self) -> None:
        """Run after the last message was sent."""

    def through(self, send: Send) -> None:
        """Send further messages through another `send`, still encoded if they were before."""
        if isinstance(self._send, Coded):
            self._send.through(send)
        else:
            self._send = send


class ResultsSend(RecordingSend):
    """A wrapper of `send` that counts the rows of results sent, and records their custom_ids if `named`.

    `note` is called once, before the final message: a client that has seen the end finds the download counted, even if
    the server stops right after. If the end is never sent, `note` is called when the response is over.
    """

    __slots__ = ("_left", "_note", "custom_ids", "rows")

    def __init__(
        self,
        send: Send,
        note: Callable[["ResultsSend"], Coroutine[Any, Any, None]],
        edits: Sequence[Edit] = (),
        *,
        named: bool,
    ) -> None:
        super().__init__(send, edits)
        self._note: Callable[[ResultsSend], Coroutine[Any, Any, None]] | None = note
        self.rows = 0
        self.custom_ids: list[str] | None = [] if named else None
        self._left = b""

    async def __call__(self, message: Message) -> None:
        is_end = message["type"] == "http.response.body" and not message.get("more_body", False)
        if is_end and not message.get("body"):
            await self.finish()
        await super().__call__(message)
        if piece := message.get("body"):
            self.rows += piece.count(b"\n")
            if self.custom_ids is not None:
                *lines, self._left = (self._left + piece).split(b"\n")
                self.custom_ids += [found[1].decode() for found in map(_custom_id, lines) if found]

    async def finish(self) -> None:
        note, self._note = self._note, None
        if note is not None and self.status == 200:
            await to_the_end(note(self))


_custom_id = re.compile(rb'\s*\{"custom_id":"([^"]*)"').match
