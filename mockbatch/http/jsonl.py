"""Batches created of JSONL: an extension, which the official API does not have.

The lines become the JSON body that create takes, as they arrive. Each is looked at on the way, so that what is wrong is
told at once and with the number of its line.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mockbatch.core.contract.envelope import item_of
from mockbatch.core.contract.errors import InvalidRequest, RequestTooLarge
from mockbatch.core.draws import draw
from mockbatch.http.bodies import received
from mockbatch.http.calls import Call

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

LINES = ("application/jsonl", "application/x-jsonl", "application/x-ndjson", "application/ndjson")
FORM = "multipart/form-data"
_FIELDS = ("file", "requests")
_BOM = b"\xef\xbb\xbf"
_BLANKS = b" \t\r"
_PIECE = 1 << 18


@asynccontextmanager
async def body_of(call: Call, largest: int) -> AsyncIterator[AsyncIterable[bytes]]:
    """The body of a create as JSON, whether it came as that, as lines, or as a file of lines in a form.

    Raises InvalidRequest and RequestTooLarge; those for a line while the body is read.
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
    """A JSON body of the requests on the lines that arrive in pieces. Raises InvalidRequest for the first bad one."""
    seen: dict[int, int] = {}
    body = bytearray(b'{"requests":[')
    number = 0
    async for lines in _lines(pieces, longest):
        for line in lines:
            number += 1
            content = (line.removeprefix(_BOM) if number == 1 else line).strip(_BLANKS)
            if not content:
                continue
            body += b"," if seen else b""
            _look_at(content, number, seen)
            body += content
        if len(body) >= _PIECE:
            yield bytes(body)
            body.clear()
    yield bytes(body + b"]}")


def _look_at(line: bytes, number: int, seen: dict[int, int]) -> None:
    try:
        item = item_of(line)
    except InvalidRequest as error:
        raise InvalidRequest(f"line {number}: {error.message}") from None
    first = seen.setdefault(draw(0, item.custom_id), number)
    if first != number:
        raise InvalidRequest(f"line {number}: custom_id: {item.custom_id} is on line {first} already")


async def _lines(pieces: AsyncIterable[bytes], longest: int) -> AsyncIterator[list[bytes]]:
    """The lines that each piece completes; `\\n` alone ends a line."""
    rest: list[bytes] = []
    size = 0
    async for piece in pieces:
        head, *others = piece.split(b"\n")
        rest.append(head)
        size += len(head)
        if size > longest:
            raise RequestTooLarge("Request exceeds the maximum size")
        if others:
            yield [b"".join(rest), *others[:-1]]
            rest, size = [others[-1]], len(others[-1])
    yield [b"".join(rest)]


@asynccontextmanager
async def _file(call: Call, largest: int) -> AsyncIterator[AsyncIterable[bytes]]:
    """The file in a form, which waits on disk when it is large."""
    # not before: most runs get no forms
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
