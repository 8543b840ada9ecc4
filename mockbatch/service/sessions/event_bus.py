"""The events of a session, published to its listeners."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

# slow listeners miss the oldest events, and are notified of that
KEPT = 1_000
KEPT_BYTES = 1 << 20
# the size of an event without its texts, in bytes
_OF_NEWS = 400


class ServerEvent(Struct, frozen=True):
    """An event at a virtual instant; `data` are its details."""

    at: int
    type: str
    data: dict[str, Any]


class Closed(Exception):
    """There are no more events."""


class Listener:
    """A subscriber that receives events in order."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[ServerEvent, int]] = deque()
        self.bytes = 0
        self._missed = 0
        self._closed = False
        self._woken = asyncio.Event()

    def __len__(self) -> int:
        """Return the number of pending events."""
        return len(self._waiting)

    async def next(self, seconds: float) -> ServerEvent | None:
        """Return the next event; None if there is none within `seconds`. Raises Closed.

        An event of type `missed` replaces events that were dropped from a full queue.
        """
        if not self._waiting and not self._closed:
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), seconds)
            except TimeoutError:
                return None
        if self._missed and self._waiting:
            missed, self._missed = self._missed, 0
            return ServerEvent(self._waiting[0][0].at, "missed", {"count": missed})
        if not self._waiting:
            if self._closed:
                raise Closed
            return None
        news, weight = self._waiting.popleft()
        self.bytes -= weight
        return news

    def put(self, news: ServerEvent, weight: int) -> None:
        self._waiting.append((news, weight))
        self.bytes += weight
        while len(self._waiting) > KEPT or self.bytes > KEPT_BYTES:
            self.bytes -= self._waiting.popleft()[1]
            self._missed += 1
        self._woken.set()

    def close(self) -> None:
        """Accept no more events; pending ones are still delivered."""
        self._closed = True
        self._woken.set()


class EventBus:
    """Publishes events to all listeners of a session, without waiting for them."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._closed = False

    def __bool__(self) -> bool:
        """Return whether there are listeners."""
        return bool(self._listeners)

    def publish(self, at: int, type: str, **data: Any) -> None:
        if self._listeners:
            news = ServerEvent(at, type, data)
            weight = _OF_NEWS + sum(len(value) for value in data.values() if isinstance(value, str))
            for listener in self._listeners:
                listener.put(news, weight)

    def close(self) -> None:
        """Close all listeners, current and future."""
        self._closed = True
        for listener in self._listeners:
            listener.close()

    @contextmanager
    def subscribe(self) -> Iterator[Listener]:
        """Receive all events published in this context."""
        listener = Listener()
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
