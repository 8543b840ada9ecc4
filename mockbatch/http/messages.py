"""`/v1/messages` and `/v1/messages/count_tokens`. Source: https://platform.claude.com/docs/en/api/messages/create"""

from collections.abc import AsyncGenerator, Iterator
from typing import Any

from starlette.routing import Route

from mockbatch.core.contract import wire
from mockbatch.core.replies.stream import events
from mockbatch.http.authentication import authenticate_without_rules, terms_of
from mockbatch.http.bodies import read_object
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.effects import apply_rules
from mockbatch.http.operation import EVENTS, operation
from mockbatch.http.responses import JsonResponse, Response, StreamResponse
from mockbatch.service.sessions.session import SessionState

_LARGEST = 32_000_000
# signs of more work than the size suggests; an escape may hide them
_HEAVY = (b"schema", b"document", b'"image', b"\\u")


@operation(wire.Message, takes=wire.MessageCreate, more={EVENTS: None}, op="messages", caller="key")
async def create(call: Call) -> Response:
    """Create a message, streamed on request."""
    session, params, effort = await _entered(call)
    terms = terms_of(call, session)
    message = await call.services.messages.create(session, params, terms, call.decided_by, effort, call.note_unmet)
    if isinstance(message, wire.Message) and (warning := call.services.catalogue.warn_if_retired(message.model, terms)):
        call.extra_headers = [(b"mockbatch-warning", warning.encode())]
    if params.get("stream") is True:
        return StreamResponse(_sent(events(message)), b"text/event-stream; charset=utf-8")
    return JsonResponse(message)


@operation(wire.MessageTokensCount, takes=wire.MessageCount, op="count_tokens", caller="key")
async def count_tokens(call: Call) -> Response:
    """Count the tokens of a message."""
    session, params, effort = await _entered(call)
    return JsonResponse(await call.services.messages.count(session, params, terms_of(call, session), effort))


async def _entered(call: Call) -> tuple[SessionState, dict[str, Any], int]:
    """Return the session, the params and their size in bytes; schemas, media and rules' replies count as maximal."""
    session = await authenticate_without_rules(call)
    params, body = await read_object(call, _LARGEST)
    if session.rules.armed:
        await apply_rules(call, session, "messages", params, str(params.get("model")))
    heavy = call.decided_by is not None or any(word in body for word in _HEAVY)
    return session, params, _LARGEST if heavy else len(body)


async def _sent(pieces: Iterator[bytes]) -> AsyncGenerator[bytes]:
    for piece in pieces:
        yield piece


routes = [
    Route("/v1/messages", Endpoint(POST=create)),
    Route("/v1/messages/count_tokens", Endpoint(POST=count_tokens)),
]
