"""The requests of stored batches, looked at slice by slice, and what is kept of each."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.contract.envelope import Item, items_of
from mockbatch.core.contract.params import is_warm
from mockbatch.core.rows import Examiner, Row, dump_rows, load_rows
from mockbatch.service.catalogue import Catalogue
from mockbatch.service.files import Files
from mockbatch.store import Store

_log = logging.getLogger(__name__)

# so many rows are worked on before others get their turn on the event loop
BLOCK = 200
_PATIENCE = 0.02


class Examination:
    """Makes rows of requests: those of large batches once, in the background, those of small ones whenever asked."""

    def __init__(self, store: Store, profiles: dict[int, Profile], catalogue: Catalogue, files: Files) -> None:
        self._store = store
        self._profiles = profiles
        self._catalogue = catalogue
        self._files = files
        self._one_at_a_time = asyncio.Lock()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._wanted: set[int] = set()
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While this lasts, what is done in the background waits."""
        self._busy += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    def begin(self, batch: Batch) -> None:
        """Have the requests of a large batch looked at when nothing else is to do."""
        if batch.slices > 1 and batch.seq not in self._running:
            self._running[batch.seq] = task = asyncio.create_task(self._examine(batch))
            task.add_done_callback(lambda done: self._done(batch.seq, done))

    async def rows(self, batch: Batch, index: int) -> list[Row]:
        """The rows of a slice."""
        if batch.slices == 1:
            return await self._examined(batch, index)
        stored = await self._store.rows(batch.seq, index)
        if stored is None:
            await self._finish(batch)
            stored = await self._store.rows(batch.seq, index)
        return load_rows(stored) if stored is not None else await self._examined(batch, index)

    async def with_params(self, batch: Batch, *, every: bool) -> AsyncIterator[tuple[Row, bytes]]:
        """The rows of a batch with the params that they came with: every one, or those that fail."""
        for index in range(batch.slices):
            rows = await self.rows(batch, index)
            if not every and all(row.failure is None for row in rows):
                continue
            for row, item in zip(rows, items_of(await self._store.slice(batch.seq, index)), strict=True):
                if every or row.failure is not None:
                    yield row, bytes(item.params)
            await asyncio.sleep(0)

    async def item(self, batch: Batch, place: int) -> Item:
        """The request at that place of a batch, as it came."""
        index = 0
        while place >= batch.sizes[index]:
            place -= batch.sizes[index]
            index += 1
        return items_of(await self._store.slice(batch.seq, index))[place]

    async def close(self) -> None:
        """Give up what is done in the background; it is done again when it is needed."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _finish(self, batch: Batch) -> None:
        """Have a large batch looked at now, since somebody waits for it."""
        self._wanted.add(batch.seq)
        try:
            self.begin(batch)
            await asyncio.wait([self._running[batch.seq]])
        finally:
            self._wanted.discard(batch.seq)

    async def _examine(self, batch: Batch) -> None:
        async with self._one_at_a_time:
            await self._quiet(batch)
            for index in range(batch.slices):
                rows = await self._examined(batch, index)
                await self._store.put_rows(batch.seq, index, dump_rows(rows))

    def _done(self, seq: int, task: asyncio.Task[None]) -> None:
        self._running.pop(seq, None)
        if not task.cancelled() and (error := task.exception()):
            # not lost: whoever asks for the rows has them examined again
            _log.warning("the requests of batch %s could not be examined: %s", seq, error)

    async def _quiet(self, batch: Batch) -> None:
        """Wait until nothing is taken in, and the next body did not follow on the heels of the last."""
        if batch.slices > 1 and batch.seq not in self._wanted:
            await asyncio.sleep(_PATIENCE)
            while self._busy and batch.seq not in self._wanted:
                await self._idle.wait()
                await asyncio.sleep(_PATIENCE)

    async def _examined(self, batch: Batch, index: int) -> list[Row]:
        profile = self._profiles[batch.profile]
        items = items_of(await self._store.slice(batch.seq, index))
        first = batch.first_of(index)
        files = self._files.there(batch.session, batch.timeline.created_at)
        examiner = Examiner(batch.terms, seed=profile.seed, fail_rate=profile.fail_rate, files=files)

        def rows_of(block: list[Item], start: int) -> list[Row]:
            return [examiner.row(item, place) for place, item in enumerate(block, start)]

        rows: list[Row] = []
        for at in range(0, len(items), BLOCK):
            block, start = items[at : at + BLOCK], first + at
            # an unusual request costs a long import, once: not where others wait
            rows += rows_of(block, start) if is_warm() else await asyncio.to_thread(rows_of, block, start)
            await asyncio.sleep(0)
            if self._busy:
                await self._quiet(batch)
        for model_id in {row.model for row in rows if row.failure is None}:
            self._catalogue.retired(model_id, batch.terms)
        return rows
