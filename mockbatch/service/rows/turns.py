"""Work on many rows in blocks, so that other callers get their turn on the event loop."""

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
"""Rows per block when replies are made on the event loop."""
# rows per block in a thread: switching to one costs as much as some dozen rows
_APART = 400
_PATIENCE = 0.02


class ClosingError(Exception):
    """The server stops: nobody waits for these rows any more."""


class Turns:
    """Lets work on rows wait while bodies arrive, unless somebody waits for the rows."""

    def __init__(self) -> None:
        self._wanted: Counter[int] = Counter()
        self._receiving = 0
        self.closing = False

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """While this lasts, work in the background waits."""
        self._receiving += 1
        try:
            yield
        finally:
            self._receiving -= 1

    @contextmanager
    def wanted(self, seq: int) -> Iterator[None]:
        """While this lasts, work on the rows of that batch does not wait."""
        self._wanted[seq] += 1
        try:
            yield
        finally:
            self._wanted[seq] -= 1
            if not self._wanted[seq]:
                del self._wanted[seq]

    async def quiet(self, seq: int) -> None:
        """Wait until no body arrives, and the next one did not follow on the heels of the last; or until the rows are
        wanted, perhaps by what receives a body.
        """
        if seq not in self._wanted:
            await asyncio.sleep(_PATIENCE)
        # whichever comes first: that a body is there, or that somebody waits for the rows
        while self._receiving and seq not in self._wanted:  # noqa: ASYNC110
            await asyncio.sleep(_PATIENCE)

    async def in_blocks(
        self, seq: int, count: int, is_quick: Callable[[int, int], bool], work: Callable[[int], T]
    ) -> list[T]:
        """Return what `work` makes of each place of a slice, a block at a time, slow blocks in a thread."""

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
            # an unusual request costs a long import, once, and some cost long replies: not where others wait
            if is_warm() and is_quick(at, at + STEP):
                made += block(at, min(at + STEP, count))
            else:
                made += await asyncio.to_thread(block, at, min(at + _APART, count))
            await asyncio.sleep(0)
            if self._receiving:
                await self.quiet(seq)
        return made
