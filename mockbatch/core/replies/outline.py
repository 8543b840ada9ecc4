"""An outline of a JSON Schema: required properties and types, for schemas too complex for anything better.

Produces some JSON for any schema, in a bounded number of steps.
"""

from typing import Any

from mockbatch.core.contract.schemas import pointed

_STEPS = 2_000
_DEEPEST = 8
_MOST_REFERENCES = 8
_LONGEST = 1_000
_PLAIN: dict[str, Any] = {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False, "null": None}
_CHOICES = ("anyOf", "oneOf", "allOf")


def outline(schema: Any) -> Any:
    """Return a value with the required properties and types of a schema, as far as they are easily found."""
    return _Outline(schema).of(schema, 0)


def plain(kind: str) -> Any:
    """Return the smallest value of a type; an object if the type is unknown."""
    return _PLAIN.get(kind, {})


class _Outline:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = _STEPS

    def of(self, schema: Any, depth: int) -> Any:
        self._left -= 1
        node = self._resolved(schema)
        kind = _kind(node)
        if "const" in node:
            return node["const"]
        if isinstance(node.get("enum"), list) and node["enum"]:
            return node["enum"][0]
        if kind == "object" and depth < _DEEPEST:
            return self._object(node, depth)
        if kind == "array" and depth < _DEEPEST:
            return self._array(node, depth)
        if kind == "string":
            return "x" * min(_number(node, "minLength"), _LONGEST)
        return _number(node, "minimum") if kind in ("integer", "number") else plain(kind)

    def _resolved(self, node: Any) -> dict[str, Any]:
        """Return the schema behind a reference, or the first of several alternatives."""
        for _ in range(_MOST_REFERENCES):
            if not isinstance(node, dict):
                return {}
            choice = next((node[name] for name in _CHOICES if isinstance(node.get(name), list) and node[name]), None)
            if isinstance(node.get("$ref"), str):
                node = pointed(self._root, node["$ref"])
            elif choice is not None and not _kind(node):
                node = choice[0]
            else:
                return node
        return {}

    def _object(self, node: dict[str, Any], depth: int) -> dict[str, Any]:
        known, required = node.get("properties"), node.get("required")
        made: dict[str, Any] = {}
        for name in required if isinstance(required, list) else ():
            if self._left > 0 and isinstance(name, str):
                made[name] = self.of(known.get(name) if isinstance(known, dict) else None, depth + 1)
        return made

    def _array(self, node: dict[str, Any], depth: int) -> list[Any]:
        made: list[Any] = []
        while self._left > 0 and len(made) < _number(node, "minItems"):
            made.append(self.of(node.get("items"), depth + 1))
        return made


def _kind(node: dict[str, Any]) -> str:
    """Return the first type of a schema; empty if it has none."""
    named = node.get("type")
    first = named[0] if isinstance(named, list) and named else named
    return first if isinstance(first, str) else "object" if "properties" in node else ""


def _number(node: dict[str, Any], name: str) -> int:
    """Return the value of a numeric keyword; 0 for anything else."""
    value = node.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 else 0
