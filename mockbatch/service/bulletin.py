"""What happens in a session, told to whoever listens."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from msgspec import Struct

# whoever listens too slowly misses the oldest news and is told so
_BEHIND = 1_000


class News(Struct, frozen=True):
    """Something that happened at a virtual instant; `data` says to what."""

    at: int
    type: str
    data: dict[str, Any]


class Bulletin:
    """Tells news to all listeners of a session. Nobody waits for a listener."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[News | None]] = set()

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def tell(self, at: int, type: str, **data: Any) -> None:
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(News(at, type, data))

    def close(self) -> None:
        """Let all listeners go."""
        for queue in self._listeners:
            with suppress(asyncio.QueueFull):
                queue.put_nowait(None)

    @contextmanager
    def listening(self) -> Iterator["Listener"]:
        """Hear all that is told while this lasts."""
        queue: asyncio.Queue[News | None] = asyncio.Queue(_BEHIND)
        self._listeners.add(queue)
        try:
            yield Listener(queue)
        finally:
            self._listeners.discard(queue)


class Closed(Exception):
    """There will be no more news."""


class Listener:
    """Somebody who hears the news in order."""

    def __init__(self, queue: "asyncio.Queue[News | None]") -> None:
        self._queue = queue

    async def next(self, seconds: float) -> News | None:
        """The next news; None when there are none for so many seconds. Raises Closed."""
        try:
            news = await asyncio.wait_for(self._queue.get(), seconds)
        except TimeoutError:
            return None
        if news is None:
            raise Closed
        return news
