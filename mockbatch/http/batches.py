"""`/v1/messages/batches`. Source: https://platform.claude.com/docs/en/api/messages/batches"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mockbatch.core.contract.betas import betas_of
from mockbatch.core.contract.errors import InvalidRequest, RequestTooLarge
from mockbatch.http.caller import caller, origin_of
from mockbatch.service import Mock
from mockbatch.service.batches import Window
from mockbatch.service.sessions import Session

_encode = msgspec.json.Encoder().encode
_LARGEST_PAGE = 1000


async def create(request: Request) -> Response:
    mock, session = await _entered(request)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > mock.limits.max_bytes:
        raise RequestTooLarge("Request exceeds the maximum size")
    return _json(await mock.batches.create(session, request.stream(), _origin(request, mock)))


async def retrieve(request: Request) -> Response:
    mock, session = await _entered(request)
    batch = await mock.batches.retrieve(session, request.path_params["id"], _origin(request, mock))
    waiting = batch.processing_status != "ended"
    return _json(batch, {"retry-after": "10"} if waiting else None)


async def page(request: Request) -> Response:
    mock, session = await _entered(request)
    return _json(await mock.batches.page(session, _window(request), _origin(request, mock)))


async def cancel(request: Request) -> Response:
    mock, session = await _entered(request)
    return _json(await mock.batches.cancel(session, request.path_params["id"], _origin(request, mock)))


async def delete(request: Request) -> Response:
    mock, session = await _entered(request)
    return _json(await mock.batches.delete(session, request.path_params["id"]))


async def results(request: Request) -> Response:
    mock, session = await _entered(request)
    lines = mock.batches.results(session, request.path_params["id"])
    return StreamingResponse(lines, media_type="application/x-jsonl")


async def _entered(request: Request) -> tuple[Mock, Session]:
    mock: Mock = request.state.mock
    session = await caller(request, mock.sessions)
    betas_of(request.headers.getlist("anthropic-beta"))
    return mock, session


def _origin(request: Request, mock: Mock) -> str:
    return origin_of(request, mock.public_url)


def _json(content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(_encode(content), headers=headers, media_type="application/json")


def _window(request: Request) -> Window:
    query = request.query_params
    after_id, before_id = query.get("after_id") or None, query.get("before_id") or None
    if after_id and before_id:
        raise InvalidRequest("after_id: Cannot be combined with before_id")
    limit = query.get("limit")
    return Window(20 if limit is None else _limit(limit), after_id, before_id)


def _limit(text: str) -> int:
    try:
        limit = int(text)
    except ValueError:
        raise InvalidRequest("limit: Input should be a valid integer, unable to parse string as an integer") from None
    if limit < 1:
        raise InvalidRequest("limit: Input should be greater than or equal to 1")
    if limit > _LARGEST_PAGE:
        raise InvalidRequest(f"limit: Input should be less than or equal to {_LARGEST_PAGE}")
    return limit


routes = [
    Route("/v1/messages/batches", create, methods=["POST"]),
    Route("/v1/messages/batches", page, methods=["GET"]),
    Route("/v1/messages/batches/{id}", retrieve, methods=["GET"]),
    Route("/v1/messages/batches/{id}", delete, methods=["DELETE"]),
    Route("/v1/messages/batches/{id}/cancel", cancel, methods=["POST"]),
    Route("/v1/messages/batches/{id}/results", results, methods=["GET"]),
]
