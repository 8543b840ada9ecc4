"""Which parts of a JSON Schema are schemas."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract.schemas import DEEPEST, subschemas

X = {"minLength": 1}
HOLDERS: dict[str, tuple[Any, list[tuple[str | int, ...]]]] = {
    **{
        name: ({name: X}, [(name,)])
        for name in (
            *("additionalProperties", "unevaluatedProperties", "propertyNames", "items", "contains"),
            *("unevaluatedItems", "additionalItems", "not", "if", "then", "else", "contentSchema"),
        )
    },
    **{name: ({name: [X, True, X]}, [(name, 0), (name, 2)]) for name in ("allOf", "anyOf", "oneOf", "prefixItems")},
    "items as a list": ({"items": [X, X]}, [("items", 0), ("items", 1)]),
    **{
        name: ({name: {"a": X, "b": False}}, [(name, "a")])
        for name in ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
    },
    "dependencies": ({"dependencies": {"a": ["b"], "c": X}}, [("dependencies", "c")]),
}
NAMES: dict[str, Any] = {
    "properties named like keywords": {
        "properties": {"minItems": True, "enum": True, "$ref": True, "properties": True}
    },
    "const": {"const": {"properties": {"a": X}, "items": X}},
    "enum": {"enum": [{"items": X}, [X], {"anyOf": [X]}]},
    "default": {"default": {"items": X}},
    "examples": {"examples": [{"items": X}, X]},
    "names that are required": {"required": ["items"], "dependentRequired": {"items": ["properties"]}},
    "an unknown keyword": {"x-note": {"items": X}},
    "keywords that hold something else": {"properties": [X], "items": "string", "allOf": X, "not": [X], "$defs": None},
}


@pytest.mark.parametrize("kind", HOLDERS)
def test_schemas_in_keywords_are_found(kind: str) -> None:
    """Each with its path; true and false hold no keywords."""
    schema, paths = HOLDERS[kind]
    assert [path for path, _ in subschemas(schema)] == [(), *paths]


@pytest.mark.parametrize("kind", NAMES)
def test_what_only_looks_like_a_schema_is_none(kind: str) -> None:
    """Names of properties, and members of values."""
    assert [path for path, _ in subschemas(NAMES[kind])] == [()]


@pytest.mark.parametrize("name", ["minItems", "enum", "$ref", "properties", "items", "anyOf"])
def test_a_property_of_any_name_holds_a_schema(name: str) -> None:
    """And what is in it is found too."""
    schema = {"properties": {name: {"items": X}}}
    assert list(subschemas(schema))[2] == (("properties", name, "items"), X)


def test_deep_schemas_are_walked_without_recursion() -> None:
    """As deep as anybody sends them; not without end."""
    schema: dict[str, Any] = {}
    schema["items"] = schema
    assert sum(1 for _ in subschemas(schema)) == DEEPEST + 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["properties", "items", "allOf", "const", "$defs", "x"]), inner)
        ),
    )
)
def test_each_path_leads_to_its_schema(schema: Any) -> None:
    """Whatever the JSON is."""
    for path, node in subschemas(schema):
        place = schema
        for step in path:
            place = place[step]
        assert place is node
