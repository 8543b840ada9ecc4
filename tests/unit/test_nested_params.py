"""What is nested in a request: each sentence with the request that gets it, and the other side of each rule."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract.errors import ApiError, InvalidRequest
from mockbatch.core.contract.params import Terms, checked
from mockbatch.core.contract.shape_check import Surface
from tests.builders import params

NEW, OLD = Terms("2026-10-21"), Terms("2023-06-01")
OPUS_48, OPUS_5, OPUS_55 = "claude-opus-4-8", "claude-opus-5", "claude-opus-5-5"
PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAA"}
TOOL = {"name": "look_up", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
USE = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "fine"}
PLAIN = {"type": "text", "text": "so"}
CLOSED = {"type": "object", "additionalProperties": False}
CITATION = {
    "type": "char_location",
    "cited_text": "so",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 2,
}


def said(*blocks: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def turns(*contents: Any) -> dict[str, Any]:
    """A conversation, the user first."""
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": content} for n, content in enumerate(contents)]}


def form(schema: Any) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def many_optional(count: int) -> dict[str, Any]:
    return {**CLOSED, "properties": {f"p{n}": {"type": "string"} for n in range(count)}}


def many_unions(count: int) -> dict[str, Any]:
    properties = {f"p{n}": {"anyOf": [{"type": "string"}, {"type": "null"}]} for n in range(count)}
    return {**CLOSED, "properties": properties, "required": list(properties)}


def strict(count: int) -> dict[str, Any]:
    return {"tools": [{**TOOL, "name": f"t{n}", "strict": True, "input_schema": CLOSED} for n in range(count)]}


def cited(enabled: bool) -> dict[str, Any]:
    source = {"type": "text", "media_type": "text/plain", "data": "x"}
    return said({"type": "document", "source": source, "citations": {"enabled": enabled}})


EMPTY = "messages: text content blocks must be non-empty"
PATTERN = "String should match pattern"
COMPLEX = "Schema is too complex for compilation."
FORCED = 'tool_choice: type "tool" and "any" are not supported for this model.'
UNEXPECTED = (
    "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each `tool_result` block "
    "must have a corresponding `tool_use` block in the previous message."
)
UNANSWERED = (
    "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each `tool_use` "
    "block must have a corresponding `tool_result` block in the next message."
)

WRONG: list[tuple[Terms, dict[str, Any], str]] = [
    (NEW, said({"type": "text", "text": 5}), "messages.0.content.0.text.text: Input should be a valid string"),
    (NEW, said({"text": "x"}), "messages.0.content.0.type: Field required"),
    (
        NEW,
        {"messages": [{"role": "bot", "content": "x"}]},
        'messages: Unexpected role "bot". Allowed roles are "user" or "assistant"',
    ),
    (NEW, {"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    (NEW, said({**PLAIN, "foo": 1}), "messages.0.content.0.text.foo: Extra inputs are not permitted"),
    (
        NEW,
        said({"type": "image", "source": {**PNG, "data": "bm90IGFuIGltYWdl"}}),
        "messages.0.content.0.image.source.base64.data: The file format is invalid or unsupported",
    ),
    (
        NEW,
        said({"type": "image", "source": {**PNG, "media_type": "image/gif"}}),
        "messages.0.content.0.image.source.base64: The image was specified using the image/gif media type, but the "
        "image appears to be a image/png image",
    ),
    (
        NEW,
        said({"type": "image", "source": {**PNG, "media_type": "image/bmp"}}),
        "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' "
        "or 'image/webp'",
    ),
    (
        NEW,
        {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch", "_requestedType": "x"}]},
        "tools.0.web_fetch_20250910._requestedType: Extra inputs are not permitted",
    ),
    (NEW, {"tools": [{**TOOL, "name": "a b"}]}, f"tools.0.custom.name: {PATTERN} '^[a-zA-Z0-9_-]{{1,128}}$'"),
    (NEW, {"tools": [{"name": "x"}]}, "tools.0.custom.input_schema: Field required"),
    (NEW, {"tools": [TOOL, TOOL]}, "tools: Tool names must be unique."),
    (NEW, {"tool_choice": {"type": "auto"}}, "tool_choice.auto may only be specified while providing tools."),
    (
        NEW,
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "other"}},
        "Tool 'other' not found in provided tools",
    ),
    (NEW, {"tools": [TOOL], "tool_choice": {"type": "tool"}}, "tool_choice.tool.name: Field required"),
    (NEW, {"model": OPUS_55, "tools": [TOOL], "tool_choice": {"type": "any"}}, FORCED),
    (NEW, {"model": "claude-fable-5-1", "tools": [TOOL], "tool_choice": {"type": "any"}}, FORCED),
    (
        NEW,
        {
            "tools": [TOOL],
            "tool_choice": {"type": "any"},
            "max_tokens": 2000,
            "thinking": {"type": "enabled", "budget_tokens": 1024},
        },
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    (NEW, {"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
    (NEW, {"metadata": {"user_id": "x" * 513}}, "metadata.user_id: String should have at most 512 characters"),
    (NEW, {"metadata": {"name": "x"}}, "metadata.name: Extra inputs are not permitted"),
    (NEW, {"output_config": {"effort": "high"}}, "This model does not support the effort parameter."),
    (NEW, {"inference_geo": "us"}, "`inference_geo` is not supported for this model."),
    (
        NEW,
        {"model": OPUS_5, "thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
        "output_config.effort 'max' is not supported when thinking is disabled on this model. Use effort 'high' or "
        "below, or enable thinking.",
    ),
    (OLD, {"temperature": 1.5}, "temperature: range: 0..1"),
    (NEW, said({"type": "text", "text": ""}), EMPTY),
    (NEW, turns("", "x", "y"), "messages.0: user messages must have non-empty content"),
    (NEW, said({"type": "text", "text": " "}), "messages: text content blocks must contain non-whitespace text"),
    (
        NEW,
        said({"type": "text", "text": "", "cache_control": {"type": "ephemeral"}}),
        "messages.0.content.0: cache_control cannot be set for empty text blocks",
    ),
    (
        NEW,
        said({"type": "thinking", "thinking": "x", "signature": "y", "cache_control": {"type": "ephemeral"}}),
        "messages.0.content.0.thinking.cache_control: Extra inputs are not permitted",
    ),
    (
        NEW,
        {
            **said({**PLAIN, "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
            "cache_control": {"type": "ephemeral"},
        },
        "messages.0.content.0.cache_control.ttl: must be that of the top-level cache_control",
    ),
    (NEW, turns("x", "so "), "messages: final assistant content cannot end with trailing whitespace"),
    (NEW, {"messages": [{"role": "assistant", "content": "x"}]}, 'messages: first message must use the "user" role'),
    (NEW, turns("x", "y", [RESULT]), UNEXPECTED),
    (NEW, turns("x", [USE], "y"), UNANSWERED),
    (NEW, strict(21), COMPLEX),
    (NEW, form(many_optional(25)), COMPLEX),
    (NEW, form(many_unions(17)), COMPLEX),
    (
        NEW,
        {**cited(True), **form(CLOSED)},
        "Citations are not supported together with `output_config.format`.",
    ),
    (
        NEW,
        turns("x", [{"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}], "y"),
        "messages.1.content.0: `document` blocks are not permitted in assistant messages",
    ),
    (
        NEW,
        said({**PLAIN, "citations": [CITATION]}),
        "messages.0.content.0: `citations` are not permitted on text in user messages",
    ),
    (NEW, said(*[{"type": "image", "source": PNG}] * 101), "messages: Too many images: 101 > 100 maximum"),
    (NEW, {"thread": {"id": "x"}}, "`thread` is not supported in the Message Batches API"),
    (NEW, {"cache_hint": "x"}, "`cache_hint` is not supported in the Message Batches API"),
    (
        NEW,
        {"research_preview_2026_02": "active"},
        "`research_preview_2026_02` is not supported in the Message Batches API",
    ),
]


@pytest.mark.parametrize(("terms", "change", "message"), WRONG)
def test_each_mistake_has_its_sentence(terms: Terms, change: dict[str, Any], message: str) -> None:
    """Those of the API where they are known; where not, in its manner."""
    with pytest.raises(InvalidRequest) as caught:
        checked(params(**change), terms)
    assert caught.value.message == message
    assert caught.value.details == {"error_visibility": "user_facing"}


@pytest.mark.parametrize(
    ("terms", "change"),
    [
        (NEW, turns("x", [PLAIN, USE], [RESULT])),
        (
            NEW,
            {**turns("x", [USE], [{**RESULT, "content": [PLAIN, {"type": "image", "source": PNG}]}]), "tools": [TOOL]},
        ),
        (NEW, turns("x", [USE])),
        (NEW, {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "look_up"}}),
        (NEW, {"model": OPUS_5, "thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}),
        (NEW, {"model": OPUS_48, "inference_geo": "us"}),
        (NEW, strict(20)),
        (NEW, form(many_optional(24))),
        (NEW, form(many_unions(16))),
        (NEW, {**cited(False), **form(CLOSED)}),
        (OLD, said({**PLAIN, "citations": [CITATION]})),
        (NEW, said(*[{"type": "image", "source": PNG}] * 100)),
        (NEW, {"metadata": {"user_id": None}, "system": [PLAIN], "stop_sequences": ["x"], "container": None}),
        (NEW, {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}]}),
        (OLD, {"model": "claude-opus-4-0", "temperature": 0, "top_p": 1.0, "top_k": 0}),
    ],
)
def test_what_is_right_passes(terms: Terms, change: dict[str, Any]) -> None:
    """The other side of each rule."""
    assert checked(params(**change), terms).id


@pytest.mark.parametrize(
    ("surface", "change", "passes"),
    [
        ("messages", {"stream": True}, True),
        ("messages", {"speed": "fast"}, True),
        ("messages", {"max_tokens": 0}, True),
        ("messages", {"max_tokens": 0, "stream": True}, False),
        ("messages", {"max_tokens": 0, "tools": [TOOL], "tool_choice": {"type": "any"}}, False),
        ("messages", {"max_tokens": -1}, False),
        ("count_tokens", {"max_tokens": 5}, False),
        ("count_tokens", {"max_tokens": None}, True),
        ("count_tokens", {"max_tokens": None, "stop_sequences": ["x"]}, False),
        ("batch", {"stream": True}, False),
        ("batch", {"max_tokens": 0}, False),
    ],
)
def test_each_endpoint_takes_what_is_its_own(surface: Surface, change: dict[str, Any], passes: bool) -> None:
    """None leaves a key out."""
    request = {name: value for name, value in params(**change).items() if value is not None}
    try:
        checked(request, NEW, surface)
    except InvalidRequest:
        assert not passes
    else:
        assert passes


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A good request with something in it replaced, added or taken away."""
    choices = [change for _, change, _ in WRONG] + [turns("x", [USE], [RESULT]), {"tools": [TOOL], "system": [PLAIN]}]
    request: Any = json.loads(json.dumps(params(**draw(st.sampled_from(choices)))))
    node = request
    while True:
        keys = list(range(len(node))) if isinstance(node, list) else list(node)
        if not keys:
            return dict(request)
        key = draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and draw(st.booleans()):
            node = node[key]
            continue
        if isinstance(node, dict) and draw(st.booleans()):
            if draw(st.booleans()):
                del node[key]
            else:
                node[draw(st.sampled_from(["type", "content", "cache_control", "name", "foo"]))] = draw(values)
        else:
            node[key] = draw(values)
        return dict(request)


@given(
    request=spoiled(), terms=st.sampled_from([NEW, OLD]), surface=st.sampled_from(["batch", "messages", "count_tokens"])
)
def test_nothing_but_the_errors_of_the_api_is_raised(request: dict[str, Any], terms: Terms, surface: Surface) -> None:
    """Whatever is in a request."""
    with suppress(ApiError):
        checked(request, terms, surface)
