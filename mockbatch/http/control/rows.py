"""`/_mockbatch/batches/{id}/items`: the rows of batches."""

import asyncio
from collections.abc import Callable
from typing import get_args

import msgspec
from msgspec import Raw, Struct
from starlette.routing import Route

from mockbatch.core.batch import Batch
from mockbatch.core.cassette.display import shown_text, shown_value
from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.money.ledger import LedgerEntry
from mockbatch.core.money.rates import plain
from mockbatch.core.time.spans import format_instant
from mockbatch.core.time.timeline import NEVER
from mockbatch.core.vocabulary import RowOutcome, RowState
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import LIMIT, START, checked, content_of, entered, part_of
from mockbatch.http.operation import Parameter, operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.admin.previews import Preview
from mockbatch.service.admin.queries import ROW_ORDERS, ErrorGroup, Sent
from mockbatch.service.rows.states import PlannedRow
from mockbatch.service.services import Services

_ROWS = (
    LIMIT,
    START,
    Parameter("outcome", {"type": "string", "enum": list(get_args(RowOutcome))}, "Only rows with this outcome."),
    Parameter("state", {"type": "string", "enum": list(get_args(RowState))}, "Only rows in this state now."),
    Parameter("custom_id", {"type": "string"}, "Only rows with this in their custom_id."),
    Parameter("q", {"type": "string"}, "Only rows that match this search, like `status:errored custom_id:row-*`."),
    Parameter(
        "sort",
        {"type": "string", "enum": [f"{sign}{name}" for name in ROW_ORDERS for sign in ("", "-")]},
        "Sort key; with the prefix `-`, largest first.",
    ),
)
_MOST_PREVIEWS = 200


class RowQuery(Struct, frozen=True):
    """The rows to show."""

    outcome: RowOutcome | None = None
    state: RowState | None = None


class RowTruth(Struct, frozen=True):
    """A row: its current state, its outcome, when it is done unless the batch ends earlier, and the cause.

    `rule` is the name of the rule that decided, `cost` the billed amount in USD once the batch has ended. `unmet` names
    the schema for which the reply is only the nearest value.
    """

    custom_id: str
    index: int
    state: str
    outcome: str
    done_at: str | None
    model: str | None
    error: wire.RowErrorDetail | None
    input_tokens: int
    output_tokens: int
    rule: str | None
    cost: str | None
    unmet: str | None


class RowList(Struct, frozen=True):
    """A page of rows of a batch, in its order or sorted; `total` is their number, if counted."""

    items: list[RowTruth]
    has_more: bool
    total: int | None = None


class ErrorList(Struct, frozen=True):
    """The errors of a batch so far, most frequent first."""

    errors: list[ErrorGroup]


class Places(Struct, frozen=True, forbid_unknown_fields=True):
    """Positions of rows in a batch."""

    indexes: list[int]


class PreviewList(Struct, frozen=True):
    """The beginnings of requests and replies."""

    previews: list[Preview]


class BilledTokens(Struct, frozen=True, rename={"kind": "class"}):
    """One class of tokens billed for a row: quantity, list rate, factors, and their product in USD."""

    kind: str
    quantity: int
    list_rate: str | None
    batch_factor: str
    cache_factor: str
    geo_factor: str
    net: str | None
    reason: str | None


class RowWhole(Struct, frozen=True):
    """A row with its request, secrets redacted, and its line in the results as sent or to be sent; `line_text` has the
    exact bytes.

    `sent` are the batches in which its custom_id was sent, `entries` its ledger entries, `reasons` explain its outcome.
    """

    row: RowTruth
    params: Raw
    line: Raw
    line_text: str
    reasons: list[str]
    sent: list[Sent]
    entries: list[BilledTokens]


@operation(RowList, query=_ROWS, caller="own")
async def items(call: Call) -> Response:
    """List the rows of a batch."""
    mock, session = await entered(call)
    found = session.get(call.path_value("id"))
    start, limit = part_of(call)
    now = session.now()
    text = call.query().get("q")
    if order := call.query().get("sort"):
        some, total = await mock.queries.sorted_rows(session, found, text or "", order, start, limit)
        shown = [_row(mock, found, planned, now) for planned in some]
        return JsonResponse(RowList(shown, start + limit < total, total))
    if text:
        some = await mock.queries.rows(session, found, text, start, limit + 1)
        return JsonResponse(RowList([_row(mock, found, planned, now) for planned in some[:limit]], len(some) > limit))
    rows, more = await mock.states.page(found, start, limit, _wanted(call, found, now))
    return JsonResponse(RowList([_row(mock, found, planned, now) for planned in rows], more))


@operation(RowWhole, caller="own")
async def item(call: Call) -> Response:
    """Retrieve a row with its request and its result."""
    mock, session = await entered(call)
    found = session.get(call.path_value("id"))
    planned = await mock.states.row(found, call.path_value("custom_id"))
    params = await mock.rows.params(found, planned.row)
    line = await mock.rows.line(found, planned.row, done=planned.done_at != NEVER)
    return JsonResponse(
        RowWhole(
            _row(mock, found, planned, session.now()),
            # searching a long prompt for secrets must not block other calls
            await asyncio.to_thread(_shown, params),
            Raw(line),
            line.decode(),
            mock.queries.reasons(found, planned, params),
            await mock.queries.batches_with(session, found, planned.row.custom_id),
            list(map(_bill, mock.queries.entries(session, found, planned))),
        )
    )


@operation(ErrorList, caller="own")
async def errors(call: Call) -> Response:
    """List the errors of a batch, with the number of rows for each."""
    mock, session = await entered(call)
    found = session.get(call.path_value("id"))
    return JsonResponse(ErrorList(await mock.queries.errors(session, found)))


@operation(PreviewList, takes=Places, caller="own")
async def previews(call: Call) -> Response:
    """Retrieve the beginnings of the requests and the replies of some rows."""
    mock, session = await entered(call)
    found = session.get(call.path_value("id"))
    indexes = (await content_of(call, Places)).indexes
    if len(indexes) > _MOST_PREVIEWS:
        raise InvalidRequest(f"indexes: at most {_MOST_PREVIEWS} are allowed per call, not {len(indexes):,}")
    return JsonResponse(PreviewList(await mock.previews.of(session, found, indexes)))


def _row(mock: Services, batch: Batch, planned: PlannedRow, now: int) -> RowTruth:
    row = planned.row
    failure, cost = row.failure, mock.queries.cost(batch, planned, now)
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
        row.rule or None,
        None if cost is None else plain(cost),
        row.more.unmet or None,
    )


def _shown(params: bytes) -> Raw:
    """Return a request unchanged, unless it contains secrets."""
    text = params.decode()
    return (
        Raw(params) if shown_text(text) == text else Raw(msgspec.json.encode(shown_value(msgspec.json.decode(params))))
    )


def _bill(entry: LedgerEntry) -> BilledTokens:
    return BilledTokens(
        entry.kind,
        entry.quantity,
        None if entry.list_rate is None else plain(entry.list_rate),
        plain(entry.batch_factor),
        plain(entry.cache_factor),
        plain(entry.geo_factor),
        None if entry.net is None else plain(entry.net),
        entry.reason,
    )


def _wanted(call: Call, batch: Batch, now: int) -> Callable[[PlannedRow], bool]:
    query = call.query()
    given = checked({name: query[name] for name in ("outcome", "state") if name in query}, RowQuery)
    outcome, state, part = given.outcome, given.state, query.get("custom_id", "")

    def wanted(planned: PlannedRow) -> bool:
        if part not in planned.row.custom_id:
            return False
        if outcome is not None and planned.outcome(batch) != outcome:
            return False
        return state is None or planned.state(batch, now) == state

    return wanted


_ITEMS = "/_mockbatch/batches/{id}/items"
routes = [
    Route(_ITEMS, Endpoint(GET=items)),
    Route(f"{_ITEMS}/{{custom_id}}", Endpoint(GET=item)),
    Route("/_mockbatch/batches/{id}/errors", Endpoint(GET=errors)),
    Route("/_mockbatch/batches/{id}/previews", Endpoint(POST=previews)),
]
