"""The work that a template may do, counted in steps, so that the same template always ends at the same place."""

from typing import Any

from mockbatch.core.replies.forms import ReplyError

STEPS = 50_000
LARGEST = 16 << 20
"""The most characters of a text that a template makes."""
_CHARACTERS = 1_024
_ATOMS = (int, float, bool, type(None))


class Allowance:
    """What is left of the work of one rendering."""

    __slots__ = ("output", "steps")

    def __init__(self) -> None:
        self.steps = STEPS
        self.output = LARGEST

    def spend(self, steps: int) -> None:
        """Count work. Raise ReplyError when there is none left."""
        self.steps -= steps
        if self.steps < 0:
            raise ReplyError(f"the template takes more than {STEPS:,} steps")

    def write(self, text: str) -> str:
        """Count a text that is written."""
        self.output -= len(text)
        if self.output < 0:
            raise ReplyError(f"the template made more than {LARGEST:,} characters")
        return text

    def measure(self, value: Any, per_step: int = _CHARACTERS) -> int:
        """Count the whole of a value, nested values as often as they occur, and return its size in characters."""
        if isinstance(value, str):
            self.spend(1 + len(value) // per_step)
            return len(value)
        size, waiting = 0, [value]
        while waiting:
            one = waiting.pop()
            self.spend(1)
            if isinstance(one, str):
                self.spend(len(one) // per_step)
                size += len(one)
            elif isinstance(one, list | tuple):
                self.spend(len(one) // 8)
                waiting.extend(one)
            elif isinstance(one, dict):
                self.spend(len(one) // 8)
                waiting.extend(one)
                waiting.extend(one.values())
            elif isinstance(one, range):
                self.spend(len(one))
                size += 8 * len(one)
            elif isinstance(one, int) and not -(1 << 64) < one < 1 << 64:
                raise ReplyError("the template makes an integer of more than 64 bits")
            elif one is not value and not isinstance(one, _ATOMS) and not _is_undefined(one):
                raise ReplyError(f"the template puts a {type(one).__name__} into a list or a dict, which hold values")
            size += 8
        return size


def _is_undefined(value: Any) -> bool:
    """Whether a value is one of Jinja2's undefined ones, which raise when they are used."""
    return any(kind.__name__ == "Undefined" for kind in type(value).__mro__)


def plain(value: Any) -> bool:
    """Whether a value is data that a template may write or hand to a filter."""
    return isinstance(value, (str, list, tuple, dict, range, *_ATOMS))


def check_size(size: int) -> None:
    """Raise ReplyError for a text that would be too large to be made."""
    if size > LARGEST:
        raise ReplyError(f"the template makes a value of more than {LARGEST:,} characters")
