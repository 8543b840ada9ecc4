"""`/_mockbatch/ledger`: what was billed, put together, or entry by entry."""

import csv
from collections.abc import AsyncGenerator

import msgspec
from msgspec import Struct
from starlette.routing import Route

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.money.ledger import Entry, to_csv
from mockbatch.core.money.reconcile import Reconciliation
from mockbatch.core.money.reconcile import reconcile as reconciled
from mockbatch.core.money.spending import GROUPINGS, Dated, Grouped, Spending
from mockbatch.core.money.tracker import parse_tracker
from mockbatch.http.answers import Answer, Json, Stream
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import content_of, entered
from mockbatch.http.described import JSONL, Parameter, described
from mockbatch.service import Mock
from mockbatch.service.sessions import Session
from mockbatch.service.turns import beside, in_turns

_FORMATS = ("json", "csv", "jsonl")
_QUERY = (
    Parameter(
        "group_by",
        {"type": "array", "items": {"type": "string", "enum": list(GROUPINGS)}},
        "A group for each value of these; give it several times.",
    ),
    Parameter(
        "format", {"type": "string", "enum": list(_FORMATS)}, "The groups as JSON, or each entry as CSV or JSON lines."
    ),
)
_encode = msgspec.json.Encoder(decimal_format="string").encode_lines


class Tracked(Struct, frozen=True, forbid_unknown_fields=True):
    """What a cost tracker exports."""

    csv: str


class Reconciled(Struct, frozen=True):
    """Whether a tracker agrees with the ledger, and where it does not."""

    clean: bool
    found: Reconciliation


@described(Spending, query=_QUERY, more={"text/csv": None, JSONL: None}, caller="own")
async def ledger(call: Call) -> Answer:
    """What a session was billed; `format=csv` or `jsonl` for each entry, one request and class of tokens each."""
    mock, session = await entered(call)
    form = call.query().get("format", "json")
    if form not in _FORMATS:
        raise InvalidRequest(f"format: Input should be one of {', '.join(_FORMATS)}")
    await mock.batches.settle(session)
    if form != "json":
        kind = b"text/csv; charset=utf-8" if form == "csv" else JSONL.encode()
        return Stream(_entries(mock, session, form), kind)
    try:
        grouped = Grouped(groups := call.query_list("group_by"))
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
    used = _by_row(mock, session) if "custom_id" in groups else mock.ledger.used_in_turns(session)
    async for dated in used:
        grouped.add(dated)
    return Json(await beside(grouped, grouped.spending, mock.ledger.prices))


@described(Reconciled, takes=Tracked, caller="own")
async def reconcile(call: Call) -> Answer:
    """Compare the rows of a cost tracker, as CSV, with the ledger, and name the likely reason of each difference."""
    mock, session = await entered(call)
    wanted = await content_of(call, Tracked)
    try:
        tracker = parse_tracker(wanted.csv)
    except (ValueError, csv.Error) as error:
        raise InvalidRequest(f"csv: {error}") from None
    await mock.batches.settle(session)
    entries = [entry async for some in _all(mock, session) for entry in some]
    found = reconciled(tracker, entries, mock.ledger.prices)
    return Json(Reconciled(found.clean, found))


async def _entries(mock: Mock, session: Session, form: str) -> AsyncGenerator[bytes]:
    if form == "csv":
        yield to_csv([]).encode()
    async for entries in _all(mock, session):
        yield to_csv(entries, head=False).encode() if form == "csv" else _encode(entries)


async def _all(mock: Mock, session: Session) -> AsyncGenerator[list[Entry]]:
    now = session.now()
    async for batch in in_turns(session.live()):
        if batch.timeline.has_ended(now):
            with mock.batches.unless_gone():
                async for entries in mock.batches.row_entries(session, batch):
                    yield entries
    async for entries in mock.ledger.message_entries(session):
        yield entries


async def _by_row(mock: Mock, session: Session) -> AsyncGenerator[Dated]:
    """What each row of the batches has used, and what messages have."""
    async for batch in in_turns(session.live()):
        if batch.timeline.has_ended(session.now()):
            with mock.batches.unless_gone():
                async for part in mock.batches.used_by_row(session, batch):
                    for dated in part:
                        yield dated
    async for dated in mock.ledger.used_in_turns(session):
        if dated.batch_id is None:
            yield dated


routes = [
    Route("/_mockbatch/ledger", Endpoint(GET=ledger)),
    Route("/_mockbatch/ledger/reconcile", Endpoint(POST=reconcile)),
]
