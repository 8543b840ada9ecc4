"""Intersection of two JSON schemas. Neither has references or alternatives any more.

Source: https://json-schema.org/draft/2020-12/json-schema-core
"""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from math import gcd
from typing import Any

from mockbatch.core.replies.pattern import found

Schema = dict[str, Any] | bool
_LISTED = ("properties", "patternProperties", "required", "enum", "prefixItems", "pattern", "dependentRequired")
_SMALL = 1_000
_FEW = 10_000
_LARGEST = 1_024


class Unsatisfiable(Exception):
    """No value is valid."""


def intersect(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of values valid against both. Raises Unsatisfiable if there are evidently none."""
    if not one or not other:
        return one or other
    whole = _arrays(_objects({**other, **one}, one, other), one, other)
    for name in one.keys() & other.keys():
        if name not in _MERGED_APART and not _equal(one[name], other[name]):
            merge = _MERGES.get(name)
            if merge is not None:
                whole[name] = merge(one[name], other[name])
    return whole


def both(one: Schema, other: Schema) -> Schema:
    """Return a schema that requires both, without merging them."""
    if one is False or other is False:
        return False
    if one is True or one == {} or _equal(one, other):
        return other
    if other is True or other == {}:
        return one
    return {"allOf": [one, other]}


def types_of(schema: dict[str, Any]) -> list[str]:
    """Return the types that a schema allows; `number` includes integers."""
    named = schema.get("type")
    return [named] if isinstance(named, str) else list(named or ())


def patterns_of(pattern: Any) -> list[str]:
    """Return the patterns a string must match: one in a schema as written, several after schemas were merged."""
    return [pattern] if isinstance(pattern, str) else list(pattern)


def weight(schema: dict[str, Any]) -> int:
    """Return the approximate number of steps it takes to merge a schema with another."""
    listed = [schema.get(name) for name in _LISTED]
    return 1 + len(schema) // 4 + sum(len(value) for value in listed if isinstance(value, dict | list))


def _equal(one: Any, other: Any) -> bool:
    """Return whether two parts of schemas are the same; large ones equal only themselves.

    Merged schemas share their parts, so a value that is small in memory may be endless when walked through.
    """
    return one is other or (_is_small(one) and _is_small(other) and bool(one == other))


def _is_small(value: Any) -> bool:
    return sum(1 for _ in islice(parts(value), _SMALL + 1)) <= _SMALL


def parts(value: Any) -> Iterator[Any]:
    """Yield a value and all nested values, once per occurrence."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        yield found
        if isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def _types(one: Any, other: Any) -> list[str]:
    mine, theirs = types_of({"type": one}), types_of({"type": other})
    shared = [name for name in mine if name in theirs]
    for some, others in ((mine, theirs), (theirs, mine)):
        if "integer" in some and "number" in others and "integer" not in shared and "number" not in shared:
            shared.append("integer")
    if not shared:
        raise Unsatisfiable(f"nothing is both {one} and {other}")
    return shared


def _enums(one: list[Any], other: list[Any]) -> list[Any]:
    if len(one) * len(other) <= _FEW:
        shared = [value for value in one if any(same(value, known) for known in other)]
    else:
        known = set(map(canonical, other))
        shared = [value for value in one if canonical(value) in known]
    if not shared:
        raise Unsatisfiable("two enums have nothing in common")
    return shared


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal in JSON, where true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def canonical(value: Any) -> str:
    """Return a text that is identical for values equal in JSON, where 1.0 is 1."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return list(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(nested) for name, nested in value.items()}
    return value


def _common_multiple(one: float, other: float) -> float:
    try:
        return _least_multiple(one, other)
    except (OverflowError, ValueError):
        raise Unsatisfiable("no number is a multiple of both") from None


def _least_multiple(one: float, other: float) -> float:
    mine, theirs = Fraction(str(one)), Fraction(str(other))
    low = Fraction(
        mine.numerator * theirs.numerator // gcd(mine.numerator, theirs.numerator),
        gcd(mine.denominator, theirs.denominator),
    )
    if low.numerator.bit_length() > _LARGEST:
        raise OverflowError
    return low.numerator if low.denominator == 1 else float(low)


_MERGES: dict[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": _enums,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), min),
    "multipleOf": _common_multiple,
    "pattern": lambda one, other: [*patterns_of(one), *patterns_of(other)],
    "uniqueItems": lambda one, other: one or other,
    "contains": both,
    "items": both,
    "unevaluatedItems": both,
    "propertyNames": both,
    "dependentRequired": lambda one, other: {
        name: [*one.get(name, ()), *other.get(name, ())] for name in {**one, **other}
    },
    "not": lambda one, other: {"anyOf": [one, other]},
}
_MERGED_APART = (
    *("properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "required"),
    "prefixItems",
)


def _objects(whole: dict[str, Any], one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Merge the property keywords: additionalProperties of one schema apply to properties that only the other names."""
    names = {**one.get("properties", {}), **other.get("properties", {})}
    if names:
        whole["properties"] = {name: both(property_of(one, name), property_of(other, name)) for name in names}
    for key in ("additionalProperties", "unevaluatedProperties"):
        if key in whole:
            whole[key] = both(one.get(key, True), other.get(key, True))
    if "patternProperties" in whole:
        mine, theirs = one.get("patternProperties", {}), other.get("patternProperties", {})
        whole["patternProperties"] = {
            pattern: both(mine.get(pattern, True), theirs.get(pattern, True)) for pattern in {**mine, **theirs}
        }
    if "required" in whole:
        whole["required"] = list(dict.fromkeys([*one.get("required", ()), *other.get("required", ())]))
    return whole


def _arrays(whole: dict[str, Any], one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    length = max(len(one.get("prefixItems", ())), len(other.get("prefixItems", ())))
    if length:
        whole["prefixItems"] = [both(item_of(one, index), item_of(other, index)) for index in range(length)]
    return whole


def property_of(schema: dict[str, Any], name: str) -> Schema:
    """Return the schema of one property."""
    properties = schema.get("properties", {})
    named: Schema = properties.get(name, True)
    patterns = [value for key, value in schema.get("patternProperties", {}).items() if found(key, name)]
    for value in patterns:
        named = both(named, value)
    if name in properties or patterns:
        return named
    further: Schema = schema.get("additionalProperties", True)
    return further


def item_of(schema: dict[str, Any], index: int) -> Schema:
    """Return the schema of one array item."""
    first = schema.get("prefixItems", ())
    item: Schema = first[index] if index < len(first) else schema.get("items", True)
    return item
