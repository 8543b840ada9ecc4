"""`/v1/messages/batches`. Source: https://platform.claude.com/docs/en/api/messages/batches"""

from starlette.routing import Route

from mockbatch.core.contract import wire
from mockbatch.core.rules.fault import Scope
from mockbatch.core.rules.stream_faults import REDIRECTED
from mockbatch.http.authentication import authenticate, terms_of
from mockbatch.http.base_url import base_url
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.jsonl import body_of
from mockbatch.http.operation import JSONL, PAGE, operation
from mockbatch.http.paging import window_of
from mockbatch.http.responses import JsonResponse, Redirect, Response, StreamResponse
from mockbatch.service.sessions.session import SessionState


@operation(wire.MessageBatch, takes=wire.BatchCreate, op="create", caller="key")
async def create(call: Call) -> Response:
    """Create a batch.

    As an extension, the requests may be sent as JSON lines, or as a file of JSON lines in a form.
    """
    session = await _entered(call, "create")
    terms = terms_of(call, session)
    async with body_of(call, session.settings.limits.max_bytes) as body:
        created = await call.services.batches.create(session, body, terms, base_url(call), call.headers)
    call.made = created.id
    return JsonResponse(created)


@operation(wire.MessageBatch, op="retrieve", caller="key")
async def retrieve(call: Call) -> Response:
    """Retrieve a batch."""
    session = await _entered(call, "retrieve")
    batch = await call.services.batches.retrieve(session, call.path_value("id"), base_url(call))
    return JsonResponse(batch, None if batch.processing_status == "ended" else {"retry-after": "10"})


@operation(wire.BatchPage, query=PAGE, op="list", caller="key")
async def page(call: Call) -> Response:
    """List batches, newest first."""
    session = await _entered(call, "list")
    return JsonResponse(await call.services.batches.page(session, window_of(call), base_url(call)))


@operation(wire.MessageBatch, op="cancel", caller="key")
async def cancel(call: Call) -> Response:
    """Cancel a batch that has not ended."""
    session = await _entered(call, "cancel")
    return JsonResponse(await call.services.batches.cancel(session, call.path_value("id"), base_url(call)))


@operation(wire.DeletedMessageBatch, op="delete", caller="key")
async def delete(call: Call) -> Response:
    """Delete a batch that has ended."""
    session = await _entered(call, "delete")
    return JsonResponse(await call.services.batches.delete(session, call.path_value("id")))


@operation(wire.ResultLine, kind=JSONL, op="results", caller="key")
async def results(call: Call) -> Response:
    """Stream the results of a batch that has ended, one JSON object per line."""
    if call.scope["query_string"] == REDIRECTED:
        return Redirect(call.scope.get("raw_path", b""))
    session = await _entered(call, "results")
    lines = call.services.batches.results(session, call.path_value("id"))
    return await StreamResponse.begun(lines, b"application/x-jsonl")


async def _entered(call: Call, scope: Scope) -> SessionState:
    session = await authenticate(call, scope)
    call.extra_headers = call.services.rates.enter(session)
    return session


routes = [
    Route("/v1/messages/batches/{id}", Endpoint(GET=retrieve, DELETE=delete)),
    Route("/v1/messages/batches", Endpoint(GET=page, POST=create)),
    Route("/v1/messages/batches/{id}/cancel", Endpoint(POST=cancel)),
    Route("/v1/messages/batches/{id}/results", Endpoint(GET=results)),
]
