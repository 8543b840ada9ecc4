"""Threads in virtual time: detect which are working, and virtualize their waits."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from mockbatch.testing.virtual_time.callers import (
    is_in_flight,
    is_machinery,
    is_outsider,
    is_waiting_room,
    outside,
)
from mockbatch.testing.virtual_time.sleepers import LOOK_SECONDS, PATIENCE_SECONDS, Sleepers

Place = tuple[int, int]

# a thread counts as waiting once it has stayed at one place for this long: in a lock, or anywhere else
_STILL_IN_LOCK_SECONDS = 0.005
_STILL_SECONDS = 0.025
# and for this many looks: a busy machine delays a woken thread, but then also the one that looks
_LOOKS = 10


class Threads:
    """The threads started after entry; earlier ones do not take part in virtual time."""

    def __init__(self) -> None:
        outside.update(set(threading.enumerate()) - {threading.current_thread()})
        self._places: dict[int, tuple[Place, float, int]] = {}
        self._given_up: set[int] = set()
        self._calls_in_flight: list[Callable[[], bool]] = []

    def forget(self) -> None:
        """Forget which threads take no part."""
        outside.clear()

    def after_fork(self) -> None:
        """Reset: the forked process has one thread, which takes part."""
        outside.clear()
        self._places.clear()
        self._given_up.clear()
        self._calls_in_flight.clear()

    def watch(self, calls_in_flight: Callable[[], bool]) -> None:
        """Also ask this function whether an event loop has a call in flight."""
        self._calls_in_flight.append(calls_in_flight)

    def are_at_work(self, asleep: set[int], waited: float) -> bool:
        me = threading.current_thread()
        others = [one for one in threading.enumerate() if one is not me and one not in outside]
        self._given_up -= asleep
        if not others:
            return False
        frames, now = sys._current_frames(), time.monotonic()
        busy = {
            ident
            for one in others
            if (ident := one.ident) is not None
            and ident not in asleep
            and self._is_at_work(frames.get(ident), one, now)
        }
        if waited > PATIENCE_SECONDS:
            self._given_up |= busy
        return bool(busy - self._given_up) or any(call() for call in self._calls_in_flight)

    def _is_at_work(self, frame: FrameType | None, thread: threading.Thread, now: float) -> bool:
        """Whether a thread works. One that stays in place waits for another thread or for a response."""
        if frame is None or is_outsider(frame):
            return False
        ident = thread.ident or 0
        place = id(frame), frame.f_lasti
        before, since, looks = self._places.get(ident, (None, now, 0))
        if place == before:
            self._places[ident] = place, since, looks + 1
            if looks < _LOOKS or now - since < _patience_with(frame):
                return True
            if not _is_runnable(thread):
                return False
        self._places[ident] = place, now, 1
        return True


def _is_runnable(thread: threading.Thread) -> bool:
    """Whether the thread is running or ready to run; False if that is unknown."""
    try:
        stat = Path(f"/proc/self/task/{thread.native_id}/stat").read_bytes()
    except OSError:
        return False
    # the name is in parentheses, and may contain parentheses
    return stat.rpartition(b")")[2].split()[0] == b"R"


def _patience_with(frame: FrameType) -> float:
    within: FrameType | None = frame
    while within is not None:
        if is_in_flight(within):
            return PATIENCE_SECONDS
        within = within.f_back
    return _STILL_IN_LOCK_SECONDS if is_waiting_room(frame) else _STILL_SECONDS


class Waits:
    """`time.sleep`, `Condition.wait` and `Thread.join` on virtual time.

    Events, semaphores, barriers, queues and futures all wait with `Condition.wait`.
    """

    def __init__(self, sleepers: Sleepers) -> None:
        self._sleepers = sleepers
        self.functions = {time.sleep: self._sleep}
        self.members: dict[tuple[type, str], Callable[..., Any]] = {
            (threading.Condition, "wait"): self._condition_wait(),
            (threading.Thread, "join"): self._thread_join(),
        }

    def _sleep(self, seconds: float, /) -> None:
        if is_machinery() or not seconds > 0:
            _real_sleep(seconds)
        else:
            self._sleepers.sleep(seconds)

    def _condition_wait(self) -> Callable[..., bool]:
        def wait(condition: threading.Condition, timeout: float | None = None) -> bool:
            if timeout is None or timeout <= 0 or is_machinery():
                return _real_wait(condition, timeout)
            return self._wait(lambda span: _real_wait(condition, span), timeout)

        return wait

    def _thread_join(self) -> Callable[..., None]:
        def join(thread: threading.Thread, timeout: float | None = None) -> None:
            if timeout is None or timeout <= 0 or is_machinery():
                _real_join(thread, timeout)
                return
            self._wait(lambda span: _joined(thread, span), timeout)

        return join

    def _wait(self, attempt: Callable[[float], bool], timeout: float) -> bool:
        """Whether `attempt`, called with real seconds to wait, succeeds within `timeout` virtual seconds."""
        sleeper = self._sleepers.add(timeout, threading.get_ident(), lambda: None)
        succeeded = False

        def pause() -> None:
            nonlocal succeeded
            succeeded = attempt(LOOK_SECONDS)

        try:
            succeeded = attempt(0)
            self._sleepers.until(lambda: succeeded or sleeper.is_over, pause)
            return succeeded or attempt(0)
        finally:
            self._sleepers.remove(sleeper)


_real_sleep = time.sleep
_real_wait = threading.Condition.wait
_real_join = threading.Thread.join


def _joined(thread: threading.Thread, seconds: float) -> bool:
    _real_join(thread, seconds)
    return not thread.is_alive()
