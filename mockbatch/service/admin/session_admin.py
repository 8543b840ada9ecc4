"""Operations on whole sessions: open, reset, delete, take and restore snapshots."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from mockbatch.core.contract.errors import ApiError, NotFound
from mockbatch.service.admin.summary import Summaries, Summary
from mockbatch.service.api.registry import BatchRegistry
from mockbatch.service.sessions.files import Files
from mockbatch.service.sessions.replay import ReplaySessions
from mockbatch.service.sessions.session import Opened, Sessions, SessionState
from mockbatch.service.sessions.settings import clock_of
from mockbatch.store import Change, Facts, Gone, Past, Snapshot, Store, StoreError

Scope = Literal["all", "state", "clock", "journal", "rules"]
# how many rule names of deleted sessions are kept
_STRUCK = 1_000


class HasSessionCache(Protocol):
    """Anything that caches data of sessions."""

    def forget(self, session: SessionState) -> None:
        """Drop what is cached of a session."""


class SessionAdmin:
    """Operations on whole sessions. Batches in a snapshot keep their requests. Changes are atomic."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        registry: BatchRegistry,
        files: Files,
        summaries: Summaries,
        caches: Sequence[HasSessionCache],
        playback: ReplaySessions,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._registry = registry
        self._files = files
        self._summaries = summaries
        self._caches = caches
        self._playback = playback
        self._snapshots: dict[str, Snapshot] = {}
        self._deleting = asyncio.Lock()
        self.struck: dict[str, None] = {}
        """The names of rules that matched something in deleted sessions, oldest first."""

    def restore(self, facts: Facts) -> None:
        """Load the state from the store."""
        for snapshot in facts.snapshots:
            self._hold(snapshot)
        if facts.past:
            self.struck.update(dict.fromkeys(facts.past.struck))
            self._summaries.past = msgspec.json.decode(facts.past.summary, type=Summary)

    async def open(self, label: str, options: Mapping[str, Any], key: str | None, *, owner: bool = False) -> Opened:
        """Open an isolated session. Raises InvalidRequest for invalid options, Conflict for a key that has one."""
        return await self._sessions.open(label, options, key, owner=owner)

    async def configure(self, session: SessionState, options: Mapping[str, Any], *, owner: bool = False) -> None:
        """Change options of a session, effective from now on. Raises InvalidRequest for invalid ones."""
        await self._sessions.configure(session, options, owner=owner)

    async def delete(self, session: SessionState) -> Summary:
        """Delete a session with everything in it; return its summary."""
        last = await self._summaries.of(session)
        async with self._deleting:
            past = self._summaries.with_past(last)
            names = list(self.struck | dict.fromkeys(sorted(session.rules.that_struck())))[:_STRUCK]
            kept = Past(Raw(msgspec.json.encode(past)), names)
            snapshots = self.snapshots(session)
            self._sessions.forget(session)
            try:
                async with self._registry.unless_saved(session):
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
        session.events.close()
        return last

    async def reset(self, session: SessionState, scope: Scope) -> None:
        """Reset a session: its batches, files and spending, its clock, its rules, its journal, or all."""
        changes: list[Change] = []
        async with self._registry.unless_saved(session):
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

    async def take_snapshot(self, session: SessionState) -> Snapshot:
        """Take a snapshot."""
        session.snapshots += 1
        id = f"snap_{session.name}_{session.snapshots}"
        live, deleted = tuple(session.live()), session.deleted.packed()
        snapshot = Snapshot(id, session.name, session.now(), session.facts(), live, deleted)
        # held before it is saved, so that nothing it references can be removed meanwhile
        self._hold(snapshot)
        try:
            await session.commit(snapshot, session.counters())
        except (ApiError, StoreError):
            self._dropped(session, snapshot)
            session.snapshots -= 1
            raise
        return snapshot

    async def restore_to(self, session: SessionState, id: str) -> Snapshot:
        """Restore a snapshot: later batches are removed, earlier ones and the time are as they were."""
        snapshot = self._snapshot(session, id)
        before = {batch.seq for batch in snapshot.batches()}
        # the same requests may have been resent meanwhile, under the same id
        later = [batch for batch in session.ever() if batch.seq not in before]
        clock = snapshot.facts.clock.showing(snapshot.taken_at, session.real())
        async with self._registry.unless_saved(session):
            changes = self._registry.removals(session, later)
            changes += [self._registry.put_back(session, batch) for batch in snapshot.batches()]
            facts = replace(session.facts(), lanes=snapshot.facts.lanes, clock=clock)
            await session.commit(*changes, facts)
        session.lanes, session.clock = facts.lanes, clock
        return snapshot

    async def restore_missing(self, session: SessionState, id: str) -> int:
        """Restore only the batches of a snapshot that are gone; return their number."""
        gone = [batch for batch in self._snapshot(session, id).batches() if not session.knows(batch.id)]
        async with self._registry.unless_saved(session):
            await session.commit(*[self._registry.put_back(session, batch) for batch in gone])
        for batch in gone:
            session.events.publish(session.now(), "batch.changed", batch=batch.id)
        return len(gone)

    async def delete_snapshot(self, session: SessionState, id: str) -> None:
        """Delete a snapshot."""
        snapshot = self._snapshot(session, id)
        try:
            await session.commit(*self._dropped(session, snapshot))
        except StoreError:
            self._hold(snapshot)
            raise

    def snapshots(self, session: SessionState) -> list[Snapshot]:
        """Return the snapshots of a session, oldest first."""
        found = [snapshot for snapshot in self._snapshots.values() if snapshot.session == session.name]
        return sorted(found, key=_number)

    def _snapshot(self, session: SessionState, id: str) -> Snapshot:
        snapshot = self._snapshots.get(id)
        if snapshot is None or snapshot.session != session.name:
            raise NotFound(f"Snapshot {id} not found.")
        return snapshot

    def _hold(self, snapshot: Snapshot) -> None:
        self._snapshots[snapshot.id] = snapshot
        self._registry.hold(snapshot.batches())

    def _dropped(self, session: SessionState, snapshot: Snapshot) -> list[Change]:
        """Release a snapshot; return the changes to commit."""
        del self._snapshots[snapshot.id]
        return [Gone("snapshot", snapshot.id), *self._registry.release(session, snapshot.batches())]

    def _emptied(self, session: SessionState) -> list[Change]:
        """Drop all batches of a session; return the changes that remove everything in it."""
        changes = self._registry.removals(session, list(session.ever()))
        gone = [Gone("spent", session.name), Gone("cache", session.name), Gone("played", session.name)]
        return [*changes, *gone, *self._files.removals(session)]

    def _forget(self, session: SessionState) -> None:
        """Drop cached data of a session other than its batches."""
        for cache in self._caches:
            cache.forget(session)
        self._playback.forget(session.name)


def _number(snapshot: Snapshot) -> int:
    return int(snapshot.id.rpartition("_")[2])
