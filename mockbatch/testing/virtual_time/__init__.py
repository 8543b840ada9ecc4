"""Virtual time in the test's own process: sleeps advance the clock instead of waiting.

    with VirtualTime(clock) as virtual:
        time.sleep(3600)
        assert virtual.elapsed == 3600

`clock` is any object with `now()` and `advance(seconds)`, such as a session's clock. Within the context, sleeps of the
code under test advance the clock and return immediately; all its clocks read the same time. Concurrent sleepers are
woken in order: time moves to the earliest wake-up, and only when all other threads and tasks sleep or wait, never while
one of them works or a call is in flight.

Patched waits: `time.sleep`, `asyncio.sleep`, `anyio.sleep`; `Event`, `Condition`, `Queue`, `Semaphore`, `Future` and
`join` with a timeout; `asyncio.timeout`, `wait_for`, `wait`, `call_later`, `anyio.fail_after`, `move_on_after`. This
includes the SDK's waits between retries: a `retry-after` of two minutes takes no real time.
Patched clocks: `time.time`, `monotonic`, `perf_counter`, `datetime.now` and related functions, a loop's `time()`.
Not patched: child processes (but see process.py), threads started earlier, the timeouts of HTTP clients, the event
loop's internals, and timers of uvloop.
"""

import time
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from mockbatch.testing.virtual_time.clocks import Monotonic, TimeStandsStill
from mockbatch.testing.virtual_time.copies import Replaced
from mockbatch.testing.virtual_time.sleepers import (
    MICROSECONDS,
    JumpingClock,
    Sleepers,
    TickingSleepers,
    VirtualClock,
    micros,
)
from mockbatch.testing.virtual_time.structured import AnyioWaits
from mockbatch.testing.virtual_time.tasks import AsyncWaits, Loops
from mockbatch.testing.virtual_time.threads import Threads, Waits

__all__ = ["TimeStandsStill", "VirtualClock", "VirtualTime"]


@runtime_checkable
class RunningClock(VirtualClock, Protocol):
    """A clock that may run, and that others may move."""

    frozen: bool

    def freeze(self) -> object: ...

    def resume(self) -> object: ...

    def subscribe(self, listener: Any, /) -> Any: ...


class VirtualTime:
    """A context in which sleeps advance a clock. A running clock is frozen meanwhile, unless `ticks`: then real time
    passes between the sleeps.

    Raises RuntimeError if nested, ImportError without the package `time-machine`.
    """

    _active: "VirtualTime | None" = None

    def __init__(self, clock: VirtualClock, *, ticks: bool = False) -> None:
        self._clock = clock
        self.ticks = ticks
        self._sleepers: Sleepers | None = None
        self._threads: Threads | None = None
        self._loops: Loops | None = None
        self._undo: list[Any] = []

    def __repr__(self) -> str:
        return f"<VirtualTime: {self.elapsed:g} s in {self.real_elapsed:.3f} s>" if self._sleepers else "<VirtualTime>"

    @classmethod
    def active(cls) -> "VirtualTime | None":
        """Return the one active in this process."""
        return cls._active

    @property
    def elapsed(self) -> float:
        """Virtual seconds since entry."""
        return (self._entered.now - self._start) / MICROSECONDS

    @property
    def real_elapsed(self) -> float:
        """Real seconds since entry."""
        self._entered  # noqa: B018
        return time.monotonic() - self._real_start

    @property
    def _entered(self) -> Sleepers:
        if self._sleepers is None:
            raise RuntimeError("virtual time is not active: use `with`")
        return self._sleepers

    def __enter__(self) -> "VirtualTime":
        if VirtualTime._active is not None:
            raise RuntimeError("virtual time is already active; it cannot be nested")
        travel = _travel()
        VirtualTime._active = self
        try:
            self._freeze()
            self._real_start = time.monotonic()
            threads = self._threads = Threads()
            self._undo.append(threads.forget)
            sleepers = self._sleepers = self._sleepers_of(threads)
            self._start = sleepers.now
            self._follow(sleepers, travel)
            self._replace(sleepers, threads)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._undo:
            self._undo.pop()()
        VirtualTime._active = None

    def _sleepers_of(self, threads: Threads) -> Sleepers:
        if self.ticks:
            assert isinstance(self._clock, JumpingClock)
            return TickingSleepers(self._clock, threads)
        return Sleepers(self._clock, threads)

    def after_fork(self) -> None:
        """Continue in a process forked from the one that entered."""
        if self._sleepers is not None and self._threads is not None:
            self._threads.after_fork()
            self._sleepers.after_fork()

    def replace_in_anyio(self) -> None:
        """Patch the waits of anyio if it is imported after entry."""
        if self._sleepers is not None and self._loops is not None:
            replaced = Replaced(AnyioWaits(self._loops).functions, {})
            self._undo.append(replaced.stop)
            replaced.start()

    def _freeze(self) -> None:
        clock = self._clock
        if isinstance(clock, RunningClock):
            if not clock.frozen:
                clock.freeze()
                self._undo.append(clock.resume)
            self._undo.append(clock.subscribe(self._moved_to))

    def _moved_to(self, now: float) -> None:
        if self._sleepers is not None:
            self._sleepers.moved_to(micros(now))

    def _follow(self, sleepers: Sleepers, travel: Any) -> None:
        """Keep the date clocks in sync. Start time-machine at whole seconds, as else it sets the time zone."""
        from datetime import timedelta

        traveller = travel(sleepers.now // MICROSECONDS, tick=self.ticks)
        traveling = traveller.start()
        self._undo.append(traveller.stop)
        shown = sleepers.now // MICROSECONDS * MICROSECONDS

        def follow() -> None:
            nonlocal shown
            shown = time.time_ns() // 1000 if self.ticks else shown
            traveling.shift(timedelta(microseconds=sleepers.now - shown))
            shown = sleepers.now

        follow()
        sleepers.on_move(follow)

    def _replace(self, sleepers: Sleepers, threads: Threads) -> None:
        monotonic, waits, loops = Monotonic(sleepers), Waits(sleepers), Loops(sleepers, threads)
        self._loops = loops
        awaits = AsyncWaits(loops, monotonic.passed)
        functions: dict[Any, Any] = {
            **monotonic.functions,
            **waits.functions,
            **awaits.functions,
            **AnyioWaits(loops).functions,
        }
        replaced = Replaced(functions, {**waits.members, **awaits.members})
        self._undo.append(replaced.stop)
        replaced.start()


def _travel() -> Any:
    try:
        import time_machine
    except ImportError:
        raise ImportError("virtual time needs the package time-machine: pip install 'mockbatch[pytest]'") from None
    return time_machine.travel
