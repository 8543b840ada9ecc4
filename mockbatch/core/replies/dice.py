"""Many draws for one reply: the same in every process, whatever else is drawn."""

from collections.abc import Sequence
from typing import TypeVar

from mockbatch.core.draws import draw, draw_of

_T = TypeVar("_T")
_WIDTH = 64
_ONE = 1 << _WIDTH


class Dice:
    """Draws one after the other, made of a key and of what they are for."""

    __slots__ = ("_drawn", "_seed")

    def __init__(self, key: int, name: str) -> None:
        self._seed = draw(key, name)
        self._drawn = 0

    def bits(self) -> int:
        """64 uniform bits."""
        self._drawn += 1
        return draw_of(self._seed, self._drawn.to_bytes(4, "little"))

    def below(self, bound: int) -> int:
        """A number in [0, bound)."""
        bits, width = self.bits(), _WIDTH
        while bound >> width:
            bits, width = bits << _WIDTH | self.bits(), width + _WIDTH
        return bits * bound >> width

    def between(self, least: int, most: int) -> int:
        """A number in [least, most]."""
        return least + self.below(most - least + 1)

    def chance(self, part: int, of: int) -> bool:
        """True `part` times out of `of`."""
        return self.below(of) < part

    def choose(self, options: Sequence[_T]) -> _T:
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[_T]) -> list[_T]:
        """All of them, in a drawn order."""
        left = list(options)
        for last in range(len(left) - 1, 0, -1):
            other = self.below(last + 1)
            left[last], left[other] = left[other], left[last]
        return left

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return self.bits() / _ONE
