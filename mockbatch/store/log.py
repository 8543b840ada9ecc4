"""SQLite's log, to which every commit is appended, and when it is folded back into the file."""

import asyncio
import sqlite3
from contextlib import suppress

import aiosqlite

PAGE = 32 << 10
# so long nothing was written before; a log that is large is folded sooner: the next commits then use its space again,
# which is faster, and the process ends faster. A very large one is not waited for.
_QUIET_SECONDS = 5.0
_LARGE, _QUIET_SECONDS_OF_LARGE = 8 << 20, 0.1
_FOLDED_IN_A_SECOND = 256 << 20
_LIMIT = 1 << 30


class Log:
    """Folds with a connection of its own, so that nobody waits for it."""

    def __init__(self, janitor: aiosqlite.Connection) -> None:
        self._janitor = janitor
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._folding: asyncio.Task[None] | None = None

    def grew(self, size: int) -> None:
        """Something of that size was written, and a page beside it."""
        self._size += size + PAGE
        if self._folding is None:
            self._wait()

    async def close(self) -> None:
        """Leave it as it is."""
        if self._timer:
            self._timer.cancel()
        if self._folding:
            self._folding.cancel()
            await asyncio.wait([self._folding])

    def _wait(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_quiet(self._size), self._begin)

    def _begin(self) -> None:
        self._folding = asyncio.create_task(self._fold())

    async def _fold(self) -> None:
        self._size = 0
        # PASSIVE makes nobody wait; the writer's own checkpoints would write everything twice inside a commit
        with suppress(sqlite3.Error):
            await self._janitor.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
        self._folding = None
        if self._size:
            self._wait()


def _quiet(size: int) -> float:
    """How long nothing must be written before a log of that size is folded, in seconds."""
    if size >= _LIMIT:
        return 0.0
    if size < _LARGE:
        return _QUIET_SECONDS
    return max(size / _FOLDED_IN_A_SECOND, _QUIET_SECONDS_OF_LARGE)
