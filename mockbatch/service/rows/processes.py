"""Processes that check and build the rows of large batches, since the server itself runs Python on one core."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.row import Row

if TYPE_CHECKING:
    from mockbatch.core.rows.slices import Found

_log = logging.getLogger(__name__)


class RowProcesses:
    """Up to `count` processes, started on demand."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._idle: list[subprocess.Popen[bytes]] = []
        self._all: list[subprocess.Popen[bytes]] = []
        self._places = asyncio.Semaphore(max(count, 1))

    @property
    def pids(self) -> list[int]:
        """The ids of the running processes."""
        return [process.pid for process in self._all if process.poll() is None]

    def may_work_under(self, conditions: Conditions) -> bool:
        """Return whether rows may be built in another process: rules and recordings need the server's state."""
        return self.count > 0 and conditions.rules is None and conditions.player is None

    async def check(
        self, conditions: Conditions, raw: bytes, first: int, attempts: Sequence[int] | None
    ) -> "Found | None":
        """Return the outcomes of a slice; None if no process could compute them."""
        return await self._result("check", conditions, raw, first, attempts)

    async def build(self, conditions: Conditions, raw: bytes, first: int, decided: list[Row]) -> "Found | None":
        """Return the rows of a slice; None if no process could build them."""
        return await self._result("build", conditions, raw, first, decided)

    def close(self) -> None:
        """Kill the processes."""
        self.count = 0
        for process in self._all:
            process.kill()
            process.wait()
        # the pipes of busy ones are closed by the thread that waits for them
        for process in self._idle:
            _end(process)

    async def _result(self, *task: object) -> "Found | None":
        async with self._places:
            return await asyncio.to_thread(self._worked, task) if self.count else None

    def _worked(self, task: tuple[object, ...]) -> "Found | None":
        # imported lazily: most servers have no such processes
        from mockbatch.row_worker import receive, send

        process = None
        try:
            process = self._idle.pop() if self._idle else self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            send(process.stdin, task)
            found = cast("Found", receive(process.stdout))
        except (OSError, EOFError) as error:
            if process:
                _end(process)
            if self.count:
                _log.warning("a row process failed, so the server builds its rows itself: %r", error)
            return None
        self._idle.append(process)
        return found

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "mockbatch.row_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C is meant for the server, which ends them
            start_new_session=True,
        )
        self._all.append(process)
        if not self.count:  # closed meanwhile
            process.kill()
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            assert pipe is not None
            pipe.close()
