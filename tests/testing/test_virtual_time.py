"""To sleep is to advance the clock: every way to sleep, every clock, threads and tasks at once."""

import asyncio
import datetime
import functools
import queue
import random
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as FutureTimeout
from time import monotonic, sleep
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.testing.virtual_time import TimeStandsStill, VirtualTime

START = 1767225600.25


class Standing:
    """A clock that stands still unless it is advanced, and remembers by how much it was."""

    def __init__(self) -> None:
        self.micros = round(START * 1e6)
        self.steps: list[float] = []

    def time(self) -> float:
        return self.micros / 1e6

    def advance(self, seconds: float) -> None:
        assert seconds > 0
        self.steps.append(seconds)
        self.micros += round(seconds * 1e6)


@pytest.fixture
def clock() -> Standing:
    return Standing()


@pytest.fixture
def virtual(clock: Standing) -> Iterator[VirtualTime]:
    with VirtualTime(clock) as entered:
        yield entered


def waited_by_default(seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
    sleep(seconds)


class Waiter:
    """As programs have it that can be told how to sleep."""

    def wait(self, seconds: float, *, sleep: Callable[[float], None] = time.sleep) -> None:
        sleep(seconds)


def _from_empty_queue(seconds: float) -> None:
    with pytest.raises(queue.Empty):
        queue.Queue[int]().get(timeout=seconds)


def _into_full_queue(seconds: float) -> None:
    full = queue.Queue[int](1)
    full.put(1)
    with pytest.raises(queue.Full):
        full.put(2, timeout=seconds)


def _of_future(seconds: float) -> None:
    with pytest.raises(FutureTimeout):
        Future[int]().result(seconds)


def _of_condition(seconds: float) -> None:
    condition = threading.Condition()
    with condition:
        assert not condition.wait_for(lambda: False, seconds)


SLEEPS: dict[str, Callable[[float], Any]] = {
    "time.sleep": lambda seconds: time.sleep(seconds),
    "a copy of it": lambda seconds: sleep(seconds),
    "a default argument": waited_by_default,
    "a default of a method": Waiter().wait,
    "Event.wait": lambda seconds: threading.Event().wait(seconds),
    "Condition.wait_for": _of_condition,
    "Semaphore.acquire": lambda seconds: threading.Semaphore(0).acquire(timeout=seconds),
    "Queue.get": _from_empty_queue,
    "Queue.put": _into_full_queue,
    "Future.result": _of_future,
}


@pytest.mark.parametrize("how", SLEEPS)
def test_every_sleep_advances_the_clock_and_takes_no_time(virtual: VirtualTime, how: str) -> None:
    """By what was asked for, to the microsecond."""
    SLEEPS[how](86400.5)
    assert virtual.elapsed == pytest.approx(86400.5, abs=1e-5)
    assert virtual.real_elapsed < 5


async def _wait_for(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)


async def _timeout(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds) as timeout:
            await asyncio.Event().wait()
    assert timeout.expired()


async def _wait(seconds: float) -> None:
    never = asyncio.get_running_loop().create_future()
    assert await asyncio.wait([never], timeout=seconds) == (set(), {never})


async def _move_on(seconds: float) -> None:
    with anyio.move_on_after(seconds) as scope:
        await anyio.sleep_forever()
    assert scope.cancelled_caught


async def _fail(seconds: float) -> None:
    with pytest.raises(TimeoutError), anyio.fail_after(seconds):
        await anyio.sleep_forever()


async def _call_later(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    came, never = loop.create_future(), loop.create_future()
    loop.call_later(seconds / 2, never.set_result, None).cancel()
    loop.call_later(seconds, came.set_result, None)
    await came
    assert not never.done()


async def _call_at(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    came = loop.create_future()
    loop.call_at(loop.time() + seconds, came.set_result, None)
    await came


async def _in_own_task(seconds: float) -> None:
    await asyncio.create_task(asyncio.sleep(seconds))


AWAITS: dict[str, Callable[[float], Any]] = {
    "asyncio.sleep": lambda seconds: asyncio.sleep(seconds),
    "asyncio.sleep in a task": _in_own_task,
    "anyio.sleep": lambda seconds: anyio.sleep(seconds),
    "asyncio.wait_for": _wait_for,
    "asyncio.timeout": _timeout,
    "asyncio.wait": _wait,
    "anyio.move_on_after": _move_on,
    "anyio.fail_after": _fail,
    "loop.call_later": _call_later,
    "loop.call_at": _call_at,
    "a thread": lambda seconds: asyncio.to_thread(time.sleep, seconds),
}


@pytest.mark.parametrize("how", AWAITS)
def test_every_await_that_sleeps_advances_the_clock(virtual: VirtualTime, how: str) -> None:
    """What the loop does for itself takes the time it takes."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await AWAITS[how](86400.5)
        return loop.time() - before

    assert asyncio.run(main()) == pytest.approx(86400.5, abs=2)
    assert virtual.elapsed == pytest.approx(86400.5, abs=0.01)


CLOCKS: dict[str, Callable[[], float]] = {
    "time": lambda: time.time(),
    "time_ns": lambda: time.time_ns() / 1e9,
    "monotonic": lambda: time.monotonic(),
    "a copy of monotonic": lambda: monotonic(),
    "monotonic_ns": lambda: time.monotonic_ns() / 1e9,
    "perf_counter": lambda: time.perf_counter(),
    "perf_counter_ns": lambda: time.perf_counter_ns() / 1e9,
    "datetime.now": lambda: datetime.datetime.now(datetime.UTC).timestamp(),
    "naive datetime.now": lambda: datetime.datetime.now().timestamp(),
    "date.today": lambda: time.mktime(datetime.date.today().timetuple()),
    "gmtime": lambda: time.mktime(time.gmtime()),
}


@pytest.mark.parametrize("which", CLOCKS)
def test_every_clock_reads_virtual_time(virtual: VirtualTime, which: str) -> None:
    """A loop with a deadline ends, whichever clock it looks at."""
    before = CLOCKS[which]()
    time.sleep(2 * 86400)
    assert CLOCKS[which]() - before == pytest.approx(2 * 86400, abs=1e-3)


def test_the_date_is_that_of_the_clock(virtual: VirtualTime) -> None:
    """And the time zone stays what it was."""
    zone = time.tzname
    assert datetime.datetime.now(datetime.UTC).isoformat() == "2026-01-01T00:00:00.250000+00:00"
    assert time.tzname == zone


def test_nothing_is_left_behind(clock: Standing) -> None:
    """Functions, defaults, classes and the date."""
    names = [
        time.sleep,
        sleep,
        asyncio.sleep,
        time.monotonic,
        monotonic,
        anyio.fail_after,
        waited_by_default.__defaults__,
    ]
    members = [threading.Condition.wait, threading.Thread.join, asyncio.BaseEventLoop.time]
    with VirtualTime(clock):
        assert sleep is not names[1]
    assert names == [
        time.sleep,
        sleep,
        asyncio.sleep,
        time.monotonic,
        monotonic,
        anyio.fail_after,
        waited_by_default.__defaults__,
    ]
    assert members == [threading.Condition.wait, threading.Thread.join, asyncio.BaseEventLoop.time]
    assert datetime.datetime.now(datetime.UTC).timestamp() == pytest.approx(time.time(), abs=5)
    assert abs(time.time() - START) > 86400


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6))
def test_threads_that_sleep_at_once_wake_in_order(spans: list[int]) -> None:
    """Each at its own time, and all together take as long as the longest."""
    clock, woken = Standing(), []
    with VirtualTime(clock) as virtual:
        all_there = threading.Barrier(len(spans))

        def one(span: int) -> None:
            all_there.wait()
            time.sleep(span)
            woken.append((span, virtual.elapsed))

        threads = [threading.Thread(target=one, args=(span,)) for span in spans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(woken) == sorted((span, span) for span in spans)
    assert sum(clock.steps) == max(spans)


@given(st.lists(st.lists(st.integers(1, 9), max_size=4), min_size=1, max_size=5))
def test_tasks_that_sleep_at_once_wake_when_they_would(plans: list[list[int]]) -> None:
    """Each task's sleeps add up by themselves, whatever the others do."""

    async def one(plan: list[int], time: VirtualTime) -> float:
        for span in plan:
            await asyncio.sleep(span)
        return time.elapsed

    async def main(time: VirtualTime) -> list[float]:
        return await asyncio.gather(*(one(plan, time) for plan in plans))

    with VirtualTime(Standing()) as entered:
        assert asyncio.run(main(entered)) == [sum(plan) for plan in plans]


def test_a_pool_of_workers_takes_as_long_as_it_would(virtual: VirtualTime) -> None:
    """Eight tasks of a minute through four workers: two minutes."""
    with ThreadPoolExecutor(4) as pool:
        done = list(as_completed([pool.submit(time.sleep, 60) for _ in range(8)], timeout=1000))
    assert len(done) == 8
    assert virtual.elapsed == 120


def test_who_waits_is_woken_by_what_happens_before(virtual: VirtualTime) -> None:
    """An event that is set after a minute ends a wait of an hour, in that minute."""
    event = threading.Event()

    def set_later() -> None:
        time.sleep(60)
        event.set()

    thread = threading.Thread(target=set_later)
    thread.start()
    assert event.wait(3600)
    thread.join(10)
    assert virtual.elapsed == 60


def _calculate() -> None:
    for _ in range(20):
        sum(range(50_000))


def _compress() -> None:
    # at one place all the time, and Python goes on meanwhile
    zlib.compress(random.Random(1).randbytes(8_000_000))


ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which threads could run")


@pytest.mark.parametrize("compute", [_calculate, pytest.param(_compress, marks=ONLY_LINUX)])
def test_time_stands_still_while_another_works(virtual: VirtualTime, compute: Callable[[], None]) -> None:
    """A thread that computes is waited for, so that what it does next is in time."""
    seen = []

    def work() -> None:
        compute()
        seen.append(virtual.elapsed)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(3600)
    thread.join()
    assert seen == [0]


def test_threads_of_before_keep_the_real_time(clock: Standing) -> None:
    """A heartbeat that runs all day must not drive the clock."""
    stop, beats = threading.Event(), threading.Semaphore(0)

    def heartbeat() -> None:
        while not stop.wait(0.001):
            beats.release()

    thread = threading.Thread(target=heartbeat)
    thread.start()
    try:
        with VirtualTime(clock):
            for _ in range(5):
                beats.acquire()
            assert clock.steps == []
    finally:
        stop.set()
        thread.join()


def test_child_processes_are_waited_for_in_real_time(virtual: VirtualTime) -> None:
    """A timeout of `subprocess` is about the machine."""
    done = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "1\n"
    assert virtual.elapsed == 0


def test_a_loop_that_never_sleeps_is_told(virtual: VirtualTime) -> None:
    """It would turn forever."""

    def spin() -> None:
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            pass

    with pytest.raises(TimeStandsStill, match="without a sleep"):
        spin()


def test_one_virtual_time_is_enough(virtual: VirtualTime, clock: Standing) -> None:
    """Two would have two opinions."""
    with pytest.raises(RuntimeError, match="it cannot be nested"), VirtualTime(clock):
        pass
    time.sleep(1)
    assert virtual.elapsed == 1


def test_before_it_is_entered_there_is_no_time_to_tell(clock: Standing) -> None:
    """Said in words."""
    with pytest.raises(RuntimeError, match="use `with`"):
        _ = VirtualTime(clock).elapsed


def test_a_clock_that_runs_is_held_still_and_followed() -> None:
    """What others do to it is seen, wakes who sleeps, and afterwards it runs again."""

    class Running(Standing):
        frozen = False

        def __init__(self) -> None:
            super().__init__()
            self.listeners: list[Callable[[float], object]] = []

        def freeze(self) -> None:
            self.frozen = True

        def resume(self) -> None:
            self.frozen = False

        def subscribe(self, listener: Callable[[float], object]) -> Callable[[], None]:
            self.listeners.append(listener)
            return functools.partial(self.listeners.remove, listener)

    clock = Running()
    with VirtualTime(clock) as virtual:
        assert clock.frozen
        clock.advance(3600)
        for listener in clock.listeners:
            listener(clock.time())
        assert virtual.elapsed == 3600
    assert (clock.frozen, clock.listeners) == (False, [])
