"""`/_mockbatch/batches`: the actual state of batches behind the API."""

from msgspec import Struct

from mockbatch.core.batch import Batch
from mockbatch.core.contract import wire
from mockbatch.core.money.rates import plain
from mockbatch.core.time.spans import format_instant
from mockbatch.core.time.timeline import NEVER
from mockbatch.http.calls import Call
from mockbatch.http.control.entry import LIMIT, START, entered, part_of
from mockbatch.http.operation import Parameter, operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.admin.queries import BATCH_ORDERS
from mockbatch.service.services import Services
from mockbatch.service.sessions.session import SessionState

_SEARCH = Parameter(
    "q", {"type": "string"}, "Only batches that match this search, like `status:ended errored>0 downloads:0`."
)

_SORT = Parameter(
    "sort",
    {"type": "string", "enum": [f"{sign}{name}" for name in BATCH_ORDERS for sign in ("", "-")]},
    "Sort key; with the prefix `-`, largest first.",
)

# larger batches in a list show their cost only after the batch was requested: building their replies takes a while
_SMALL = 1_000


class BatchTruth(Struct, frozen=True):
    """The actual state of a batch: `shown` is the API's view, `counts` the row counts by state.

    `delivered` is the largest number of rows of the results delivered in one of the `downloads`. `net` is the billed
    amount in USD, `standard` the price of the same requests outside of batches; null until known.
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
    cancel_initiated_at: str | None
    downloads: int
    delivered: int
    net: str | None
    standard: str | None


class BatchList(Struct, frozen=True):
    """Batches, newest first unless sorted."""

    batches: list[BatchTruth]
    total: int
    now: str


@operation(BatchList, query=(LIMIT, START, _SEARCH, _SORT), caller="own")
async def batches(call: Call) -> Response:
    """List the batches of a session with their actual state."""
    mock, session = await entered(call)
    query = call.query()
    found = await mock.queries.found(session, query.get("q", ""), query.get("sort", ""))
    start, limit = part_of(call)
    page = []
    for batch in found[start : start + limit]:
        with mock.registry.unless_gone():
            if batch.size <= _SMALL:
                batch = await mock.usage.billed(session, batch)
            page.append(await truth_of(mock, session, batch))
    return JsonResponse(BatchList(page, len(found), format_instant(session.now())))


@operation(BatchTruth, caller="own")
async def batch(call: Call) -> Response:
    """Retrieve a batch with its actual state."""
    mock, session = await entered(call)
    found = session.get(call.path_value("id"))
    return JsonResponse(await truth_of(mock, session, await mock.usage.billed(session, found)))


async def truth_of(mock: Services, session: SessionState, batch: Batch) -> BatchTruth:
    """Return the actual state of a batch."""
    now, timeline = session.now(), batch.timeline
    shown = await mock.batches.view(session, batch)
    batch = session.batches.get(batch.id, batch)
    spent = mock.queries.total(batch)
    ended = timeline.has_ended(now)
    return BatchTruth(
        batch.id,
        timeline.status(now),
        batch.size,
        await mock.states.counts(batch, now),
        shown,
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
        shown.cancel_initiated_at,
        batch.downloads,
        batch.delivered,
        plain(spent.net) if spent else None,
        plain(spent.standard) if spent else None,
    )
