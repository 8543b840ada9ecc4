"""Which custom_ids occurred before, and on which line: a hash set with little memory.

A million ids need 33 MB here and four times as much in a dict. With a million of them, the probability of a hash
collision is one in thirty million.
"""

from array import array

from mockbatch.core.seeded_hash import hash64

_FIRST = 1 << 10


class DuplicateIds:
    """A hash table with open addressing and linear probing."""

    def __init__(self) -> None:
        self._count = 0
        self._allot(_FIRST)

    def __len__(self) -> int:
        return self._count

    def line_of(self, name: str, line: int) -> int | None:
        """Return the 1-based line on which `name` occurred before; if new, record `line` and return None."""
        key = hash64(0, name) or 1
        place = self._place(key)
        if known := self._lines[place]:
            return known
        self._keys[place], self._lines[place] = key, line
        self._count += 1
        if self._count * 3 > len(self._keys) * 2:
            self._grow()
        return None

    def __contains__(self, name: str) -> bool:
        return self._lines[self._place(hash64(0, name) or 1)] != 0

    def _place(self, key: int) -> int:
        keys, mask = self._keys, len(self._keys) - 1
        place = key & mask
        while keys[place] not in (0, key):
            place = (place + 1) & mask
        return place

    def _allot(self, size: int) -> None:
        self._keys = array("Q", bytes(8 * size))
        self._lines = array("Q", bytes(8 * size))

    def _grow(self) -> None:
        keys, lines = self._keys, self._lines
        self._allot(2 * len(keys))
        for key, line in zip(keys, lines, strict=True):
            if key:
                place = self._place(key)
                self._keys[place], self._lines[place] = key, line
