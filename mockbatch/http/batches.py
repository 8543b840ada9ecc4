"""`/v1/messages/batches`. Source: https://platform.claude.com/docs/en/api/messages/batches"""

from starlette.routing import Route

from mockbatch.core.contract.betas import betas_of
from mockbatch.core.contract.errors import InvalidRequest, RequestTooLarge
from mockbatch.core.contract.params import Terms
from mockbatch.http.answers import Answer, Json, Stream
from mockbatch.http.caller import caller, origin_of, version_of
from mockbatch.http.calls import Call, Endpoint
from mockbatch.service.batches import Window
from mockbatch.service.sessions import Session

_LARGEST_PAGE = 1000


async def create(call: Call) -> Answer:
    session = await caller(call)
    terms = Terms(version_of(call), betas_of(call.header_values(b"anthropic-beta")))
    declared = call.header(b"content-length") or ""
    if declared.isdigit() and int(declared) > call.mock.limits.max_bytes:
        raise RequestTooLarge("Request exceeds the maximum size")
    return Json(await call.mock.batches.create(session, call.stream(), terms, origin_of(call)))


async def retrieve(call: Call) -> Answer:
    session = await _entered(call)
    batch = await call.mock.batches.retrieve(session, call.path_value("id"), origin_of(call))
    return Json(batch, None if batch.processing_status == "ended" else {"retry-after": "10"})


async def page(call: Call) -> Answer:
    session = await _entered(call)
    return Json(await call.mock.batches.page(session, _window(call), origin_of(call)))


async def cancel(call: Call) -> Answer:
    session = await _entered(call)
    return Json(await call.mock.batches.cancel(session, call.path_value("id"), origin_of(call)))


async def delete(call: Call) -> Answer:
    session = await _entered(call)
    return Json(await call.mock.batches.delete(session, call.path_value("id")))


async def results(call: Call) -> Answer:
    session = await _entered(call)
    return Stream(call.mock.batches.results(session, call.path_value("id")), b"application/x-jsonl")


async def _entered(call: Call) -> Session:
    session = await caller(call)
    betas_of(call.header_values(b"anthropic-beta"))
    return session


def _window(call: Call) -> Window:
    query = call.query()
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
    Route("/v1/messages/batches/{id}", Endpoint(GET=retrieve, DELETE=delete)),
    Route("/v1/messages/batches", Endpoint(GET=page, POST=create)),
    Route("/v1/messages/batches/{id}/cancel", Endpoint(POST=cancel)),
    Route("/v1/messages/batches/{id}/results", Endpoint(GET=results)),
]
