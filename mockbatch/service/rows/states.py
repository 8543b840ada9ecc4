"""The actual state of each row of a batch: finish time and outcome, even if the API does not show it yet."""

import asyncio
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from heapq import nsmallest

from msgspec import Struct

from mockbatch.core.batch import Batch, Profile, done_times
from mockbatch.core.contract.errors import InvalidRequest, NotFound
from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.rows.row import Row
from mockbatch.core.time.timeline import NEVER
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.starts import starts_of
from mockbatch.service.rows.tally import outcome
from mockbatch.service.rows.turns import BLOCK
from mockbatch.store import Store

# for how many rows finish times are cached; each batch counts for some rows more
_KEPT = 1_000_000
_OF_BATCH = 100


class PlannedRow(Struct, frozen=True):
    """A row and its finish time; NEVER if the batch ends earlier."""

    row: Row
    done_at: int

    def outcome(self, batch: Batch) -> str:
        """Return the outcome of the row."""
        if self.done_at == NEVER:
            return "canceled" if batch.timeline.ending == "canceled" else "expired"
        return outcome(self.row)

    def state(self, batch: Batch, now: int) -> str:
        """Return the state of the row at an instant: `processing`, or its outcome."""
        return self.outcome(batch) if now >= min(self.done_at, batch.timeline.ended_at) else "processing"


class _Instants(Struct):
    """Sorted finish times of rows, by outcome."""

    batch: Batch
    of: "dict[str, array[int]]"


class RowStates:
    """Computes the actual state of batches. Reading changes nothing."""

    def __init__(self, store: Store, profiles: dict[int, Profile], pipeline: RowPipeline) -> None:
        self._store = store
        self._profiles = profiles
        self._pipeline = pipeline
        self._instants: OrderedDict[int, _Instants] = OrderedDict()
        self._weight = 0

    async def counts(self, batch: Batch, now: int) -> RequestCounts:
        """Return the actual row counts at an instant, even if the API does not show them yet."""
        if now < batch.timeline.starts_at and not batch.timeline.has_ended(now):
            return RequestCounts(processing=batch.size)  # nothing is done yet, so the rows are not needed
        instants = await self._instants_of(batch)
        counts = {outcome: bisect_right(times, now) for outcome, times in instants.of.items()}
        left = batch.size - sum(counts.values())
        kind = "processing"
        if batch.timeline.has_ended(now):
            kind = "canceled" if batch.timeline.ending == "canceled" else "expired"
        counts[kind] = counts.get(kind, 0) + left
        return RequestCounts(**counts)

    async def done_at(self, batch: Batch, count: int) -> int:
        """Return when `count` rows of a batch are done. Raises InvalidRequest if that never happens."""
        instants = await self._instants_of(batch)
        first = nsmallest(count, (at for times in instants.of.values() for at in times[:count]))
        if len(first) < count:
            raise InvalidRequest(f"count: only {len(first)} requests of this batch ever finish")
        return first[-1] if first else batch.timeline.created_at

    async def rows(self, batch: Batch, start: int = 0) -> AsyncIterator[list[PlannedRow]]:
        """Yield the rows in batch order from `start` on, in blocks."""
        of_batch = self._pipeline.of(batch)
        for index in range(batch.slices):
            first = batch.first_of(index)
            if first + batch.sizes[index] <= start:
                continue
            rows = await of_batch.rows(index)
            times = await self._times(batch, index, [row.custom_id for row in rows])
            planned = [PlannedRow(row, at) for row, at in zip(rows, times, strict=True)][max(start - first, 0) :]
            for at in range(0, len(planned), BLOCK):
                yield planned[at : at + BLOCK]

    async def decided(self, batch: Batch) -> AsyncIterator[list[PlannedRow]]:
        """Yield the rows that fail, end without a reply or match a rule, without generating replies."""
        of_batch = self._pipeline.of(batch)
        for index in range(batch.slices):
            rows = (await of_batch.decided(index)).rows
            starts, first = await starts_of(self._store, batch, index), batch.first_of(index)
            own = [starts[row.index - first] for row in rows] if starts is not None else None
            times = done_times(batch, self._profiles[batch.profile], [row.custom_id for row in rows], own)
            planned = [PlannedRow(row, at) for row, at in zip(rows, times, strict=True)]
            for at in range(0, len(planned), BLOCK):
                yield planned[at : at + BLOCK]

    async def page(
        self, batch: Batch, start: int, limit: int, wanted: Callable[[PlannedRow], bool]
    ) -> tuple[list[PlannedRow], bool]:
        """Return up to `limit` wanted rows from `start` on, and whether there are more."""
        found: list[PlannedRow] = []
        async for block in self.rows(batch, start):
            found += filter(wanted, block)
            if len(found) > limit:
                return found[:limit], True
        return found, False

    async def row(self, batch: Batch, custom_id: str) -> PlannedRow:
        """Return the row with a custom_id. Raises NotFound."""
        of_batch = self._pipeline.of(batch)
        for index in range(batch.slices):
            names = await of_batch.custom_ids(index)
            if custom_id in names:
                place = names.index(custom_id)
                times = await self._times(batch, index, names)
                return PlannedRow((await of_batch.rows(index))[place], times[place])
        raise NotFound(f"Message Batch {batch.id} has no request {custom_id}.")

    def forget(self, batch: Batch) -> None:
        """Drop the cached times of a batch."""
        kept = self._instants.pop(batch.seq, None)
        if kept is not None:
            self._weight -= _weight(kept)

    async def _times(self, batch: Batch, index: int, custom_ids: Sequence[str]) -> list[int]:
        starts = await starts_of(self._store, batch, index)
        return done_times(batch, self._profiles[batch.profile], custom_ids, starts)

    async def _instants_of(self, batch: Batch) -> _Instants:
        kept = self._instants.get(batch.seq)
        if kept is None or kept.batch.timeline != batch.timeline:
            of = await self._by_outcome(batch)
            kept = _Instants(batch, {outcome: array("q", sorted(times)) for outcome, times in of.items()})
            self._keep(kept)
        else:
            self._instants.move_to_end(batch.seq)
        return kept

    async def _by_outcome(self, batch: Batch) -> "dict[str, array[int]]":
        """Return the finish times of the rows that are done before the batch ends, by outcome."""
        found: dict[str, array[int]] = {}
        of_batch = self._pipeline.of(batch)
        for index in range(batch.slices):
            decided = await of_batch.decided(index)
            ends = {row.index - batch.first_of(index): outcome(row) for row in decided.rows}
            for place, at in enumerate(await self._times(batch, index, await of_batch.custom_ids(index))):
                if at != NEVER:
                    found.setdefault(ends.get(place, "succeeded"), array("q")).append(at)
            await asyncio.sleep(0)
        return found

    def _keep(self, kept: _Instants) -> None:
        self.forget(kept.batch)
        self._instants[kept.batch.seq] = kept
        self._weight += _weight(kept)
        while self._weight > _KEPT and len(self._instants) > 1:
            _, oldest = self._instants.popitem(last=False)
            self._weight -= _weight(oldest)


def _weight(kept: _Instants) -> int:
    return kept.batch.size + _OF_BATCH
