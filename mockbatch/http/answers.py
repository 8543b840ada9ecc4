"""What goes back: a JSON answer that is there as a whole, or a stream that is sent as it is made."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

import msgspec
from starlette.types import Receive, Send

Headers = list[tuple[bytes, bytes]]

_encode = msgspec.json.Encoder().encode


class Answer(Protocol):
    """Anything that can be sent. What is not there as a whole has no `body`."""

    status: int
    body: bytes

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        """Send it; `own` are the headers that every answer has."""
        ...


class Json:
    """A JSON answer."""

    def __init__(self, content: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> None:
        self.status = status
        self.body = _encode(content)
        self.headers = headers

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        length = b"%d" % len(self.body)
        headers = [(b"content-type", b"application/json"), (b"content-length", length), *own]
        if self.headers:
            headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class Text:
    """An answer that is no JSON."""

    status = 200

    def __init__(self, body: bytes, content_type: bytes) -> None:
        self.body = body
        self.content_type = content_type

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", self.content_type), (b"content-length", b"%d" % len(self.body)), *own]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class Stream:
    """An answer in pieces; no more are made once the caller is gone."""

    status = 200
    body = b""

    def __init__(self, pieces: AsyncGenerator[bytes], content_type: bytes) -> None:
        self.pieces = pieces
        self.content_type = content_type

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", self.content_type), *own]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.create_task(_gone(receive))
        try:
            async for piece in self.pieces:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            gone.cancel()
            await self.pieces.aclose()
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
