"""The subschemas of a JSON Schema, found by keyword, since a property or an enum member may have a keyword's name.

Source: https://json-schema.org/draft/2020-12/schema, and for the legacy keywords https://json-schema.org/draft-07/schema
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from msgspec.json import Encoder

_encode = Encoder().encode
Path = tuple[str | int, ...]
"""The location of a schema: keywords, names and indexes, from the root."""

LARGEST = 1 << 20
"""Schemas with more bytes than this are not checked, since other calls would have to wait."""
DEEPEST = 1_000
"""Schemas nested deeper than this are ignored; the server accepts no JSON this deep."""

_SINGLE = frozenset(
    {
        *("additionalProperties", "unevaluatedProperties", "propertyNames"),
        *("items", "contains", "unevaluatedItems", "additionalItems"),
        *("not", "if", "then", "else", "contentSchema"),
    }
)
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "dependencies"})


def encoded(schema: Any) -> bytes | None:
    """Return a schema as JSON, for use as a cache key; None if it is too deep or too large to be checked."""
    try:
        source = _encode(schema)
    except RecursionError:
        return None
    return source if len(source) <= LARGEST else None


def subschemas(schema: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield a schema and every subschema that is an object, each with its path. Does not follow references."""
    waiting: list[tuple[Path, Any]] = [((), schema)]
    while waiting:
        path, node = waiting.pop()
        if not isinstance(node, dict):
            continue
        yield path, node
        if len(path) < DEEPEST:
            waiting.extend(reversed(list(_children(path, node))))


def _children(path: Path, node: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    for keyword, value in node.items():
        if isinstance(value, dict) and keyword in _SINGLE:
            yield (*path, keyword), value
        elif isinstance(value, dict) and keyword in _MAPS:
            yield from (((*path, keyword, name), nested) for name, nested in value.items())
        elif isinstance(value, list) and keyword in _LISTS:
            yield from (((*path, keyword, place), nested) for place, nested in enumerate(value))


def pointed(root: Any, reference: str) -> Any:
    """Resolve the JSON pointer after the `#` of a reference; None if it leads nowhere."""
    place = root
    for part in reference.partition("#")[2].split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(place, list) and name.isdecimal() and len(name) < 10 and int(name) < len(place):
            place = place[int(name)]
        else:
            place = place.get(name) if isinstance(place, dict) else None
    return place
