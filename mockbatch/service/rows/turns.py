"""Work on many rows in blocks, so that other callers get their turn on the event loop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mockbatch.core.contract.params import is_warm

T = TypeVar("T")

BLOCK = 200
"""Work of a microsecond or so is done on so many rows at a time."""
STEP = 50
"""Replies are made of so many rows at a time."""
_PATIENCE = 0.02


class ClosingError(Exception):
    """The server stops: nobody waits for these rows any more."""


class Turns:
    """Lets work on rows wait while bodies arrive, unless somebody waits for the rows."""

    def __init__(self) -> None:
        self._wanted: set[int] = set()
        self._receiving = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.closing = False

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """While this lasts, work in the background waits."""
        self._receiving += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._receiving -= 1
            if not self._receiving:
                self._idle.set()

    @contextmanager
    def wanted(self, seq: int) -> Iterator[None]:
        """While this lasts, work on the rows of that batch does not wait."""
        self._wanted.add(seq)
        try:
            yield
        finally:
            self._wanted.discard(seq)

    async def quiet(self, seq: int) -> None:
        """Wait until no body arrives, and the next one did not follow on the heels of the last."""
        if seq in self._wanted:
            return
        await asyncio.sleep(_PATIENCE)
        while self._receiving and seq not in self._wanted:
            await self._idle.wait()
            await asyncio.sleep(_PATIENCE)

    async def in_blocks(
        self, seq: int, count: int, is_quick: Callable[[int, int], bool], work: Callable[[int], T]
    ) -> list[T]:
        """Return what `work` makes of each place of a slice, a block at a time, slow blocks in a thread."""

        def block(at: int) -> list[T]:
            made = []
            for place in range(at, min(at + STEP, count)):
                if self.closing:
                    raise ClosingError
                made.append(work(place))
            return made

        made: list[T] = []
        for at in range(0, count, STEP):
            # an unusual request costs a long import, once, and some cost long replies: not where others wait
            quick = is_warm() and is_quick(at, at + STEP)
            made += block(at) if quick else await asyncio.to_thread(block, at)
            await asyncio.sleep(0)
            if self._receiving:
                await self.quiet(seq)
        return made
