"""Result lines of batches in their configured order, slice by slice, so that memory does not grow with the batch."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from heapq import merge
from typing import Any

from mockbatch.core.batch import Batch, Profile, finish_times, finished, unfinished_result
from mockbatch.core.contract.request_slicer import RequestItem
from mockbatch.core.rows.lines import Lines
from mockbatch.core.rows.reading import params_of
from mockbatch.core.rows.row import Row
from mockbatch.core.seeded_hash import derive_seed, hash64
from mockbatch.service.rows.batch_rows import BatchRows
from mockbatch.service.rows.starts import starts_of
from mockbatch.service.rows.turns import BLOCK
from mockbatch.store import Store

_log = logging.getLogger(__name__)

# how many replies are regenerated at a time, off the event loop
_FEW = 5


class BatchResults:
    """The results of one batch."""

    def __init__(self, store: Store, profile: Profile, rows: BatchRows, batch: Batch) -> None:
        self._store = store
        self._profile = profile
        self._rows = rows
        self._batch = batch
        self._source = _RowSource(rows, batch)
        self._lines = Lines(rows.conditions, self._source.params)

    async def lines(self) -> AsyncGenerator[bytes]:
        """Yield the results in pieces of about a hundred kilobytes."""
        unfinished = unfinished_result(self._batch.timeline)
        async for rows, done in self._ordered():
            step = _FEW if any(map(_is_made_again, rows)) else BLOCK
            for at in range(0, len(rows), step):
                block = rows[at : at + step]
                await self._source.fetch(block)
                finished = done and done[at : at + step]
                if step == BLOCK:
                    yield self._lines.encode(block, finished, unfinished)
                else:
                    yield await asyncio.to_thread(self._lines.encode, block, finished, unfinished)
                self._log_errors()
                # sending does not yield to the event loop while the client reads fast
                await asyncio.sleep(0)

    async def line(self, row: Row, *, done: bool) -> bytes:
        """Return the line of one row."""
        await self._source.fetch([row])
        unfinished = unfinished_result(self._batch.timeline)
        line = await asyncio.to_thread(self._lines.encode, [row], [done], unfinished)
        return line.rstrip(b"\n")

    def message_id(self, row: Row) -> str:
        """Return the id of the message of a row."""
        return self._lines.message_id(row)

    async def _ordered(self) -> AsyncIterator[tuple[list[Row], Sequence[bool] | None]]:
        """Yield rows in the order of the results, and which of them were done (None: all)."""
        order = self._profile.results_order
        if order == "completion":
            async for part in self._by_completion():
                yield part
            return
        async for index, rows in self._rows.slices(self._slices()):
            done = await self._finished(index, rows)
            places = self._places(rows)
            if places is None:
                yield rows, done
            else:
                yield [rows[at] for at in places], done and [done[at] for at in places]

    def _slices(self) -> list[int]:
        order = list(range(self._batch.slices))
        if self._profile.results_order == "reversed":
            order.reverse()
        elif self._profile.results_order == "shuffled":
            seed = self._shuffle_seed
            order.sort(key=lambda index: hash64(seed, f"/{index}"))
        return order

    def _places(self, rows: list[Row]) -> Sequence[int] | None:
        """Return the order of the rows of a slice; None for their natural order."""
        if self._profile.results_order == "reversed":
            return range(len(rows) - 1, -1, -1)
        if self._profile.results_order == "shuffled":
            seed = self._shuffle_seed
            draws = [hash64(seed, row.custom_id) for row in rows]
            return sorted(range(len(rows)), key=draws.__getitem__)
        return None

    @property
    def _shuffle_seed(self) -> int:
        return derive_seed(self._profile.seed, "order", self._batch.id)

    async def _by_completion(self) -> AsyncIterator[tuple[list[Row], Sequence[bool] | None]]:
        batch, runs = self._batch, []
        async for index, rows in self._rows.slices(range(batch.slices)):
            starts = await starts_of(self._store, batch, index)
            names = [row.custom_id for row in rows]
            times = finish_times(batch, self._profile, names, starts)
            done = finished(batch, self._profile, names, starts) or [True] * len(rows)
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

    async def _finished(self, index: int, rows: list[Row]) -> list[bool] | None:
        if self._batch.timeline.ending == "done":
            return None
        names = [row.custom_id for row in rows]
        return finished(self._batch, self._profile, names, await starts_of(self._store, self._batch, index))

    def _log_errors(self) -> None:
        for row, error in self._lines.reply_errors:
            cause = error.__cause__
            _log.error("request %r: its reply could not be regenerated: %s", row.custom_id, error, exc_info=cause)
        self._lines.reply_errors.clear()


class _RowSource:
    """The params of the requests whose replies are regenerated, for a few slices at a time."""

    def __init__(self, rows: BatchRows, batch: Batch) -> None:
        self._rows = rows
        self._batch = batch
        self._slices: dict[int, list[RequestItem]] = {}

    async def fetch(self, rows: list[Row]) -> None:
        """Load the params of these rows."""
        wanted = {self._batch.slice_of(row.index) for row in rows if _is_made_again(row)}
        if wanted - self._slices.keys():
            self._slices = {index: await self._rows.items(index) for index in wanted}

    def params(self, place: int) -> dict[str, Any]:
        index = self._batch.slice_of(place)
        return params_of(self._slices[index][place - self._batch.first_of(index)])


def _is_made_again(row: Row) -> bool:
    """Return whether the reply of a row is regenerated from its params."""
    return row.more.written and row.more.kept is None


def _when(entry: tuple[int, str, Row, bool]) -> tuple[int, str]:
    return entry[:2]
