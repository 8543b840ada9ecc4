"""Values made from JSON schemas, shown to a validator that had no part in making them."""

import json
import re
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockbatch.core.replies.draft import ReplyError
from mockbatch.core.replies.pattern import NoMatch, matching
from mockbatch.core.replies.rng import Rng
from mockbatch.core.replies.schema import instance
from mockbatch.core.replies.schema_intersection import Unsatisfiable, intersect

Schema = dict[str, Any]
CHECKER = Draft202012Validator.FORMAT_CHECKER


def problems(schema: Schema, value: Any) -> list[str]:
    found = Draft202012Validator(schema, format_checker=CHECKER).iter_errors(value)
    return [error.message for error in found]


def obj(required: list[str] | None = None, **properties: Any) -> Schema:
    names = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


INT, STR = {"type": "integer"}, {"type": "string"}
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {"node": obj(value=INT, children={"type": "array", "items": {"$ref": "#/$defs/node"}})},
}
LIST = {"$ref": "#/$defs/l", "$defs": {"l": {"anyOf": [{"type": "null"}, obj(head=INT, tail={"$ref": "#/$defs/l"})]}}}
EXPRESSION = {
    "$ref": "#/$defs/e",
    "$defs": {
        "e": {"anyOf": [{"$ref": "#/$defs/sum"}, {"$ref": "#/$defs/neg"}, {"$ref": "#/$defs/lit"}]},
        "sum": obj(left={"$ref": "#/$defs/e"}, right={"$ref": "#/$defs/e"}),
        "neg": obj(of={"$ref": "#/$defs/e"}),
        "lit": obj(value={"type": "number"}),
    },
}
SCHEMAS: dict[str, Schema] = {
    "nothing": {},
    "object": obj(name=STR, age=INT, email={"type": "string", "format": "email"}),
    "some required": obj(["a"], a=INT, b=INT, c=INT),
    "required but not named": {"type": "object", "required": ["x", "y"]},
    "map": {"type": "object", "additionalProperties": INT, "minProperties": 3},
    "map by pattern": {
        "type": "object",
        "patternProperties": {"^x-[0-9]{2}$": INT},
        "additionalProperties": False,
        "minProperties": 2,
    },
    "pattern over a property": {
        "properties": {"x-1": {"minimum": 5}},
        "patternProperties": {"^x-": {"type": "integer", "maximum": 6}},
        "required": ["x-1"],
    },
    "property names": {"type": "object", "propertyNames": {"pattern": "^[A-Z]{4}$"}, "minProperties": 2},
    "at most": {"type": "object", "properties": dict.fromkeys("abcdef", INT), "maxProperties": 2},
    "dependent": {
        "type": "object",
        "properties": {"a": INT},
        "required": ["a"],
        "dependentRequired": {"a": ["b", "c"]},
    },
    "dependent schemas": {
        "type": "object",
        "properties": {"a": INT, "b": STR},
        "dependentSchemas": {"a": {"properties": {"b": {"const": "with a"}}, "required": ["b"]}},
    },
    "enum": {"enum": [1, "two", None, True, [3], {"four": 4}]},
    "enum of a type": {"type": "string", "enum": [1, "two", None]},
    "const": obj(kind={"const": {"a": [1]}}),
    "types": {"type": ["integer", "null", "array"], "minimum": 3},
    "bounds": {"type": "integer", "minimum": -7, "exclusiveMaximum": -4},
    "huge": {"type": "integer", "minimum": 10**25, "maximum": 10**25 + 3},
    "multiple": {"type": "integer", "multipleOf": 7, "minimum": 50, "maximum": 60},
    "half": {"type": "number", "multipleOf": 0.5, "minimum": 0.2, "maximum": 0.9},
    "cents": {"type": "number", "multipleOf": 0.01, "minimum": 1, "maximum": 90},
    "integer of halves": {"type": "integer", "multipleOf": 0.5},
    "narrow": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-5},
    "length": {"type": "string", "minLength": 500, "maxLength": 501},
    "one letter": {"type": "string", "minLength": 1, "maxLength": 1},
    "pattern": {"type": "string", "pattern": r"^\d{3}-[A-F]+(foo|bar)?$"},
    "pattern and length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 40, "maxLength": 60},
    "pattern not bound": {"type": "string", "pattern": "needle", "minLength": 30},
    "look ahead": {"type": "string", "pattern": r"^(?=.*\d)(?!abc)[a-z\d]{4,8}$"},
    "two patterns": {"type": "string", "allOf": [{"pattern": "^[ab]+$"}, {"pattern": "^.{3,5}$"}]},
    "unique": {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True},
    "tuple": {"type": "array", "prefixItems": [STR, INT], "items": False, "minItems": 2},
    "tuple and more": {"type": "array", "prefixItems": [STR], "items": INT, "minItems": 4},
    "contains": {"type": "array", "items": INT, "contains": {"const": 5}, "minContains": 2, "maxItems": 4},
    "no more items": {"type": "array", "items": INT, "maxItems": 0},
    "nullable": {"anyOf": [STR, {"type": "null"}]},
    "one of": {"oneOf": [{"type": "number", "multipleOf": 5}, {"type": "number", "multipleOf": 3}]},
    "tagged": {"oneOf": [obj(kind={"const": "a"}, a=INT), obj(kind={"const": "b"}, b=STR)]},
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": INT}, "required": ["a"]},
            {"properties": {"a": {"minimum": 1000}, "b": STR}, "required": ["b"]},
        ],
        "unevaluatedProperties": False,
    },
    "all of with closed": {"allOf": [obj(["a"], a=INT, b=INT), {"properties": {"a": {"maximum": 3}, "c": INT}}]},
    "any of beside": {"type": "object", "properties": {"a": INT}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "if": {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"properties": {"x": {"type": "boolean"}}, "required": ["x"]},
        "else": {"required": ["y"]},
    },
    "not type": {"not": {"type": "string"}},
    "not value": {"type": "integer", "minimum": 1, "maximum": 2, "not": {"const": 1}},
    "not required": {"type": "object", "properties": {"a": INT}, "not": {"required": ["a"]}},
    "true": {"properties": {"a": True}, "required": ["a"]},
    "false": {"type": "object", "properties": {"a": False, "b": INT}},
    "tree": TREE,
    "list": LIST,
    "expression": EXPRESSION,
    "itself": obj([], again={"$ref": "#"}),
    "anchor": {"$ref": "#here", "$defs": {"x": {"$anchor": "here", "type": "integer"}}},
    "beside a reference": {"$ref": "#/$defs/n", "maximum": 3, "$defs": {"n": {"type": "integer", "minimum": 2}}},
    "escaped pointer": {"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"const": 1}}},
    **{f"format {name}": {"type": "string", "format": name} for name in sorted(CHECKER.checkers)},
}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_values_are_valid(kind: str) -> None:
    """Whatever the draws."""
    for key in range(30):
        value = instance(SCHEMAS[kind], Rng(key, "test"))
        assert problems(SCHEMAS[kind], value) == [], value


UNUSABLE: dict[str, tuple[Schema, str]] = {
    "bounds": ({"type": "integer", "minimum": 3, "maximum": 2}, "no number is within the bounds"),
    "false": (obj(a=False), "false allows nothing"),
    "types": ({"allOf": [STR, INT]}, "nothing is both"),
    "enums": ({"allOf": [{"enum": [1]}, {"enum": [2]}]}, "nothing in common"),
    "unique": ({"type": "array", "items": {"const": 1}, "minItems": 2, "uniqueItems": True}, "enough distinct items"),
    "closed": ({**obj(a=INT), "minProperties": 2}, "too few properties"),
    "endless": (obj(again={"$ref": "#"}), "endlessly recursive"),
    "loop": ({"$ref": "#"}, "leads back to itself"),
    "not": ({"type": "null", "not": {"type": "null"}}, "forbidden"),
    "format": ({"type": "string", "format": "uuid", "maxLength": 5}, "has the required length"),
    "type": ({"type": "text"}, "not valid JSON Schema"),
    "pattern": ({"pattern": "("}, "not valid JSON Schema"),
    "repeated": ({"type": "string", "pattern": "^(a{900}){900}$"}, "not valid JSON Schema"),
    "reference": ({"$ref": "#/$defs/missing"}, "not valid JSON Schema"),
    "elsewhere": ({"$ref": "https://example.com/schema.json"}, "not valid JSON Schema"),
    "large": (
        {"type": "array", "minItems": 150, "items": {"type": "array", "minItems": 150, "items": INT}},
        "The schema is too complex",
    ),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_schemas_without_a_value_say_why(kind: str) -> None:
    """One sentence, and no other error."""
    schema, sentence = UNUSABLE[kind]
    with pytest.raises(ReplyError, match=re.escape(sentence)) as caught:
        instance(schema, Rng(1, "test"))
    assert "\n" not in caught.value.message


CONJUNCTIONS: list[tuple[Schema, Schema, Schema]] = [
    ({"minimum": 3, "maximum": 9}, {"minimum": 5, "maximum": 12}, {"minimum": 5, "maximum": 9}),
    ({"minLength": 3, "maxItems": 2}, {"minLength": 1, "maxItems": 1}, {"minLength": 3, "maxItems": 1}),
    ({"multipleOf": 4}, {"multipleOf": 6}, {"multipleOf": 12}),
    ({"multipleOf": 0.5}, {"multipleOf": 0.75}, {"multipleOf": 1.5}),
    ({"type": ["string", "number"]}, {"type": ["integer", "null"]}, {"type": ["integer"]}),
    ({"enum": [1, True, "a"]}, {"enum": [True, "a", "b"]}, {"enum": [True, "a"]}),
    ({"required": ["a", "b"]}, {"required": ["b", "c"]}, {"required": ["a", "b", "c"]}),
    ({"uniqueItems": True}, {"uniqueItems": False}, {"uniqueItems": True}),
    ({"pattern": "a"}, {"pattern": "b"}, {"pattern": ["a", "b"]}),
    (obj(a=INT), {"properties": {"b": STR}}, {**obj(a=INT), "properties": {"a": INT, "b": False}}),
    ({"items": INT}, {"prefixItems": [True, STR]}, {"items": INT, "prefixItems": [INT, {"allOf": [INT, STR]}]}),
]


@pytest.mark.parametrize(("one", "other", "whole"), CONJUNCTIONS)
def test_two_schemas_become_one(one: Schema, other: Schema, whole: Schema) -> None:
    """Whichever comes first."""
    assert intersect(one, other) == whole
    assert sorted(intersect(other, one)) == sorted(whole)


HINTS: list[tuple[Schema, Schema]] = [
    ({**INT, "description": "How many.\n\n{minimum: 4, maximum: 6}"}, {"minimum": 4, "maximum": 6}),
    ({**STR, "description": "{pattern: ^a{2,3}, b$, maxLength: 9}"}, {"pattern": "^a{2,3}, b$"}),
    ({"type": "array", "items": INT, "description": "{minItems: 4, uniqueItems: True}"}, {"minItems": 4}),
    ({**INT, "description": "{minimum: many, default: 3}"}, {}),
    ({**INT, "enum": [1], "description": "Any of {minimum: 4}"}, {"const": 1}),
    ({**INT, "minimum": 3, "description": "{maximum: 1}"}, {"minimum": 3}),
]


@pytest.mark.parametrize(("schema", "meant"), HINTS)
def test_bounds_in_a_description_are_kept(schema: Schema, meant: Schema) -> None:
    """Where the SDKs put what structured outputs do not take; not against the schema itself."""
    for key in range(20):
        value = instance(schema, Rng(key, "test"))
        assert problems(schema, value) + problems(meant, value) == []


def test_the_same_draws_make_the_same_value() -> None:
    """And others another one."""
    schema = SCHEMAS["object"]
    assert instance(schema, Rng(7, "a")) == instance(json.loads(json.dumps(schema)), Rng(7, "a"))
    assert len({json.dumps(instance(schema, Rng(key, "a"))) for key in range(20)}) > 15


def test_optional_properties_are_there_now_and_then() -> None:
    """Both cases occur, and all alternatives."""
    values = [instance(SCHEMAS["some required"], Rng(key, "a")) for key in range(40)]
    assert {"b" in value for value in values} == {True, False}
    assert {instance(SCHEMAS["tagged"], Rng(key, "a"))["kind"] for key in range(20)} == {"a", "b"}


def bounded(least: st.SearchStrategy[Any], width: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, Any]]:
    return st.tuples(least, width).map(lambda pair: (pair[0], pair[0] + pair[1]))


lengths = bounded(st.integers(0, 30), st.integers(0, 30))
names = st.sampled_from(["a", "b", "name", "email", "x-1", "größe", "with space", "$odd"])
scalars: st.SearchStrategy[Schema] = st.one_of(
    st.just({}),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"type": ["string", "null"]}),
    lengths.map(lambda pair: {"type": "string", "minLength": pair[0], "maxLength": pair[1]}),
    st.sampled_from([{"type": "string", "format": name} for name in ("date", "email", "uuid", "uri", "ipv4")]),
    bounded(st.integers(-(10**6), 10**6), st.integers(0, 10**6)).map(
        lambda pair: {"type": "integer", "minimum": pair[0], "maximum": pair[1]}
    ),
    bounded(st.integers(-99, 99), st.integers(2, 99)).map(
        lambda pair: {"type": "number", "exclusiveMinimum": pair[0], "exclusiveMaximum": pair[1]}
    ),
    st.integers(1, 50).map(lambda step: {"type": "integer", "multipleOf": step}),
    st.lists(st.one_of(st.integers(), st.text(), st.none(), st.booleans()), min_size=1).map(
        lambda values: {"enum": values}
    ),
    st.text().map(lambda value: {"const": value}),
    st.from_regex(r"\A[a-c]{1,3}[0-9]?\Z").map(lambda text: {"type": "string", "pattern": f"^{text}+-\\d{{2,4}}$"}),
)


@st.composite
def objects(draw: st.DrawFn, schemas: st.SearchStrategy[Schema]) -> Schema:
    properties = draw(st.dictionaries(names, schemas, max_size=5))
    schema: Schema = {"type": "object", "properties": properties}
    if properties:
        schema["required"] = draw(st.lists(st.sampled_from(sorted(properties)), unique=True))
    schema.update(draw(st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": INT}])))
    if schema.get("additionalProperties") is not False:
        schema["minProperties"] = draw(st.integers(0, 3))
    return schema


@st.composite
def arrays(draw: st.DrawFn, schemas: st.SearchStrategy[Schema]) -> Schema:
    schema: Schema = {"type": "array", "items": draw(schemas)}
    schema["minItems"] = draw(st.integers(0, 3))
    if draw(st.booleans()):
        schema["prefixItems"] = draw(st.lists(schemas, min_size=1, max_size=3))
    if draw(st.booleans()):
        schema["maxItems"] = schema["minItems"] + draw(st.integers(0, 4))
    return schema


@st.composite
def choices(draw: st.DrawFn, schemas: st.SearchStrategy[Schema]) -> Schema:
    options = draw(st.lists(schemas, min_size=1, max_size=3))
    if draw(st.booleans()):
        return {"anyOf": options}
    return {"oneOf": [obj(kind={"const": number}, value=option) for number, option in enumerate(options)]}


@st.composite
def conjunctions(draw: st.DrawFn, schemas: st.SearchStrategy[Schema]) -> Schema:
    first, second = draw(schemas), draw(schemas)
    parts = [
        {"type": "object", "properties": {"first": first}, "required": ["first"]},
        {"properties": {"second": second, "first": True}, "required": ["second"]},
    ]
    return {"allOf": parts, **draw(st.sampled_from([{}, {"unevaluatedProperties": False}]))}


def nested(schemas: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(objects(schemas), arrays(schemas), choices(schemas), conjunctions(schemas))


@st.composite
def with_references(draw: st.DrawFn) -> Schema:
    """A schema and definitions that refer to each other, and to nothing that they need without end."""
    again = {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/two"}]}
    leaves = st.one_of(scalars, st.just({"$ref": "#/$defs/one"}), st.just({"type": "array", "items": {"$ref": "#"}}))
    whole = draw(nested(st.recursive(leaves, nested, max_leaves=6)))
    one, two = draw(scalars), draw(scalars)
    return {**whole, "$defs": {"one": obj(value=one, again=again), "two": obj(["value"], value=two, again=again)}}


@given(schema=st.one_of(st.recursive(scalars, nested, max_leaves=12), with_references()), key=st.integers(0, 2**64 - 1))
def test_any_schema_gets_a_valid_value(schema: Schema, key: int) -> None:
    """Nested, with references, alternatives and recursion."""
    value = instance(schema, Rng(key, "any"))
    assert problems(schema, value) == []
    assert json.loads(json.dumps(value)) == value


@given(one=scalars, other=scalars, value=st.one_of(st.integers(-100, 100), st.text(max_size=5), st.none()))
def test_a_conjunction_allows_what_both_allow(one: Schema, other: Schema, value: Any) -> None:
    """And nothing else."""
    assume("pattern" not in {*one, *other} and not {"format", "const"} & (one.keys() & other.keys()))
    valid = not problems(one, value) and not problems(other, value)
    try:
        whole = intersect(one, other)
    except Unsatisfiable:
        event("nothing is allowed")
        whole = {"not": {}}
    assert valid == (not problems(whole, value))


@given(
    pattern=st.sampled_from(
        [r"^\w+@\w+\.com$", r"[^a-z]{3}", r"(a|b)+c?", r"^\p{L}{2,}$", r"^(?<y>\d{4})-\d\d$", r"x{2,}?y*"]
    )
)
def test_texts_match_their_pattern(pattern: str) -> None:
    """The dialects of JSON Schema and of Python."""
    plain = pattern.replace(r"\p{L}", "[a-zA-Z]").replace("(?<y>", "(?P<y>")
    for key in range(10):
        text = matching(pattern, Rng(key, "p"))
        assert re.search(plain, text)
        assert text.isprintable()


def test_patterns_that_repeat_too_often_are_given_up() -> None:
    """Before they fill the memory."""
    with pytest.raises(NoMatch, match="repeats too often"):
        matching("^(a{900}){900}$", Rng(1, "p"))
