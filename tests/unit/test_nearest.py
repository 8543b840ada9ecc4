"""The value nearest to a schema, where no value is found that meets all of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockbatch.core.replies.nearest import Nearest, nearest
from mockbatch.core.replies.outline import outline
from mockbatch.core.replies.rng import Rng
from mockbatch.core.replies.schema import instance
from tests.unit.test_schema import SCHEMAS, UNUSABLE
from tests.unit.test_schema_effort import OUT_OF_RANGE, TOO_MUCH

Schema = dict[str, Any]
INT, STR = {"type": "integer"}, {"type": "string"}
NEVER = r"^(?!a)a$"


def obj(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def chain(length: int, leaf: Schema) -> Schema:
    for _ in range(length):
        leaf = obj(next=leaf)
    return leaf


def near(schema: Schema, key: int = 1) -> Nearest:
    return nearest(schema, Rng(key, "test"), "it")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_where_a_value_is_found_it_is_the_nearest(kind: str) -> None:
    """The same as ever, and unmarked."""
    for key in range(5):
        assert near(SCHEMAS[kind], key) == (instance(SCHEMAS[kind], Rng(key, "test")), "")


PARTS: dict[str, tuple[Schema, str, Schema]] = {
    "look ahead": (
        obj(code={"type": "string", "pattern": r"^(?=[A-Z]{3}-\d{6}$)(?!ABC).*$"}, count=INT),
        "properties/code/pattern",
        obj(code=STR, count=INT),
    ),
    "pattern": (obj(a={"type": "string", "pattern": NEVER}, b=INT), "properties/a/pattern", obj(a=STR, b=INT)),
    "pattern of a reference": (
        {**obj(a={"$ref": "#/$defs/a"}, b=INT), "$defs": {"a": {"type": "string", "pattern": NEVER}}},
        "$defs/a/pattern",
        obj(a=STR, b=INT),
    ),
    "pattern that no engine reads": (
        obj(a={"type": "string", "pattern": "^[a-z"}, b={**INT, "minimum": 5}),
        "properties/a/pattern",
        obj(a=STR, b={**INT, "minimum": 5}),
    ),
    "pattern of names": (
        {**obj(a=INT), "patternProperties": {"(": INT}},
        "patternProperties/(",
        obj(a=INT),
    ),
    "patterns inside of patterns of names": (
        {**obj(a=INT), "patternProperties": {"(": {"pattern": "[", "items": {"$ref": "#/no"}}}},
        "patternProperties/(",
        obj(a=INT),
    ),
    "items": (
        obj(a={"type": "array", "items": {"type": "string", "pattern": NEVER}, "minItems": 2, "maxItems": 3}),
        "properties/a/items/pattern",
        obj(a={"type": "array", "items": STR, "minItems": 2, "maxItems": 3}),
    ),
    "too few different items": (
        obj(a={"type": "array", "items": {"const": 1}, "minItems": 2, "uniqueItems": True}),
        "properties/a/uniqueItems",
        obj(a={"type": "array", "items": {"const": 1}, "minItems": 2}),
    ),
    "names by pattern, counted": (
        {**obj(a=STR), "patternProperties": {"^x$": INT}, "minProperties": 3},
        "minProperties",
        obj(a=STR),
    ),
    "contradictory bounds": (
        obj(a={**INT, "minimum": 5, "maximum": 2}, b=STR),
        "properties/a/minimum",
        obj(a=INT, b=STR),
    ),
    "contradictory parts": (obj(a={"allOf": [INT, STR]}, b=STR), "properties/a/allOf/1/type", obj(a=INT, b=STR)),
    "enum of another type": (obj(a={**INT, "enum": ["x"]}), "properties/a/enum", obj(a=INT)),
    "a reference to nothing": (obj(a={"$ref": "#/$defs/b"}, b=INT), "properties/a/$ref", obj(a=True, b=INT)),
    "a reference to elsewhere": (
        obj(a={"$ref": "https://example.com/a.json"}, b=INT),
        "properties/a/$ref",
        obj(a=True, b=INT),
    ),
    "recursion without end": (obj(a={"$ref": "#"}, b=INT), "required", {"type": "object", "required": ["a", "b"]}),
    "alternatives": (
        obj(a={"anyOf": [{"type": "string", "pattern": NEVER}, {"type": "string", "maxLength": 2, "minLength": 3}]}),
        "properties/a/anyOf",
        obj(a=STR),
    ),
}


@pytest.mark.parametrize("kind", PARTS)
def test_only_what_cannot_be_met_is_left_out(kind: str) -> None:
    """And it is named; whatever else the schema says holds."""
    schema, part, met = PARTS[kind]
    for key in range(10):
        found = near(schema, key)
        assert found.unmet == f"No value was found that meets `{part}` of it."
        assert list(Draft202012Validator(met).iter_errors(found.value)) == []


def test_deep_schemas_are_met() -> None:
    """Objects in objects, far deeper than what is usual."""
    found = near(chain(70, INT))
    assert found.unmet == ""
    assert json.dumps(found.value).count("next") == 70


@pytest.mark.parametrize("kind", [*UNUSABLE, *OUT_OF_RANGE, *TOO_MUCH])
def test_there_is_always_a_value(kind: str) -> None:
    """That JSON can hold, and the same for the same draws."""
    schema = {**{name: schema for name, (schema, _) in UNUSABLE.items()}, **OUT_OF_RANGE, **TOO_MUCH}[kind]
    found = near(schema)
    json.dumps(found.value, allow_nan=False)
    assert near(schema) == found
    assert "\n" not in found.unmet
    assert len(found.unmet) < 500


def test_what_is_too_complex_gets_its_outline() -> None:
    """Required properties and types, and the first of what is listed."""
    rows = {"type": "array", "minItems": 10**9, "items": {"type": "integer", "minimum": 3}}
    schema = obj(
        rows=rows, kind={"enum": ["a", "b"]}, name={"type": "string", "minLength": 2}, of={"$ref": "#/$defs/n"}
    )
    found = near({**schema, "$defs": {"n": {"type": ["null", "string"]}}})
    assert found.unmet == "No value was found that meets it (it is too complex)."
    assert found.value.pop("rows")[:2] == [3, 3]
    assert "kind" not in found.value  # the steps were used up by the rows before
    assert outline(obj(kind={"enum": ["a"]}, name={"type": "string", "minLength": 2})) == {"kind": "a", "name": "xx"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "type",
                        "properties",
                        "required",
                        "items",
                        "minItems",
                        "enum",
                        "const",
                        "$ref",
                        "anyOf",
                        "allOf",
                        "not",
                    )
                ]
            ),
            inner | st.sampled_from(["object", "array", "#", "integer"]),
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(schema=st.dictionaries(st.sampled_from(["type", "properties", "items", "$ref", "allOf", "a"]), json_values))
def test_any_json_gets_a_value(schema: Schema) -> None:
    """Schemas that are none too: the checks may be off."""
    json.dumps(near(schema).value)
    json.dumps(outline(schema))


NAMES = ["minItems", "enum", "const", "$ref", "$id", "$anchor", "type", "properties", "required", "pattern", "items"]


def test_properties_may_have_any_name() -> None:
    """Such as that of a keyword, wherever they stand."""
    schema = obj(**{name: obj(**{name: STR}) for name in NAMES})
    found = near(schema)
    assert found.unmet == ""
    assert list(found.value) == NAMES


def test_values_of_a_schema_may_look_like_schemas() -> None:
    """Patterns and references in them are none."""
    odd = {"pattern": "(", "$ref": "#/nothing", "properties": {"a": {"pattern": "["}}, "$anchor": "x"}
    schema = {**obj(a={"const": odd}, b={"enum": [odd]}), "default": odd, "examples": [odd]}
    assert near(schema) == ({"a": odd, "b": odd}, "")
