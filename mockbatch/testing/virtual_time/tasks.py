"""Event loops in virtual time: detect which are idle, and virtualize the waits of their tasks."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any, TypeVar

from mockbatch.testing.virtual_time.callers import is_in_flight, is_machinery
from mockbatch.testing.virtual_time.sleepers import LOOK_SECONDS, MICROSECONDS, PATIENCE_SECONDS, Sleeper, Sleepers
from mockbatch.testing.virtual_time.threads import Threads

T = TypeVar("T")

# after this many iterations without a step of any task, all ready callbacks and their successors have run
_TURNS_AT_REST = 5


class Loop:
    """One event loop. While a task sleeps in it, it checks whether all others wait, and then moves time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sleepers: Sleepers) -> None:
        self._loop = loop
        self._sleepers = sleepers
        self._asleep: dict[Sleeper, asyncio.Task[Any] | None] = {}
        self._looking = False
        self._places: dict[asyncio.Task[Any], tuple[int, int]] = {}
        self._turns_at_rest = 0
        self._since = time.monotonic()

    def begin(self, seconds: float, wake: Callable[[], None], task: asyncio.Task[Any] | None) -> Sleeper:
        """Call `wake` in the loop after this many virtual seconds; `task` is the sleeping task, if any."""

        def ring() -> None:
            if task is None:
                self.end(sleeper)
            wake()

        def ring_in_loop() -> None:
            self._loop.call_soon_threadsafe(ring)

        sleeper = self._sleepers.add(seconds, None, ring_in_loop)

        self._asleep[sleeper] = task
        if not self._looking:
            self._looking = True
            self._restart()
            self._loop.call_soon(self._look)
        return sleeper

    def end(self, sleeper: Sleeper) -> None:
        self._asleep.pop(sleeper, None)
        self._sleepers.remove(sleeper)

    def timer(self, seconds: float, callback: Any, args: Any, context: Any) -> asyncio.TimerHandle:
        """Call a callback after this many virtual seconds, like `call_later`."""
        timer = _Timer(_real_time(self._loop) + seconds, callback, args, self._loop, context)  # type: ignore[arg-type]
        sleeper = self.begin(seconds, lambda: None if timer.cancelled() else timer._run(), None)
        timer.on_cancel = lambda: self.end(sleeper)
        return timer

    def call_in_flight(self) -> bool:
        """Whether a task waits for an external response. Thread-safe."""
        if self._loop.is_closed() or time.monotonic() - self._since > PATIENCE_SECONDS:
            return False
        return any(_is_in_flight(task) for task in asyncio.all_tasks(self._loop))

    def _restart(self) -> None:
        self._turns_at_rest, self._since = 0, time.monotonic()

    def _look(self) -> None:
        if not self._asleep:
            self._looking = False
            return
        pause = self._turns_at_rest > _TURNS_AT_REST
        at_rest = self._is_at_rest() and not self.call_in_flight()
        if at_rest and self._sleepers.move(time.monotonic() - self._since):
            self._restart()
            pause = False
        if pause:
            self._loop.call_later(LOOK_SECONDS, self._look)
        else:
            self._loop.call_soon(self._look)

    def _is_at_rest(self) -> bool:
        sleeping = set(self._asleep.values())
        places = {task: _place(task) for task in asyncio.all_tasks(self._loop) if task not in sleeping}
        if places != self._places:
            self._places = places
            self._restart()
        self._turns_at_rest += 1
        return self._turns_at_rest > _TURNS_AT_REST


def _place(task: asyncio.Task[Any]) -> tuple[int, int]:
    *_, innermost = None, *_frames(task)
    return (id(innermost), innermost.f_lasti) if innermost else (0, 0)


def _is_in_flight(task: asyncio.Task[Any]) -> bool:
    return any(map(is_in_flight, _frames(task)))


def _frames(task: asyncio.Task[Any]) -> Iterable[FrameType]:
    """Yield the frames of a task, from the outermost to the one in which it waits."""
    waiting: Any = task.get_coro()
    while waiting is not None:
        kind = _prefix(waiting)
        if kind is None:
            # wrappers of `__await__` and of async iteration do not expose the wrapped object
            waiting = next((inner for inner in gc.get_referents(waiting) if _prefix(inner)), None)
            continue
        if (frame := getattr(waiting, f"{kind}_frame")) is not None:
            yield frame
        waiting = getattr(waiting, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")


def _prefix(waiting: Any) -> str | None:
    """Return the prefix of the attributes of a coroutine or generator; None for other objects."""
    kinds = {CoroutineType: "cr", GeneratorType: "gi", AsyncGeneratorType: "ag"}
    return kinds.get(type(waiting))


class _Timer(asyncio.TimerHandle):
    """The cancelable handle returned by `call_later`."""

    on_cancel: Callable[[], None]

    def cancel(self) -> None:
        super().cancel()
        self.on_cancel()


class Loops:
    """The event loops with virtual sleeps so far."""

    def __init__(self, sleepers: Sleepers, threads: Threads) -> None:
        self._sleepers = sleepers
        self._threads = threads
        self._known: dict[asyncio.AbstractEventLoop, Loop] = {}

    def of(self, loop: asyncio.AbstractEventLoop) -> Loop:
        if loop not in self._known:
            known = self._known[loop] = Loop(loop, self._sleepers)
            self._threads.watch(known.call_in_flight)
        return self._known[loop]

    async def sleep(self, seconds: float, result: T) -> T:
        """Sleep in this task."""
        loop = self.of(asyncio.get_running_loop())
        woken: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(result)

        sleeper = loop.begin(seconds, wake, asyncio.current_task())
        try:
            return await woken
        finally:
            loop.end(sleeper)

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        """asyncio's timeout, on virtual time."""
        real = asyncio.get_running_loop()
        async with _real_timeout(None) as timeout:
            with self.alarm(seconds, lambda: timeout.reschedule(real.time())):
                yield timeout

    @contextmanager
    def alarm(self, seconds: float, ring: Callable[[], None]) -> Iterator[None]:
        """Call `ring` in this loop after this many seconds, unless the block is left before."""
        loop = self.of(asyncio.get_running_loop())
        sleeper = loop.begin(seconds, ring, None)
        try:
            yield
        finally:
            loop.end(sleeper)

    async def wait_for(self, awaitable: Awaitable[T], seconds: float) -> T:
        async with self.timeout(seconds):
            return await awaitable

    async def wait(self, futures: set[Any], seconds: float, return_when: str) -> tuple[set[Any], set[Any]]:
        try:
            async with self.timeout(seconds):
                return await _real_wait(futures, return_when=return_when)
        except TimeoutError:
            done = {future for future in futures if future.done()}
            return done, futures - done


class AsyncWaits:
    """`asyncio.sleep`, `timeout`, `wait_for` and `wait`, and a loop's timers, on virtual time.

    The caller is determined at the call: coroutines run in their own tasks are resumed by the loop.
    """

    def __init__(self, loops: Loops, passed: Callable[[], int]) -> None:
        self._loops = loops
        self._passed = passed
        self.functions: dict[Callable[..., Any], Callable[..., Any]] = {
            asyncio.sleep: self._sleep,
            asyncio.timeout: self._timeout,
            asyncio.wait_for: self._wait_for,
            asyncio.wait: self._wait,
        }
        self.members: dict[tuple[type, str], Callable[..., Any]] = {
            (asyncio.BaseEventLoop, "time"): self._time_of_loop(),
            (asyncio.BaseEventLoop, "call_later"): self._call_later(),
            (asyncio.BaseEventLoop, "call_at"): self._call_at(),
        }

    def _sleep(self, delay: float, result: Any = None) -> Coroutine[Any, Any, Any]:
        if delay > 0 and not is_machinery():
            return self._loops.sleep(delay, result)
        return _real_sleep(delay, result)

    def _timeout(self, delay: float | None) -> AbstractAsyncContextManager[asyncio.Timeout]:
        if delay is None or delay <= 0 or is_machinery():
            return _real_timeout(delay)
        return self._loops.timeout(delay)

    def _wait_for(self, fut: Any, timeout: float | None) -> Coroutine[Any, Any, Any]:
        if timeout is None or timeout <= 0 or is_machinery():
            return _real_wait_for(fut, timeout)
        return self._loops.wait_for(fut, timeout)

    def _wait(
        self, fs: Any, *, timeout: float | None = None, return_when: str = asyncio.ALL_COMPLETED
    ) -> Coroutine[Any, Any, tuple[set[Any], set[Any]]]:
        if timeout is None or timeout <= 0 or is_machinery():
            return _real_wait(fs, timeout=timeout, return_when=return_when)
        return self._loops.wait(set(fs), timeout, return_when)

    def _time_of_loop(self) -> Callable[..., float]:
        def time(loop: asyncio.BaseEventLoop) -> float:
            return _real_time(loop) if is_machinery() else _real_time(loop) + self._passed() / MICROSECONDS

        return time

    def _call_later(self) -> Callable[..., asyncio.TimerHandle]:
        def call_later(
            loop: asyncio.BaseEventLoop, delay: float, callback: Any, *args: Any, context: Any = None
        ) -> asyncio.TimerHandle:
            if delay <= 0 or is_machinery():
                return _real_call_later(loop, delay, callback, *args, context=context)
            return self._loops.of(loop).timer(delay, callback, args, context)

        return call_later

    def _call_at(self) -> Callable[..., asyncio.TimerHandle]:
        def call_at(
            loop: asyncio.BaseEventLoop, when: float, callback: Any, *args: Any, context: Any = None
        ) -> asyncio.TimerHandle:
            if is_machinery():
                return _real_call_at(loop, when, callback, *args, context=context)
            delay = when - _real_time(loop) - self._passed() / MICROSECONDS
            return self._loops.of(loop).timer(max(delay, 0), callback, args, context)

        return call_at


_real_sleep = asyncio.sleep
_real_timeout = asyncio.timeout
_real_wait_for = asyncio.wait_for
_real_wait = asyncio.wait
_real_time = asyncio.BaseEventLoop.time
_real_call_later = asyncio.BaseEventLoop.call_later
_real_call_at = asyncio.BaseEventLoop.call_at
