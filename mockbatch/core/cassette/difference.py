"""Describe the differences of two JSON values in readable lines."""

from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Any

from mockbatch.core.cassette.values import encode

_CLIP, _BEFORE = 60, 20
_ABSENT: Any = object()


def difference(recorded: Any, requested: Any, *, most: int = 5, names: tuple[str, str] = ("recorded", "asked")) -> str:
    """Return one line for each difference, at most `most`; empty for equal values."""
    places = list(islice(differing(recorded, requested), most + 1))
    lines = [_line(path, old, new, names) for path, old, new in places[:most]]
    return "\n".join([*lines, *(["... and more"] if len(places) > most else [])])


def differing(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield path and both values of every smallest difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differing(old.get(key, _ABSENT), new.get(key, _ABSENT), _joined(path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index, (one, other) in enumerate(zip_longest(old, new, fillvalue=_ABSENT)):
            yield from differing(one, other, _joined(path, str(index)))
    elif type(old) is not type(new) or old != new:
        yield path, old, new


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _line(path: str, old: Any, new: Any, names: tuple[str, str]) -> str:
    start = 0
    if isinstance(old, str) and isinstance(new, str):
        start = max(_same_for(old, new) - _BEFORE, 0)
    return f"{path}: {names[0]} {_clipped(old, start)}, {names[1]} {_clipped(new, start)}"


def _same_for(one: str, other: str) -> int:
    """Return the length of the common prefix of two different texts."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _clipped(value: Any, start: int) -> str:
    if value is _ABSENT:
        return "nothing"
    if not isinstance(value, str):
        text = encode(value).decode()
        return text if len(text) <= _CLIP else f"{text[:_CLIP]}..."
    part = value[start : start + _CLIP]
    shown = f"{'...' * bool(start)}{part}{'...' * (start + _CLIP < len(value))}"
    return encode(shown).decode()
