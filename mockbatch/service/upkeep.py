"""What a tester does with whole sessions: open, reset, delete, take a snapshot, go back to it."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from mockbatch.core.contract.errors import ApiError, NotFound
from mockbatch.service.batches import Batches
from mockbatch.service.files import Files
from mockbatch.service.ledger import Ledger
from mockbatch.service.messages import Messages
from mockbatch.service.sessions import Opened, Session, Sessions
from mockbatch.service.settings import clock_of
from mockbatch.service.summary import Summaries, Summary
from mockbatch.store import Change, Facts, Gone, Past, Snapshot, Store, StoreError

Scope = Literal["all", "state", "clock", "journal", "rules"]
# this many names of rules in deleted sessions are remembered
_STRUCK = 1_000


class Upkeep:
    """Sessions as wholes. Batches that a snapshot needs keep their requests. A change happens whole or not at all."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        batches: Batches,
        files: Files,
        ledger: Ledger,
        messages: Messages,
        summaries: Summaries,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._batches = batches
        self._files = files
        self._ledger = ledger
        self._messages = messages
        self._summaries = summaries
        self._snapshots: dict[str, Snapshot] = {}
        self._deleting = asyncio.Lock()
        self.struck: dict[str, None] = {}
        """The names of rules that struck something in sessions that are gone, the first ones first."""

    def restore(self, facts: Facts) -> None:
        """Take up what the store has."""
        for snapshot in facts.snapshots:
            self._hold(snapshot)
        if facts.past:
            self.struck.update(dict.fromkeys(facts.past.struck))
            self._summaries.past = msgspec.json.decode(facts.past.summary, type=Summary)

    async def open(self, label: str, options: Mapping[str, Any], key: str | None, *, owner: bool = False) -> Opened:
        """Open a session of its own. Raises InvalidRequest for wrong options, Conflict for a key that has one."""
        return await self._sessions.open(label, options, key, owner=owner)

    async def configure(self, session: Session, options: Mapping[str, Any], *, owner: bool = False) -> None:
        """Change options of a session, for what comes from now on. Raises InvalidRequest for wrong ones."""
        await self._sessions.configure(session, options, owner=owner)

    async def delete(self, session: Session) -> Summary:
        """Delete a session and all that is in it; answers what it came to."""
        last = await self._summaries.of(session)
        async with self._deleting:
            past = self._summaries.with_past(last)
            struck = self.struck | {record.rule.name: None for record in session.rules.records if record.hits}
            names = list(struck)[:_STRUCK]
            kept = Past(Raw(msgspec.json.encode(past)), names)
            snapshots = self.taken(session)
            self._sessions.forget(session)
            try:
                async with self._batches.unless_saved(session):
                    changes = [change for snapshot in snapshots for change in self._dropped(session, snapshot)]
                    changes += [*self._emptied(session), Gone("session", session.name), Gone("counters", session.name)]
                    await self._store.commit(kept, *changes)
            except StoreError:
                for snapshot in snapshots:
                    self._hold(snapshot)
                self._sessions.take_back(session)
                raise
            self._summaries.past, self.struck = past, dict.fromkeys(names)
        self._forget(session)
        session.bulletin.close()
        return last

    async def reset(self, session: Session, scope: Scope) -> None:
        """Let a session begin anew: its batches, files and spending, its clock, its rules, its journal, or all."""
        changes: list[Change] = []
        async with self._batches.unless_saved(session):
            with session.unless_saved():
                if scope in ("all", "state"):
                    changes = self._emptied(session)
                    session.begin_anew()
                if scope in ("all", "clock"):
                    session.clock = clock_of(session.config, session.real())
                if scope in ("all", "rules"):
                    session.rules.reset()
                await session.commit(*changes, session.facts(), session.counters())
        if changes:
            self._forget(session)
        if scope in ("all", "journal"):
            session.journal.clear()
        if scope == "all":
            session.forget_calls()

    async def take(self, session: Session) -> Snapshot:
        """Take a snapshot."""
        session.snapshots += 1
        id = f"snap_{session.name}_{session.snapshots}"
        batches = tuple(session.ever())
        snapshot = Snapshot(id, session.name, session.now(), session.facts(), batches)
        # held before it is saved, so that nothing it names can go meanwhile
        self._hold(snapshot)
        try:
            await session.commit(snapshot, session.counters())
        except (ApiError, StoreError):
            self._dropped(session, snapshot)
            session.snapshots -= 1
            raise
        return snapshot

    async def restore_to(self, session: Session, id: str) -> Snapshot:
        """Go back to a snapshot: later batches are gone, earlier ones are as they were, and so is the time."""
        snapshot = self._snapshot(session, id)
        before = {batch.seq for batch in snapshot.batches}
        # the same requests may have been sent again meanwhile, and then have the same id
        later = [batch for batch in session.ever() if batch.seq not in before]
        clock = snapshot.facts.clock.showing(snapshot.taken_at, session.real())
        async with self._batches.unless_saved(session):
            changes = self._batches.removals(session, later)
            changes += [self._batches.put_back(session, batch) for batch in snapshot.batches]
            facts = replace(session.facts(), lanes=snapshot.facts.lanes, clock=clock)
            await session.commit(*changes, facts)
        session.lanes, session.clock = facts.lanes, clock
        return snapshot

    async def put_back(self, session: Session, id: str) -> int:
        """Have the batches of a snapshot back that are gone, and leave all else; answers how many those are."""
        gone = [batch for batch in self._snapshot(session, id).batches if not session.knows(batch.id)]
        async with self._batches.unless_saved(session):
            await session.commit(*[self._batches.put_back(session, batch) for batch in gone])
        for batch in gone:
            session.bulletin.tell(session.now(), "batch.changed", batch=batch.id)
        return len(gone)

    async def drop(self, session: Session, id: str) -> None:
        """Forget a snapshot."""
        snapshot = self._snapshot(session, id)
        try:
            await session.commit(*self._dropped(session, snapshot))
        except StoreError:
            self._hold(snapshot)
            raise

    def taken(self, session: Session) -> list[Snapshot]:
        """The snapshots of a session, the oldest first."""
        found = [snapshot for snapshot in self._snapshots.values() if snapshot.session == session.name]
        return sorted(found, key=_number)

    def _snapshot(self, session: Session, id: str) -> Snapshot:
        snapshot = self._snapshots.get(id)
        if snapshot is None or snapshot.session != session.name:
            raise NotFound(f"Snapshot {id} not found.")
        return snapshot

    def _hold(self, snapshot: Snapshot) -> None:
        self._snapshots[snapshot.id] = snapshot
        self._batches.hold(snapshot.batches)

    def _dropped(self, session: Session, snapshot: Snapshot) -> list[Change]:
        """Let go of a snapshot; answers what to commit for that."""
        del self._snapshots[snapshot.id]
        return [Gone("snapshot", snapshot.id), *self._batches.release(session, snapshot.batches)]

    def _emptied(self, session: Session) -> list[Change]:
        """Let go of all batches of a session; answers what to commit to remove all that is in it."""
        changes = self._batches.removals(session, list(session.ever()))
        gone = [Gone("spent", session.name), Gone("cache", session.name), Gone("played", session.name)]
        return [*changes, *gone, *self._files.removals(session)]

    def _forget(self, session: Session) -> None:
        """Let go of what is remembered of a session besides its batches."""
        for room in (self._batches, self._ledger, self._messages, self._files):
            room.forget(session)


def _number(snapshot: Snapshot) -> int:
    return int(snapshot.id.rpartition("_")[2])
