"""A sequence of pseudorandom draws for one reply, identical in every process and independent of other draws."""

from collections.abc import Sequence
from typing import TypeVar

from mockbatch.core.seeded_hash import draw_of, hash64

_T = TypeVar("_T")
_WIDTH = 64
_ONE = 1 << _WIDTH


class Rng:
    """Draws in sequence, seeded by a key and the purpose of the draws."""

    __slots__ = ("_drawn", "_seed")

    def __init__(self, key: int, name: str) -> None:
        self._seed = hash64(key, name)
        self._drawn = 0

    def bits(self) -> int:
        """Return 64 uniform bits."""
        self._drawn += 1
        return draw_of(self._seed, self._drawn.to_bytes(4, "little"))

    def below(self, bound: int) -> int:
        """Return a number in [0, bound)."""
        bits, width = self.bits(), _WIDTH
        while bound >> width:
            bits, width = bits << _WIDTH | self.bits(), width + _WIDTH
        return bits * bound >> width

    def between(self, least: int, most: int) -> int:
        """Return a number in [least, most]."""
        return least + self.below(most - least + 1)

    def chance(self, part: int, of: int) -> bool:
        """Return True with probability `part` / `of`."""
        return self.below(of) < part

    def choose(self, options: Sequence[_T]) -> _T:
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[_T]) -> list[_T]:
        """Return all options in random order."""
        left = list(options)
        for last in range(len(left) - 1, 0, -1):
            other = self.below(last + 1)
            left[last], left[other] = left[other], left[last]
        return left

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return self.bits() / _ONE
