"""Compressed responses: with gzip, as the API's edge does it, or wrongly, if a rule demands it.

Source: https://developers.cloudflare.com/speed/optimization/content/compression/
"""

import asyncio
import re
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from starlette.types import Message, Send

Headers = list[tuple[bytes, bytes]]

_LEVEL = 1
_GZIP = 31
# a window of 4 kB: allocating one of 32 kB takes longer than compressing a short response
_SHORT, _LITTLE = 28, 6
_TRAILER = 8
QUICK = 32 << 10
"""Bodies larger than this are compressed off the event loop."""
_WEIGHT = re.compile(r";\s*q\s*=\s*([01](?:\.\d*)?)\s*$", re.IGNORECASE)


def accepts_gzip(value: bytes | None) -> bool:
    """Return whether an Accept-Encoding header (None if absent) allows gzip."""
    if not value:
        return False
    weights = dict(map(_weighed, value.decode("latin-1").lower().split(",")))
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weighed(coding: str) -> tuple[str, float]:
    found = _WEIGHT.search(coding)
    return coding.partition(";")[0].strip(), float(found[1]) if found else 1.0


def gzipped(body: bytes) -> bytes:
    """Compress a short body; equal input gives equal output."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _SHORT, _LITTLE)
    return compressor.compress(body) + compressor.flush()


def as_gzip(headers: Headers, length: int | None = None) -> Headers:
    """Return the headers of a response compressed to `length` bytes, None if the length is unknown."""
    kept = [header for header in headers if header[0] != b"content-length"]
    length_header = [] if length is None else [(b"content-length", b"%d" % length)]
    return [*kept, *length_header, (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]


def fits(headers: Headers, least: int) -> bool:
    """Return whether a response with these headers should be compressed: not if it is shorter than `least` or already
    encoded, and not event streams, whose events must arrive as they are sent.
    """
    values = dict(headers)
    length = values.get(b"content-length")
    return (
        (length is None or int(length) >= max(least, 1))
        and b"content-encoding" not in values
        and not values.get(b"content-type", b"").startswith(b"text/event-stream")
    )


class Compressor:
    """A gzip stream, compressed off the event loop if a piece is large. Each piece is decodable on arrival."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    async def fed(self, piece: bytes, *, last: bool) -> bytes:
        if len(piece) > QUICK:
            return await asyncio.to_thread(self._fed, piece, last)
        return self._fed(piece, last)

    def _fed(self, piece: bytes, last: bool) -> bytes:
        if not piece and not last:
            return b""
        return self._deflate.compress(piece) + self._deflate.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


class Coding(Protocol):
    """A transformation of the headers and pieces of a response. `head` returns None to leave it unchanged."""

    def head(self, headers: Headers) -> Headers | None: ...

    async def fed(self, piece: bytes, *, last: bool) -> bytes: ...


class Gzip(Compressor):
    """Gzip for the responses that should be compressed."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self._least = least

    def head(self, headers: Headers) -> Headers | None:
        return as_gzip(headers) if fits(headers, self._least) else None


class Renamed:
    """A response that declares an encoding it does not have."""

    def __init__(self, encoding: bytes) -> None:
        self._encoding = encoding

    def head(self, headers: Headers) -> Headers | None:
        return [*headers, (b"content-encoding", self._encoding)]

    async def fed(self, piece: bytes, *, last: bool) -> bytes:
        return piece


class Unannounced(Compressor):
    """Gzip without a content-encoding header."""

    def head(self, headers: Headers) -> Headers | None:
        return [header for header in headers if header[0] != b"content-length"]


class Truncated(Compressor):
    """Gzip without its end: half of the last piece is missing."""

    def __init__(self) -> None:
        super().__init__()
        self._held = b""

    def head(self, headers: Headers) -> Headers | None:
        return as_gzip(headers)

    async def fed(self, piece: bytes, *, last: bool) -> bytes:
        fresh = await super().fed(piece, last=last)
        before, self._held = self._held, fresh if piece else b""
        if last:
            held = self._held or before
            return (before if self._held else b"") + held[: len(held) // 2]
        return before


class Corrupt(Compressor):
    """Gzip with a wrong checksum."""

    def head(self, headers: Headers) -> Headers | None:
        return as_gzip(headers)

    async def fed(self, piece: bytes, *, last: bool) -> bytes:
        done = await super().fed(piece, last=last)
        if not last:
            return done
        checksum = bytes(byte ^ 0xFF for byte in done[-_TRAILER : -_TRAILER + 4])
        return done[:-_TRAILER] + checksum + done[-_TRAILER + 4 :]


CODINGS: dict[str, Callable[[], Coding]] = {
    "not_gzip": lambda: Renamed(b"gzip"),
    "truncated": Truncated,
    "corrupt": Corrupt,
    "unannounced": Unannounced,
    "unknown": lambda: Renamed(b"x-unknown"),
}
"""The values of `http.encoding`."""


class Coded:
    """A wrapper of `send` that encodes responses."""

    def __init__(self, send: Send, coding: Coding) -> None:
        self._send = send
        self._coding = coding
        self._on = False

    def through(self, send: Send) -> None:
        """Send further messages through another `send`."""
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = self._coding.head(list(message["headers"]))
            self._on = headers is not None
            await self._send({**message, "headers": headers} if headers is not None else message)
        elif self._on:
            await self._send_coded(message)
        else:
            await self._send(message)

    async def _send_coded(self, message: Message) -> None:
        more: Any = message.get("more_body", False)
        body = await self._coding.fed(message.get("body", b""), last=not more)
        if body or not more:
            await self._send({**message, "body": body})
