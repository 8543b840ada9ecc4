"""Values of a JSON schema without references and alternatives: by type, within bounds."""

from abc import ABC, abstractmethod
from itertools import chain
from math import ceil, floor
from typing import Any

from mockbatch.core.replies.formats import FORMATS, text_of_name
from mockbatch.core.replies.pattern import NoMatch, found, matching
from mockbatch.core.replies.rng import Rng
from mockbatch.core.replies.schema_intersection import (
    Schema,
    Unsatisfiable,
    canonical,
    item_of,
    patterns_of,
    property_of,
    same,
    types_of,
)
from mockbatch.core.replies.step_budget import StepBudget
from mockbatch.core.replies.text import english_sentences

# nesting depths: beyond SHALLOW arrays get one item, beyond SOFT_DEPTH nothing optional is generated
SHALLOW, SOFT_DEPTH = 2, 5
_TRIES = 40
_LONGEST = 1_000_000
_LISTED = 100_000
_KEYS = ("note", "detail", "origin", "status", "remark", "extra")
_SIGNS: dict[str, tuple[str, ...]] = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"),
    "array": ("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_PYTHON = {"string": str, "object": dict, "array": list, "boolean": bool, "null": type(None)}


class Values(ABC):
    """Generates values of each type; subclasses implement `make` for nested schemas."""

    def __init__(self, dice: Rng, budget: StepBudget) -> None:
        self.dice = dice
        self.budget = budget

    @abstractmethod
    def make(self, node: Schema, depth: int, name: str = "") -> Any:
        """Return a value of a nested schema."""

    def maybe(self, node: Schema, depth: int, name: str = "") -> Any:
        """Return a value of an optional nested schema. Raises Unsatisfiable."""
        return self.make(node, depth, name)

    @abstractmethod
    def domain(self, node: Schema) -> list[Any] | None:
        """Return all values of a nested schema, or None if they cannot be listed."""

    def listed(self, schema: dict[str, Any]) -> list[Any] | None:
        """Return all values of a flat schema, or None if they cannot be listed."""
        unwanted, types = schema.get("not", False), types_of(schema)
        if "enum" in schema:
            found = [value for value in schema["enum"] if not types or any(is_of(kind, value) for kind in types)]
        else:
            kinds = [self._of_kind(kind, schema) for kind in types]
            if not kinds or None in kinds:
                return None
            found = list(chain.from_iterable(kind for kind in kinds if kind is not None))
        self.budget.spend(len(found))
        return [value for value in found if not surely(unwanted, value)]

    def _of_kind(self, kind: str, schema: dict[str, Any]) -> list[Any] | None:
        if kind == "null":
            return [None]
        if kind == "boolean":
            return [False, True]
        return _integers(schema) if kind == "integer" else None

    def value(self, schema: dict[str, Any], depth: int, name: str) -> Any:
        """Return a value of a flat schema. Raises Unsatisfiable."""
        unwanted = schema.get("not")
        if unwanted is None:
            return self._value(schema, depth, name)
        for _ in range(_TRIES):
            self.budget.spend(1)
            value = self._value(schema, depth, name)
            if not surely(unwanted, value):
                return value
        raise Unsatisfiable("everything it allows is also forbidden")

    def _value(self, schema: dict[str, Any], depth: int, name: str) -> Any:
        types = types_of(schema)
        if "enum" in schema:
            return self._of_enum(schema["enum"], types)
        reason = Unsatisfiable("it has no type")
        for kind in self._ordered_types(types or _implied(schema), depth):
            try:
                return self._of_type(kind, schema, depth, name)
            except Unsatisfiable as error:
                reason = error
            except (OverflowError, ZeroDivisionError, ValueError):
                reason = Unsatisfiable("its numbers are out of range")
        raise reason

    def _of_enum(self, values: list[Any], types: list[str]) -> Any:
        if types:
            self.budget.spend(len(values) // 8)
            values = [value for value in values if any(is_of(kind, value) for kind in types)]
            if not values:
                raise Unsatisfiable("no value of the enum is of the type")
        return self.dice.choose(values)

    def _ordered_types(self, types: list[str], depth: int) -> list[str]:
        if len(types) == 1:
            return types
        ordered = self.dice.shuffled(types)
        if depth >= SOFT_DEPTH:
            ordered.sort(key=lambda kind: kind in ("object", "array"))
        return ordered

    def _of_type(self, kind: str, schema: dict[str, Any], depth: int, name: str) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return self._string(schema, name)
            case "integer":
                return self._integer(schema)
            case "number":
                return self._number(schema)
            case "boolean":
                return self.dice.chance(1, 2)
        return None

    # objects

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        required = list(schema.get("required", ()))
        names = self._names(schema, required, depth)
        needed = set(required)
        made: dict[str, Any] = {}
        for name in names:
            make = self.make if name in needed else self.maybe
            try:
                made[name] = make(self._of_property(schema, name), depth + 1, name)
            except Unsatisfiable:
                if name in needed:
                    raise
        self._fill(schema, made, depth)
        return made

    def _names(self, schema: dict[str, Any], required: list[str], depth: int) -> list[str]:
        """Return the properties to generate: the required ones, and some of the others if there is room."""
        properties = schema.get("properties", {})
        most = schema.get("maxProperties", len(required) + len(properties))
        dependent = schema.get("dependentRequired", {})
        self.budget.spend(len(properties) + len(required))
        wanted = self._closed(required, dependent, {})
        if depth < SOFT_DEPTH:
            for name, part in properties.items():
                if name not in wanted and part is not False and self.dice.chance(1, 2):
                    more = self._closed([name], dependent, wanted)
                    if len(wanted) + len(more) <= most:
                        wanted.update(more)
        return [*filter(wanted.__contains__, properties), *(name for name in wanted if name not in properties)]

    def _closed(self, names: list[str], dependent: dict[str, list[str]], known: dict[str, None]) -> dict[str, None]:
        """Return the names and everything they require, except known names."""
        found = dict.fromkeys(name for name in names if name not in known)
        waiting = list(found) if dependent else []
        for name in waiting:
            demanded = dependent.get(name, ())
            self.budget.spend(len(demanded))
            for other in demanded:
                if other not in known and other not in found:
                    found[other] = None
                    waiting.append(other)
        return found

    def _of_property(self, schema: dict[str, Any], name: str) -> Schema:
        if "patternProperties" in schema:
            self.budget.spend(len(schema["patternProperties"]) * (2 + len(name) // 100))
        elif name in (properties := schema.get("properties", {})):
            named: Schema = properties[name]
            return named
        return _further_or(schema, name)

    def _fill(self, schema: dict[str, Any], made: dict[str, Any], depth: int) -> None:
        """Add unnamed properties up to the minimum; a few if the schema has no others."""
        least = _count(schema, "minProperties", 0)
        only_others = not schema.get("properties") and isinstance(_further(schema), dict) and depth < SOFT_DEPTH
        wanted = max(least, self.dice.between(1, 3) if only_others else 0)
        wanted = min(wanted, _count(schema, "maxProperties", wanted))
        for name in [name for name in schema.get("properties", {}) if name not in made] if least else ():
            if len(made) < least:
                self._try(schema, made, name, depth)
        for turn in range(_TRIES + wanted):
            self.budget.spend(1)
            if len(made) >= wanted:
                return
            name = self._new_name(schema, turn)
            if name not in made:
                self._try(schema, made, name, depth)
        if len(made) < least:
            raise Unsatisfiable("too few properties are allowed")

    def _try(self, schema: dict[str, Any], made: dict[str, Any], name: str, depth: int) -> None:
        try:
            made[name] = self.maybe(self._of_property(schema, name), depth + 1, name)
        except Unsatisfiable:
            return

    def _new_name(self, schema: dict[str, Any], turn: int) -> str:
        patterns = list(schema.get("patternProperties", ()))
        if patterns and (_further(schema) is False or self.dice.chance(1, 2)):
            try:
                return matching(self.dice.choose(patterns), self.dice, budget=self.budget)
            except NoMatch:
                pass
        names = schema.get("propertyNames", True)
        if isinstance(names, dict):
            return str(self.maybe({"type": "string", "allOf": [names]}, SOFT_DEPTH))
        return self.dice.choose(_KEYS) + (f"_{turn}" if turn > 1 else "")

    # arrays

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        first = len(schema.get("prefixItems", ()))
        least, most = _count(schema, "minItems", 0), _limit(schema, "maxItems")
        holds, held = schema.get("contains"), _count(schema, "minContains", 1) if "contains" in schema else 0
        if _further_items(schema) is False:
            most = first if most is None else min(most, first)
        usual = 1 if depth >= SHALLOW else 3
        low = max(least, held, first if depth < SOFT_DEPTH else 0)
        if most is not None:
            low = min(low, most)
        high = low if depth >= SOFT_DEPTH else max(low, usual if most is None else min(usual, most))
        count = self.dice.between(min(max(low, 1), high), high)
        if count < least:
            raise Unsatisfiable("fewer items are allowed than required")
        made: list[Any] = []
        further = _further_items(schema)
        further_held = further if holds is None else {"allOf": [further, holds]}
        items = _DifferentItems(self, depth) if schema.get("uniqueItems") else None
        for index in range(count):
            demanded = holds is not None and index >= count - held
            item = further_held if demanded else further
            if index < first:
                item = item_of(schema, index)
                item = {"allOf": [item, holds]} if demanded else item
            make = self.make if index < least or held else self.maybe
            try:
                made.append(make(item, depth + 1) if items is None else items.another(item))
            except Unsatisfiable:
                if index < least or held:
                    raise
                break
        return made

    # texts

    def _string(self, schema: dict[str, Any], name: str) -> str:
        least, most = _count(schema, "minLength", 0), _limit(schema, "maxLength")
        if least > (_LONGEST if most is None else min(most, _LONGEST)):
            raise Unsatisfiable(f"no text has {least} characters")
        if "pattern" in schema:
            return self._matching(patterns_of(schema["pattern"]), least, most)
        if schema.get("format") in FORMATS:
            return self._fitting(schema["format"], least, most)
        if schema.get("contentEncoding") == "base64":
            return "bW9ja2JhdGNo"
        text = text_of_name(name, self.dice) if name else None
        if text is None or len(text) < least or (most is not None and len(text) > most):
            text = self._words(least, most)
        return text

    def _matching(self, patterns: list[str], least: int, most: int | None) -> str:
        """Return a text that matches one pattern and, by chance, the others too."""
        for turn in range(_TRIES if len(patterns) > 1 else 1):
            try:
                text = matching(patterns[turn % len(patterns)], self.dice, least, most, self.budget)
            except NoMatch as error:
                raise Unsatisfiable(str(error)) from None
            self.budget.spend(len(patterns) * (2 + len(text) // 100))
            if all(found(pattern, text) for pattern in patterns):
                return text
        raise Unsatisfiable("no text was found that matches all patterns")

    def _fitting(self, kind: str, least: int, most: int | None) -> str:
        for _ in range(_TRIES):
            self.budget.spend(5)
            text = FORMATS[kind](self.dice)
            if least <= len(text) and (most is None or len(text) <= most):
                return text
        raise Unsatisfiable(f"no text of format {kind} has the required length")

    def _words(self, least: int, most: int | None) -> str:
        """Return a few words of a sentence, or as many sentences as needed."""
        text: str = self.dice.choose(english_sentences())
        if least <= 1:
            text = " ".join(text.split()[: self.dice.between(2, 6)]).rstrip(".,:;")
        length, sentences = len(text), [text]
        self.budget.spend(least // 10)
        while length < least:
            sentences.append(self.dice.choose(english_sentences()))
            length += 1 + len(sentences[-1])
        text = " ".join(sentences)
        return text[: max(least, min(most, len(text)))].ljust(least, "x") if most is not None else text

    # numbers

    def _integer(self, schema: dict[str, Any]) -> int:
        low, high = _bounds(schema, 1)
        step = schema.get("multipleOf", 1)
        if step != int(step):
            step = _whole(step)
        return int(step) * self._multiple(low, high, int(step))

    def _multiple(self, low: float | None, high: float | None, step: int) -> int:
        """Return a number of steps within bounds."""
        least = None if low is None else -(-ceil(low) // step)
        most = None if high is None else floor(high) // step
        if least is None:
            least = 0 if most is None or most >= 0 else most - 100
        if most is None:
            most = max(least, 0) + 100
        if least > most:
            raise Unsatisfiable("no number is within the bounds")
        return self.dice.between(least, most)

    def _number(self, schema: dict[str, Any]) -> float:
        if "multipleOf" in schema:
            return self._multiple_of(schema, schema["multipleOf"])
        low, high = _bounds(schema, 0)
        if low is None:
            low = min(0.0, high - 100 if high is not None else 0.0)
        if high is None:
            high = max(low, 0) + 100
        if low > high:
            raise Unsatisfiable("no number is within the bounds")
        for digits in (2, 4, 8, 17):
            value = round(low + (high - low) * self.dice.fraction(), digits)
            if _inside(value, schema):
                return value
        for value in (low, high):
            if _inside(value, schema):
                return value
        raise Unsatisfiable("no number is within the bounds")

    def _multiple_of(self, schema: dict[str, Any], step: float) -> float:
        low, high = _bounds(schema, 0)
        for _ in range(_TRIES):
            self.budget.spend(2)
            least = None if low is None else low / step
            most = None if high is None else high / step
            value = self._multiple(least, most, 1) * step
            value = value if isinstance(value, int) else round(value, 12)
            if _inside(value, schema) and (value / step).is_integer():
                return value
        raise Unsatisfiable("no multiple is within the bounds")


class _DifferentItems:
    """Generates the items of an array with unique items."""

    def __init__(self, values: Values, depth: int) -> None:
        self._values, self._depth = values, depth
        self._made: set[str] = set()
        self._left: dict[int, tuple[Schema, list[Any]]] = {}

    def another(self, schema: Schema) -> Any:
        """Return another item. Raises Unsatisfiable if all possible ones were used."""
        if id(schema) not in self._left:
            for _ in range(_TRIES):
                value = self._values.make(schema, self._depth + 1)
                if self._is_new(value):
                    return value
            self._list(schema)
        left = self._left[id(schema)][1]
        while left:
            if self._is_new(value := left.pop()):
                return value
        raise Unsatisfiable("there are not enough distinct items")

    def _list(self, schema: Schema) -> None:
        """List the unused values when random draws keep hitting used ones."""
        domain = self._values.domain(schema) or []
        left = [value for value in domain if canonical(value) not in self._made]
        self._left[id(schema)] = schema, self._values.dice.shuffled(left)

    def _is_new(self, value: Any) -> bool:
        key = canonical(value)
        self._values.budget.spend(1 + len(key) // 20)
        known = len(self._made)
        self._made.add(key)
        return len(self._made) > known


def _count(schema: dict[str, Any], name: str, default: int) -> int:
    """Return a number of items, properties or characters, which a schema may write as 2.0."""
    return int(schema.get(name, default))


def _limit(schema: dict[str, Any], name: str) -> int | None:
    return int(schema[name]) if name in schema else None


def _integers(schema: dict[str, Any]) -> list[int] | None:
    """Return the integers that a schema allows, or None if there are too many."""
    low, high = _bounds(schema, 1)
    step = schema.get("multipleOf", 1)
    if low is None or high is None or step != int(step):
        return None
    step = int(step)
    least, most = -(-ceil(low) // step), floor(high) // step
    return [step * turn for turn in range(least, most + 1)] if most - least < _LISTED else None


def _further(schema: dict[str, Any]) -> Schema:
    further: Schema = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
    return further


def _further_or(schema: dict[str, Any], name: str) -> Schema:
    own = property_of(schema, name)
    return _further(schema) if own is True and name not in schema.get("properties", ()) else own


def _further_items(schema: dict[str, Any]) -> Schema:
    further: Schema = schema.get("items", schema.get("unevaluatedItems", True))
    return further


def _implied(schema: dict[str, Any]) -> list[str]:
    """Return the type implied by the keywords of a schema without a type."""
    signed = [kind for kind, signs in _SIGNS.items() if any(sign in schema for sign in signs)]
    return signed[:1] or (["integer", "boolean", "null", "string"] if "not" in schema else ["string"])


def _bounds(schema: dict[str, Any], beyond: float) -> tuple[float | None, float | None]:
    """Return the lower and upper bound; `beyond` is the distance from an exclusive bound to the next number."""
    lows = [schema[name] for name in ("minimum",) if name in schema]
    highs = [schema[name] for name in ("maximum",) if name in schema]
    if "exclusiveMinimum" in schema:
        bound = schema["exclusiveMinimum"]
        lows.append(floor(bound) + 1 if beyond else bound)
    if "exclusiveMaximum" in schema:
        bound = schema["exclusiveMaximum"]
        highs.append(ceil(bound) - 1 if beyond else bound)
    return max(lows, default=None), min(highs, default=None)


def _inside(value: float, schema: dict[str, Any]) -> bool:
    return (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
    )


def _whole(step: float) -> int:
    """Return the smallest integer that is a multiple of `step`."""
    whole = 1
    while (whole / step) % 1 and whole < 1_000:
        whole += 1
    return whole


def is_of(kind: str, value: Any) -> bool:
    """Return whether a value is of a JSON type."""
    if kind in ("integer", "number"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and (kind == "number" or float(value).is_integer())
    return kind in _PYTHON and isinstance(value, _PYTHON[kind])


def surely(schema: Schema, value: Any) -> bool:
    """Return whether a value is valid against a simple schema; False if that is not easily decided."""
    if isinstance(schema, bool):
        return schema
    if not schema:
        return True
    if not schema.keys() <= {"const", "enum", "type", "required", "anyOf"}:
        return False
    return (
        ("const" not in schema or same(schema["const"], value))
        and ("enum" not in schema or any(same(known, value) for known in schema["enum"]))
        and ("type" not in schema or any(is_of(kind, value) for kind in types_of(schema)))
        and ("required" not in schema or not isinstance(value, dict) or set(schema["required"]) <= value.keys())
        and ("anyOf" not in schema or any(surely(option, value) for option in schema["anyOf"]))
    )
