"""`/_mockbatch/ledger`: billed amounts, summed up or entry by entry."""

import asyncio
from collections.abc import AsyncGenerator

import msgspec
from msgspec import Struct
from starlette.routing import Route

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.money.ledger import LedgerEntry, to_csv
from mockbatch.core.money.reconcile import Reconciliation
from mockbatch.core.money.reconcile import reconcile as reconciled
from mockbatch.core.money.spending import GROUPINGS, Dated, Grouped, Spending
from mockbatch.core.money.tracker import Tracker, parse_tracker
from mockbatch.core.table import parse_table
from mockbatch.files import UnreadableFile
from mockbatch.files.kinds import TRACKED
from mockbatch.files.tables import table_of_bytes
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import body_of, checked, entered, json_in
from mockbatch.http.operation import JSON, JSONL, Parameter, operation
from mockbatch.http.responses import JsonResponse, Response, StreamResponse
from mockbatch.service.cooperative import beside, in_turns
from mockbatch.service.services import Services
from mockbatch.service.sessions.session import SessionState

_FORMATS = ("json", "csv", "jsonl")
_QUERY = (
    Parameter(
        "group_by",
        {"type": "array", "items": {"type": "string", "enum": list(GROUPINGS)}},
        "One group per value of these; may be repeated.",
    ),
    Parameter(
        "format", {"type": "string", "enum": list(_FORMATS)}, "The groups as JSON, or each entry as CSV or JSON lines."
    ),
)
LARGEST_TABLE = 32_000_000
"""The maximum size of the table in a file, unpacked, in bytes."""
_encode = msgspec.json.Encoder(decimal_format="string").encode_lines


class Tracked(Struct, frozen=True, forbid_unknown_fields=True):
    """The export of a cost tracker."""

    csv: str


class Reconciled(Struct, frozen=True):
    """Whether a tracker agrees with the ledger, and the differences."""

    clean: bool
    found: Reconciliation


@operation(Spending, query=_QUERY, more={"text/csv": None, JSONL: None}, caller="own")
async def ledger(call: Call) -> Response:
    """Retrieve what a session was billed; `format=csv` or `jsonl` per entry, by request and class of tokens."""
    mock, session = await entered(call)
    form = call.query().get("format", "json")
    if form not in _FORMATS:
        raise InvalidRequest(f"format: Input should be one of {', '.join(_FORMATS)}")
    await mock.usage.settle(session)
    if form != "json":
        kind = b"text/csv; charset=utf-8" if form == "csv" else JSONL.encode()
        return StreamResponse(_entries(mock, session, form), kind)
    try:
        grouped = Grouped(groups := call.query_list("group_by"), mock.ledger.prices)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
    used = _by_row(mock, session) if "custom_id" in groups else mock.ledger.used_in_turns(session)
    async for dated in used:
        grouped.add(dated)
    return JsonResponse(await beside(grouped, grouped.spending))


@operation(Reconciled, takes=Tracked, caller="own")
async def reconcile(call: Call) -> Response:
    """Compare the rows of a cost tracker with the ledger, and name the likely cause of each difference. The rows are
    CSV in JSON, or a file of any kind that `mockbatch reconcile` reads.
    """
    mock, session = await entered(call)
    try:
        tracker = await asyncio.to_thread(_tracker, await body_of(call), call.header(b"content-type") or "")
    except (ValueError, UnreadableFile) as error:
        raise InvalidRequest(str(error)) from None
    await mock.usage.settle(session)
    entries = [entry async for some in _all(mock, session) for entry in some]
    found = reconciled(tracker, entries, mock.ledger.prices)
    return JsonResponse(Reconciled(found.clean, found))


def _tracker(body: bytes, kind: str) -> Tracker:
    """Parse the body. Raises ValueError and UnreadableFile, and InvalidRequest for JSON of another shape."""
    if kind.partition(";")[0].strip().lower() in ("", JSON):
        return parse_tracker(parse_table(checked(json_in(body), Tracked).csv))
    return parse_tracker(table_of_bytes("the file", body, TRACKED, LARGEST_TABLE))


async def _entries(mock: Services, session: SessionState, form: str) -> AsyncGenerator[bytes]:
    if form == "csv":
        yield to_csv([]).encode()
    async for entries in _all(mock, session):
        yield to_csv(entries, head=False).encode() if form == "csv" else _encode(entries)


async def _all(mock: Services, session: SessionState) -> AsyncGenerator[list[LedgerEntry]]:
    now = session.now()
    async for batch in in_turns(session.live()):
        if batch.timeline.has_ended(now):
            with mock.registry.unless_gone():
                async for entries in mock.usage.row_entries(session, batch):
                    yield entries
    async for entries in mock.ledger.message_entries(session):
        yield entries


async def _by_row(mock: Services, session: SessionState) -> AsyncGenerator[Dated]:
    """Yield the usage of each row of the batches, and of messages."""
    async for batch in in_turns(session.live()):
        if batch.timeline.has_ended(session.now()):
            with mock.registry.unless_gone():
                async for part in mock.usage.used_by_row(session, batch):
                    for dated in part:
                        yield dated
    async for dated in mock.ledger.used_in_turns(session):
        if dated.batch_id is None:
            yield dated


routes = [
    Route("/_mockbatch/ledger", Endpoint(GET=ledger)),
    Route("/_mockbatch/ledger/reconcile", Endpoint(POST=reconcile)),
]
