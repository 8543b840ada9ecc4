"""Rows and result lines of stored batches, slice by slice."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from typing import TypeVar

from mockbatch.core.batch import Batch, Profile, finish_times, finished, unfinished_result
from mockbatch.core.contract.envelope import Item, items_of
from mockbatch.core.contract.params import is_warm
from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.draws import draw, subseed
from mockbatch.core.rows import Lines, Row, dump_rows, examined, load_rows
from mockbatch.service.catalogue import Catalogue
from mockbatch.service.files import Files
from mockbatch.store import Store

T = TypeVar("T")

# so many rows are worked on before others get their turn on the event loop
_BLOCK = 200
_PATIENCE = 0.02


class Results:
    """Reads batches from the store and makes rows, counts and lines of them; memory does not grow with the batch."""

    def __init__(self, store: Store, profiles: dict[int, Profile], catalogue: Catalogue, files: Files) -> None:
        self._store = store
        self._catalogue = catalogue
        self._files = files
        self._profiles = profiles
        self._examiner = asyncio.Lock()
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While this lasts, `examine` waits."""
        self._busy += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def _quiet(self) -> None:
        """Wait until nothing is taken in, and the next body did not follow on the heels of the last."""
        while self._busy:
            await self._idle.wait()
            await asyncio.sleep(_PATIENCE)

    async def examine(self, batch: Batch) -> None:
        """Look at all requests of a batch once and keep what their lines are made of, when nothing else is to do."""
        async with self._examiner:
            await asyncio.sleep(_PATIENCE)
            for index in range(batch.slices):
                rows = await self._examined(batch, index, patiently=True)
                await self._store.put_rows(batch.seq, index, dump_rows(rows))

    async def tally(self, batch: Batch) -> RequestCounts:
        """How many rows of a batch end how, when it has ended."""
        succeeded = errored = left = 0
        for index in range(batch.slices):
            rows = await self._rows(batch, index)
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

    async def lines(self, batch: Batch) -> AsyncIterator[bytes]:
        """The results, about a hundred kilobytes at a time."""
        profile = self._profiles[batch.profile]
        encode = Lines(profile.seed, batch.id, batch.terms.models).encode
        unfinished = unfinished_result(batch.timeline)
        async for rows, done in self._ordered(batch, profile):
            for at in range(0, len(rows), _BLOCK):
                upto = at + _BLOCK
                yield encode(rows[at:upto], done and done[at:upto], unfinished)
                # sending does not give way to others while the client reads fast
                await asyncio.sleep(0)

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
            rows = await self._rows(batch, index)
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
            rows = await self._rows(batch, index)
            starts = await self._starts(batch, index)
            names = [row.custom_id for row in rows]
            times = finish_times(batch, profile, names, starts)
            done = finished(batch, profile, names, starts) or [True] * len(rows)
            runs.append(sorted(zip(times, names, rows, done, strict=True), key=_when))
            await asyncio.sleep(0)
        block: list[tuple[Row, bool]] = []
        for _, _, row, done_row in merge(*runs, key=_when):
            block.append((row, done_row))
            if len(block) == _BLOCK:
                yield [row for row, _ in block], [done for _, done in block]
                block = []
        if block:
            yield [row for row, _ in block], [done for _, done in block]

    async def _rows(self, batch: Batch, index: int) -> list[Row]:
        stored = await self._store.rows(batch.seq, index) if batch.slices > 1 else None
        return load_rows(stored) if stored is not None else await self._examined(batch, index)

    async def _examined(self, batch: Batch, index: int, *, patiently: bool = False) -> list[Row]:
        profile = self._profiles[batch.profile]
        if patiently:
            await self._quiet()
        items = items_of(await self._store.slice(batch.seq, index))
        files = self._files.there(batch.session, batch.timeline.created_at)

        def rows_of(block: list[Item]) -> list[Row]:
            seed, rate = profile.seed, profile.fail_rate
            return [examined(item, batch.terms, seed=seed, fail_rate=rate, files=files) for item in block]

        rows: list[Row] = []
        for at in range(0, len(items), _BLOCK):
            block = items[at : at + _BLOCK]
            # an unusual request costs a long import, once: not where others wait
            rows += rows_of(block) if is_warm() else await asyncio.to_thread(rows_of, block)
            await asyncio.sleep(0)
            if patiently:
                await self._quiet()
        for model_id in {row.model for row in rows if row.failure is None}:
            self._catalogue.retired(model_id, batch.terms)
        return rows

    async def _finished(self, batch: Batch, index: int, rows: list[Row]) -> list[bool] | None:
        if batch.timeline.ending == "done":
            return None
        names = [row.custom_id for row in rows]
        return finished(batch, self._profiles[batch.profile], names, await self._starts(batch, index))

    async def _starts(self, batch: Batch, index: int) -> Sequence[int] | None:
        data = await self._store.starts(batch.seq, index)
        if data is None:
            return None
        starts = array("q")
        starts.frombytes(data)
        return starts


def _when(entry: tuple[int, str, Row, bool]) -> tuple[int, str]:
    return entry[:2]
