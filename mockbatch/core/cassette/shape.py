"""Compare the shape of two responses: their keys and types, regardless of values."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

Shape = dict[str, set[str]]
# contents written by a model or by the caller
_FREE = frozenset({"input", "schema", "metadata"})


def shape_of(value: Any) -> Shape:
    """Return every path in a value with the types found there; blocks in a list are distinguished by `type`."""
    shape: Shape = defaultdict(set)
    for path, kind in _paths(value, ""):
        shape[path].add(kind)
    return dict(shape)


def _paths(value: Any, path: str) -> Iterator[tuple[str, str]]:
    yield path, _kind(value)
    if isinstance(value, dict):
        for key, part in value.items():
            inner = f"{path}.{key}" if path else key
            yield from [(inner, _kind(part))] if key in _FREE else _paths(part, inner)
    elif isinstance(value, list):
        for part in value:
            name = part.get("type", "") if isinstance(part, dict) else ""
            yield from _paths(part, f"{path}[{name}]")


_KINDS: dict[type, str] = {dict: "object", list: "list", str: "text"}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return _KINDS.get(type(value), "bool")


def shape_differences(recorded: Shape, answered: Shape) -> Iterator[str]:
    """Yield a line for each path that only one has, or whose types are disjoint.

    Block types that only one has are left out, since the model chooses them; null is compatible with anything.
    """
    shared = _parents(recorded) & _parents(answered)
    for path in sorted(recorded.keys() | answered.keys()):
        if (path and _parent(path) not in shared) or path.endswith("]"):
            continue
        ours, theirs = recorded.get(path), answered.get(path)
        if ours is None or theirs is None:
            yield f"{path}: {'only in the recording' if ours else 'not in the recording'}"
        elif not ours & theirs and "null" not in ours | theirs:
            yield f"{path}: recorded {'|'.join(sorted(ours))}, answered {'|'.join(sorted(theirs))}"


def _parents(shape: Shape) -> set[str]:
    return {path for path, kinds in shape.items() if "object" in kinds}


def _parent(path: str) -> str:
    return path.rpartition(".")[0]
