"""Row counts, usage and ledger entries of ended batches, computed on demand."""

import asyncio
from collections.abc import AsyncIterator

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.contract import wire
from mockbatch.core.money.ledger import LedgerEntry
from mockbatch.core.money.spending import Dated
from mockbatch.core.rows.usage import usage_of_row
from mockbatch.service.api.ledger import LedgerService
from mockbatch.service.api.registry import BatchRegistry
from mockbatch.service.cooperative import in_turns
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.settling import Settling
from mockbatch.service.rows.states import RowStates
from mockbatch.service.sessions.session import SessionState


class BatchUsage:
    """Counts and bills the rows of batches."""

    def __init__(
        self,
        profiles: dict[int, Profile],
        registry: BatchRegistry,
        rows: RowPipeline,
        states: RowStates,
        settling: Settling,
        ledger: LedgerService,
    ) -> None:
        self._profiles = profiles
        self._registry = registry
        self._rows = rows
        self._states = states
        self._settling = settling
        self._ledger = ledger

    async def settle(self, session: SessionState) -> None:
        """Compute the usage of every batch of a session that has ended."""
        now = session.now()
        async for batch in in_turns(session.live()):
            if batch.sums is None and batch.timeline.has_ended(now):
                with self._registry.unless_gone():
                    await self._settling.settled(session, batch)

    async def billed(self, session: SessionState, batch: Batch) -> Batch:
        """Return the facts of a batch, with its usage if it has ended."""
        return await self._settling.settled(session, batch) if batch.timeline.has_ended(session.now()) else batch

    async def counts(self, batch: Batch, now: int) -> wire.RequestCounts | None:
        """Return the row counts of a batch at an instant; None if it was deleted meanwhile."""
        if batch.tally is not None and batch.timeline.has_ended(now):
            return batch.tally
        with self._registry.unless_gone():
            return await self._states.counts(batch, now)
        return None

    async def check_spending(self, session: SessionState) -> None:
        """Raise RateLimited if a session has reached its spend limit for this calendar month."""
        limit = session.settings.rates.spending
        if limit is not None:
            await self.settle(session)
            self._ledger.check(session, limit)

    async def row_entries(self, session: SessionState, batch: Batch) -> AsyncIterator[list[LedgerEntry]]:
        """Yield the ledger entries of a batch that has ended, a block of rows at a time."""
        batch = await self._settling.settled(session, batch)
        results = self._rows.results(batch)
        async for block in self._states.rows(batch):
            entries: list[LedgerEntry] = []
            for planned in block:
                outcome, row = planned.outcome(batch), planned.row
                usage = usage_of_row(row) if outcome == "succeeded" else None
                entries += self._ledger.entries(session, batch, row, outcome, results.message_id(row), usage)
            yield entries
            await asyncio.sleep(0)

    async def used_by_row(self, session: SessionState, batch: Batch) -> AsyncIterator[list[Dated]]:
        """Yield the usage of each row of a batch that has ended."""
        batch = await self._settling.settled(session, batch)
        profile = self._profiles[batch.profile]
        async for block in self._states.rows(batch):
            succeeded = [planned.row for planned in block if planned.outcome(batch) == "succeeded"]
            billed = [row for row in succeeded if row.is_billed(batch.terms.day)]
            yield [self._ledger.used_by(session, batch, row, profile.prompt_lengths) for row in billed]
            await asyncio.sleep(0)
