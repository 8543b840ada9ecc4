"""What a tester does with whole sessions: open, reset, delete, take a snapshot, go back to it."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from mockbatch.core.batch import Batch
from mockbatch.core.contract.errors import NotFound
from mockbatch.service.batches import Batches
from mockbatch.service.files import Files
from mockbatch.service.ledger import Ledger
from mockbatch.service.sessions import Opened, Session, Sessions
from mockbatch.service.settings import clock_of
from mockbatch.store import SessionFacts, Store

Scope = Literal["all", "state", "clock", "journal", "rules"]


class Snapshot(Struct, frozen=True):
    """A session as it was: what it knew of itself, and its batches."""

    id: str
    session: str
    taken_at: int
    facts: SessionFacts
    batches: tuple[Batch, ...]


class Upkeep:
    """Sessions as wholes. Snapshots last as long as the server; batches that one of them needs keep their requests."""

    def __init__(self, store: Store, sessions: Sessions, batches: Batches, files: Files, ledger: Ledger) -> None:
        self._store = store
        self._sessions = sessions
        self._batches = batches
        self._files = files
        self._ledger = ledger
        self._snapshots: dict[str, Snapshot] = {}
        self.struck: set[str] = set()
        """The names of the rules that struck something in sessions that are gone."""

    async def open(self, label: str, options: Mapping[str, Any], key: str | None, *, owner: bool = False) -> Opened:
        """Open a session of its own. Raises InvalidRequest for wrong options, Conflict for a key that has one."""
        return await self._sessions.open(label, options, key, owner=owner)

    async def configure(self, session: Session, options: Mapping[str, Any], *, owner: bool = False) -> None:
        """Change options of a session, for what comes from now on. Raises InvalidRequest for wrong ones."""
        await self._sessions.configure(session, options, owner=owner)

    async def delete(self, session: Session) -> None:
        """Delete a session and all that is in it."""
        for snapshot in [snapshot for snapshot in self._snapshots.values() if snapshot.session == session.name]:
            await self.drop(session, snapshot.id)
        await self._empty(session)
        await self._sessions.forget(session)
        self.struck |= {record.rule.name for record in session.rules.records if record.hits}
        session.bulletin.close()

    async def reset(self, session: Session, scope: Scope) -> None:
        """Let a session begin anew: its batches, files and spending, its clock, its rules, its journal, or all."""
        if scope in ("all", "state"):
            await self._empty(session)
        if scope in ("all", "clock"):
            session.clock = clock_of(session.config, session.real())
        if scope in ("all", "rules"):
            session.rules.reset()
        if scope in ("all", "journal"):
            session.journal.clear()
        await self._store.save_session(session.facts())

    async def take(self, session: Session) -> Snapshot:
        """Take a snapshot."""
        number = sum(snapshot.session == session.name for snapshot in self._snapshots.values()) + 1
        id = f"snap_{session.name}_{number}"
        batches = tuple(session.batches.values())
        snapshot = Snapshot(id, session.name, session.now(), session.facts(), batches)
        self._snapshots[id] = snapshot
        self._batches.hold(batches)
        return snapshot

    async def restore(self, session: Session, id: str) -> Snapshot:
        """Go back to a snapshot: later batches are gone, earlier ones are as they were, and so is the time."""
        snapshot = self._snapshot(session, id)
        before = {batch.id: batch for batch in snapshot.batches}
        for batch in list(session.batches.values()):
            if batch.id not in before:
                await self._batches.remove(session, batch)
        for batch in snapshot.batches:
            await self._batches.put_back(session, batch)
        session.lanes = snapshot.facts.lanes
        real = session.real()
        session.clock = snapshot.facts.clock.showing(snapshot.taken_at, real)
        await self._store.save_session(session.facts())
        return snapshot

    async def put_back(self, session: Session, id: str) -> int:
        """Have the batches of a snapshot back that are gone, and leave all else; answers how many those are."""
        gone = [batch for batch in self._snapshot(session, id).batches if batch.id not in session.batches]
        for batch in gone:
            await self._batches.put_back(session, batch)
            session.bulletin.tell(session.now(), "batch.changed", batch=batch.id)
        return len(gone)

    async def drop(self, session: Session, id: str) -> None:
        """Forget a snapshot."""
        snapshot = self._snapshot(session, id)
        del self._snapshots[id]
        await self._batches.release(session, snapshot.batches)

    def taken(self, session: Session) -> list[Snapshot]:
        """The snapshots of a session, the oldest first."""
        return [snapshot for snapshot in self._snapshots.values() if snapshot.session == session.name]

    def _snapshot(self, session: Session, id: str) -> Snapshot:
        snapshot = self._snapshots.get(id)
        if snapshot is None or snapshot.session != session.name:
            raise NotFound(f"Snapshot {id} not found.")
        return snapshot

    async def _empty(self, session: Session) -> None:
        for batch in list(session.batches.values()):
            await self._batches.remove(session, batch)
        session.lanes = b""
        session.bucket = None
        self._batches.forget(session)
        self._ledger.forget(session)
        await self._store.remove_spent(session.name)
        await self._files.remove_all(session)
        await self._store.save_session(session.facts())
