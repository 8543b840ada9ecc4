"""The nearest value to a JSON Schema that cannot be met in full: the API answers such requests too.

Keywords that cannot be met are dropped one by one, locally; types, required properties and items are kept.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from mockbatch.core.contract.schemas import Path, pointed, subschemas
from mockbatch.core.replies.draft import ReplyError
from mockbatch.core.replies.outline import outline, plain
from mockbatch.core.replies.pattern import NoMatch, is_readable, nearly_matching, size_of
from mockbatch.core.replies.rng import Rng
from mockbatch.core.replies.schema import (
    ANNOTATIONS,
    APPLIED,
    MOST_OF_PATTERNS,
    Known,
    Maker,
    instance,
    known_schema,
    source_of,
)
from mockbatch.core.replies.schema_intersection import Schema, Unsatisfiable, intersect, types_of, weight
from mockbatch.core.replies.step_budget import STEPS, TOO_COMPLEX, StepBudget

_VERY_DEEP = 80
_MOST_WORDS = 200
# dropped in this order
_DROPPED = (
    *("not", "dependentRequired", "propertyNames", "minProperties", "maxProperties"),
    *("contains", "minContains", "maxContains", "uniqueItems", "format", "pattern", "multipleOf"),
    *("exclusiveMinimum", "exclusiveMaximum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
    *("patternProperties", "unevaluatedProperties", "unevaluatedItems", "additionalProperties", "prefixItems", "enum"),
)
_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(dict[str, Any]).decode


class Nearest(NamedTuple):
    """A value, and a sentence naming the part of the schema it violates; empty if it is valid."""

    value: Any
    unmet: str = ""


def nearest(schema: dict[str, Any], dice: Rng, what: str) -> Nearest:
    """Return a valid value of a schema, or the nearest one; `what` names the schema in the sentence. Never raise."""
    try:
        return Nearest(instance(schema, dice))
    except ReplyError as error:
        reason = error.message
    readable, part = _readable(schema)
    if part:
        return Nearest(nearest(readable, dice, what).value, _unmet(what, part))
    value = _sendable(_closest(schema, dice) if reason != TOO_COMPLEX else outline(schema))
    return _explained(schema, value, what, reason)


def _explained(schema: dict[str, Any], value: Any, what: str, reason: str) -> Nearest:
    """Return the value with the part it violates, as named by the validator where possible."""
    if reason == TOO_COMPLEX:
        return Nearest(value, _unmet(what, because="it is too complex"))
    try:
        part = known_schema(source_of(schema)).unmet(value, StepBudget())
    except (ReplyError, RecursionError):
        return Nearest(value, _unmet(what, because=reason[:_MOST_WORDS]))
    return Nearest(value, "" if part is None else _unmet(what, part))


def _unmet(what: str, part: Path = (), because: str = "") -> str:
    subject = f"`{'/'.join(map(str, part))[:_MOST_WORDS]}` of {what}" if part else what
    return f"No value was found that meets {subject}{because and f' ({because})'}."


def _sendable(value: Any) -> Any:
    """Return the value; an empty object if JSON cannot hold it."""
    try:
        _encode(value)
    except (ValueError, OverflowError, RecursionError):
        return {}
    return value


def _readable(schema: dict[str, Any]) -> tuple[dict[str, Any], Path]:
    """Return the schema without its unreadable parts, and the path of the first of these."""
    try:
        copy = _decode(source_of(schema))
    except (ReplyError, msgspec.DecodeError, RecursionError):
        return schema, ()
    unreadable = [*_odd_patterns(copy), *_lost_references(copy)]
    for path in reversed(unreadable):  # nested ones first
        holder: Any = copy
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
    return copy, unreadable[0] if unreadable else ()


def _odd_patterns(schema: dict[str, Any]) -> Iterator[Path]:
    """Yield the paths of patterns that the engine rejects, or that exceed the limit."""
    left = MOST_OF_PATTERNS
    for path, node in subschemas(schema):
        for at, pattern in _patterns(node, path):
            left -= size_of(pattern)
            if left < 0 or not is_readable(pattern):
                yield at


def _lost_references(schema: dict[str, Any]) -> Iterator[Path]:
    """Yield the paths of references without a target in the schema."""
    known = {node["$id"] for _, node in subschemas(schema) if isinstance(node.get("$id"), str)}
    for path, node in subschemas(schema):
        reference = node.get("$ref")
        if not isinstance(reference, str) or reference.partition("#")[0] in known:
            continue
        if not reference.startswith("#") or pointed(schema, reference) is None:
            yield (*path, "$ref")


def _patterns(node: dict[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the patterns of a schema with their paths."""
    if isinstance(node.get("pattern"), str):
        yield (*path, "pattern"), node["pattern"]
    named = node.get("patternProperties")
    if isinstance(named, dict):
        yield from (((*path, "patternProperties", name), name) for name in named)


def _closest(schema: dict[str, Any], dice: Rng) -> Any:
    """Return a value that meets as much as possible; the outline if that takes too long."""
    try:
        known = known_schema(source_of(schema))
        try:
            return Maker(known, dice, StepBudget(), _VERY_DEEP).make(known.root, 0)
        except Unsatisfiable:
            return _Lenient(known, dice, StepBudget(STEPS // 2)).make(known.root, 0)
    except (ReplyError, RecursionError):
        return outline(schema)


class _Lenient(Maker):
    """Makes a value for any schema, valid where possible and nearly so elsewhere."""

    def __init__(self, known: Known, dice: Rng, budget: StepBudget) -> None:
        super().__init__(known, dice, budget)
        self._strict = Maker(known, dice, budget)
        self._within: list[int] = []

    def maybe(self, node: Schema, depth: int, name: str = "") -> Any:
        """Return a fully valid value. Raises Unsatisfiable."""
        return self._strict.make(node, depth, name)

    def make(self, node: Schema, depth: int, name: str = "") -> Any:
        """Return a value that meets as much as possible."""
        try:
            return self._strict.make(node, depth, name)
        except Unsatisfiable:
            if not isinstance(node, dict):
                return None
        if depth > self.deepest or id(node) in self._within:
            return plain(next(iter(types_of(self._merged(node, depth))), ""))
        self._within.append(id(node))
        made = self._nearly(self._merged(node, depth), depth, name)
        self._within.pop()
        return made

    def _nearly(self, schema: dict[str, Any], depth: int, name: str) -> Any:
        for kept in _relaxed(schema):
            try:
                return self.value(kept, depth, name)
            except Unsatisfiable:
                continue
        return plain(next(iter(types_of(schema)), ""))

    def _merged(self, node: dict[str, Any], depth: int) -> dict[str, Any]:
        """Return one schema without references and alternatives, merged from all compatible parts."""
        try:
            base, choices = self.known.flat(node, self.budget)
        except Unsatisfiable:
            base, choices = self._gathered(node), []
        return next(self.variants(base, choices, depth), base)

    def _gathered(self, node: dict[str, Any]) -> dict[str, Any]:
        whole = {name: value for name, value in node.items() if name not in ANNOTATIONS and name not in APPLIED}
        if "const" in node:
            whole["enum"] = [node["const"]]
        for part in self.known.parts(node):
            try:
                other = self.known.flat(part, self.budget)[0] if isinstance(part, dict) else {}
                self.budget.spend(weight(whole) + weight(other))
                whole = intersect(whole, other)
            except Unsatisfiable:
                continue
        return whole

    def _matching(self, patterns: list[str], least: int, most: int | None) -> str:
        try:
            return super()._matching(patterns, least, most)
        except Unsatisfiable:
            try:
                return nearly_matching(patterns[0], self.dice, self.budget)
            except NoMatch as error:
                raise Unsatisfiable(str(error)) from None


def _relaxed(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schema, then without one keyword, then without more and more of them."""
    yield schema
    named = [name for name in _DROPPED if name in schema]
    for dropped in named:
        yield {name: value for name, value in schema.items() if name != dropped}
    for count in range(2, len(named) + 1):
        yield {name: value for name, value in schema.items() if name not in named[:count]}
