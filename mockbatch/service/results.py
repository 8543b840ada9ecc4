"""The result lines of stored batches, slice by slice."""

import asyncio
import logging
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from heapq import merge
from typing import Any

from mockbatch.core.batch import Batch, Profile, finish_times, finished, unfinished_result
from mockbatch.core.contract.envelope import Item
from mockbatch.core.draws import draw, subseed
from mockbatch.core.rows import Lines, Row, params_of
from mockbatch.service.examination import BLOCK, Examination
from mockbatch.store import Store

_log = logging.getLogger(__name__)

# this many replies are made again at a time, off the event loop
_FEW = 5


class Results:
    """Makes the lines of stored batches; memory does not grow with the batch."""

    def __init__(self, store: Store, profiles: dict[int, Profile], examination: Examination) -> None:
        self._store = store
        self._profiles = profiles
        self._examination = examination

    async def lines(self, batch: Batch) -> AsyncGenerator[bytes]:
        """The results, about a hundred kilobytes at a time."""
        profile = self._profiles[batch.profile]
        source = _Source(self._examination, batch)
        maker = Lines(self._examination.conditions(batch), source.params)
        unfinished = unfinished_result(batch.timeline)
        async for rows, done in self._ordered(batch, profile):
            step = _FEW if any(map(_is_made, rows)) else BLOCK
            for at in range(0, len(rows), step):
                block = rows[at : at + step]
                await source.fetch(block)
                finished = done and done[at : at + step]
                if step == BLOCK:
                    yield maker.encode(block, finished, unfinished)
                else:
                    yield await asyncio.to_thread(maker.encode, block, finished, unfinished)
                _log_mishaps(maker)
                # sending does not give way to others while the client reads fast
                await asyncio.sleep(0)

    def maker(self, batch: Batch) -> Lines:
        """What makes the lines of a batch, as far as nothing of the requests is needed for them."""
        return Lines(self._examination.conditions(batch), _Source(self._examination, batch).params)

    async def line(self, batch: Batch, row: Row, *, done: bool) -> bytes:
        """The line of one row."""
        source = _Source(self._examination, batch)
        await source.fetch([row])
        encode = Lines(self._examination.conditions(batch), source.params).encode
        line = await asyncio.to_thread(encode, [row], [done], unfinished_result(batch.timeline))
        return line.rstrip(b"\n")

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


class _Source:
    """The params of the requests whose replies are made of them again; of a few slices at a time."""

    def __init__(self, examination: Examination, batch: Batch) -> None:
        self._examination = examination
        self._batch = batch
        self._slices: dict[int, list[Item]] = {}

    async def fetch(self, rows: list[Row]) -> None:
        """Have the params of these rows at hand."""
        wanted = {self._batch.slice_of(row.index) for row in rows if _is_made(row)}
        if wanted - self._slices.keys():
            self._slices = {index: await self._examination.items(self._batch, index) for index in wanted}

    def params(self, place: int) -> dict[str, Any]:
        index = self._batch.slice_of(place)
        return params_of(self._slices[index][place - self._batch.first_of(index)])


def _log_mishaps(maker: Lines) -> None:
    for row, error in maker.mishaps:
        _log.error("request %r: its reply could not be made again: %s", row.custom_id, error, exc_info=error.__cause__)
    maker.mishaps.clear()


def _is_made(row: Row) -> bool:
    """Whether the reply of a row is made of its params again."""
    return row.more.written and row.more.kept is None


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
