"""The sleepers and their wake-up times. Time moves to the earliest one once all others sleep or wait."""

import threading
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

MICROSECONDS = 1_000_000
# the interval for checking whether others are still working
LOOK_SECONDS = 0.0005
# a thread that works for longer than this is ignored until it has slept
PATIENCE_SECONDS = 3.0


class VirtualClock(Protocol):
    """A clock that moves only when advanced; seconds since 1970."""

    def time(self) -> float: ...

    def advance(self, seconds: float, /) -> object:
        """Advance by this many seconds."""


class Sleeper:
    """One sleep: its end (microseconds), its thread, and the function to call when it is over."""

    def __init__(self, until: int, thread: int | None, wake: Callable[[], None]) -> None:
        self.until = until
        self.thread = thread
        self.wake = wake
        self.is_over = False


class Others(Protocol):
    """The other participants in virtual time."""

    def are_at_work(self, asleep: set[int], waited: float) -> bool:
        """Whether one of them is working; `asleep` are the sleeping threads, `waited` is in seconds."""


class Sleepers:
    """All sleepers on one clock. Any of them moves it once no one is working."""

    ticks = False
    """Whether time passes between moves."""

    def __init__(self, clock: VirtualClock, others: Others) -> None:
        self._clock = clock
        self._others = others
        self._begin()
        self._on_move: list[Callable[[], None]] = []
        self.now = micros(clock.time())
        self.moves = 0

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._moved = threading.Condition(self._lock)
        self._asleep: set[Sleeper] = set()

    def after_fork(self) -> None:
        """Reset: sleepers and lock holders are in the parent process."""
        self._begin()

    def read(self) -> int:
        """Return the time as seen by code that is not asleep."""
        return self.now

    def on_move(self, call: Callable[[], None]) -> None:
        """Call `call` whenever time has moved."""
        self._on_move.append(call)

    def add(self, seconds: float, thread: int | None, wake: Callable[[], None]) -> Sleeper:
        """Begin a sleep. `wake` is called once, in the thread that moves the clock there. A timer has no thread."""
        with self._lock:
            sleeper = Sleeper(self.now + max(1, micros(seconds)), thread, wake)
            self._asleep.add(sleeper)
            return sleeper

    def remove(self, sleeper: Sleeper) -> None:
        with self._lock:
            self._asleep.discard(sleeper)
            self._moved.notify_all()

    def sleep(self, seconds: float) -> None:
        """Sleep in this thread."""
        sleeper = self.add(seconds, threading.get_ident(), lambda: None)
        try:
            self.until(lambda: sleeper.is_over)
        finally:
            self.remove(sleeper)

    def until(self, over: Callable[[], bool], pause: Callable[[], None] | None = None) -> None:
        """Move time, or let others move it, until `over`. `pause` waits briefly in real time, by default for a move."""
        started = time.monotonic()
        while not over():
            if self.move(time.monotonic() - started):
                started = time.monotonic()
            elif not over():
                (pause or self._pause)()

    def _pause(self) -> None:
        with self._moved:
            self._moved.wait(LOOK_SECONDS)

    def move(self, waited: float) -> bool:
        """Advance to the earliest wake-up if no one is working. `waited` is the time spent trying, in seconds."""
        with self._lock:
            waking = any(sleeper.is_over for sleeper in self._asleep)
            if not self._asleep or (waking and waited < PATIENCE_SECONDS):
                return False
            threads = {sleeper.thread for sleeper in self._asleep if sleeper.thread is not None}
            if self._others.are_at_work(threads, waited):
                return False
            earliest = min(sleeper.until for sleeper in self._asleep)
            self._advance_to(earliest)
            if self.now < earliest:  # the clock did not notify us of its time
                self.moved_to(max(earliest, micros(self._clock.time())))
            return True

    def _advance_to(self, instant: int) -> None:
        self._clock.advance((instant - self.now) / MICROSECONDS)

    def moved_to(self, now: int) -> None:
        """Update the time to `now`, and wake the sleepers that are due."""
        with self._lock:
            if now <= self.now:
                return
            self.now = now
            self.moves += 1
            for sleeper in sorted(self._asleep, key=lambda one: one.until):
                if sleeper.until <= now and not sleeper.is_over:
                    sleeper.is_over = True
                    sleeper.wake()
            self._moved.notify_all()
            for call in self._on_move:
                call()


@runtime_checkable
class JumpingClock(VirtualClock, Protocol):
    """A running clock that can be moved forward."""

    def advance_to(self, instant: float, /) -> object:
        """Advance to an instant, unless the clock is past it."""


class TickingSleepers(Sleepers):
    """Sleepers on a running clock: for code that does not sleep, real time passes."""

    ticks = True

    def __init__(self, clock: JumpingClock, others: Others) -> None:
        self._jumping = clock
        self._moved_at = time.monotonic()
        super().__init__(clock, others)

    def read(self) -> int:
        return self.now + micros(time.monotonic() - self._moved_at)

    def add(self, seconds: float, thread: int | None, wake: Callable[[], None]) -> Sleeper:
        with self._lock:
            self.moved_to(self.read())
            return super().add(seconds, thread, wake)

    def moved_to(self, now: int) -> None:
        with self._lock:
            if now > self.now:
                self._moved_at = time.monotonic()
            super().moved_to(now)

    def _advance_to(self, instant: int) -> None:
        self._jumping.advance_to(instant / MICROSECONDS)


def micros(seconds: float) -> int:
    """Convert seconds to whole microseconds."""
    return round(seconds * MICROSECONDS)
