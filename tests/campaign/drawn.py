"""Values drawn by luck: what a schema allows, nearly that, and JSON schemas and rules themselves."""

import json
import random
from typing import Any

Luck = random.Random

WORDS = (
    "a",
    "row-1",
    "",
    "Hello",
    "é😀\u2028",
    "a" * 30,
    "x" * 2000,
    "claude-haiku-4-5",
    "null",
    "5m",
    "1s",
    "-1",
    "\x00",
)
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2.0, 0.1, 1e308, -1e308, 1e-308, 1 << 53, 1 << 64, 10**400),
    *("", "x", "re:^(a+)+$", "re:(", "*", "{{ 1 }}", "../..", "1e9", "9999999d", "\x00", "\x7f\r\nx: y"),
    *([], {}, [[]], [None], {"": None}, {"type": "object"}, [1, "a", {}]),
)


def valid(luck: Luck, schema: dict[str, Any], parts: dict[str, Any], depth: int = 0) -> Any:
    """A value that this schema of the OpenAPI document allows."""
    if "$ref" in schema:
        return valid(luck, parts[schema["$ref"].rpartition("/")[2]], parts, depth + 1)
    if "anyOf" in schema:
        return valid(luck, luck.choice(schema["anyOf"]), parts, depth + 1)
    if "enum" in schema:
        return luck.choice(schema["enum"])
    return _OF_TYPE.get(schema.get("type", ""), _any)(luck, schema, parts, depth)


def _object(luck: Luck, schema: dict[str, Any], parts: dict[str, Any], depth: int) -> Any:
    needed = schema.get("required", ())
    told = schema.get("properties", {})
    return {
        name: valid(luck, part, parts, depth + 1)
        for name, part in told.items()
        if name in needed or luck.random() < 0.4
    }


def _array(luck: Luck, schema: dict[str, Any], parts: dict[str, Any], depth: int) -> Any:
    count = luck.randint(schema.get("minItems", 0), 3)
    return [valid(luck, schema.get("items", {}), parts, depth + 1) for _ in range(count)]


def _any(luck: Luck, schema: dict[str, Any], parts: dict[str, Any], depth: int) -> Any:
    return luck.choice(ODD)


_OF_TYPE: dict[str, Any] = {
    "object": _object,
    "array": _array,
    "string": lambda luck, *_: luck.choice(WORDS),
    "integer": lambda luck, *_: luck.choice((0, 1, 2, 5, 50, 1000)),
    "number": lambda luck, *_: luck.choice((0, 1, 0.5, 60, 3600)),
    "boolean": lambda luck, *_: luck.random() < 0.5,
    "null": lambda *_: None,
}


def bent(luck: Luck, value: Any, depth: int = 0) -> Any:
    """Nearly the same value: one place in it is odd, missing or too much."""
    if isinstance(value, dict) and value and luck.random() < 0.8:
        name = luck.choice(list(value))
        if luck.random() < 0.2:
            return {other: part for other, part in value.items() if other != name}
        return {**value, name: bent(luck, value[name], depth + 1)}
    if isinstance(value, list) and value and luck.random() < 0.8:
        at = luck.randrange(len(value))
        return [*value[:at], bent(luck, value[at], depth + 1), *value[at + 1 :]]
    return luck.choice(ODD)


_NUMBERS = (0, 1, 2, 3, 2.0, 3.0, 0.5, -1, 7, 100, 1e308, -1e308, 1e-308, 1e20, 10**30, "2", None, True)
_PATTERNS = (
    "^[a-z]{3}$",
    "^(a+)+$",
    "(a|aa)+b",
    "^\\d{5}(-\\d{4})?$",
    "[",
    "\\p{L}+",
    "(?=a)b",
    "^.{1,1000}$",
    "(x{1,50}){1,50}",
)
_FORMATS = ("date", "date-time", "email", "uuid", "uri", "ipv4", "hostname", "time", "duration", "regex", "none-such")
_TYPES = ("string", "integer", "number", "boolean", "null", "array", "object")
_COUNTS = (
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
)
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def json_schema(luck: Luck, depth: int = 0) -> Any:
    """A JSON schema, often a wrong or an impossible one."""
    if luck.random() < 0.04:
        return luck.choice(
            (True, False, {}, None, [], "string", {"$ref": "#"}, {"$ref": "#/$defs/a"}, {"$ref": "file:///etc/passwd"})
        )
    kind = luck.choice(_TYPES if depth < 3 else _TYPES[:5])
    schema: dict[str, Any] = {"type": kind if luck.random() < 0.9 else luck.sample(_TYPES, 2)}
    _MORE[kind](luck, schema, depth)
    if luck.random() < 0.1:
        schema[luck.choice(("enum", "const", "default", "examples"))] = luck.choice(ODD)
    if depth < 3 and luck.random() < 0.12:
        schema[luck.choice(("anyOf", "allOf", "oneOf"))] = [
            json_schema(luck, depth + 1) for _ in range(luck.randint(0, 3))
        ]
    if depth < 3 and luck.random() < 0.05:
        schema[luck.choice(("not", "if", "then", "else"))] = json_schema(luck, depth + 1)
    if luck.random() < 0.05:
        schema["$defs"] = {"a": luck.choice(({"$ref": "#/$defs/a"}, {"$ref": "#"}, json_schema(luck, depth + 1)))}
    return schema


def _some(luck: Luck, schema: dict[str, Any], names: tuple[str, ...], values: tuple[Any, ...], share: float) -> None:
    for name in names:
        if luck.random() < share:
            schema[name] = luck.choice(values)


def _more_array(luck: Luck, schema: dict[str, Any], depth: int) -> None:
    schema["items"] = json_schema(luck, depth + 1)
    _some(luck, schema, _COUNTS, _NUMBERS, 0.2)
    _some(luck, schema, ("uniqueItems",), (True, False), 0.3)
    if luck.random() < 0.02:
        count = luck.choice((100, 1000, 3000))
        schema |= {
            "minItems": count,
            "uniqueItems": True,
            "items": {"type": "integer", "minimum": 0, "maximum": count + 1},
        }
    if luck.random() < 0.1:
        schema[luck.choice(("prefixItems", "contains"))] = [json_schema(luck, depth + 1)]


def _more_object(luck: Luck, schema: dict[str, Any], depth: int) -> None:
    names = luck.sample(("a", "b", "c", "", "__proto__", "é"), luck.randint(0, 3))
    schema["properties"] = {name: json_schema(luck, depth + 1) for name in names}
    _some(luck, schema, ("required",), (names, ["z"], [], "a", None), 0.6)
    _some(luck, schema, ("additionalProperties",), (False, True, {"type": "string"}), 0.6)
    _some(luck, schema, ("minProperties", "maxProperties"), _NUMBERS, 0.15)
    _some(luck, schema, ("patternProperties",), ({"^x": {"type": "string"}}, {"(": {}}), 0.05)


def _more_string(luck: Luck, schema: dict[str, Any], depth: int) -> None:
    _some(luck, schema, ("minLength", "maxLength"), _NUMBERS, 0.2)
    _some(luck, schema, ("pattern",), _PATTERNS, 0.2)
    _some(luck, schema, ("format",), _FORMATS, 0.2)


def _more_number(luck: Luck, schema: dict[str, Any], depth: int) -> None:
    _some(luck, schema, _BOUNDS, _NUMBERS, 0.2)


def _nothing(luck: Luck, schema: dict[str, Any], depth: int) -> None:
    """There is no more to say of booleans and null."""


_MORE: dict[str, Any] = {
    **dict.fromkeys(("boolean", "null"), _nothing),
    **dict.fromkeys(("integer", "number"), _more_number),
    "string": _more_string,
    "array": _more_array,
    "object": _more_object,
}

_REPLIES: tuple[Any, ...] = (
    *(
        "echo",
        "natural",
        "text",
        "empty",
        "refusal",
        "nasty_text",
        "cut_json",
        "pause_turn",
        "unknown_block",
        "truncate",
    ),
    *(
        "schema",
        "schema_violation",
        "wrong_tool",
        "fenced_json",
        "context_exceeded",
        "server_tool_use",
        "thinking_first",
    ),
    {"template": "{{ row.custom_id }} {{ fake.name() }}"},
    {"template": "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}"},
    {"template": '{{ "\ud800" }}'},
    {"template": "{{ 10 ** 9999 }}"},
    {"kind": "empty", "usage": {"input_tokens": "abc"}},
    {"kind": "empty", "usage": {"input_tokens": -5}},
    {"kind": "text", "usage": {"output_tokens": 1e308}},
    {"static": {"content": [{"type": "text", "text": "x"}], "usage": {"input_tokens": "z"}}},
    {"static": {"content": [{"type": "text", "text": 5}]}},
    {"static": {"content": "x", "stop_reason": 5}},
    {"lorem": 10**9},
    {"huge_line": "1GB"},
    {"huge_line": "20kB"},
)
_OPTION: dict[str, tuple[Any, ...]] = {
    "count": (0, 1, 2, 3, 1 << 53, "1", "²"),
    "share": (0, 0.5, 1, "0.5", "nan"),
    "span": ("10ms", "0s", "1h", "9999999d", "1e9d", "20ms"),
    "text": ("x", "", "api_error", "é\ud800", "a\r\nb: c", "overloaded_error"),
    "flag": (True, False, "true"),
    "table": ({"x-a": "b"}, "a: b", {"x-a": "b\r\nc: d"}, {"content-length": "5"}, {"": ""}, {"é": "é"}),
    "delay": ("10ms", "uniform:0s..20ms", "exponential:5ms", "normal:5ms,1ms", "0s"),
    "list": (["in_progress"], "in_progress/ended", ["ended"]),
    "size": ("1kB", 10, "0", "1MB"),
    "status": (400, 404, 429, 500, 503, 529, 599, 302),
    "json": ({}, {"a": 1}, {"type": None}, {"a": "\ud800"}),
}
_MATCHES: dict[str, tuple[Any, ...]] = {
    "custom_id": ("*", "row-*", "re:^(a+)+$", "re:.", "re:(", "row-1"),
    "prompt": ("Hello", "re:^(a|a)*$", "re:(.*)*x", "*"),
    "model": ("*", "claude-haiku-4-5"),
    "nth": (0, 1, 2),
    "attempt": (0, 1),
    "share": (0.5, "1"),
    "header": ({"x-a": "b"}, "x-a: *"),
    "batch": ("msgbatch_1", "*"),
}


def rule(luck: Luck, faults: list[dict[str, Any]]) -> dict[str, Any]:
    """A rule of any fault with any options, or of a reply; now and then a wrong one."""
    if luck.random() < 0.25:
        made: dict[str, Any] = {"on": luck.choice(("item", "messages")), "reply": luck.choice(_REPLIES)}
        if luck.random() < 0.1:
            made["reply"] = {"schema": json_schema(luck)}
    else:
        fault = luck.choice(faults)
        made = {"fault": fault["name"], "on": luck.choice(fault["on"])}
        options = {name: _option(luck, told) for name, told in fault["options"].items() if luck.random() < 0.4}
        if options:
            made["with"] = options
    if luck.random() < 0.3:
        name = luck.choice(list(_MATCHES))
        made["match"] = {name: luck.choice(_MATCHES[name])}
    if luck.random() < 0.5:
        made[luck.choice(("times", "every", "skip", "probability", "rate"))] = luck.choice((1, 2, 0.5, 0, 3))
    return bent(luck, made) if luck.random() < 0.1 else made


def _option(luck: Luck, told: dict[str, Any]) -> Any:
    if told["choices"] and told["kind"] == "choice":
        return luck.choice(told["choices"])
    return luck.choice(_OPTION.get(told["kind"], ODD))


def as_json(value: Any) -> bytes:
    """JSON as a careless client writes it: a lone surrogate stays an escape, which is valid JSON."""
    return json.dumps(value).encode()
