"""A cache for values derived from untrusted texts, bounded by count and by size."""

from collections import OrderedDict
from collections.abc import Callable, Sized
from threading import Lock
from typing import Any, Concatenate, Generic, TypeVar

K = TypeVar("K", bound=Sized)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """A function of a text that caches its latest results: at most `count` texts with at most `size` characters or
    bytes in total. Thread-safe. If the key is a hash, the content is passed as well.
    """

    def __init__(self, make: Callable[Concatenate[K, ...], V], count: int, size: int) -> None:
        self._make = make
        self._count, self._size = count, size
        self._known: OrderedDict[K, V] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def __call__(self, key: K, *content: Any) -> V:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        made = self._make(key, *content)
        if len(key) <= self._size:
            self._keep(key, made)
        return made

    def __len__(self) -> int:
        return len(self._known)

    def keys(self) -> list[K]:
        """Return the cached keys, oldest first."""
        with self._lock:
            return list(self._known)

    def _keep(self, key: K, made: V) -> None:
        with self._lock:
            if key not in self._known:
                self._held += len(key)
            self._known[key] = made
            while self._held > self._size or len(self._known) > self._count:
                oldest, _ = self._known.popitem(last=False)
                self._held -= len(oldest)
