"""Values that are valid against a JSON Schema, generated from draws: the same draws produce the same value.

A value is built from the schema and then checked by a validator; a rejected one is rebuilt with other draws.

Source: https://json-schema.org/draft/2020-12
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from mockbatch.core.bounded_cache import BoundedCache
from mockbatch.core.contract.schemas import pointed, subschemas
from mockbatch.core.replies.draft import ReplyError
from mockbatch.core.replies.pattern import engine_options, size_of
from mockbatch.core.replies.rng import Rng
from mockbatch.core.replies.schema_intersection import Schema, Unsatisfiable, canonical, intersect, parts, weight
from mockbatch.core.replies.step_budget import NODE, TOO_COMPLEX, StepBudget
from mockbatch.core.replies.validation_cost import effort, is_harmless
from mockbatch.core.replies.values import SOFT_DEPTH, Values

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

__all__ = ["TOO_COMPLEX", "check_schema", "instance", "is_valid"]

_ATTEMPTS = 100
_HOPELESS = 8
_VARIANTS = 24
_DEEPEST = 40
_MOST_NODES = 10_000
_MOST_BYTES = 1 << 20
MOST_OF_PATTERNS = 10_000
_LONGEST_PATTERN = 10_000
APPLIED_PER_STEP = 20

_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(dict[str, Any]).decode
ANNOTATIONS = frozenset(
    {
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "$schema"),
        *("$id", "$anchor", "$dynamicAnchor", "$defs", "definitions", "$vocabulary", "contentMediaType"),
    }
)
APPLIED = frozenset(
    {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "const"}
)
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_PAIRS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))
_HINTS = re.compile(r"(?:^|\n\n)\{(\w+: .+)\}\Z")
_NEXT = r", (?=\w+: |\Z)"
_HINT = re.compile(rf"({'|'.join((*_COUNTS, *_BOUNDS, 'pattern', 'format', 'uniqueItems'))}): (.+?){_NEXT}")
Flat = tuple[dict[str, Any], list[list[Schema]]]


def instance(schema: dict[str, Any], dice: Rng) -> Any:
    """Return a value valid against `schema`. Raises ReplyError if it is invalid, too complex or unsatisfiable."""
    known = known_schema(source_of(schema))
    reason = "none was found that a validator accepts"
    budget = StepBudget()
    for attempt in range(_ATTEMPTS):
        try:
            value = Maker(known, dice, budget).make(known.root, 0)
        except Unsatisfiable as error:
            reason = str(error)
            if attempt >= _HOPELESS:
                break
            continue
        except RecursionError:
            raise ReplyError(TOO_COMPLEX) from None
        if known.accepts(value, budget):
            return value
    raise ReplyError(f"No value is valid against the schema: {reason}")


def is_valid(schema: dict[str, Any], value: Any) -> bool:
    """Return whether `value` is valid. Raises ReplyError if the schema is invalid."""
    return known_schema(source_of(schema)).accepts(value, StepBudget())


def check_schema(schema: dict[str, Any]) -> None:
    """Raise ReplyError if the schema is invalid."""
    known_schema(source_of(schema))


def source_of(schema: dict[str, Any]) -> bytes:
    try:
        source = _encode(schema)
    except (ValueError, OverflowError, TypeError, RecursionError):
        raise ReplyError("The schema is not valid JSON Schema: a value in it is out of range") from None
    if len(source) > _MOST_BYTES:
        raise ReplyError(TOO_COMPLEX)
    return source


class Known:
    """A schema with cached facts about it."""

    def __init__(self, source: bytes) -> None:
        try:
            self.root = _decode(source)
        except (msgspec.DecodeError, RecursionError):
            raise ReplyError("The schema is not valid JSON Schema: a value in it is out of range") from None
        self._nodes = self._all_nodes()
        self._original = {id(node) for node in self._nodes}
        self._flat: dict[int, tuple[Flat, int]] = {}
        self._complexities: dict[int, tuple[int, int]] = {}

    def _all_nodes(self) -> list[dict[str, Any]]:
        """Return all subschemas, including reference targets outside of schema keywords."""
        found: dict[int, dict[str, Any]] = {}
        waiting: list[Any] = [self.root]
        while waiting:
            root = waiting.pop()
            for _, node in subschemas(root) if id(root) not in found else ():
                found[id(node)] = node
                if len(found) > _MOST_NODES:
                    raise ReplyError(TOO_COMPLEX)
                waiting.extend(pointed(self.root, name) for name in _references(node))
        return list(found.values())

    @cached_property
    def validator(self) -> "Draft202012Validator":
        # imported lazily: startup needs no schemas
        from jsonschema_rs import Draft202012Validator, ReferencingError, ValidationError

        self._check_patterns()
        try:
            return Draft202012Validator(
                self.root, validate_formats=True, retriever=_offline, pattern_options=engine_options()
            )
        except (ValidationError, ReferencingError, ValueError) as error:
            raise _invalid(error) from None

    def _check_patterns(self) -> None:
        """Reject patterns that together would take an engine long to prepare."""
        if sum(map(size_of, self._patterns())) <= MOST_OF_PATTERNS:
            return
        if max(map(len, self._patterns())) > _LONGEST_PATTERN:
            raise ReplyError(TOO_COMPLEX)
        # an invalid pattern is the better reason, so look for one first
        from jsonschema_rs import Draft202012Validator

        left = MOST_OF_PATTERNS
        for pattern in self._patterns():
            try:
                Draft202012Validator({"pattern": pattern}, pattern_options=engine_options())
            except ValueError as error:
                raise _invalid(error) from None
            left -= size_of(pattern)
            if left < 0:
                raise ReplyError(TOO_COMPLEX)

    def _patterns(self) -> Iterator[str]:
        for node in self._nodes:
            if isinstance(node.get("pattern"), str):
                yield node["pattern"]
            if isinstance(node.get("patternProperties"), dict):
                yield from node["patternProperties"]

    @cached_property
    def _is_harmless(self) -> bool:
        return is_harmless(self.root, self.target)

    def accepts(self, value: Any, budget: StepBudget) -> bool:
        """Return whether a value is valid. Raises ReplyError if checking takes too long."""
        if not self._is_harmless:
            budget.spend(effort(self.root, value, self.target) // APPLIED_PER_STEP)
        try:
            return self.validator.is_valid(value)
        except ValueError:  # a number or a text that is out of range
            return False

    def unmet(self, value: Any, budget: StepBudget) -> tuple[str | int, ...] | None:
        """Return the path of the first keyword that a value violates; None if it is valid."""
        from jsonschema_rs import ValidationError

        if self.accepts(value, budget):
            return None
        try:
            self.validator.validate(value)
        except ValidationError as error:
            return tuple(error.schema_path)
        except ValueError:  # a number or a text that is out of range
            pass
        return ()

    @cached_property
    def _anchors(self) -> dict[str, Any]:
        named = {}
        for node in self._nodes:
            for key in ("$anchor", "$dynamicAnchor"):
                if isinstance(node.get(key), str):
                    named["#" + node[key]] = node
            if isinstance(node.get("$id"), str):
                named[node["$id"]] = node
        return named

    def target(self, reference: str) -> Schema:
        """Return the target of a reference."""
        if reference in self._anchors:
            found: Schema = self._anchors[reference]
            return found
        base, _, _ = reference.partition("#")
        place = pointed(self._anchors.get(base) if base else self.root, reference)
        if not isinstance(place, dict | bool):
            raise ReplyError(f"The schema is not valid JSON Schema: {reference!r} has no target in it")
        return place

    def flat(self, node: dict[str, Any], budget: StepBudget, within: frozenset[int] = frozenset()) -> Flat:
        """Return a schema without references, and the lists of alternatives of which one each must hold.

        The cost is the same whether cached or not; `within` are the schemas being flattened.
        """
        key = id(node)
        if key in self._flat:
            found, cost = self._flat[key]
            budget.spend(cost)
            return found
        if key in within:
            raise Unsatisfiable("a reference leads back to itself")
        before = budget.left
        found = self._flattened(node, budget, within | {key})
        if key in self._original:
            self._flat[key] = found, before - budget.left
        return found

    def _flattened(self, node: dict[str, Any], budget: StepBudget, within: frozenset[int]) -> Flat:
        base = {name: value for name, value in node.items() if name not in ANNOTATIONS and name not in APPLIED}
        if "const" in node:
            base = intersect(base, {"enum": [node["const"]]})
        base = _with_hints(base, node.get("description"))
        choices: list[list[Schema]] = [node[name] for name in ("anyOf", "oneOf") if name in node]
        for part in self.parts(node):
            if part is False:
                raise Unsatisfiable("false allows nothing")
            if part is not True:
                other, more = self.flat(part, budget, within)
                budget.spend(weight(base) + weight(other) + len(more))
                base = intersect(base, other)
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

    def parts(self, node: dict[str, Any]) -> Iterator[Schema]:
        yield from node.get("allOf", ())
        for name in ("$ref", "$dynamicRef"):
            if name in node:
                yield self.target(node[name])

    def complexity(self, option: Schema, budget: StepBudget) -> int:
        """Return a measure of how much a schema leads to."""
        if not isinstance(option, dict):
            return 0
        key = id(option)
        if key in self._complexities:
            found, cost = self._complexities[key]
            budget.spend(cost)
            return found
        before = budget.left
        found = self._complexity(option, budget)
        if key in self._original:
            self._complexities[key] = found, before - budget.left
        return found

    def _complexity(self, option: dict[str, Any], budget: StepBudget) -> int:
        try:
            base, choices = self.flat(option, budget)
        except Unsatisfiable:
            return 0
        references = 0
        for part in parts([base, choices]):
            budget.spend(1)
            references += isinstance(part, dict) and isinstance(part.get("$ref"), str)
        return references * 2 + ("properties" in base or "items" in base)


def _references(node: dict[str, Any]) -> Iterator[str]:
    """Yield the references of a schema itself, not of nested ones."""
    return (node[name] for name in ("$ref", "$dynamicRef") if isinstance(node.get(name), str))


def _offline(url: str) -> Any:
    raise LookupError(f"{url} is not fetched")


def _invalid(error: Exception) -> ReplyError:
    return ReplyError(f"The schema is not valid JSON Schema: {str(error).splitlines()[0]}")


def _remember(source: bytes) -> Known:
    known = Known(source)
    _ = known.validator  # fail early for invalid schemas
    return known


known_schema = BoundedCache(_remember, count=256, size=2 << 20)


def _with_hints(base: dict[str, Any], description: Any) -> dict[str, Any]:
    """Return the schema with the bounds that the official SDKs move to the end of its description."""
    found = _HINTS.search(description) if isinstance(description, str) else None
    if found is None:
        return base
    hints = {name: _hint_value(name, value) for name, value in _HINT.findall(found[1] + ", ")}
    try:
        whole = intersect(base, {name: value for name, value in hints.items() if value is not None})
    except Unsatisfiable:
        return base
    crossed = any(whole[low] > whole[high] for low, high in _PAIRS if low in whole and high in whole)
    return base if crossed else whole


def _hint_value(name: str, value: str) -> Any:
    """Return the value of a hint; None if it is invalid."""
    if name in ("pattern", "format"):
        return value
    if name == "uniqueItems":
        return True if value == "True" else None
    try:
        return int(value) if name in _COUNTS else float(value)
    except ValueError:
        return None


class Maker(Values):
    """Makes one value."""

    def __init__(self, known: Known, dice: Rng, budget: StepBudget, deepest: int = _DEEPEST) -> None:
        super().__init__(dice, budget)
        self.known = known
        self.deepest = deepest

    def make(self, node: Schema, depth: int, name: str = "") -> Any:
        """Return a value of a schema at a depth, for a property of this name if given. Raises Unsatisfiable."""
        if node is False:
            raise Unsatisfiable("false allows nothing")
        self.budget.spend(NODE)
        if depth > self.deepest:
            raise Unsatisfiable("it is endlessly recursive")
        base, choices = ({}, []) if node is True else self.known.flat(node, self.budget)
        return self._one_of(base, choices, depth, name)

    def _one_of(self, base: dict[str, Any], choices: list[list[Schema]], depth: int, name: str) -> Any:
        if not choices:
            return self.value(base, depth, name)
        reason: Unsatisfiable | None = None
        for tried, variant in enumerate(self.variants(base, choices, depth)):
            try:
                return self.value(variant, depth, name)
            except Unsatisfiable as error:
                reason = error
            if tried >= _VARIANTS:
                break
        raise reason or Unsatisfiable("none of the alternatives allows anything")

    def variants(self, base: dict[str, Any], choices: list[list[Schema]], depth: int) -> Iterator[dict[str, Any]]:
        """Yield the schema merged with one alternative of each list."""
        if not choices:
            yield base
            return
        self.budget.spend(len(choices) + len(choices[0]))
        for option in self._ordered(choices[0], depth):
            if option is False:
                continue
            try:
                other, more = ({}, []) if option is True else self.known.flat(option, self.budget)
                self.budget.spend(weight(base) + weight(other))
                merged = intersect(base, other)
            except Unsatisfiable:
                continue
            yield from self.variants(merged, [*choices[1:], *more], depth)

    def _ordered(self, options: list[Schema], depth: int) -> list[Schema]:
        """Return alternatives in the order to try: random, rarely null first, and the simplest first at depth."""
        ordered = self.dice.shuffled(options)
        if isinstance(ordered[0], dict) and ordered[0].get("type") == "null" and self.dice.chance(1, 2):
            ordered.append(ordered.pop(0))
        if depth < SOFT_DEPTH:
            return ordered
        return sorted(ordered, key=lambda option: self.known.complexity(option, self.budget))

    def domain(self, node: Schema) -> list[Any] | None:
        """Return all values of a schema, or None if they cannot be listed."""
        if node is True:
            return None
        if node is False:
            return []
        base, choices = self.known.flat(node, self.budget)
        if not choices:
            return self.listed(base)
        found: dict[str, Any] = {}
        for variant in self.variants(base, choices, 0):
            values = self.listed(variant)
            if values is None:
                return None
            self.budget.spend(len(values))
            found.update((canonical(value), value) for value in values)
        return list(found.values())
