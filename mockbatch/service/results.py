"""Counts and result lines of stored batches, slice by slice."""

import asyncio
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from heapq import merge

from mockbatch.core.batch import Batch, Profile, finish_times, finished, unfinished_result
from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.draws import draw, subseed
from mockbatch.core.rows import Lines, Row
from mockbatch.service.examination import BLOCK, Examination
from mockbatch.store import Store


class Results:
    """Makes counts and lines of stored batches; memory does not grow with the batch."""

    def __init__(self, store: Store, profiles: dict[int, Profile], examination: Examination) -> None:
        self._store = store
        self._profiles = profiles
        self._examination = examination

    async def tally(self, batch: Batch) -> RequestCounts:
        """How many rows of a batch end how, when it has ended."""
        succeeded = errored = left = 0
        for index in range(batch.slices):
            rows = await self._examination.rows(batch, index)
            done = await self._finished(batch, index, rows)
            failed = sum(row.failure is not None and (done is None or done[at]) for at, row in enumerate(rows))
            finished_rows = len(rows) if done is None else sum(done)
            errored += failed
            succeeded += finished_rows - failed
            left += len(rows) - finished_rows
            await asyncio.sleep(0)
        if batch.timeline.ending == "canceled":
            return RequestCounts(0, succeeded, errored, left, 0)
        return RequestCounts(0, succeeded, errored, 0, left)

    async def lines(self, batch: Batch) -> AsyncGenerator[bytes]:
        """The results, about a hundred kilobytes at a time."""
        profile = self._profiles[batch.profile]
        encode = Lines(profile.seed, batch.id, batch.terms.models).encode
        unfinished = unfinished_result(batch.timeline)
        async for rows, done in self._ordered(batch, profile):
            for at in range(0, len(rows), BLOCK):
                upto = at + BLOCK
                yield encode(rows[at:upto], done and done[at:upto], unfinished)
                # sending does not give way to others while the client reads fast
                await asyncio.sleep(0)

    def line(self, batch: Batch, row: Row, *, done: bool) -> bytes:
        """The line of one row."""
        encode = Lines(self._profiles[batch.profile].seed, batch.id, batch.terms.models).encode
        return encode([row], [done], unfinished_result(batch.timeline)).rstrip(b"\n")

    async def _ordered(self, batch: Batch, profile: Profile) -> AsyncIterator[tuple[list[Row], Sequence[bool] | None]]:
        """Rows in the order of the results, with which of them were done."""
        if profile.results_order == "completion":
            async for part in self._by_completion(batch, profile):
                yield part
            return
        seed = subseed(profile.seed, "order", batch.id)
        order = list(range(batch.slices))
        if profile.results_order == "reversed":
            order.reverse()
        elif profile.results_order == "shuffled":
            order.sort(key=lambda index: draw(seed, f"/{index}"))
        for index in order:
            rows = await self._examination.rows(batch, index)
            done = await self._finished(batch, index, rows)
            if profile.results_order == "reversed":
                yield rows[::-1], done and done[::-1]
            elif profile.results_order == "shuffled":
                draws = [draw(seed, row.custom_id) for row in rows]
                ranks = sorted(range(len(rows)), key=draws.__getitem__)
                yield [rows[at] for at in ranks], done and [done[at] for at in ranks]
            else:
                yield rows, done

    async def _by_completion(
        self, batch: Batch, profile: Profile
    ) -> AsyncIterator[tuple[list[Row], Sequence[bool] | None]]:
        runs = []
        for index in range(batch.slices):
            rows = await self._examination.rows(batch, index)
            starts = await starts_of(self._store, batch, index)
            names = [row.custom_id for row in rows]
            times = finish_times(batch, profile, names, starts)
            done = finished(batch, profile, names, starts) or [True] * len(rows)
            runs.append(sorted(zip(times, names, rows, done, strict=True), key=_when))
            await asyncio.sleep(0)
        block: list[tuple[Row, bool]] = []
        for _, _, row, done_row in merge(*runs, key=_when):
            block.append((row, done_row))
            if len(block) == BLOCK:
                yield [row for row, _ in block], [done for _, done in block]
                block = []
        if block:
            yield [row for row, _ in block], [done for _, done in block]

    async def _finished(self, batch: Batch, index: int, rows: list[Row]) -> list[bool] | None:
        if batch.timeline.ending == "done":
            return None
        names = [row.custom_id for row in rows]
        return finished(batch, self._profiles[batch.profile], names, await starts_of(self._store, batch, index))


async def starts_of(store: Store, batch: Batch, index: int) -> Sequence[int] | None:
    """When the rows of a slice start, where the queue of the batch has a capacity."""
    data = await store.starts(batch.seq, index)
    if data is None:
        return None
    starts = array("q")
    starts.frombytes(data)
    return starts


def _when(entry: tuple[int, str, Row, bool]) -> tuple[int, str]:
    return entry[:2]
