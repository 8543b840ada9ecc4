"""Applies rules to a call: before it is handled, instead of handling it, or on its response.

What a fault does is an action; each type of action is carried out by one function here.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeGuard

import msgspec
from msgspec.structs import asdict
from starlette.types import Receive, Send

from mockbatch.core.contract.errors import NotFound
from mockbatch.core.numbers import natural
from mockbatch.core.rules import actions
from mockbatch.core.rules.actions import Action, Shown, Sight, Strike
from mockbatch.core.rules.calls import CallFacts, RuleMatch
from mockbatch.core.rules.fault import Scope
from mockbatch.http.base_url import base_url
from mockbatch.http.calls import Alter, Call, RespondWith
from mockbatch.http.compression import CODINGS
from mockbatch.http.connection import CloseAfter, ResetConnection, SlowHeaders
from mockbatch.http.errors import refused
from mockbatch.http.responses import Headers, JsonResponse, Response, StreamResponse
from mockbatch.http.streams import (
    CutOff,
    HeadersFirst,
    Late,
    Pieces,
    broken_off,
    delayed,
    paused,
    sliced,
    throttled,
    worked_on,
)
from mockbatch.service.sessions.session import SessionState

_SHOWING = frozenset({"retrieve", "list", "cancel"})
_encode = msgspec.json.Encoder().encode


async def apply_rules(
    call: Call, session: SessionState, scope: Scope, params: dict[str, Any] | None = None, model: str = ""
) -> None:
    """Apply the rules of the session to the call.

    Raises RespondWith if a rule answers the call, NotFound if one hides its batch. Changes to the response are
    collected in `call.response_filters`.
    """
    now = session.now()
    batch_id = call.scope.get("path_params", {}).get("id", "")
    facts = CallFacts(call.headers, batch_id, _age(session, batch_id, scope, now), params, model)
    if scope in _SHOWING:
        progress = await _progress(call, session, batch_id, now)
        call.response_filters.append(_showing(call, session, now, progress, counted=scope == "retrieve"))
    elif scope == "results":
        _hide(call, session, batch_id, now)
    hits = session.rules.decide(scope, facts, now)
    call.matched_rules += [hit.rule.name for hit in hits]
    strikes = [(hit, _strike(call, session, hit, batch_id, now)) for hit in hits]
    call.response_filters += _alterations(call, strikes)
    for hit, strike in strikes:
        if hit.fault is None or hit.fault.has("reply"):
            call.decided_by = hit.rule
        elif (action := hit.fault.before(strike)) is not None:
            await _carry_out(action, call, session)


def _strike(call: Call, session: SessionState, hit: RuleMatch, batch_id: str, now: int) -> Strike:
    return Strike(hit.rule.name, session.name, call.services.seed, batch_id, hit.ordinal, now, session.real())


def _age(session: SessionState, batch_id: str, scope: Scope, now: int) -> int:
    batch = session.known(batch_id)
    if batch is None:
        return 0
    return now - (batch.timeline.ended_at if scope == "results" else batch.timeline.created_at)


def _hide(call: Call, session: SessionState, batch_id: str, now: int) -> None:
    batch = session.known(batch_id)
    for hit in session.rules.of_batch(batch_id, now, counted=False):
        if batch and hit.fault and hit.fault.hides_results(batch.timeline.ended_at, Sight(hit.ordinal, now)):
            call.matched_rules.append(hit.rule.name)
            raise NotFound(f"Message Batch {batch_id} has no available results.")


async def _progress(call: Call, session: SessionState, batch_id: str, now: int) -> dict[str, int] | None:
    """Return the actual row counts of a running batch, if a rule may need them."""
    batch = session.batches.get(batch_id)
    wanted = any(record.fault is not None and record.fault.progress for record in session.rules.records)
    if batch is None or not wanted or batch.timeline.has_ended(now):
        return None
    return asdict(await call.services.states.counts(batch, now))


def _showing(call: Call, session: SessionState, now: int, progress: dict[str, int] | None, *, counted: bool) -> Alter:
    """Return an alteration that shows batches as the rules of the scope `batch` demand."""

    def show(shown: Shown) -> Shown:
        for hit in session.rules.of_batch(shown["id"], now, counted=counted):
            assert hit.fault is not None
            before, shown = shown, hit.fault.view(shown, Sight(hit.ordinal, now, progress))
            if shown != before:
                session.rules.struck(hit, now, counted=counted)
                call.matched_rules.append(hit.rule.name)
        return shown

    return lambda answer: _with_batches(answer, show)


def _with_batches(answer: Response, show: Callable[[Shown], Shown]) -> Response:
    """Change each batch in a response; other responses are left unchanged."""
    if not _is_success(answer):
        return answer
    content = msgspec.json.decode(answer.body)
    if content.get("type") == "message_batch":
        content = show(content)
    elif "data" in content:
        content["data"] = [show(batch) for batch in content["data"]]
    answer.body = _encode(content)
    return answer


def _is_success(answer: Response) -> TypeGuard[JsonResponse]:
    return isinstance(answer, JsonResponse) and answer.status == 200


class Odd:
    """A response that is not one of our JSON responses."""

    def __init__(self, status: int, headers: dict[str, str], content_type: str, body: bytes) -> None:
        self._status = status
        self._headers = {"content-type": content_type, "content-length": str(len(body)), **headers}
        self._body = body

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        encoded = [
            (name.encode("latin-1", "replace"), text.encode("latin-1", "replace"))
            for name, text in self._headers.items()
        ]
        await send({"type": "http.response.start", "status": self._status, "headers": [*encoded, *own]})
        await send({"type": "http.response.body", "body": self._body})


def _error(action: actions.RespondError, call: Call) -> Response:
    answer = refused(action.error, call.request_id)
    answer.headers = {**(answer.headers or {}), **action.headers}
    if action.truncated:
        return Odd(answer.status, dict(answer.headers), "application/json", answer.body[: len(answer.body) // 2])
    return answer


ANSWERS: dict[type[Action], Callable[[Any, Call], Response]] = {
    actions.Respond: lambda it, call: Odd(it.status, it.headers, it.content_type, it.body),
    actions.RespondError: _error,
    actions.Reset: lambda it, call: ResetConnection(call.scope),
    actions.Wait: lambda it, call: Late(Odd(500, {}, "text/plain", b""), call.scope, it.seconds),
}
"""The responses that actions are, if a call is not handled or its own response is lost."""


def _answer(action: Action, call: Call) -> Response:
    return ANSWERS[type(action)](action, call)


async def _carry_out(action: Action, call: Call, session: SessionState) -> None:
    """Carry out an action before the call is handled. Raises RespondWith if it answers the call."""
    match action:
        case actions.EditHeaders():
            call.edits.append(_editing(action))
        case actions.Encode(how):
            call.coding = CODINGS[how]()
        case actions.LimitPage(size):
            _limit_page(call, size)
        case actions.RespondWithBatch(change):
            shown = await call.services.batches.retrieve(session, call.path_value("id"), base_url(call))
            if (changed := change(msgspec.to_builtins(shown))) is not None:
                raise RespondWith(JsonResponse(changed))
        case actions.AfterBody(then):
            await call.body()
            raise RespondWith(_answer(then, call))
        case _:
            raise RespondWith(_answer(action, call))


def _editing(action: actions.EditHeaders) -> Callable[[Headers], Headers]:
    added = [(name.encode(), text.encode("latin-1")) for name, text in action.add.items()]
    removed = {name.encode("latin-1", "replace") for name in action.remove} | {name for name, _ in added}
    return lambda sent: [*(pair for pair in sent if pair[0].lower() not in removed), *added]


def _limit_page(call: Call, size: int) -> None:
    limit = natural(call.query().get("limit", "20"))
    if limit is not None and limit > size:
        kept = b"&".join(p for p in call.scope["query_string"].split(b"&") if not p.startswith(b"limit="))
        call.scope["query_string"] = kept + b"&limit=%d" % size


def _reshaping(reshape: Callable[[Pieces, Any, Call], Pieces]) -> Callable[[Response, Any, Call], Response]:
    """Return the change of a streamed response; others are left unchanged."""

    def alter(answer: Response, action: Action, call: Call) -> Response:
        if not isinstance(answer, StreamResponse):
            return answer
        return StreamResponse(reshape(answer.pieces, action, call), answer.content_type)

    return alter


def _break_off(pieces: Pieces, action: actions.BreakOff, call: Call) -> Pieces:
    """End a message with the envelope that the error would have as a response."""
    return broken_off(
        pieces, action.position, lambda: b"event: error\ndata: %b\n\n" % refused(action.error, call.request_id).body
    )


def _cut(answer: Response, action: actions.Cut, call: Call) -> Response:
    return CutOff(answer, call.scope, action.position, action.how) if isinstance(answer, StreamResponse) else answer


def _lose(answer: Response, action: actions.OnSuccess, call: Call) -> Response:
    return _answer(action.then, call) if _is_success(answer) else answer


# in order of execution: rows, then their stream, then the whole response
ON_RESPONSE: dict[type[Action], Callable[[Response, Any, Call], Response]] = {
    actions.TransformLines: _reshaping(lambda pieces, it, call: worked_on(pieces, it.transform)),
    actions.BreakOff: _reshaping(_break_off),
    actions.DelayBody: _reshaping(lambda pieces, it, call: delayed(pieces, call.scope, it.seconds)),
    actions.Pause: _reshaping(lambda pieces, it, call: paused(pieces, call.scope, it.position, it.seconds)),
    actions.Slice: _reshaping(lambda pieces, it, call: sliced(pieces, call.scope, it.size, it.seconds)),
    actions.Throttle: _reshaping(lambda pieces, it, call: throttled(pieces, call.scope, it.per_second)),
    actions.Cut: _cut,
    actions.ChangeBatches: lambda answer, it, call: _with_batches(answer, it.change),
    actions.RespondError: lambda answer, it, call: _error(it, call),
    actions.OnSuccess: _lose,
    actions.Wait: lambda answer, it, call: Late(answer, call.scope, it.seconds),
    actions.CloseAfter: lambda answer, it, call: CloseAfter(answer, call.scope, it.announced),
    actions.SendHeadersSlowly: lambda answer, it, call: SlowHeaders(answer, call.scope, it.gap),
    actions.WaitAfterHeaders: lambda answer, it, call: HeadersFirst(answer, call.scope, it.seconds),
    actions.Reset: lambda answer, it, call: ResetConnection(call.scope),
}
"""The changes to a response, by the type of the action."""
_ORDER = list(ON_RESPONSE)


def _alterations(call: Call, strikes: list[tuple[RuleMatch, Strike]]) -> list[Alter]:
    """Return the changes to the response, in order; of two rules with the same fault, the last one counts."""
    found = {hit.fault.name: hit.fault.response(strike) for hit, strike in strikes if hit.fault is not None}
    ordered = sorted((action for action in found.values() if action), key=lambda action: _ORDER.index(type(action)))
    call.plain = call.plain or any(action.plain for action in ordered)
    return [partial(_altered, action=action, call=call) for action in ordered]


def _altered(answer: Response, action: Action, call: Call) -> Response:
    return ON_RESPONSE[type(action)](answer, action, call)
