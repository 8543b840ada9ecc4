"""The call count of each session, in a small memory-mapped file next to the database.

A count changes with every call, polls included, so a commit for each would cost more than the call. A write to the
mapping survives a killed process, as the operating system owns its pages.
"""

import mmap
import os
from pathlib import Path
from struct import Struct

from mockbatch.store import StoreError

_COUNT = Struct("<Q")
_GROWTH = 4096


class RememberedCalls:
    """Call counts in memory, for a store that does not outlive the process."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def get(self, slot: int) -> int:
        return self._counts.get(slot, 0)

    def set(self, slot: int, count: int) -> None:
        self._counts[slot] = count

    def close(self) -> None:
        self._counts.clear()


class MappedCalls:
    """Call counts in a file, created if missing or `fresh`. Raises StoreError if it cannot be used."""

    def __init__(self, path: Path, *, fresh: bool) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | (os.O_TRUNC if fresh else 0), 0o644)
        except OSError as error:
            raise StoreError(f"{path} cannot be used: {os.strerror(error.errno or 0)}") from None
        self._map = self._mapped(max(os.fstat(self._descriptor).st_size, _GROWTH))

    def get(self, slot: int) -> int:
        """Return the count of a slot; 0 if never set."""
        at = slot * _COUNT.size
        count: int = _COUNT.unpack_from(self._map, at)[0] if at < len(self._map) else 0
        return count

    def set(self, slot: int, count: int) -> None:
        """Set the count of a slot. Raise StoreError if the disk is full."""
        at = slot * _COUNT.size
        if at >= len(self._map):
            self._map.close()
            self._map = self._mapped((at // _GROWTH + 1) * _GROWTH)
        _COUNT.pack_into(self._map, at, count)

    def close(self) -> None:
        self._map.close()
        os.close(self._descriptor)

    def _mapped(self, size: int) -> mmap.mmap:
        try:
            # a hole in the file would let a full disk kill the process when its page is first written
            _allocate(self._descriptor, size)
            return mmap.mmap(self._descriptor, size)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be used: {os.strerror(error.errno or 0)}") from None


def _allocate(descriptor: int, size: int) -> None:
    missing = size - os.fstat(descriptor).st_size
    if missing > 0:
        os.lseek(descriptor, 0, os.SEEK_END)
        os.write(descriptor, bytes(missing))
