"""Saving of counters before the response: rule states and rate limits."""

import asyncio
import logging
from collections.abc import Iterable

from mockbatch.service.sessions.session import SessionState
from mockbatch.store import Store, StoreError

_log = logging.getLogger(__name__)


class Counting:
    """Saves the counters of sessions; calls that arrive during a commit share the next one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, SessionState] = {}
        self._commit: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def save(self, session: SessionState) -> None:
        """Return once the counters of the session are saved.

        A counter that cannot be saved does not fail the call; it is saved with the next successful commit.
        """
        if not self._store.outlives:
            session.saved()
            return
        self._waiting[session.name] = session
        if self._next is None:
            self._next = asyncio.create_task(self._save(self._commit))
        await asyncio.shield(self._next)

    async def close(self, sessions: Iterable[SessionState]) -> None:
        """Save the counters that could not be saved before."""
        for session in sessions:
            if session.counted:
                await self.save(session)

    async def _save(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        sessions, self._waiting = list(self._waiting.values()), {}
        self._commit, self._next = self._next, None
        counters = [session.counters() for session in sessions if not session.closed]
        for session in sessions:
            session.saved()
        try:
            await self._store.commit(*counters)
        except StoreError as error:
            _log.error("the counters of rules and limits could not be saved: %s", error)
            for session in sessions:
                session.rules.counted = True
