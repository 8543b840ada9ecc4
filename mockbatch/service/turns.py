"""Long work on the event loop, in which others get their turn; and work that is done to its end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sized
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

_STEP = 200
_MANY = 2_000


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items as they are now, some at a time: whatever others do to their collection meanwhile is not seen.

    Those of an iterator are taken one by one, each when its turn comes.
    """
    for place, item in enumerate(items if isinstance(items, Iterator) else list(items), 1):
        yield item
        if place % _STEP == 0:
            await asyncio.sleep(0)


async def beside(items: Sized, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do pure work on these items, in a thread if they are many."""
    if len(items) < _MANY:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Do this to its end, also if the caller is cancelled meanwhile, which then waits for it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
