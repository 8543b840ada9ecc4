"""The write-ahead log of SQLite: when to checkpoint it."""

import asyncio
import sqlite3
from contextlib import suppress

import aiosqlite

PAGE = 32 << 10
# seconds without writes before a checkpoint; a large log is checkpointed sooner: later commits then reuse its space,
# which is faster, and shutdown is faster. A very large one is checkpointed immediately.
_QUIET_SECONDS = 5.0
_LARGE, _QUIET_SECONDS_OF_LARGE = 8 << 20, 0.1
_FOLDED_IN_A_SECOND = 256 << 20
_LIMIT = 1 << 30


class Log:
    """Checkpoints on a separate connection, so no other work waits for it."""

    def __init__(self, janitor: aiosqlite.Connection) -> None:
        self._janitor = janitor
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._folding: asyncio.Task[None] | None = None

    def grew(self, size: int) -> None:
        """Note a write of `size` bytes, plus one page."""
        self._size += size + PAGE
        if self._folding is None:
            self._wait()

    async def close(self) -> None:
        """Stop without a checkpoint."""
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
        # PASSIVE blocks no one; the writer's own checkpoints would write everything twice inside a commit
        with suppress(sqlite3.Error):
            await self._janitor.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
        self._folding = None
        if self._size:
            self._wait()


def _quiet(size: int) -> float:
    """Return the seconds without writes before a log of `size` bytes is checkpointed."""
    if size >= _LIMIT:
        return 0.0
    if size < _LARGE:
        return _QUIET_SECONDS
    return max(size / _FOLDED_IN_A_SECOND, _QUIET_SECONDS_OF_LARGE)
