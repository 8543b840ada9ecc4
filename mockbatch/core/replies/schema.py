"""Values that are valid against a JSON Schema, made of draws: the same draws make the same value.

A value is built from what the schema says, and then shown to a validator; what it refuses is built anew with other
draws. Source: https://json-schema.org/draft/2020-12
"""

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from mockbatch.core.contract.abilities import nodes
from mockbatch.core.replies.conjoin import Schema, Unsatisfiable, conjoin
from mockbatch.core.replies.dice import Dice
from mockbatch.core.replies.forms import ReplyError
from mockbatch.core.replies.values import SOFT_DEPTH, Values

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

TOO_COMPLEX = "Schema is too complex for compilation."
_ATTEMPTS = 100
_HOPELESS = 8
_VARIANTS = 24
_MOST_NODES = 20_000
_DEEPEST = 40

_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(dict[str, Any]).decode
_ANNOTATIONS = frozenset(
    {
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "$schema"),
        *("$id", "$anchor", "$dynamicAnchor", "$defs", "definitions", "$vocabulary", "contentMediaType"),
    }
)
_APPLIED = frozenset(
    {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "const"}
)
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_PAIRS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))
_HINTS = re.compile(r"(?:^|\n\n)\{(\w+: .+)\}\Z")
_NEXT = r", (?=\w+: |\Z)"
_HINT = re.compile(rf"({'|'.join((*_COUNTS, *_BOUNDS, 'pattern', 'format', 'uniqueItems'))}): (.+?){_NEXT}")
Flat = tuple[dict[str, Any], list[list[Schema]]]


def instance(schema: dict[str, Any], dice: Dice) -> Any:
    """A value that is valid against `schema`. Raises ReplyError when the schema is wrong, too complex or has none."""
    known = _known(_encode(schema))
    reason = "none was found that a validator accepts"
    for attempt in range(_ATTEMPTS):
        try:
            value = _Maker(known, dice).make(known.root, 0)
        except Unsatisfiable as error:
            reason = str(error)
            if attempt >= _HOPELESS:
                break
            continue
        except RecursionError:
            raise ReplyError(TOO_COMPLEX) from None
        if known.validator.is_valid(value):
            return value
    raise ReplyError(f"No value is valid against the schema: {reason}")


def is_valid(schema: dict[str, Any], value: Any) -> bool:
    """Whether `value` is valid. Raises ReplyError when the schema is wrong."""
    return _known(_encode(schema)).validator.is_valid(value)


def check_schema(schema: dict[str, Any]) -> None:
    """Raises ReplyError when the schema is wrong."""
    _known(_encode(schema))


class _Known:
    """A schema, and what was found out about it."""

    def __init__(self, source: bytes) -> None:
        self.root = _decode(source)
        self._original = {id(node) for node in nodes(self.root)}
        self._flat: dict[int, Flat] = {}
        self._open: set[int] = set()

    @cached_property
    def validator(self) -> "Draft202012Validator":
        # not at the start, which needs no schemas
        from jsonschema_rs import Draft202012Validator, ReferencingError, ValidationError

        try:
            return Draft202012Validator(self.root, validate_formats=True, offline=True)
        except (ValidationError, ReferencingError, ValueError) as error:
            raise ReplyError(f"The schema is not valid JSON Schema: {str(error).splitlines()[0]}") from None

    @cached_property
    def _anchors(self) -> dict[str, Any]:
        named = {}
        for node in nodes(self.root):
            for key in ("$anchor", "$dynamicAnchor"):
                if isinstance(node.get(key), str):
                    named["#" + node[key]] = node
            if isinstance(node.get("$id"), str):
                named[node["$id"]] = node
        return named

    def target(self, reference: str) -> Schema:
        """What a reference stands for."""
        if reference in self._anchors:
            found: Schema = self._anchors[reference]
            return found
        base, _, pointer = reference.partition("#")
        place: Any = self._anchors.get(base) if base else self.root
        for part in pointer.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(place, list) and name.isdecimal() and int(name) < len(place):
                place = place[int(name)]
            else:
                place = place.get(name) if isinstance(place, dict) else None
        if not isinstance(place, dict | bool):
            raise ReplyError(f"The schema is not valid JSON Schema: {reference!r} refers to nothing in it")
        return place

    def flat(self, node: dict[str, Any]) -> Flat:
        """A schema without references, and the lists of schemas of which one must hold besides."""
        key = id(node)
        if key in self._flat:
            return self._flat[key]
        if key in self._open:
            raise Unsatisfiable("a reference leads back to itself")
        self._open.add(key)
        try:
            found = self._flattened(node)
        finally:
            self._open.discard(key)
        if key in self._original:
            self._flat[key] = found
        return found

    def _flattened(self, node: dict[str, Any]) -> Flat:
        base = {name: value for name, value in node.items() if name not in _ANNOTATIONS and name not in _APPLIED}
        if "const" in node:
            base = conjoin(base, {"enum": [node["const"]]})
        base = _with_hints(base, node.get("description"))
        choices: list[list[Schema]] = [node[name] for name in ("anyOf", "oneOf") if name in node]
        for part in self._parts(node):
            if part is False:
                raise Unsatisfiable("false allows nothing")
            if part is not True:
                other, more = self.flat(part)
                base = conjoin(base, other)
                choices.extend(more)
        if "if" in node:
            condition = node["if"]
            choices.append(
                [
                    {"allOf": [condition, node.get("then", True)]},
                    {"allOf": [{"not": condition}, node.get("else", True)]},
                ]
            )
        for name, schema in node.get("dependentSchemas", {}).items():
            choices.append([{"required": [name], "allOf": [schema]}, {"properties": {name: False}}])
        return base, choices

    def _parts(self, node: dict[str, Any]) -> Iterator[Schema]:
        yield from node.get("allOf", ())
        for name in ("$ref", "$dynamicRef"):
            if name in node:
                yield self.target(node[name])


@lru_cache(maxsize=256)
def _known(source: bytes) -> _Known:
    known = _Known(source)
    _ = known.validator  # what it refuses is not even tried
    return known


def _with_hints(base: dict[str, Any], description: Any) -> dict[str, Any]:
    """The schema with the bounds that the official SDKs move to the end of its description."""
    found = _HINTS.search(description) if isinstance(description, str) else None
    if found is None:
        return base
    said = {name: _meant(name, value) for name, value in _HINT.findall(found[1] + ", ")}
    try:
        whole = conjoin(base, {name: value for name, value in said.items() if value is not None})
    except Unsatisfiable:
        return base
    crossed = any(whole[low] > whole[high] for low, high in _PAIRS if low in whole and high in whole)
    return base if crossed else whole


def _meant(name: str, value: str) -> Any:
    """The value of a hint; None for one that is not of the kind."""
    if name in ("pattern", "format"):
        return value
    if name == "uniqueItems":
        return True if value == "True" else None
    try:
        return int(value) if name in _COUNTS else float(value)
    except ValueError:
        return None


class _Maker(Values):
    """Makes one value."""

    def __init__(self, known: _Known, dice: Dice) -> None:
        super().__init__(dice)
        self._known = known
        self._made = 0

    def make(self, node: Schema, depth: int, name: str = "") -> Any:
        """A value of a schema at a depth, perhaps that of a property of this name. Raises Unsatisfiable."""
        if node is False:
            raise Unsatisfiable("false allows nothing")
        self._made += 1
        if self._made > _MOST_NODES:
            raise ReplyError(TOO_COMPLEX)
        if depth > _DEEPEST:
            raise Unsatisfiable("it goes on without end")
        base, choices = ({}, []) if node is True else self._known.flat(node)
        return self._one_of(base, choices, depth, name)

    def _one_of(self, base: dict[str, Any], choices: list[list[Schema]], depth: int, name: str) -> Any:
        if not choices:
            return self.value(base, depth, name)
        reason: Unsatisfiable | None = None
        for tried, variant in enumerate(self._variants(base, choices, depth)):
            try:
                return self.value(variant, depth, name)
            except Unsatisfiable as error:
                reason = error
            if tried >= _VARIANTS:
                break
        raise reason or Unsatisfiable("none of the alternatives allows anything")

    def _variants(self, base: dict[str, Any], choices: list[list[Schema]], depth: int) -> Iterator[dict[str, Any]]:
        """The schema with one alternative of each list put in."""
        if not choices:
            yield base
            return
        for option in self._ordered(choices[0], depth):
            if option is False:
                continue
            try:
                other, more = ({}, []) if option is True else self._known.flat(option)
                merged = conjoin(base, other)
            except Unsatisfiable:
                continue
            yield from self._variants(merged, [*choices[1:], *more], depth)

    def _ordered(self, options: list[Schema], depth: int) -> list[Schema]:
        """In which order alternatives are tried: any, but what is null seldom first, and deep down the simplest."""
        ordered = self.dice.shuffled(options)
        if isinstance(ordered[0], dict) and ordered[0].get("type") == "null" and self.dice.chance(1, 2):
            ordered.append(ordered.pop(0))
        return sorted(ordered, key=self._complexity) if depth >= SOFT_DEPTH else ordered

    def _complexity(self, option: Schema) -> int:
        if not isinstance(option, dict):
            return 0
        try:
            base, choices = self._known.flat(option)
        except Unsatisfiable:
            return 0
        return repr((base, choices)).count("'$ref'") * 2 + ("properties" in base or "items" in base)
