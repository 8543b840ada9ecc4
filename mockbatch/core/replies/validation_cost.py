"""Estimate the work of a validator: how often the parts of a JSON schema are applied to a value.

References can make a small schema large: a chain in which each schema references the next twice doubles at every step.
"""

from collections.abc import Callable, Iterator
from typing import Any

from mockbatch.core.replies.draft import ReplyError
from mockbatch.core.replies.schema_intersection import Schema
from mockbatch.core.replies.step_budget import TOO_COMPLEX

_MOST = 1_000_000
_MOST_PAIRS = 20_000
_HARMLESS = 500
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")
_OF_PROPERTIES = ("additionalProperties", "unevaluatedProperties")
_OF_ITEMS = ("items", "contains", "unevaluatedItems")

Target = Callable[[str], Schema]


def is_harmless(root: Schema, target: Target) -> bool:
    """Return whether a schema stays small with all references followed, so values need no check."""
    left = _HARMLESS
    waiting: list[Schema] = [root]
    while waiting:
        node = waiting.pop()
        left -= 1
        if left < 0:
            return False
        if isinstance(node, dict):
            waiting.extend((*_in_place(node, target), *_inside(node)))
    return True


def effort(root: Schema, value: Any, target: Target) -> int:
    """Return how often parts are applied to a value. Raises ReplyError if a validator would take too long."""
    applied = _Effort(target).of(root, value)
    if applied > _MOST:
        raise ReplyError(TOO_COMPLEX)
    return applied


class _Effort:
    """Counts applications; each pair of part and value is visited once."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._known: dict[tuple[int, int], int] = {}

    def of(self, node: Schema, value: Any) -> int:
        """Return how many parts are applied to the value and its nested values."""
        if not isinstance(node, dict):
            return 1
        key = id(node), id(value)
        if key not in self._known:
            if len(self._known) > _MOST_PAIRS:
                raise ReplyError(TOO_COMPLEX)
            self._known[key] = 1  # do not follow a reference cycle twice
            self._known[key] = 1 + sum(self.of(part, inner) for part, inner in self._applied(node, value))
        return self._known[key]

    def _applied(self, node: dict[str, Any], value: Any) -> Iterator[tuple[Schema, Any]]:
        yield from ((part, value) for part in _in_place(node, self._target))
        if isinstance(value, dict):
            named = node.get("properties", {})
            yield from ((part, value[name]) for name, part in named.items() if name in value)
            others = [
                *node.get("patternProperties", {}).values(),
                *(node[key] for key in _OF_PROPERTIES if key in node),
            ]
            yield from ((part, inner) for part in others for inner in value.values())
            if "propertyNames" in node:
                yield from ((node["propertyNames"], name) for name in value)
        elif isinstance(value, list):
            yield from zip(node.get("prefixItems", ()), value, strict=False)
            yield from ((node[key], inner) for key in _OF_ITEMS if key in node for inner in value)


def _in_place(node: dict[str, Any], target: Target) -> Iterator[Schema]:
    """Yield the parts that apply to the value itself."""
    for key in _LISTS:
        yield from node.get(key, ())
    yield from (node[key] for key in _SINGLE if key in node)
    yield from node.get("dependentSchemas", {}).values()
    yield from (target(node[key]) for key in ("$ref", "$dynamicRef") if key in node)


def _inside(node: dict[str, Any]) -> Iterator[Schema]:
    """Yield the parts that apply to nested values."""
    for key in ("properties", "patternProperties"):
        yield from node.get(key, {}).values()
    yield from (node[key] for key in (*_OF_PROPERTIES, *_OF_ITEMS, "propertyNames") if key in node)
    yield from node.get("prefixItems", ())
