"""What a tester does with whole sessions: open, reset, delete, take a snapshot, go back to it."""

from collections.abc import Mapping
from typing import Any, Literal

from mockbatch.core.contract.errors import NotFound
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
        self.struck: dict[str, None] = {}
        """The names of rules that struck something in sessions that are gone, the first ones first."""

    def restore(self, facts: Facts) -> None:
        """Take up what the store has."""
        self._snapshots.update({snapshot.id: snapshot for snapshot in facts.snapshots})
        if facts.past:
            self.struck.update(dict.fromkeys(facts.past.struck))
            self._summaries.restore(facts.past.summary)

    async def open(self, label: str, options: Mapping[str, Any], key: str | None) -> Opened:
        """Open a session of its own. Raises InvalidRequest for wrong options, Conflict for a key that has one."""
        return await self._sessions.open(label, options, key)

    async def configure(self, session: Session, options: Mapping[str, Any]) -> None:
        """Change options of a session, for what comes from now on. Raises InvalidRequest for wrong ones."""
        await self._sessions.configure(session, options)

    async def delete(self, session: Session) -> Summary:
        """Delete a session and all that is in it; answers what it came to."""
        last = await self._summaries.remember(session)
        for record in session.rules.records:
            if record.hits and len(self.struck) < _STRUCK:
                self.struck[record.rule.name] = None
        changes = [change for snapshot in self.taken(session) for change in self._dropped(session, snapshot)]
        self._sessions.forget(session)
        await self._store.commit(
            Past(self._summaries.dump(), list(self.struck)),
            *changes,
            *self._emptied(session),
            Gone("session", session.name),
            Gone("counters", session.name),
        )
        session.bulletin.close()
        return last

    async def reset(self, session: Session, scope: Scope) -> None:
        """Let a session begin anew: its batches, files and spending, its clock, its rules, its journal, or all."""
        changes: list[Change] = []
        if scope in ("all", "state"):
            changes = self._emptied(session)
        if scope in ("all", "clock"):
            session.clock = clock_of(session.config, session.real())
        if scope in ("all", "rules"):
            session.rules.reset()
        if scope in ("all", "journal"):
            session.journal.clear()
        if scope == "all":
            session.forget_calls()
        await self._store.commit(*changes, session.facts(), session.counters())

    async def take(self, session: Session) -> Snapshot:
        """Take a snapshot."""
        session.snapshots += 1
        id = f"snap_{session.name}_{session.snapshots}"
        batches = tuple(session.batches.values())
        snapshot = Snapshot(id, session.name, session.now(), session.facts(), batches)
        # held before it is saved, so that nothing it names can go meanwhile
        self._batches.hold(batches)
        try:
            await self._store.commit(snapshot, session.counters())
        except StoreError:
            self._batches.release(session, batches)
            raise
        self._snapshots[id] = snapshot
        return snapshot

    async def restore_to(self, session: Session, id: str) -> Snapshot:
        """Go back to a snapshot: later batches are gone, earlier ones are as they were, and so is the time."""
        snapshot = self._snapshot(session, id)
        before = {batch.id: batch for batch in snapshot.batches}
        later = [batch for batch in session.batches.values() if batch.id not in before]
        changes = self._batches.removals(session, later)
        changes += [self._batches.put_back(session, batch) for batch in snapshot.batches]
        session.lanes = snapshot.facts.lanes
        session.clock = snapshot.facts.clock.showing(snapshot.taken_at, session.real())
        await self._store.commit(*changes, session.facts())
        return snapshot

    async def put_back(self, session: Session, id: str) -> int:
        """Have the batches of a snapshot back that are gone, and leave all else; answers how many those are."""
        gone = [batch for batch in self._snapshot(session, id).batches if batch.id not in session.batches]
        await self._store.commit(*[self._batches.put_back(session, batch) for batch in gone])
        for batch in gone:
            session.bulletin.tell(session.now(), "batch.changed", batch=batch.id)
        return len(gone)

    async def drop(self, session: Session, id: str) -> None:
        """Forget a snapshot."""
        await self._store.commit(*self._dropped(session, self._snapshot(session, id)))

    def taken(self, session: Session) -> list[Snapshot]:
        """The snapshots of a session, the oldest first."""
        found = [snapshot for snapshot in self._snapshots.values() if snapshot.session == session.name]
        return sorted(found, key=_number)

    def _snapshot(self, session: Session, id: str) -> Snapshot:
        snapshot = self._snapshots.get(id)
        if snapshot is None or snapshot.session != session.name:
            raise NotFound(f"Snapshot {id} not found.")
        return snapshot

    def _dropped(self, session: Session, snapshot: Snapshot) -> list[Change]:
        """Let go of a snapshot; answers what to commit for that."""
        del self._snapshots[snapshot.id]
        return [Gone("snapshot", snapshot.id), *self._batches.release(session, snapshot.batches)]

    def _emptied(self, session: Session) -> list[Change]:
        """Let go of all that is in a session; answers what to commit for that."""
        changes = self._batches.removals(session, list(session.batches.values()))
        session.lanes = b""
        session.bucket = None
        session.counts_attempts = False
        self._batches.forget(session)
        self._ledger.forget(session)
        self._messages.forget(session)
        gone = [Gone("spent", session.name), Gone("cache", session.name), Gone("played", session.name)]
        return [*changes, *gone, *self._files.removals(session)]


def _number(snapshot: Snapshot) -> int:
    return int(snapshot.id.rpartition("_")[2])
