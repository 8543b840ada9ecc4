"""Outcome counts of a batch that has ended, computed without generating replies."""

import asyncio
from collections import Counter

from msgspec import Struct

from mockbatch.core.batch import Batch, Profile, finished
from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.rows.row import Row
from mockbatch.service.rows.batch_rows import BatchRows
from mockbatch.service.rows.starts import starts_of
from mockbatch.store import Store


class Tally(Struct, frozen=True):
    """The outcome counts of a batch, the number of rows decided by each rule, and whether prompts may be cached."""

    counts: RequestCounts
    by_rule: dict[str, int]
    may_be_cached: bool


async def tally(store: Store, profile: Profile, rows: BatchRows, batch: Batch) -> Tally:
    """Return the tally of a batch that has ended."""
    outcomes: Counter[str] = Counter()
    by_rule: Counter[str] = Counter()
    may_be_cached = False
    for index in range(batch.slices):
        decided = await rows.decided(index)
        may_be_cached = may_be_cached or decided.may_be_cached
        by_rule.update(row.rule for row in decided.rows if row.rule)
        outcomes += await _outcomes(store, profile, rows, batch, index, decided.rows)
        await asyncio.sleep(0)
    return Tally(RequestCounts(0, **outcomes), dict(by_rule), may_be_cached)


async def _outcomes(
    store: Store, profile: Profile, rows: BatchRows, batch: Batch, index: int, decided: list[Row]
) -> Counter[str]:
    """Return the outcome counts of a slice. Unfinished rows count as canceled or expired, whatever was decided."""
    done = None
    if batch.timeline.ending != "done":
        done = finished(batch, profile, await rows.custom_ids(index), await starts_of(store, batch, index))
    first = batch.first_of(index)
    counted = Counter(outcome(row) for row in decided if done is None or done[row.index - first])
    answered = batch.sizes[index] if done is None else sum(done)
    counted["succeeded"] += answered - counted.total()
    counted["canceled" if batch.timeline.ending == "canceled" else "expired"] += batch.sizes[index] - answered
    return +counted


def outcome(row: Row) -> str:
    """Return the outcome of a row that is done in time."""
    return "errored" if row.failure is not None else row.unanswered or "succeeded"
