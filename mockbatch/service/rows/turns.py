"""Work on many rows in blocks, so that other tasks run in between."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mockbatch.core.contract.params import is_warm

T = TypeVar("T")

BLOCK = 200
"""Rows per block for work of about a microsecond a row."""
STEP = 50
"""Rows per block when replies are generated on the event loop."""
# rows per block in a thread: switching to one costs as much as a few dozen rows
_APART = 400
_PATIENCE = 0.02


class ClosingError(Exception):
    """The server is stopping, so these rows are no longer needed."""


class Turns:
    """Makes work on rows wait while bodies arrive, unless a caller waits for the rows."""

    def __init__(self) -> None:
        self._wanted: Counter[int] = Counter()
        self._receiving = 0
        self.closing = False

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Pause background work in this context."""
        self._receiving += 1
        try:
            yield
        finally:
            self._receiving -= 1

    @contextmanager
    def wanted(self, seq: int) -> Iterator[None]:
        """Exempt work on the rows of a batch from pausing in this context."""
        self._wanted[seq] += 1
        try:
            yield
        finally:
            self._wanted[seq] -= 1
            if not self._wanted[seq]:
                del self._wanted[seq]

    async def quiet(self, seq: int) -> None:
        """Wait until no body has arrived for a moment, or until the rows are wanted, perhaps by a create itself."""
        if seq not in self._wanted:
            await asyncio.sleep(_PATIENCE)
        # until no body is arriving or a caller waits for the rows
        while self._receiving and seq not in self._wanted:  # noqa: ASYNC110
            await asyncio.sleep(_PATIENCE)

    async def in_blocks(
        self, seq: int, count: int, is_quick: Callable[[int, int], bool], work: Callable[[int], T]
    ) -> list[T]:
        """Return the results of `work` for each position of a slice, block by block, slow blocks in a thread."""

        def block(at: int, end: int) -> list[T]:
            made = []
            for place in range(at, end):
                if self.closing:
                    raise ClosingError
                made.append(work(place))
            return made

        made: list[T] = []
        while len(made) < count:
            at = len(made)
            # an unusual request needs a slow import, once, and some replies are slow: keep them off the event loop
            if is_warm() and is_quick(at, at + STEP):
                made += block(at, min(at + STEP, count))
            else:
                made += await asyncio.to_thread(block, at, min(at + _APART, count))
            await asyncio.sleep(0)
            if self._receiving:
                await self.quiet(seq)
        return made
