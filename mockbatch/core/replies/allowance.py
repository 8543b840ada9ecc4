"""The work limit of a template, in deterministic steps: the same template always stops at the same place."""

from typing import Any

from mockbatch.core.replies.draft import ReplyError

STEPS = 50_000
LARGEST = 16 << 20
"""The longest text, in characters, that a template may produce."""
_CHARACTERS = 1_024
_ATOMS = (int, float, bool, type(None))


class Allowance:
    """The work left for one rendering."""

    __slots__ = ("output", "steps")

    def __init__(self) -> None:
        self.steps = STEPS
        self.output = LARGEST

    def spend(self, steps: int) -> None:
        """Count work. Raise ReplyError if none is left."""
        self.steps -= steps
        if self.steps < 0:
            raise ReplyError(f"the template takes more than {STEPS:,} steps")

    def write(self, text: str) -> str:
        """Count the output `text` and return it. Raise ReplyError if the output limit is exceeded."""
        self.output -= len(text)
        if self.output < 0:
            raise ReplyError(f"the template wrote more than {LARGEST:,} characters")
        return text

    def measure(self, value: Any, per_step: int = _CHARACTERS) -> int:
        """Count a whole value, nested values once per occurrence, and return its size in characters."""
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
                raise ReplyError("the template creates an integer of more than 64 bits")
            elif one is not value and not isinstance(one, _ATOMS) and not _is_undefined(one):
                raise ReplyError(
                    f"the template puts a {type(one).__name__} into a list or a dict, which may hold only values"
                )
            size += 8
        return size


def _is_undefined(value: Any) -> bool:
    """Return whether a value is one of Jinja2's undefined types, which raise when used."""
    return any(kind.__name__ == "Undefined" for kind in type(value).__mro__)


def plain(value: Any) -> bool:
    """Return whether a value is data that a template may write or pass to a filter."""
    return isinstance(value, (str, list, tuple, dict, range, *_ATOMS))


def check_size(size: int) -> None:
    """Raise ReplyError if a text would be too large."""
    if size > LARGEST:
        raise ReplyError(f"the template creates a value of more than {LARGEST:,} characters")
