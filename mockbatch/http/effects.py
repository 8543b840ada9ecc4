"""Effects of rules on a call: before it is handled, instead of handling it, or on its response."""

from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct
from starlette.types import Receive, Send

from mockbatch.core.contract.errors import ApiError, NotFound, error_of
from mockbatch.core.contract.limits import month_after, spent_too_much
from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.draws import draw, fraction, subseed
from mockbatch.core.numbers import natural
from mockbatch.core.rules.account_faults import ACCOUNT_REFUSALS, refusal_details
from mockbatch.core.rules.calls import CallFacts, Hit
from mockbatch.core.rules.fault import LONGEST_SPAN, Scope, is_header
from mockbatch.core.rules.item_faults import ERROR_MESSAGES
from mockbatch.core.rules.life import Shown, as_canceling, hides_results, shown_with, url_elsewhere
from mockbatch.core.rules.replied import REPLY_FAULTS
from mockbatch.core.rules.streams import error_event, place_of, work_of
from mockbatch.core.sizes import parse_size
from mockbatch.core.time.delays import parse_delay
from mockbatch.core.time.spans import SECOND, format_day, parse_span
from mockbatch.http.answers import Answer, Headers, Json, Stream
from mockbatch.http.calls import Alter, Call, Instead
from mockbatch.http.compression import CODINGS
from mockbatch.http.connection import Dropped, LastOne, SlowHeaders
from mockbatch.http.errors import refused
from mockbatch.http.origins import origin_of
from mockbatch.http.streams import (
    CutOff,
    HeadersFirst,
    Late,
    broken_off,
    delayed,
    paused,
    reshaped,
    sliced,
    throttled,
    worked_on,
)
from mockbatch.service.sessions import Session

_SHOWING = frozenset({"retrieve", "list", "cancel"})
_encode = msgspec.json.Encoder().encode


class Strike(Struct, frozen=True):
    """A rule that applies to a call of a session, now."""

    call: Call
    session: Session
    hit: Hit
    now: int

    def option(self, name: str) -> Any:
        return self.hit.rule.option(name)

    def seconds(self, name: str) -> float | None:
        """Return a time span option in real seconds."""
        span = self.option(name)
        return None if span is None else min(parse_span(span), LONGEST_SPAN) / SECOND


async def meet(
    call: Call, session: Session, scope: Scope, params: dict[str, Any] | None = None, model: str = ""
) -> None:
    """Apply the rules of the session to the call.

    Raises Instead if a rule answers the call, NotFound if one hides its batch. Changes to the response are collected in
    `call.altering`.
    """
    now = session.now()
    batch_id = call.scope.get("path_params", {}).get("id", "")
    facts = CallFacts(call.headers, batch_id, _age(session, batch_id, scope, now), params, model)
    if scope in _SHOWING:
        progress = await _progress(call, session, batch_id, now)
        call.altering.append(_showing(call, session, now, progress, counted=scope == "retrieve"))
    elif scope == "results":
        _hide(call, session, batch_id, now)
    strikes = [Strike(call, session, hit, now) for hit in session.rules.decide(scope, facts, now)]
    call.struck_by += [strike.hit.rule.name for strike in strikes]
    faulted = {str(strike.hit.rule.fault): strike for strike in strikes}
    call.altering += [ON_ANSWER[name](faulted[name]) for name in ON_ANSWER if name in faulted]
    for strike in strikes:
        rule = strike.hit.rule
        if rule.reply is not None or rule.fault in REPLY_FAULTS:
            call.decided_by = rule
        elif rule.fault not in ON_ANSWER:
            await BEFORE[str(rule.fault)](strike)


def _age(session: Session, batch_id: str, scope: Scope, now: int) -> int:
    batch = session.known(batch_id)
    if batch is None:
        return 0
    return now - (batch.timeline.ended_at if scope == "results" else batch.timeline.created_at)


def _hide(call: Call, session: Session, batch_id: str, now: int) -> None:
    batch = session.known(batch_id)
    for hit in session.rules.of_batch(batch_id, now, counted=False):
        if batch and hides_results(hit, batch.timeline.ended_at, now):
            call.struck_by.append(hit.rule.name)
            raise NotFound(f"Message Batch {batch_id} has no available results.")


async def _progress(call: Call, session: Session, batch_id: str, now: int) -> RequestCounts | None:
    """Return the actual row counts of a running batch, if a rule may need them."""
    batch = session.batches.get(batch_id)
    wanted = any(record.rule.fault == "batch.progressive_counts" for record in session.rules.records)
    if batch is None or not wanted or batch.timeline.has_ended(now):
        return None
    return await call.mock.states.counts(batch, now)


def _showing(call: Call, session: Session, now: int, progress: RequestCounts | None, *, counted: bool) -> Alter:
    """Return an alteration that shows batches as the rules of the scope `batch` demand."""

    def show(shown: Shown) -> Shown:
        for hit in session.rules.of_batch(shown["id"], now, counted=counted):
            before, shown = shown, shown_with(hit, shown, now, progress)
            if shown != before:
                session.rules.struck(hit, now, counted=counted)
                call.struck_by.append(hit.rule.name)
        return shown

    return _on_batches(show)


def _on_batches(show: Callable[[Shown], Shown]) -> Alter:
    """Return an alteration of each batch in a response; other responses are left unchanged."""

    def alter(answer: Answer) -> Answer:
        if not isinstance(answer, Json) or answer.status != 200:
            return answer
        content = msgspec.json.decode(answer.body)
        if content.get("type") == "message_batch":
            content = show(content)
        elif "data" in content:
            content["data"] = [show(batch) for batch in content["data"]]
        answer.body = _encode(content)
        return answer

    return alter


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


_HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"


async def _http_error(strike: Strike) -> None:
    raise Instead(_error_answer(strike))


def _error_answer(strike: Strike) -> Answer:
    status, shape = strike.option("status"), strike.option("shape")
    headers = _error_headers(strike)
    if (body := strike.option("body")) is not None and status != HTTPStatus.NOT_MODIFIED:
        return Odd(status, headers, "text/plain; charset=utf-8", body.encode("utf-8", "replace"))
    if shape == "html":
        return Odd(status, headers, "text/html", _HTML.format(f"{status} {_phrase(status)}").encode())
    if shape == "empty" or status == HTTPStatus.NOT_MODIFIED:
        return Odd(status, headers, "text/plain", b"")
    error = _api_error(status, strike.option("type"), strike.option("message"), strike.option("details"))
    answer = refused(error, strike.call.request_id)
    answer.headers = {**(answer.headers or {}), **headers}
    if shape == "truncated_json":
        return Odd(status, dict(answer.headers), "application/json", answer.body[: len(answer.body) // 2])
    return answer


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"


def _api_error(status: int, kind: str | None, message: str | None, details: dict[str, Any] | None) -> ApiError:
    error = error_of(status, kind)
    error.message = message or ERROR_MESSAGES.get(error.type, _phrase(status))
    error.details = details
    return error


def _error_headers(strike: Strike) -> dict[str, str]:
    headers = {name.decode(): text.decode("latin-1") for name, text in _extra_headers(strike)}
    if (seconds := strike.option("retry_after")) is not None:
        headers["retry-after"] = str(seconds)
    if (milliseconds := strike.option("retry_after_ms")) is not None:
        headers["retry-after-ms"] = str(milliseconds)
    if (later := strike.seconds("retry_after_date")) is not None:
        # the client compares it with a real clock
        headers["retry-after"] = formatdate(strike.session.real() / SECOND + later, usegmt=True)
    if (again := strike.option("x_should_retry")) is not None:
        headers["x-should-retry"] = "true" if again else "false"
    return headers


async def _not_found(strike: Strike) -> None:
    name = strike.call.path_value("id")
    ended = strike.hit.rule.fault == "results.not_found_flap"
    raise NotFound(f"Message Batch {name} has no available results." if ended else f"Message Batch {name} not found.")


async def _accept_then_drop(strike: Strike) -> None:
    if strike.option("when") == "before_commit":
        await strike.call.body()
        raise Instead(_drop(strike))
    strike.call.altering.append(_losing(strike))


def _losing(strike: Strike) -> Alter:
    """Return an alteration that drops the response to a successful create. Failed creates are left alone."""
    return lambda answer: _drop(strike) if isinstance(answer, Json) and answer.status == 200 else answer


def _drop(strike: Strike) -> Answer:
    how = strike.option("how")
    if how == "hang":
        return Late(_nothing(), strike.call.scope, None)
    if how == "reset":
        return Dropped(strike.call.scope)
    return Odd(502, {}, "text/html", _HTML.format("502 Bad Gateway").encode())


def _nothing() -> Answer:
    return Odd(500, {}, "text/plain", b"")


async def _short_pages(strike: Strike) -> None:
    size, query = strike.option("size"), strike.call.query()
    limit = natural(query.get("limit", "20"))
    if limit is not None and limit > size:
        kept = b"&".join(p for p in strike.call.scope["query_string"].split(b"&") if not p.startswith(b"limit="))
        strike.call.scope["query_string"] = kept + b"&limit=%d" % size


async def _cancel_lost(strike: Strike) -> None:
    call = strike.call
    shown = await call.mock.batches.retrieve(strike.session, call.path_value("id"), origin_of(call))
    if shown.processing_status == "in_progress":
        raise Instead(Json(as_canceling(msgspec.to_builtins(shown), strike.now)))


async def _reset(strike: Strike) -> None:
    if strike.option("when") == "before":
        raise Instead(Dropped(strike.call.scope))
    strike.call.altering.append(lambda answer: Dropped(strike.call.scope))


async def _refused(strike: Strike) -> None:
    fault = ACCOUNT_REFUSALS[str(strike.hit.rule.fault)]
    options = {name: strike.option(name) for name in fault.options}
    if not fault.message and not options["message"]:
        raise spent_too_much(month_after(format_day(strike.now)))
    error = error_of(fault.status)
    error.message = options["message"] or fault.message
    error.details = refusal_details(fault, options)
    if options.get("retry_after") is not None:
        error.headers = {"retry-after": str(options["retry_after"])}
    raise error


async def _headers(strike: Strike) -> None:
    headers = _extra_headers(strike)
    without = strike.option("without") or ([] if headers else ["content-type"])
    left_out = {name.lower().encode("latin-1", "replace") for name in without} | {name for name, _ in headers}
    strike.call.edits.append(lambda sent: [*(pair for pair in sent if pair[0].lower() not in left_out), *headers])


def _extra_headers(strike: Strike) -> Headers:
    # rules from an older database may contain headers that are rejected today
    given: dict[str, str] = strike.option("headers") or {}
    return [(name.encode(), text.encode("latin-1")) for name, text in given.items() if is_header(name, text)]


async def _encoding(strike: Strike) -> None:
    strike.call.coding = CODINGS[strike.option("how")]()


BEFORE: dict[str, Callable[[Strike], Awaitable[None]]] = {
    "http.error": _http_error,
    "http.headers": _headers,
    "http.encoding": _encoding,
    **dict.fromkeys(ACCOUNT_REFUSALS, _refused),
    "retrieve.not_found_flap": _not_found,
    "results.not_found_flap": _not_found,
    "create.accept_then_drop": _accept_then_drop,
    "list.short_pages": _short_pages,
    "cancel.lost": _cancel_lost,
    "connection.reset": _reset,
}
"""Effects before a call is handled, or instead of handling it."""


def _latency(strike: Strike) -> Alter:
    rule = strike.hit.rule
    luck = draw(subseed(strike.call.mock.seed, "latency", rule.name, strike.session.name), str(strike.hit.ordinal))
    seconds = parse_delay(strike.option("delay"))(fraction(luck)) / SECOND
    return lambda answer: Late(answer, strike.call.scope, seconds)


def _error_after_commit(strike: Strike) -> Alter:
    error = _api_error(strike.option("status"), None, None, None)
    return lambda answer: refused(error, strike.call.request_id)


def _hang(strike: Strike) -> Alter:
    seconds = strike.seconds("lasts")
    if strike.option("when") == "before_headers":
        return lambda answer: Late(answer, strike.call.scope, seconds)
    return lambda answer: HeadersFirst(answer, strike.call.scope, seconds)


def _slow_headers(strike: Strike) -> Alter:
    return lambda answer: SlowHeaders(answer, strike.call.scope, strike.seconds("gap") or 0.0)


def _close(strike: Strike) -> Alter:
    return lambda answer: LastOne(answer, strike.call.scope, strike.option("announced"))


def _cut(strike: Strike) -> Alter:
    strike.call.plain = True
    place, how = place_of(strike.hit.rule), strike.option("how")
    return lambda answer: CutOff(answer, strike.call.scope, place, how) if isinstance(answer, Stream) else answer


def _stall(strike: Strike) -> Alter:
    strike.call.plain = True
    place, seconds = place_of(strike.hit.rule), strike.seconds("lasts") or 0.0
    return reshaped(lambda pieces: paused(pieces, strike.call.scope, place, seconds))


def _error_event(strike: Strike) -> Alter:
    error = _api_error(200, strike.option("type"), strike.option("message"), strike.option("details"))
    place = place_of(strike.hit.rule)

    def ended() -> bytes:
        return error_event(refused(error, strike.call.request_id).body)

    return reshaped(lambda pieces: broken_off(pieces, place, ended))


def _slow_start(strike: Strike) -> Alter:
    seconds = strike.seconds("delay") or 0.0
    return reshaped(lambda pieces: delayed(pieces, strike.call.scope, seconds))


def _slicer(strike: Strike) -> Alter:
    strike.call.plain = True
    size, seconds = strike.option("bytes"), strike.seconds("gap") or 0.0
    return reshaped(lambda pieces: sliced(pieces, strike.call.scope, size, seconds))


def _bandwidth(strike: Strike) -> Alter:
    strike.call.plain = True
    per_second = max(parse_size(str(strike.option("per_second"))), 1)
    return reshaped(lambda pieces: throttled(pieces, strike.call.scope, per_second))


def rows_of(strike: Strike) -> Alter:
    work = work_of(strike.hit.rule)
    assert work is not None
    return reshaped(lambda pieces: worked_on(pieces, work))


def _url(strike: Strike) -> Alter:
    def show(shown: Shown) -> Shown:
        url = shown["results_url"]
        return {**shown, "results_url": url_elsewhere(url, strike.option("to"))} if url else shown

    return _on_batches(show)


# in order of execution: rows, then their stream, then the whole response
ON_ANSWER: dict[str, Callable[[Strike], Alter]] = {
    "results.omit": rows_of,
    "results.duplicate": rows_of,
    "results.bytes": rows_of,
    "compat.unknown_result_type": rows_of,
    "compat.extra_fields": rows_of,
    "messages.error_event": _error_event,
    **dict.fromkeys(("results.slow_start", "messages.slow_start"), _slow_start),
    **dict.fromkeys(("results.stall", "messages.stall"), _stall),
    **dict.fromkeys(("results.slicer", "messages.slicer"), _slicer),
    **dict.fromkeys(("results.bandwidth", "messages.bandwidth"), _bandwidth),
    **dict.fromkeys(("results.cut", "messages.cut"), _cut),
    "results.url": _url,
    "cancel.error_after_commit": _error_after_commit,
    "http.latency": _latency,
    "connection.close": _close,
    "connection.slow_headers": _slow_headers,
    "connection.hang": _hang,
}
"""Effects on a response."""
