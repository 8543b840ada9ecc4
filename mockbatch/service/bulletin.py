"""What happens in a session, told to whoever listens."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

# whoever listens too slowly misses the oldest news and is told so
KEPT = 1_000
KEPT_BYTES = 1 << 20
# what a piece of news takes besides its texts
_OF_NEWS = 400


class News(Struct, frozen=True):
    """Something that happened at a virtual instant; `data` says to what."""

    at: int
    type: str
    data: dict[str, Any]


class Closed(Exception):
    """There will be no more news."""


class Listener:
    """Somebody who hears the news in order."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[News, int]] = deque()
        self.bytes = 0
        self._missed = 0
        self._closed = False
        self._woken = asyncio.Event()

    def __len__(self) -> int:
        """How many news wait to be heard."""
        return len(self._waiting)

    async def next(self, seconds: float) -> News | None:
        """The next news; None when there are none for so many seconds. Raises Closed.

        News of the type `missed` stand for those that were too many to wait.
        """
        if not self._waiting and not self._closed:
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), seconds)
            except TimeoutError:
                return None
        if self._missed and self._waiting:
            missed, self._missed = self._missed, 0
            return News(self._waiting[0][0].at, "missed", {"count": missed})
        if not self._waiting:
            if self._closed:
                raise Closed
            return None
        news, weight = self._waiting.popleft()
        self.bytes -= weight
        return news

    def tell(self, news: News, weight: int) -> None:
        self._waiting.append((news, weight))
        self.bytes += weight
        while len(self._waiting) > KEPT or self.bytes > KEPT_BYTES:
            self.bytes -= self._waiting.popleft()[1]
            self._missed += 1
        self._woken.set()

    def close(self) -> None:
        """There will be no more news than those that wait."""
        self._closed = True
        self._woken.set()


class Bulletin:
    """Tells news to all listeners of a session. Nobody waits for a listener."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._closed = False

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def tell(self, at: int, type: str, **data: Any) -> None:
        if self._listeners:
            news = News(at, type, data)
            weight = _OF_NEWS + sum(len(value) for value in data.values() if isinstance(value, str))
            for listener in self._listeners:
                listener.tell(news, weight)

    def close(self) -> None:
        """Let all listeners go, those that come later too."""
        self._closed = True
        for listener in self._listeners:
            listener.close()

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Hear all that is told while this lasts."""
        listener = Listener()
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
