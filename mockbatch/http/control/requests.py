"""`/_mockbatch/requests` and `/_mockbatch/verify`: the calls received, and checks of expectations."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from starlette.routing import Route

from mockbatch.core.cassette.display import shown_header, shown_text
from mockbatch.core.contract.errors import InvalidRequest, NotFound, Unverified
from mockbatch.core.contract.paging import limit_of
from mockbatch.core.time.spans import format_instant, parse_span
from mockbatch.core.vocabulary import OPERATIONS
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import checked, content_of, entered
from mockbatch.http.operation import Parameter, operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.sessions.journal import BODY, Criteria, Expectation, Journal, JournalEntry

_PREVIEW = 160
# how much of a body is examined, so that a secret at the end of its preview is recognized
_LOOKED_AT = 1_000
_QUERY = (
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "The last calls only."),
    Parameter("op", {"type": "string", "enum": list(OPERATIONS)}, "Only calls of this kind."),
    Parameter("batch", {"type": "string"}, "Only calls about this batch."),
    Parameter("bodies", {"type": "boolean", "default": True}, "Whether to include headers and bodies."),
)


class CallView(Struct, frozen=True):
    """A call and its response; `cut` if only the beginning of a body was kept.

    `unmet` names the schema for which the reply is only the nearest value. `batch` is the batch that the call concerns
    or has created, `took` the seconds until the response, `received` and `size` the sizes of the bodies in bytes.
    `preview` is the beginning of the more telling body: the response of a failed call, else the request, else the
    response.
    """

    at: str
    real_at: str
    op: str
    method: str
    path: str
    status: int
    request_id: str
    retry_count: int
    batch: str | None
    fault: str | None
    headers: dict[str, str]
    sent: str
    answered: str
    cut: bool
    unmet: str | None
    took: float
    received: int
    size: int
    preview: str


class CallList(Struct, frozen=True):
    """Calls, earliest first; `kept` of `total` are still stored."""

    requests: list[CallView]
    kept: int
    total: int


class CallCount(Struct, frozen=True):
    """The number of stored calls that match the criteria."""

    count: int


class Expected(Criteria, frozen=True, forbid_unknown_fields=True):
    """Expected calls: which, and how many; `min_gap` is the minimum virtual time between two of them, like `60s`."""

    count: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    min_gap: str | None = None


class Verify(Struct, frozen=True, forbid_unknown_fields=True):
    """The expectations to check."""

    expectations: list[Expected]


class Verified(Struct, frozen=True):
    """The number of expectations, all of them met."""

    verified: int


@operation(CallList, query=_QUERY, caller="own")
async def requests(call: Call) -> Response:
    """List the last calls of a session."""
    _, session = await entered(call)
    query = call.query()
    criteria = checked({name: query[name] for name in ("op", "batch") if name in query}, Criteria)
    found = list(session.journal.records(criteria))[-limit_of(query.get("limit", "100")) :]
    return JsonResponse(await _list(found, session.journal, bodies=_flag("bodies", query.get("bodies", "true"))))


@operation(CallView, caller="own")
async def request(call: Call) -> Response:
    """Retrieve one call of a session by its request_id."""
    _, session = await entered(call)
    wanted = call.path_value("id")
    for record in session.journal.records():
        if record.request_id == wanted:
            return JsonResponse(_view(record))
    raise NotFound(f"There is no call {wanted} among the last {len(session.journal)}.")


@operation(CallList, caller="all")
async def unmatched(call: Call) -> Response:
    """List the unmatched calls: to an unknown path, or without a key that opens a session."""
    journal = call.services.journal
    return JsonResponse(await _list(journal.records(), journal))


@operation(CallList, takes=Criteria, caller="own")
async def find(call: Call) -> Response:
    """List the calls that match criteria."""
    _, session = await entered(call)
    criteria = await content_of(call, Criteria)
    return JsonResponse(await _list(session.journal.records(criteria), session.journal))


@operation(CallCount, takes=Criteria, caller="own")
async def count(call: Call) -> Response:
    """Count the calls that match criteria."""
    _, session = await entered(call)
    return JsonResponse(CallCount(sum(1 for _ in session.journal.records(await content_of(call, Criteria)))))


@operation(Verified, takes=Verify, caller="own")
async def verify(call: Call) -> Response:
    """Check that the calls are as expected; a 422 names the unmet expectations and the closest calls."""
    _, session = await entered(call)
    wanted = (await content_of(call, Verify)).expectations
    if not wanted:
        raise InvalidRequest("expectations: List should have at least 1 item after validation, not 0")
    failures = []
    for number, one in enumerate(wanted):
        expectation = _expectation(one, number)
        shortfall = expectation.shortfall(session.journal.records(expectation.calls))
        if shortfall:
            near = [_described(record) for record in session.journal.closest(expectation.calls)]
            failures.append({"expectation": number, "message": shortfall, "calls": _named(one), "closest": near})
    if failures:
        raise Unverified("\n".join(_sentence(failure) for failure in failures), details={"failures": failures})
    return JsonResponse(Verified(len(wanted)))


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise InvalidRequest(f"{name}: {text[:100]!r} is neither true nor false")
    return text == "true"


def _expectation(one: Expected, number: int) -> Expectation:
    if all(wanted is None for wanted in (one.count, one.at_least, one.at_most, one.min_gap)):
        raise InvalidRequest(f"expectations.{number}: give one of count, at_least, at_most, min_gap")
    try:
        gap = None if one.min_gap is None else parse_span(one.min_gap)
    except ValueError as error:
        raise InvalidRequest(f"expectations.{number}.min_gap: {error}") from None
    return Expectation(one, one.count, one.at_least, one.at_most, gap)


def _of_retries(record: JournalEntry) -> dict[bytes, bytes]:
    """Return the retry count header, if it was sent."""
    return {name: value for name, value in record.headers.items() if name == b"x-stainless-retry-count"}


def _named(one: Expected) -> str:
    names = ("op", "method", "path", "status", "batch", "fault", "body")
    return " ".join(f"{name}={getattr(one, name)}" for name in names if getattr(one, name) is not None) or "any call"


def _sentence(failure: dict[str, Any]) -> str:
    closest = "".join(f"\n    {call}" for call in failure["closest"]) or " there were no calls at all"
    return f"{failure['calls']}: {failure['message']}; closest:{closest}"


def _described(record: JournalEntry) -> str:
    batch = f" {record.batch}" if record.batch else ""
    return (
        f"{format_instant(record.at)} {record.op}{batch} {record.method} {shown_text(record.path)} -> {record.status}"
    )


async def _list(records: Iterable[JournalEntry], journal: Journal, *, bodies: bool = True) -> CallList:
    kept, view = list(records), _view if bodies else _without_bodies
    # searching many bodies for secrets must not block other calls
    views = await asyncio.to_thread(lambda: list(map(view, kept)))
    return CallList(views, len(journal), journal.total.total())


def _without_bodies(record: JournalEntry) -> CallView:
    bare = replace(record, headers=_of_retries(record), request_body=b"", response_body=b"")
    return replace(_view(bare), preview=_preview(record))


def _preview(record: JournalEntry) -> str:
    body = (
        record.response_body
        if record.status >= HTTPStatus.BAD_REQUEST or not record.request_body
        else record.request_body
    )
    words = " ".join(shown_text(body[:_LOOKED_AT].decode("utf-8", "replace")).split())
    return words if len(words) <= _PREVIEW else f"{words[: _PREVIEW - 1]}…"


def _view(record: JournalEntry) -> CallView:
    return CallView(
        format_instant(record.at),
        format_instant(record.real_at),
        record.op,
        record.method,
        shown_text(record.path),
        record.status,
        record.request_id,
        record.retry_count,
        record.batch,
        record.fault,
        {name: shown_header(name, value) for name, value in _decoded(record.headers)},
        shown_text(record.request_body.decode("utf-8", "replace")),
        shown_text(record.response_body.decode("utf-8", "replace")),
        len(record.request_body) == BODY or len(record.response_body) == BODY,
        record.unmet,
        record.took / 1e6,
        record.received,
        record.size,
        _preview(record),
    )


def _decoded(headers: Mapping[bytes, bytes]) -> Iterator[tuple[str, str]]:
    return ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers.items())


routes = [
    Route("/_mockbatch/requests", Endpoint(GET=requests)),
    Route("/_mockbatch/requests/unmatched", Endpoint(GET=unmatched)),
    Route("/_mockbatch/requests/find", Endpoint(POST=find)),
    Route("/_mockbatch/requests/count", Endpoint(POST=count)),
    Route("/_mockbatch/requests/{id}", Endpoint(GET=request)),
    Route("/_mockbatch/verify", Endpoint(POST=verify)),
]
