"""Long work on the event loop that lets other tasks run, and work protected from cancellation."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sized
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

_STEP = 200
_MANY = 2_000


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Iterate over a copy of the items, yielding to the event loop now and then. Concurrent changes are not seen.

    An iterator is consumed lazily instead.
    """
    for place, item in enumerate(items if isinstance(items, Iterator) else list(items), 1):
        yield item
        if place % _STEP == 0:
            await asyncio.sleep(0)


async def beside(items: Sized, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run pure work on these items, in a thread if there are many."""
    if len(items) < _MANY:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Run to completion even if the caller is cancelled; the caller then waits for it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
