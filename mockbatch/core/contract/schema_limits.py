"""The features of JSON Schema that structured outputs do not support.

Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations"
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from msgspec.json import decode

from mockbatch.core.bounded_cache import BoundedCache
from mockbatch.core.contract.schemas import encoded, pointed, subschemas

Kind = Literal[
    "objects must be closed",
    "objects may not be open",
    "few items",
    "keyword",
    "external reference",
    "circular reference",
    "reference in allOf",
    "object in enum",
    "pattern",
    "string format",
]
_MOST_REFERENCES = 1_000
_LONGEST_WAY = 100
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_REFUSED: dict[str, tuple[str, ...]] = {
    "integer": _NUMBERS,
    "number": _NUMBERS,
    "string": ("minLength", "maxLength"),
    "array": ("maxItems", "uniqueItems", "contains", "minContains", "maxContains"),
    "object": ("minProperties", "maxProperties", "patternProperties", "propertyNames"),
}
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"})
_NOT_REGULAR = re.compile(r"(?<!\\)(?:\\\\)*(?:\\[1-9bB]|\\k<|\(\?(?:[=!]|<[=!]))")


class Limit(NamedTuple):
    """An unsupported feature in a schema, and the values for its error message."""

    kind: Kind
    values: dict[str, Any]


def first_limit(root: dict[str, Any]) -> Limit | None:
    """Return the first unsupported feature of a schema. Cached, as the requests of a batch share their schemas."""
    source = encoded(root)
    return None if source is None else _first(source)


def limits_of(root: dict[str, Any]) -> Iterator[Limit]:
    """Yield the unsupported features of a schema in document order, cycles last."""
    references: list[str] = []
    for _, node in subschemas(root):
        yield from (*_of_types(node), *_of_references(node), *_of_values(node))
        references += [node["$ref"]] if _is_local(node.get("$ref")) else []
    if cycle := _cycle(root, references[:_MOST_REFERENCES]):
        yield Limit("circular reference", {"cycle": " -> ".join(cycle)})


def _of_types(node: dict[str, Any]) -> Iterator[Limit]:
    types = node.get("type")
    for kind in types if isinstance(types, list) else (types,):
        if kind == "object" and "additionalProperties" not in node:
            yield Limit("objects must be closed", {})
        elif kind == "object" and node["additionalProperties"] is not False:
            yield Limit("objects may not be open", {"value": _shown(node["additionalProperties"])})
        if kind == "array" and node.get("minItems", 0) not in (0, 1):
            yield Limit("few items", {})
        for keyword in _REFUSED.get(kind, ()) if isinstance(kind, str) else ():
            if keyword in node:
                yield Limit("keyword", {"type": kind, "keyword": keyword})


def _of_references(node: dict[str, Any]) -> Iterator[Limit]:
    reference, parts = node.get("$ref"), node.get("allOf")
    if isinstance(reference, str) and not _is_local(reference):
        yield Limit("external reference", {"reference": reference})
    if isinstance(parts, list) and any(isinstance(part, dict) and "$ref" in part for part in parts):
        yield Limit("reference in allOf", {})


def _of_values(node: dict[str, Any]) -> Iterator[Limit]:
    values = node.get("enum")
    if isinstance(values, list) and any(isinstance(value, dict | list) for value in values):
        yield Limit("object in enum", {})
    pattern, form = node.get("pattern"), node.get("format")
    if isinstance(pattern, str) and _NOT_REGULAR.search(pattern):
        yield Limit("pattern", {"pattern": pattern})
    if isinstance(form, str) and form not in _FORMATS:
        yield Limit("string format", {"format": form})


def _is_local(reference: Any) -> bool:
    return isinstance(reference, str) and reference.startswith("#")


def _cycle(root: dict[str, Any], references: list[str]) -> list[str]:
    """Return the names of the definitions that form a reference cycle; empty if there is none."""
    done: set[str] = set()
    for start in references:
        way: list[str] = [start]
        ahead = [_references_in(root, start)]
        while way:
            following = next(ahead[-1], None)
            if following is None:
                done.add(way.pop())
                ahead.pop()
            elif following in way:
                return [_name(one) for one in (*way[way.index(following) :], following)]
            elif following not in done and len(way) < _LONGEST_WAY:
                way.append(following)
                ahead.append(_references_in(root, following))
    return []


def _references_in(root: dict[str, Any], reference: str) -> Iterator[str]:
    return (node["$ref"] for _, node in subschemas(pointed(root, reference)) if _is_local(node.get("$ref")))


def _name(reference: str) -> str:
    return reference.rpartition("/")[2] or "#"


def _shown(value: Any) -> str:
    return "true" if value is True else "object"


def _first_in(source: bytes) -> Limit | None:
    return next(limits_of(decode(source)), None)


_first: BoundedCache[bytes, Limit | None] = BoundedCache(_first_in, 256, 4 << 20)
