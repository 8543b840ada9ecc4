"""The monotonic clocks of the `time` module in virtual time."""

import time
from collections.abc import Callable
from typing import Any

from mockbatch.testing.virtual_time.callers import is_machinery
from mockbatch.testing.virtual_time.sleepers import MICROSECONDS, Sleepers

_READS_IN_A_ROW = 1_000_000


class TimeStandsStill(RuntimeError):
    """A loop waits for time to pass without sleeping."""


class Monotonic:
    """`time.monotonic`, `time.perf_counter` and their variants; they continue from their real values."""

    def __init__(self, sleepers: Sleepers) -> None:
        self._sleepers = sleepers
        self._start = sleepers.now
        self._reads, self._moves = 0, 0
        self.functions: dict[Callable[[], Any], Callable[[], Any]] = {
            time.monotonic: self._seconds(time.monotonic),
            time.perf_counter: self._seconds(time.perf_counter),
            time.monotonic_ns: self._nanoseconds(time.monotonic_ns),
            time.perf_counter_ns: self._nanoseconds(time.perf_counter_ns),
        }

    def _seconds(self, real: Callable[[], float]) -> Callable[[], float]:
        start = real()
        return lambda: real() if is_machinery() else start + self.passed() / MICROSECONDS

    def _nanoseconds(self, real: Callable[[], int]) -> Callable[[], int]:
        start = real()
        return lambda: real() if is_machinery() else start + self.passed() * 1000

    def passed(self) -> int:
        """Return microseconds since the start. Raises TimeStandsStill after very many reads without a sleep."""
        if self._sleepers.ticks:
            return self._sleepers.read() - self._start
        if self._moves != self._sleepers.moves:
            self._reads, self._moves = 0, self._sleepers.moves
        self._reads += 1
        if self._reads > _READS_IN_A_ROW:
            self._reads = 0
            raise TimeStandsStill(
                f"the clock was read {_READS_IN_A_ROW:,} times without a sleep; virtual time moves only on sleeps"
            )
        return self._sleepers.now - self._start
