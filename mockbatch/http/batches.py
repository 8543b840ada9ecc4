"""`/v1/messages/batches`. Source: https://platform.claude.com/docs/en/api/messages/batches"""

from starlette.routing import Route

from mockbatch.core.contract import wire
from mockbatch.core.rules.fault import Scope
from mockbatch.core.rules.stream_faults import REDIRECTED
from mockbatch.http.answers import Answer, Json, Moved, Stream
from mockbatch.http.caller import caller, terms_of
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.described import JSONL, PAGE, described
from mockbatch.http.jsonl import body_of
from mockbatch.http.origins import origin_of
from mockbatch.http.paging import window_of
from mockbatch.service.sessions import Session


@described(wire.MessageBatch, takes=wire.BatchCreate, op="create", caller="key")
async def create(call: Call) -> Answer:
    """Create a batch.

    As an extension, the requests may be sent as JSON lines, or as a file of JSON lines in a form.
    """
    session = await _entered(call, "create")
    terms = terms_of(call, session)
    async with body_of(call, session.settings.limits.max_bytes) as body:
        created = await call.mock.batches.create(session, body, terms, origin_of(call), call.headers)
    call.made = created.id
    return Json(created)


@described(wire.MessageBatch, op="retrieve", caller="key")
async def retrieve(call: Call) -> Answer:
    """Retrieve a batch."""
    session = await _entered(call, "retrieve")
    batch = await call.mock.batches.retrieve(session, call.path_value("id"), origin_of(call))
    return Json(batch, None if batch.processing_status == "ended" else {"retry-after": "10"})


@described(wire.BatchPage, query=PAGE, op="list", caller="key")
async def page(call: Call) -> Answer:
    """List batches, newest first."""
    session = await _entered(call, "list")
    return Json(await call.mock.batches.page(session, window_of(call), origin_of(call)))


@described(wire.MessageBatch, op="cancel", caller="key")
async def cancel(call: Call) -> Answer:
    """Cancel a batch that has not ended."""
    session = await _entered(call, "cancel")
    return Json(await call.mock.batches.cancel(session, call.path_value("id"), origin_of(call)))


@described(wire.DeletedMessageBatch, op="delete", caller="key")
async def delete(call: Call) -> Answer:
    """Delete a batch that has ended."""
    session = await _entered(call, "delete")
    return Json(await call.mock.batches.delete(session, call.path_value("id")))


@described(wire.ResultLine, kind=JSONL, op="results", caller="key")
async def results(call: Call) -> Answer:
    """Stream the results of a batch that has ended, one JSON object per line."""
    if call.scope["query_string"] == REDIRECTED:
        return Moved(call.scope.get("raw_path", b""))
    session = await _entered(call, "results")
    return Stream(call.mock.batches.results(session, call.path_value("id")), b"application/x-jsonl")


async def _entered(call: Call, scope: Scope) -> Session:
    session = await caller(call, scope)
    call.told = call.mock.rates.enter(session)
    return session


routes = [
    Route("/v1/messages/batches/{id}", Endpoint(GET=retrieve, DELETE=delete)),
    Route("/v1/messages/batches", Endpoint(GET=page, POST=create)),
    Route("/v1/messages/batches/{id}/cancel", Endpoint(POST=cancel)),
    Route("/v1/messages/batches/{id}/results", Endpoint(GET=results)),
]
