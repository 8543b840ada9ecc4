"""Request bodies: decompressed, decoded from a supported charset, and parsed as JSON.

Source: https://platform.claude.com/docs/en/api/errors
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, Protocol

import msgspec

from mockbatch.core.contract.errors import InvalidRequest, RequestTooLarge
from mockbatch.core.contract.extent import check_values
from mockbatch.core.contract.request_slicer import json_problem
from mockbatch.core.numbers import natural
from mockbatch.http.calls import Call

_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "iso-8859-1": "latin-1", "latin-1": "latin-1", "us-ascii": "utf-8"}
_PIECE = 1 << 18
_QUICK = 32 << 10


async def json_object(call: Call, largest: int) -> dict[str, Any]:
    """Return the JSON object in the body of a call. Raises InvalidRequest, or RequestTooLarge over `largest` bytes."""
    content, _ = await read_object(call, largest)
    return content


async def read_object(call: Call, largest: int) -> tuple[dict[str, Any], bytes]:
    """Return the same object, and the bytes it was parsed from."""
    data = bytearray()
    async for piece in received(call, largest):
        data += piece
    body = bytes(data)
    # parse large bodies off the event loop
    content = await asyncio.to_thread(_object, body) if len(body) > _QUICK else _object(body)
    return content, body


def _object(body: bytes) -> dict[str, Any]:
    check_values(body)
    if problem := json_problem(body):
        raise InvalidRequest(f"The request body is not valid JSON: {problem}")
    content = _decoded(body)
    if not isinstance(content, dict):
        raise InvalidRequest("Input should be a valid dictionary")
    return content


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        # valid JSON all the same: a number out of any range, or nested too deeply
        raise InvalidRequest("The request body is not valid JSON: a value is out of range") from None


def received(call: Call, largest: int) -> AsyncIterable[bytes]:
    """Return the body as it arrives, decompressed and in UTF-8.

    Raises InvalidRequest for an unsupported encoding or charset, or if the data does not match its encoding;
    RequestTooLarge if it exceeds `largest` bytes, before or after decompression.
    """
    if (natural(call.header(b"content-length") or "") or 0) > largest:
        raise RequestTooLarge("Request exceeds the maximum size")
    charset = _charset(call.header(b"content-type") or "")
    encoding = (call.header(b"content-encoding") or "identity").strip().lower()
    pieces: AsyncIterable[bytes] = call.stream()
    if encoding != "identity":
        pieces = _decompressed(pieces, _decompressor(encoding), largest)
    if charset != "utf-8":
        pieces = _recoded(pieces, charset)
    return pieces


def _charset(content_type: str) -> str:
    found = _CHARSET.search(content_type)
    if found is None:
        return "utf-8"
    charset = _CHARSETS.get(found[1].lower())
    if charset is None:
        raise InvalidRequest(
            f"Unsupported charset: {found[1]}. Use UTF-8, ISO-8859-1 or US-ASCII.",
            details={"error_code": "unsupported_charset"},
        )
    return charset


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


def _decompressor(encoding: str) -> _Decompressor:
    if encoding in ("gzip", "x-gzip"):
        return zlib.decompressobj(31)
    if encoding == "deflate":
        return zlib.decompressobj()
    raise InvalidRequest(
        f"Unsupported content encoding: {encoding}. Use gzip or deflate, or send the body as it is.",
        details={"error_code": "request_body_encoding_unsupported"},
    )


async def _decompressed(
    pieces: AsyncIterable[bytes], decompressor: _Decompressor, largest: int
) -> AsyncIterator[bytes]:
    size = 0
    async for data in pieces:
        more = True
        while data or more:
            piece = _inflated(decompressor, data)
            size += len(piece)
            if size > largest:
                raise RequestTooLarge(
                    "Request exceeds the maximum size after decoding",
                    details={"error_code": "request_body_too_large_after_decoding"},
                )
            if piece:
                yield piece
                # a small body may inflate to a large one; let other calls run
                await asyncio.sleep(0)
            # a full piece may be followed by more output, even if no input is left
            data, more = decompressor.unconsumed_tail, len(piece) == _PIECE
        if decompressor.unused_data:
            raise _broken()
    if not decompressor.eof:
        raise _broken()


def _inflated(decompressor: _Decompressor, data: bytes) -> bytes:
    try:
        return decompressor.decompress(data, _PIECE)
    except zlib.error:
        raise _broken() from None


def _broken() -> InvalidRequest:
    return InvalidRequest(
        "The request body could not be decoded with its content encoding.",
        details={"error_code": "request_body_encoding_invalid"},
    )


async def _recoded(pieces: AsyncIterable[bytes], charset: str) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield piece.decode(charset).encode()
