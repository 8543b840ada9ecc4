"""`/_mockbatch/batches`: the truth behind the API, row by row, and what a tester may do to a batch."""

from collections.abc import Callable
from typing import Any

from msgspec import Raw, Struct
from starlette.routing import Route

from mockbatch.core.batch import Batch, ended_by_hand, expired_by_hand, shelved, stuck
from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.time.spans import format_instant
from mockbatch.core.time.timeline import NEVER
from mockbatch.http.answers import Answer, Json
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import entered
from mockbatch.http.described import Parameter, described
from mockbatch.http.paging import limit_of
from mockbatch.service import Mock
from mockbatch.service.sessions import Session
from mockbatch.service.truth import Planned

_LIMIT = Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "Entries in a page.")
_START = Parameter("start", {"type": "integer", "minimum": 0, "default": 0}, "How many entries to leave out.")
_ROWS = (
    _LIMIT,
    _START,
    Parameter("outcome", {"type": "string"}, "Only rows that end like this."),
    Parameter("state", {"type": "string"}, "Only rows that are like this now."),
    Parameter("custom_id", {"type": "string"}, "Only rows with this in their custom_id."),
)


class BatchTruth(Struct, frozen=True):
    """A batch as it is: `shown` is what the API answers, `counts` how many rows are where by now, `delivered` how many
    lines of the results a caller got at most in one of the `downloads`.
    """

    id: str
    status: str
    size: int
    counts: wire.RequestCounts
    shown: wire.MessageBatch
    created_at: str
    starts_at: str | None
    ended_at: str | None
    ends_at: str
    expires_at: str
    archived_at: str
    ending: str
    model_day: str
    version: str
    deleted: bool
    downloads: int
    delivered: int


class BatchList(Struct, frozen=True):
    """Batches, the newest first."""

    batches: list[BatchTruth]
    total: int
    now: str


class RowTruth(Struct, frozen=True):
    """A row: its state now, how it ends, when it is done if the end of the batch does not come before, and why."""

    custom_id: str
    index: int
    state: str
    outcome: str
    done_at: str | None
    model: str | None
    error: wire.RowErrorDetail | None
    input_tokens: int
    output_tokens: int


class RowList(Struct, frozen=True):
    """Some rows of a batch, in its order."""

    items: list[RowTruth]
    has_more: bool


class RowWhole(Struct, frozen=True):
    """A row with its request, and its line in the results as it is or would be sent."""

    row: RowTruth
    params: Raw
    line: Raw


@described(BatchList, query=(_LIMIT, _START), caller="control")
async def batches(call: Call) -> Answer:
    """The batches of a session, and what is behind them."""
    mock, session = await entered(call)
    live = [batch for batch in session.older_than(None) if not batch.deleted]
    start, limit = _window(call)
    page = [await _truth(mock, session, batch) for batch in live[start : start + limit]]
    return Json(BatchList(page, len(live), format_instant(session.now())))


@described(BatchTruth, caller="control")
async def batch(call: Call) -> Answer:
    """A batch, and what is behind it."""
    mock, session = await entered(call)
    return Json(await _truth(mock, session, mock.batches.found(session, call.path_value("id"))))


@described(RowList, query=_ROWS, caller="control")
async def items(call: Call) -> Answer:
    """The rows of a batch."""
    mock, session = await entered(call)
    found = mock.batches.found(session, call.path_value("id"))
    start, limit = _window(call)
    now = session.now()
    rows, more = await mock.batches.truth.page(found, start, limit, _wanted(call, found, now))
    return Json(RowList([_row(found, planned, now) for planned in rows], more))


@described(RowWhole, caller="control")
async def item(call: Call) -> Answer:
    """A row with its request and its result."""
    mock, session = await entered(call)
    found = mock.batches.found(session, call.path_value("id"))
    planned = await mock.batches.truth.row(found, call.path_value("custom_id"))
    params, line = await mock.batches.row_whole(found, planned)
    return Json(RowWhole(_row(found, planned, session.now()), Raw(params), Raw(line)))


def _action(how: Callable[[Batch, int], Batch], summary: str) -> Any:
    @described(BatchTruth, caller="control")
    async def act(call: Call) -> Answer:
        mock, session = await entered(call)
        changed = await mock.batches.change(session, call.path_value("id"), how)
        return Json(await _truth(mock, session, changed))

    act.__doc__ = summary
    act.__name__ = how.__name__
    return act


async def _truth(mock: Mock, session: Session, batch: Batch) -> BatchTruth:
    now, timeline = session.now(), batch.timeline
    ended = timeline.has_ended(now)
    return BatchTruth(
        batch.id,
        timeline.status(now),
        batch.size,
        await mock.batches.truth.counts(batch, now),
        await mock.batches.looked_at(session, batch),
        format_instant(timeline.created_at),
        None if timeline.starts_at == NEVER else format_instant(timeline.starts_at),
        format_instant(timeline.ended_at) if ended else None,
        format_instant(timeline.ended_at),
        format_instant(timeline.expires_at),
        format_instant(timeline.archived_at),
        timeline.ending,
        batch.terms.day,
        batch.terms.version,
        batch.deleted,
        batch.downloads,
        batch.delivered,
    )


def _row(batch: Batch, planned: Planned, now: int) -> RowTruth:
    row = planned.row
    failure = row.failure
    return RowTruth(
        row.custom_id,
        row.index,
        planned.state(batch, now),
        planned.outcome(batch),
        None if planned.done_at == NEVER else format_instant(planned.done_at),
        row.model or None,
        wire.RowErrorDetail(failure.details, failure.type, failure.message) if failure else None,
        row.input_tokens,
        row.output_tokens,
    )


def _window(call: Call) -> tuple[int, int]:
    query = call.query()
    start = query.get("start", "0")
    if not (start.isascii() and start.isdigit()):
        raise InvalidRequest("start: Input should be a valid integer")
    return int(start), limit_of(query.get("limit", "100"))


def _wanted(call: Call, batch: Batch, now: int) -> Callable[[Planned], bool]:
    query = call.query()
    outcome, state, part = query.get("outcome"), query.get("state"), query.get("custom_id", "")

    def wanted(planned: Planned) -> bool:
        if part not in planned.row.custom_id:
            return False
        if outcome is not None and planned.outcome(batch) != outcome:
            return False
        return state is None or planned.state(batch, now) == state

    return wanted


_ONE = "/_mockbatch/batches/{id}"
routes = [
    Route("/_mockbatch/batches", Endpoint(GET=batches)),
    Route(_ONE, Endpoint(GET=batch)),
    Route(f"{_ONE}/items", Endpoint(GET=items)),
    Route(f"{_ONE}/items/{{custom_id}}", Endpoint(GET=item)),
    Route(f"{_ONE}/end", Endpoint(POST=_action(ended_by_hand, "Have all requests of a batch done now."))),
    Route(f"{_ONE}/expire", Endpoint(POST=_action(expired_by_hand, "Let a batch expire now."))),
    Route(f"{_ONE}/stick", Endpoint(POST=_action(stuck, "Let no more requests of a batch be done."))),
    Route(f"{_ONE}/archive", Endpoint(POST=_action(shelved, "Let the results of a batch be gone."))),
]
