"""`/v1/files`. Source: https://platform.claude.com/docs/en/api/files-create"""

import hashlib
from collections.abc import AsyncGenerator
from mimetypes import guess_extension, guess_type
from typing import Any

from starlette.routing import Route
from xxhash import xxh3_64

from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.paging import limit_of
from mockbatch.core.numbers import natural
from mockbatch.http.authentication import authenticate, terms_of
from mockbatch.http.bodies import received
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.operation import PAGE, Parameter, operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.sessions.files import UploadedFile

_LARGEST = 500_000_000
_SHORTEST, _LONGEST = 3_600, 7_776_000
_LONGEST_NAME = 255
_MOST_IDS = 100
_OLD = "files-api-2025-04-14"
_PIECE = 1 << 18
_QUERY = (
    *PAGE,
    Parameter("page", {"type": "string"}, "Cursor of the page to return."),
    Parameter("ids[]", {"type": "array", "items": {"type": "string"}, "maxItems": 100}, "Only these files."),
)


@operation(wire.FileMetadata, form=("file", "expires_in_seconds"), op="files", caller="key")
async def upload(call: Call) -> Response:
    """Upload a file."""
    session = await authenticate(call)
    terms_of(call, session)
    upload = await _uploaded(call)
    known = call.services.replay.file_id(session.name, session.config, upload.filename, upload.sha256)
    return JsonResponse(await call.services.files.upload(session, upload, known))


@operation(wire.FilePage, query=_QUERY, op="files", caller="key")
async def page(call: Call) -> Response:
    """List files, newest first."""
    session = await authenticate(call)
    query, only = call.query(), call.query_list("ids")
    if len(only) > _MOST_IDS:
        raise InvalidRequest(f"ids: List should have at most {_MOST_IDS} items after validation, not {len(only)}")
    if only and ("page" in query or "limit" in query):
        raise InvalidRequest("ids: Cannot be combined with limit or page")
    limit = _MOST_IDS if only else limit_of(query.get("limit", "20"))
    listed = call.services.files.listed(session, only)
    if _OLD in terms_of(call, session).betas:
        return JsonResponse(_old_page(listed, limit, query))
    start = _place(listed, query["page"].removeprefix("page_"), "page") + 1 if query.get("page") else 0
    data = listed[start : start + limit]
    more = start + limit < len(listed)
    return JsonResponse(wire.FilePage(data=data, next_page=f"page_{data[-1].id}" if more else None))


@operation(wire.FileMetadata, op="files", caller="key")
async def retrieve(call: Call) -> Response:
    """Retrieve the metadata of a file."""
    session = await authenticate(call)
    return JsonResponse(call.services.files.retrieve(session, call.path_value("id")))


@operation(wire.DeletedFile, op="files", caller="key")
async def delete(call: Call) -> Response:
    """Delete a file."""
    session = await authenticate(call)
    return JsonResponse(await call.services.files.delete(session, call.path_value("id")))


@operation(None, kind="application/octet-stream", op="files", caller="key")
async def content(call: Call) -> Response:
    """Download a file that a tool created; uploaded files are refused."""
    session = await authenticate(call)
    raise call.services.files.content(session, call.path_value("id"))


def _old_page(listed: list[wire.FileMetadata], limit: int, query: dict[str, str]) -> wire.FilePage:
    start, end = 0, len(listed)
    if after := query.get("after_id"):
        start = _place(listed, after, "after_id") + 1
    if before := query.get("before_id"):
        end = _place(listed, before, "before_id")
        start = max(start, end - limit)
    data = listed[start:end][:limit]
    more = start > 0 if before else start + limit < end
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    return wire.FilePage(data=data, has_more=more, first_id=first, last_id=last)


def _place(listed: list[wire.FileMetadata], file_id: str, name: str) -> int:
    for place, file in enumerate(listed):
        if file.id == file_id:
            return place
    raise InvalidRequest(f"{name}: Invalid cursor")


async def _uploaded(call: Call) -> UploadedFile:
    # imported lazily: most runs upload no files
    from starlette.datastructures import Headers, UploadFile
    from starlette.formparsers import MultiPartException, MultiPartParser

    if not (call.header(b"content-type") or "").startswith("multipart/form-data"):
        raise InvalidRequest("file: Field required. Send it as multipart/form-data")
    parser = MultiPartParser(Headers(raw=call.scope["headers"]), _stream(call), max_files=1, max_fields=10)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise InvalidRequest(f"The request body is not valid multipart/form-data: {error}") from None
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidRequest("file: Field required")
        lifetime = _lifetime(form.get("expires_in_seconds"))
        name, kind = _named(file.filename, file.content_type)
        digest, sha256 = xxh3_64(), hashlib.sha256()
        while piece := await file.read(_PIECE):
            digest.update(piece)
            sha256.update(piece)
        return UploadedFile(name, kind, file.size or 0, digest.intdigest() >> 1, sha256.hexdigest(), lifetime)
    finally:
        await form.close()


async def _stream(call: Call) -> AsyncGenerator[bytes, None]:
    async for piece in received(call, _LARGEST):
        yield piece
    yield b""


def _named(filename: str | None, content_type: str | None) -> tuple[str, str]:
    """Return the name without folders, and the media type: as given, as guessed from the name, or the generic one."""
    name = (filename or "").replace("\\", "/").rpartition("/")[2]
    kind = (content_type or "").partition(";")[0].strip() or guess_type(name)[0] or "application/octet-stream"
    name = name or "unnamed" + (guess_extension(kind) or "")
    if len(name) > _LONGEST_NAME:
        raise InvalidRequest(f"file.filename: String should have at most {_LONGEST_NAME} characters")
    return name, kind


def _lifetime(value: Any) -> int | None:
    if value is None:
        return None
    seconds = natural(value) if isinstance(value, str) else None
    if seconds is None:
        raise InvalidRequest("expires_in_seconds: Input should be a valid integer")
    if seconds < _SHORTEST:
        raise InvalidRequest(f"expires_in_seconds: Input should be greater than or equal to {_SHORTEST}")
    if seconds > _LONGEST:
        raise InvalidRequest(f"expires_in_seconds: Input should be less than or equal to {_LONGEST}")
    return seconds


routes = [
    Route("/v1/files/{id}", Endpoint(GET=retrieve, DELETE=delete)),
    Route("/v1/files", Endpoint(GET=page, POST=upload)),
    Route("/v1/files/{id}/content", Endpoint(GET=content)),
]
