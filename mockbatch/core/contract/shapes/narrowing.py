"""Reduce the unknown keys of a request: only the first of a million is reported, and each costs microseconds."""

from typing import Any

# deeper than any shape
_DEPTH = 20


def names_in(schema: Any) -> frozenset[str]:
    """Return all keys that objects in a schema may have."""
    names, seen, waiting = set[str](), set[int](), [schema]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict | list) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, list):
            waiting += node
            continue
        if node.get("type") == "typed-dict":
            names |= node["fields"].keys()
        waiting += node.values()
    return frozenset(names)


def narrowed(value: Any, names: frozenset[str], depth: int = _DEPTH) -> Any:
    """Return a copy whose objects keep the keys in `names` and the first other one."""
    if depth and isinstance(value, list):
        return [narrowed(item, names, depth - 1) for item in value]
    if not depth or not isinstance(value, dict):
        return value
    other = next((key for key in value if key not in names), None)
    kept = (key for key in value if key in names or key == other)
    return {key: narrowed(value[key], names, depth - 1) for key in kept}
