"""Row counts and usage of batches that have ended, computed once per batch even for concurrent callers."""

import asyncio
import logging
from typing import Protocol

from msgspec.structs import replace

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.contract.errors import NotFound
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.prompt_caches import Caches
from mockbatch.service.rows.tally import Tally, tally
from mockbatch.service.rows.totals import sum_up
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import Change, Missing, Store, StoreError

_log = logging.getLogger(__name__)


class Save(Protocol):
    """Saves newer facts of a batch together with `more`. Raises NotFound, StoreError."""

    async def __call__(self, session: SessionState, batch: Batch, *more: Change) -> Batch: ...


class Settling:
    """Settles batches that have ended."""

    def __init__(
        self, store: Store, profiles: dict[int, Profile], rows: RowPipeline, caches: Caches, save: Save
    ) -> None:
        self._store = store
        self._profiles = profiles
        self._rows = rows
        self._caches = caches
        self._save = save
        self._tallying: dict[int, asyncio.Task[Tally]] = {}
        self._settling: dict[int, asyncio.Task[Batch]] = {}

    async def close(self) -> None:
        """Abandon running work; it is redone when needed."""
        tasks = [*self._tallying.values(), *self._settling.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def tallied(self, session: SessionState, batch: Batch) -> Tally:
        """Return the outcome counts of a batch, without generating replies."""
        task = self._tallying.get(batch.seq)
        if task is None:
            task = self._tallying[batch.seq] = asyncio.create_task(self._tally(session, batch))
            task.add_done_callback(lambda _: self._tallying.pop(batch.seq, None))
        return await asyncio.shield(task)

    async def settled(self, session: SessionState, batch: Batch) -> Batch:
        """Return the facts of a batch with its usage."""
        if batch.sums is not None:
            return batch
        return await asyncio.shield(self._start(session, batch))

    def _start(self, session: SessionState, batch: Batch) -> asyncio.Task[Batch]:
        task = self._settling.get(batch.seq)
        if task is None:
            task = self._settling[batch.seq] = asyncio.create_task(self._settle(session, batch))
            task.add_done_callback(lambda done: self._end(batch, done))
        return task

    def _end(self, batch: Batch, task: asyncio.Task[Batch]) -> None:
        self._settling.pop(batch.seq, None)
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, (NotFound, Missing)):
            # nothing is lost: it is computed again for the next caller
            _log.error("the usage of batch %s: %s", batch.id, error, exc_info=error)

    async def _tally(self, session: SessionState, batch: Batch) -> Tally:
        found = await tally(self._store, self._profiles[batch.profile], self._rows.of(batch), batch)
        facts = session.get(batch.id)
        if not _is_same(facts, batch):
            return found
        after = replace(facts, tally=found.counts, may_be_cached=found.may_be_cached)
        try:
            with session.unless_saved():
                for name, hits in found.by_rule.items():
                    session.rules.count(name, hits, batch.timeline.ended_at)
                await self._save(session, after, *([session.counters()] if found.by_rule else []))
        except StoreError as error:
            # not needed for the response: it is counted again for the next caller
            _log.error("the counts of batch %s: %s", batch.id, error)
        if found.may_be_cached:
            # before others change the prompt cache
            self._start(session, after)
        return found

    async def _settle(self, session: SessionState, batch: Batch) -> Batch:
        may_be_cached = batch.may_be_cached
        if batch.tally is None:
            may_be_cached = (await self.tallied(session, batch)).may_be_cached
            batch = session.get(batch.id)
        left = await self._caches.left(session, batch) if may_be_cached else _nothing_left
        rows = self._rows.of(batch)
        sums, stored = await sum_up(self._store, self._profiles[batch.profile], rows, batch, left)
        facts = session.get(batch.id)
        if not _is_same(facts, batch):
            return replace(batch, sums=sums)
        after = replace(facts, sums=sums, kept=facts.kept or stored)
        try:
            return await self._save(session, after)
        except StoreError as error:
            _log.error("the usage of batch %s: %s", batch.id, error)
            return after


def _is_same(facts: Batch, batch: Batch) -> bool:
    """Return whether a batch was not restored to an earlier state while its rows were counted."""
    return facts.seq == batch.seq and facts.timeline == batch.timeline


def _nothing_left(key: int) -> bool:
    return False
