"""Schemas that ask for too much work, or for the impossible: each ends soon, with a value or a sentence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.bounded_cache import BoundedCache
from mockbatch.core.replies.draft import ReplyError
from mockbatch.core.replies.pattern import found, size_of
from mockbatch.core.replies.rng import Rng
from mockbatch.core.replies.schema import instance, is_valid
from mockbatch.core.replies.step_budget import TOO_COMPLEX, StepBudget
from mockbatch.core.replies.validation_cost import effort, is_harmless

Schema = dict[str, Any]
INT: Schema = {"type": "integer"}


def doubled(times: int, keyword: str) -> Schema:
    """A schema that names another twice, which names another twice."""
    parts: dict[str, Schema] = {"0": INT}
    for turn in range(times):
        parts[str(turn + 1)] = {keyword: [{"$ref": f"#/$defs/{turn}"}] * 2}
    return {"$ref": f"#/$defs/{times}", "$defs": parts}


def value_of(schema: Schema) -> Any:
    return instance(schema, Rng(1, "test"))


COUNTED: list[tuple[Schema, range]] = [
    ({"type": "array", "items": INT, "minItems": 2.0, "maxItems": 3.0}, range(2, 4)),
    ({"type": "array", "items": INT, "contains": {"const": 5}, "minContains": 2.0}, range(2, 5)),
    ({"type": "string", "minLength": 30.0, "maxLength": 31.0}, range(30, 32)),
    ({"type": "string", "pattern": "^a+$", "minLength": 30.0, "maxLength": 31.0}, range(30, 32)),
    ({"type": "object", "additionalProperties": INT, "minProperties": 2.0, "maxProperties": 3.0}, range(2, 4)),
]


@pytest.mark.parametrize(("schema", "sizes"), COUNTED)
def test_counts_may_be_written_as_floats(schema: Schema, sizes: range) -> None:
    assert len(value_of(schema)) in sizes


OUT_OF_RANGE: dict[str, Schema] = {
    "step": {"type": "number", "multipleOf": 1e-308, "minimum": 1e308},
    "digits": {"type": "integer", "minimum": 10**5000},
    "surrogate": {"const": "\ud800"},
    "infinity": {"type": "number", "minimum": float("inf")},
    "many characters": {"type": "string", "minLength": 10**9},
    "multiples": {"allOf": [{"type": "number", "multipleOf": step * 1.0001} for step in range(1, 500)]},
}
TOO_MUCH: dict[str, Schema] = {
    "items": {"type": "array", "items": INT, "minItems": 1e9},
    "properties": {"type": "object", "minProperties": 10**9},
    "names": {"type": "object", "minProperties": 10**9, "propertyNames": {"enum": ["a", "b"]}},
    "long texts": {"type": "array", "minItems": 100, "items": {"type": "string", "minLength": 10**6}},
    **{f"doubled {keyword}": doubled(40, keyword) for keyword in ("allOf", "anyOf", "oneOf")},
    "doubled in not": {**INT, "not": doubled(40, "anyOf"), "$defs": doubled(40, "anyOf")["$defs"]},
    "patterns": {"type": "object", "patternProperties": {rf"^[\s\S]{{1000}}{n}$": INT for n in range(500)}},
    "pattern": {"type": "string", "pattern": "x" * 200_000},
    "schema": {"type": "object", "properties": {f"p{n}": INT for n in range(20_000)}},
}


@pytest.mark.parametrize("kind", OUT_OF_RANGE)
def test_what_no_value_can_hold_is_one_sentence(kind: str) -> None:
    with pytest.raises(ReplyError) as caught:
        value_of(OUT_OF_RANGE[kind])
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("kind", TOO_MUCH)
def test_what_takes_too_long_is_too_complex(kind: str) -> None:
    with pytest.raises(ReplyError, match=TOO_COMPLEX):
        value_of(TOO_MUCH[kind])


DOMAINS: list[tuple[Schema, int]] = [
    ({"type": "integer", "minimum": 0, "maximum": 999}, 1000),
    ({"type": "integer", "minimum": 0, "maximum": 999, "multipleOf": 5}, 200),
    ({"enum": list(range(500))}, 500),
    ({"type": ["boolean", "null"]}, 3),
    ({"anyOf": [{"type": "boolean"}, {"const": "a"}, {"type": "integer", "minimum": 1, "maximum": 97}]}, 100),
]


@pytest.mark.parametrize(("items", "size"), DOMAINS)
def test_all_values_that_there_are_can_be_items(items: Schema, size: int) -> None:
    """Each once, without trying again and again."""
    schema = {"type": "array", "items": items, "minItems": size, "uniqueItems": True}
    assert len(value_of(schema)) == size
    with pytest.raises(ReplyError):
        value_of({**schema, "minItems": size + 1})


def test_a_budget_does_not_depend_on_what_is_remembered() -> None:
    """The same schema ends the same way, however often it came before."""
    schema = doubled(12, "allOf")
    values = {repr(instance(schema, Rng(7, "test"))) for _ in range(3)}
    assert len(values) == 1


CATASTROPHES = ["^(a+)+$", "^(a|a)*$", "^(?=a)(a+)+$", r"^(a*)*\1$"]


@pytest.mark.parametrize("pattern", CATASTROPHES)
def test_no_pattern_backtracks_for_long(pattern: str) -> None:
    assert not found(pattern, "a" * 5_000 + "!")


def test_repetitions_are_part_of_the_size_of_a_pattern() -> None:
    assert size_of("(a{100}){100}") > 10_000 > size_of("a" * 100)


def test_effort_counts_parts_and_values() -> None:
    schema: Schema = {"items": {"allOf": [INT, INT]}}
    assert effort(schema, [1, 2], lambda _: True) == 1 + 2 * 3
    assert is_harmless(schema, lambda _: True)
    assert not is_harmless({"$ref": "#"}, lambda _: {"$ref": "#"})


def test_a_schema_that_refers_to_itself_is_still_checked() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": False}
    assert is_valid(tree, {"next": {"next": {}}})
    assert not is_valid(tree, {"next": {"other": 1}})


@given(st.lists(st.integers(0, 300), max_size=60))
def test_a_budget_is_spent_once(steps: list[int]) -> None:
    budget = StepBudget(1_000)
    total = 0
    for step in steps:
        total += step
        if total > 1_000:
            with pytest.raises(ReplyError):
                budget.spend(step)
            return
        budget.spend(step)
        assert budget.left == 1_000 - total


@given(st.lists(st.text(max_size=12), max_size=60))
def test_what_is_remembered_is_bound_by_count_and_size(keys: list[str]) -> None:
    known = BoundedCache[str, str](str.upper, count=4, size=20)
    for key in keys:
        assert known(key) == key.upper()
        assert len(known) <= 4
        assert sum(map(len, known.keys())) <= 20
