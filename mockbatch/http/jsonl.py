"""Batches created from files: an extension that the official API does not have.

The requests are converted to the JSON body of a create as they arrive. Each is checked on the way, so that errors come
early and with a line number.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from mockbatch.core.contract.errors import InvalidRequest, RequestTooLarge
from mockbatch.core.contract.request_slicer import item_of
from mockbatch.core.seeded_hash import hash64
from mockbatch.files import UnreadableFile
from mockbatch.files.documents import BrokenJson, Documents, Line
from mockbatch.files.encoding import LONGEST_MARK, Recoder
from mockbatch.files.kinds import REQUESTS, mistaken
from mockbatch.files.packed import LONGEST_MAGIC, is_packed
from mockbatch.files.source import JsonFile
from mockbatch.http.bodies import received
from mockbatch.http.calls import Call

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

LINES = ("application/jsonl", "application/x-jsonl", "application/x-ndjson", "application/ndjson")
FORM = "multipart/form-data"
_FIELDS = ("file", "requests")
_PIECE = 1 << 18
_HEAD = 1 << 16
_ROOM = 4  # allowance for whitespace in pretty-printed requests


@asynccontextmanager
async def body_of(call: Call, largest: int) -> AsyncIterator[AsyncIterable[bytes]]:
    """Return the body of a create as JSON, whether it was sent as JSON, as lines, or as a file of lines in a form.

    Raises InvalidRequest and RequestTooLarge; errors in a line are raised while the body is read.
    """
    kind = (call.header(b"content-type") or "").partition(";")[0].strip().lower()
    if kind in LINES:
        yield as_json(received(call, largest), largest)
    elif kind == FORM:
        async with _file(call, largest) as pieces:
            yield as_json(pieces, largest)
    else:
        yield received(call, largest)


async def as_json(pieces: AsyncIterable[bytes], longest: int) -> AsyncIterator[bytes]:
    """Yield a JSON body with the requests that arrive in pieces. Raises InvalidRequest for the first bad one."""
    seen: dict[int, int] = {}
    body = bytearray(b'{"requests":[')
    async for lines in _lines(pieces, longest):
        for line in lines:
            body += b"," if seen else b""
            _look_at(line, seen, longest)
            body += line.raw
        if len(body) >= _PIECE:
            yield bytes(body)
            body.clear()
    yield bytes(body + b"]}")


def _look_at(line: Line, seen: dict[int, int], longest: int) -> None:
    if len(line.raw) >= longest:
        raise RequestTooLarge("Request exceeds the maximum size")
    try:
        item = item_of(line.raw)
    except InvalidRequest as error:
        raise InvalidRequest(f"line {line.number}: {error.message}") from None
    first = seen.setdefault(hash64(0, item.custom_id), line.number)
    if first != line.number:
        raise InvalidRequest(f"line {line.number}: custom_id: {item.custom_id} is on line {first} already")


async def _lines(pieces: AsyncIterable[bytes], longest: int) -> AsyncIterator[list[Line]]:
    """Yield the requests that each piece completes. Raises InvalidRequest for unreadable input."""
    documents, recoder, size = Documents(longest), Recoder(), 0
    try:
        async for piece in _recognized(_unpacked(pieces)):
            size += len(piece)
            if size > _ROOM * longest:
                raise RequestTooLarge("Request exceeds the maximum size")
            yield list(documents.feed(recoder.feed(piece)))
        yield list(documents.feed(recoder.feed(b"", final=True)))
        yield list(documents.rest())
    except (BrokenJson, UnreadableFile, ValueError) as error:
        raise InvalidRequest(str(error)) from None


async def _recognized(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the content of a file. Raises UnreadableFile if its beginning shows that it is of another kind."""
    head = b""
    while len(head) < _HEAD and (piece := await anext(pieces, b"")):
        head += piece
    if problem := mistaken(Recoder().feed(head[:_HEAD], final=len(head) <= LONGEST_MARK), REQUESTS):
        raise UnreadableFile(problem)
    yield head
    async for piece in pieces:
        yield piece


async def _unpacked(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the content of a file: decompressed via disk if it is compressed, else as it arrives."""
    head = b""
    rest = aiter(pieces)
    while len(head) < LONGEST_MAGIC and (piece := await anext(rest, b"")):
        head += piece
    if not is_packed(head):
        yield head
        async for piece in rest:
            yield piece
        return
    with tempfile.TemporaryFile() as file:
        file.write(head)
        async for piece in rest:
            await asyncio.to_thread(file.write, piece)
        plain = JsonFile("the file", cast(BinaryIO, file)).pieces()
        while piece := await asyncio.to_thread(next, plain, b""):
            yield piece


@asynccontextmanager
async def _file(call: Call, largest: int) -> AsyncIterator[AsyncIterable[bytes]]:
    """Open the file in a form; large ones are buffered on disk."""
    # imported lazily: most runs receive no forms
    from starlette.datastructures import Headers, UploadFile
    from starlette.formparsers import MultiPartException, MultiPartParser

    parser = MultiPartParser(Headers(raw=call.scope["headers"]), _stream(call, largest), max_files=1, max_fields=1)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise InvalidRequest(f"The request body is not valid multipart/form-data: {error}") from None
    try:
        file = next((form[name] for name in _FIELDS if name in form), None)
        if not isinstance(file, UploadFile):
            raise InvalidRequest("file: Field required")
        yield _read(file)
    finally:
        await form.close()


async def _read(file: "UploadFile") -> AsyncIterator[bytes]:
    while piece := await file.read(_PIECE):
        yield piece


async def _stream(call: Call, largest: int) -> AsyncGenerator[bytes, None]:
    async for piece in received(call, largest):
        yield piece
    yield b""
