"""The facts of batches: changes that are saved or undone, removal and restoration."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

from msgspec.structs import replace

from mockbatch.core.batch import Batch
from mockbatch.core.contract.errors import ApiError, NotFound
from mockbatch.core.deleted import Deleted, as_deleted
from mockbatch.service.api.planning import Planning
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.states import RowStates
from mockbatch.service.sessions.session import Sessions, SessionState
from mockbatch.store import Change, Facts, Gone, Missing, Store, StoreError


class BatchRegistry:
    """Changes the batches of sessions. A change that cannot be saved has not happened."""

    def __init__(
        self, store: Store, sessions: Sessions, planning: Planning, rows: RowPipeline, states: RowStates
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._planning = planning
        self._rows = rows
        self._states = states
        self._held: Counter[int] = Counter()
        self._next_seq = 1

    async def restore(self, facts: Facts) -> None:
        """Load the batches from the store, into sessions that are loaded already."""
        held = [batch for snapshot in facts.snapshots for batch in snapshot.batches()]
        # batches held by snapshots are counted when the snapshots are restored
        unused = self._planning.restore(facts.profiles, facts.batches, held)
        await self._store.commit(*unused)
        known = {session.name for session in facts.sessions}
        for batch in facts.batches:
            lost = batch.session not in known
            session = await self._sessions.mend(batch.session) if lost else self._sessions.named(batch.session)
            known.add(batch.session)
            session.keep(as_deleted(batch, batch.reasons) if batch.deleted else batch)
        self._next_seq = max((batch.seq for batch in (*facts.batches, *held)), default=0) + 1

    def next_seq(self) -> int:
        """Return the number of the next new batch."""
        self._next_seq += 1
        return self._next_seq - 1

    async def save(self, session: SessionState, batch: Batch, *more: Change) -> Batch:
        """Apply newer facts immediately, so that concurrent calls see them; roll back if they cannot be saved.

        Raise NotFound if the batch, or its session, is gone.
        """
        before = self.known(session, batch.id)
        session.keep(batch)
        try:
            await session.commit(batch, *more)
        except (ApiError, StoreError):
            if session.known(batch.id) == batch:
                session.keep(before)
            raise
        if batch.timeline != before.timeline or batch.deleted:
            session.events.publish(session.now(), "batch.deleted" if batch.deleted else "batch.changed", batch=batch.id)
        return batch

    async def change(self, session: SessionState, batch_id: str, how: Callable[[Batch, int], Batch]) -> Batch:
        """Apply `how` to a batch and save it if that changed anything. Raises NotFound."""
        batch = session.get(batch_id)
        after = how(batch, session.now())
        return batch if after is batch else await self.save(session, replace(after, tally=None, sums=None))

    def known(self, session: SessionState, batch_id: str) -> Batch:
        """Return the facts of a batch, deleted or not. Raises NotFound."""
        batch = session.known(batch_id)
        if batch is None:
            raise NotFound(f"Message Batch {batch_id} not found.")
        return batch

    @contextmanager
    def unless_gone(self) -> Iterator[None]:
        """Suppress errors caused by a batch that was deleted meanwhile."""
        try:
            yield
        except NotFound:
            pass
        except Missing as missing:
            if self.lacks(missing):
                raise

    def lacks(self, missing: Missing) -> bool:
        """Return whether the missing data belongs to a batch that still exists."""
        return any(missing.concerns(batch) for session in self._sessions.all() for batch in session.live())

    async def remove(self, session: SessionState, batch: Batch) -> None:
        """Remove a batch as if it had never existed."""
        async with self.unless_saved(session):
            await session.commit(*self.removals(session, [batch]))

    @asynccontextmanager
    async def unless_saved(self, session: SessionState) -> AsyncIterator[None]:
        """Restore the batches of a session if changes to them cannot be saved."""
        live, deleted = session.live(), Deleted(session.name, session.deleted.packed())
        try:
            yield
        except StoreError:
            before = [*live, *deleted.in_order()]
            known = {batch.seq for batch in before}
            self.removals(session, [batch for batch in session.ever() if batch.seq not in known])
            for batch in before:
                self.put_back(session, batch)
            raise
        self._planning.forget_unused()

    def removals(self, session: SessionState, batches: Iterable[Batch]) -> list[Change]:
        """Drop batches as if they had never existed; return the changes to commit."""
        changes: list[Change] = []
        for batch in batches:
            session.drop(batch)
            self.forget_rows(batch)
            changes += [Gone("batch", batch.seq), *self.parts(batch), *self._planning.release(batch)]
            if not self._held[batch.seq]:
                changes.append(Gone("sent", batch.seq))
        return changes

    def parts(self, batch: Batch) -> list[Gone]:
        """Return the removal of a batch's requests, unless a snapshot needs them."""
        return [] if self._held[batch.seq] else [Gone("parts", batch.seq)]

    def forget_rows(self, batch: Batch) -> None:
        """Drop what is cached of the rows of a batch."""
        self._rows.forget(batch)
        self._states.forget(batch)

    def put_back(self, session: SessionState, batch: Batch) -> Change:
        """Restore a batch that was held to these facts; return the change to commit."""
        before = session.batches.get(batch.id)
        if before is None:
            self._planning.use(batch)
        elif batch.deleted:
            self._planning.release(before)
        session.keep(batch)
        return batch

    def hold(self, batches: Iterable[Batch]) -> None:
        """Keep the requests of these batches, even if they are deleted."""
        for batch in batches:
            self._held[batch.seq] += 1
            self._planning.use(batch)

    def release(self, session: SessionState, batches: Iterable[Batch]) -> list[Change]:
        """Release held batches; those that were deleted or removed meanwhile go now. Return the changes to commit."""
        changes: list[Change] = []
        for batch in batches:
            changes += self._planning.release(batch)
            self._held[batch.seq] -= 1
            if self._held[batch.seq]:
                continue
            del self._held[batch.seq]
            kept = session.known(batch.id)
            if kept is None or kept.seq != batch.seq:
                changes += [Gone("parts", batch.seq), Gone("sent", batch.seq)]
            elif kept.deleted:
                changes.append(Gone("parts", batch.seq))
        return changes
