"""The sentences for what is not in shape, in the order of the API's checks; the quick way beside the thorough one."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract.beta_fields import OPENING
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.ordinary import is_ordinary
from mockbatch.core.contract.shape_check import Surface, check_shape
from mockbatch.core.contract.shapes import CallFacts, missing_beta, shape_problem
from mockbatch.core.contract.shapes.narrowing import names_in, narrowed
from mockbatch.core.contract.shapes.request import request
from tests.builders import params
from tests.drift.grammar import newest
from tests.drift.requests import samples

LEFT_OUT = object()
OLD = CallFacts(sampling=True)
OBJECT, ARRAY, TEXT = "Input should be an object", "Input should be a valid array", "Input should be a valid string"
SHAPE, FLAG = "Input does not match the expected shape.", "Input should be a valid boolean"
NUMBER, INTEGER = "Input should be a valid number", "Input should be a valid integer"
REQUIRED, EXTRA = "Field required", "Extra inputs are not permitted"
TIERS = "Input should be 'auto' or 'standard_only'"
TOOL = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
CHOICES = "does not match any of the expected tags: 'auto', 'any', 'tool', 'none'"


def role(name: Any) -> dict[str, Any]:
    return {"messages": [{"role": name, "content": "ping"}]}


def said(content: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content, **more}]}


def tool(**change: Any) -> dict[str, Any]:
    changed = {**TOOL, **change}
    return {"tools": [{key: value for key, value in changed.items() if value is not LEFT_OUT}]}


# as the API answered, 2026-08 and 2026-09
MEASURED: list[tuple[dict[str, Any], str]] = [
    ({"model": LEFT_OUT}, f"model: {REQUIRED}"),
    ({"model": None}, f"model: {TEXT}"),
    ({"model": 7}, f"model: {TEXT}"),
    ({"model": ""}, "model: String should have at least 1 character"),
    ({"messages": LEFT_OUT}, f"messages: {REQUIRED}"),
    ({"messages": None}, f"messages: {ARRAY}"),
    ({"messages": "x"}, f"messages: {ARRAY}"),
    ({"messages": []}, "messages: at least one message is required"),
    ({"max_tokens": LEFT_OUT}, f"max_tokens: {REQUIRED}"),
    ({"max_tokens": None}, f"max_tokens: {INTEGER}"),
    ({"max_tokens": "x"}, f"max_tokens: {INTEGER}"),
    ({"max_tokens": -1}, "max_tokens: must be greater than or equal to 0"),
    ({"messages": [{"content": "ping"}]}, f"messages.0.role: {REQUIRED}"),
    (role("bogus"), 'messages: Unexpected role "bogus". Allowed roles are "user" or "assistant"'),
    (role("developer"), 'messages: Unexpected role "developer". Allowed roles are "user" or "assistant"'),
    (
        role("tool"),
        'messages: Unexpected role "tool". Allowed roles are "user" or "assistant". For instructions on how to use '
        "tools, see https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview.",
    ),
    ({"messages": [{"role": "user"}]}, f"messages.0.content: {REQUIRED}"),
    (said(None), f"messages.0.content: {ARRAY}"),
    (said(7), f"messages.0.content: {ARRAY}"),
    (said({}), f"messages.0.content: {ARRAY}"),
    (said([7]), f"messages.0.content.0: {OBJECT}"),
    (said([{}]), f"messages.0.content.0.type: {REQUIRED}"),
    (said("ping", bogus=1), f"messages.0.bogus: {EXTRA}"),
    (
        {"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "x", "bogus": 1}]},
        f"messages.1.bogus: {EXTRA}",
    ),
    ({"tool_choice": 7}, f"tool_choice: {OBJECT}"),
    ({"tool_choice": None}, f"tool_choice: {OBJECT}"),
    ({"tool_choice": {"type": "required"}}, f"tool_choice: Input tag 'required' found using 'type' {CHOICES}"),
    ({"tools": "x"}, f"tools: {ARRAY}"),
    ({"tools": None}, f"tools: {ARRAY}"),
    ({"tools": [7]}, f"tools.0: {OBJECT}"),
    (tool(name=""), "tools.0.custom.name: String should have at least 1 character"),
    (tool(name=LEFT_OUT), f"tools.0.custom.name: {REQUIRED}"),
    (tool(name="   "), "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"),
    (tool(description=None), f"tools.0.custom.description: {TEXT}"),
    ({"system": 7}, f"system: {ARRAY}"),
    ({"system": None}, f"system: {ARRAY}"),
    ({"system": [7]}, f"system.0: {SHAPE}"),
    ({"thinking": "x"}, f"thinking: {OBJECT}"),
    ({"thinking": None}, f"thinking: {OBJECT}"),
    ({"output_config": "x"}, f"output_config: {SHAPE}"),
    ({"output_config": None}, f"output_config: {SHAPE}"),
    (
        {"output_config": {"effort": "ultra"}},
        "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ),
    ({"cache_control": "x"}, f"cache_control: {OBJECT}"),
    (
        {"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": 3600}}]},
        "system.0.cache_control.ephemeral.ttl: Input should be '5m' or '1h'",
    ),
    (
        tool(cache_control={"type": "ephemeral", "scope": "global"}),
        f"tools.0.custom.cache_control.ephemeral.scope: {EXTRA}",
    ),
    ({"metadata": "x"}, f"metadata: {SHAPE}"),
    ({"metadata": {"bogus": "x"}}, f"metadata.bogus: {EXTRA}"),
    ({"metadata": {"user_id": 7}}, f"metadata.user_id: {TEXT}"),
    ({"stop_sequences": "ZZ"}, f"stop_sequences: {ARRAY}"),
    ({"stop_sequences": [1]}, f"stop_sequences.0: {TEXT}"),
    ({"temperature": "x"}, f"temperature: {NUMBER}"),
    ({"temperature": None}, f"temperature: {NUMBER}"),
    ({"temperature": 2}, "temperature: range: 0..1"),
    ({"service_tier": "bogus"}, f"service_tier: {TIERS}"),
    ({"service_tier": None}, f"service_tier: {TIERS}"),
    ({"top_k": "x"}, f"top_k: {INTEGER}"),
    ({"top_k": None}, f"top_k: {INTEGER}"),
    ({"top_p": "x"}, f"top_p: {NUMBER}"),
    ({"top_p": None}, f"top_p: {NUMBER}"),
    ({"top_p": 1.5}, "top_p: range: 0..1"),
    ({"stream": "yes"}, f"stream: {FLAG}"),
    ({"stream": None}, f"stream: {FLAG}"),
    ({"container": 7}, f"container.ContainerParams: {SHAPE}"),
    ({"inference_geo": 7}, f"inference_geo: {TEXT}"),
    ({"inference_geo": "bogus-geo"}, "inference_geo: must be one of ['global', 'us']"),
    ({"zzz_unknown": 1}, f"zzz_unknown: {EXTRA}"),
    ({"context_management": {}}, f"context_management: {EXTRA}"),
    ({"mcp_servers": []}, f"mcp_servers: {EXTRA}"),
    ({"betas": []}, f"betas: {EXTRA}"),
    ({"user_profile_id": "x"}, f"user_profile_id: {EXTRA}"),
    (
        {"thinking": {"type": "adaptive", "block_binding": {}}},
        f"thinking.adaptive.block_binding: {EXTRA}",
    ),
    (
        {"thinking": {"type": "adaptive", "display": "updates"}},
        "thinking.adaptive.display: Input should be 'summarized' or 'omitted'",
    ),
    ({"output_config": {"task_budget": {}}}, f"output_config.task_budget: {EXTRA}"),
]

# one thing wrong in each, the later one written first
ORDER: list[dict[str, Any]] = [
    {"model": 7},
    {"tool_choice": 7},
    {"tools": "x"},
    {"messages": "x"},
    {"system": 7},
    {"thinking": "x"},
    {"output_config": "x"},
    {"cache_control": "x"},
    {"max_tokens": "x"},
    {"metadata": "x"},
    {"stop_sequences": "ZZ"},
    {"temperature": "x"},
    {"service_tier": 7},
    {"top_k": "x"},
    {"top_p": "x"},
    {"stream": "yes"},
    {"container": 7},
    {"inference_geo": 7},
    {"zzz_unknown": 1},
]


def changed(change: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in params().items() if key not in change}
    return {**{key: value for key, value in change.items() if value is not LEFT_OUT}, **rest}


@pytest.mark.parametrize(("change", "message"), MEASURED)
def test_the_validator_has_the_words_of_the_api(change: dict[str, Any], message: str) -> None:
    """Each as it was measured."""
    assert shape_problem(changed(change), OLD) == message


@pytest.mark.parametrize("number", range(len(ORDER) - 1), ids=lambda number: next(iter(ORDER[number])))
def test_the_first_check_has_the_word(number: int) -> None:
    """Whatever is written first."""
    earlier, later = ORDER[number], ORDER[number + 1]
    both = shape_problem(changed({**later, **earlier}), OLD)
    assert both == shape_problem(changed(earlier), OLD)
    assert both != shape_problem(changed(later), OLD)


@pytest.mark.parametrize("change", ORDER[1:])
def test_what_is_missing_comes_first(change: dict[str, Any]) -> None:
    """Before everything that is wrong."""
    if "max_tokens" not in change:
        assert shape_problem(changed({**change, "max_tokens": LEFT_OUT}), OLD) == f"max_tokens: {REQUIRED}"


def test_of_two_unknown_keys_the_first_is_named() -> None:
    """In the order of the body."""
    assert shape_problem({"zz": 1, "aa": 2, **params()}, OLD) == f"zz: {EXTRA}"


def test_among_many_problems_the_first_is_named() -> None:
    """Whether it is one of a few or of a million, and without a look at each of them."""
    many = dict.fromkeys((f"k{number}" for number in range(2_000)), 1)
    block = {"type": "text", "text": "x", **many}
    assert shape_problem(params(metadata=many), OLD) == f"metadata.k0: {EXTRA}"
    assert shape_problem({**many, **params()}, OLD) == f"k0: {EXTRA}"
    assert shape_problem({**many, **params(stream="x")}, OLD) == f"stream: {FLAG}"
    assert shape_problem(changed(said([block])), OLD) == f"messages.0.content.0.text.k0: {EXTRA}"
    assert narrowed({"a": [{"x": 1, "b": 2, "c": 3, "a": 4}]}, frozenset("ax")) == {"a": [{"x": 1, "b": 2, "a": 4}]}
    assert {"model", "clear_at", "ttl"} <= names_in(request(CallFacts(betas=OPENING)))


@pytest.mark.parametrize(
    "change",
    [
        {"cache_control": None, "container": None, "inference_geo": None, "speed": None, "diagnostics": None},
        {"metadata": None, "stop_sequences": None},
        {"metadata": {"user_id": None}, "output_config": {"effort": None, "format": None}},
        tool(input_schema={"type": "object", "properties": None, "required": None}),
        tool(type=None, cache_control=None),
        said([{"type": "tool_result", "tool_use_id": "x", "content": [{"type": "browser_state", "tabs": []}]}]),
        said(
            [
                {
                    "type": "tool_result",
                    "tool_use_id": "x",
                    "content": [{"type": "tool_reference", "tool_name": "x"}],
                }
            ]
        ),
        {"system": ""},
        {"stop_sequences": []},
    ],
)
def test_what_is_taken(change: dict[str, Any]) -> None:
    """Nulls that stand for nothing, and what tools answer."""
    assert shape_problem(changed(change), OLD) is None


def test_a_tag_that_is_not_known_lists_those_of_the_call() -> None:
    """With a beta header those that it opens too."""
    plain, betas = CallFacts(), CallFacts(betas=frozenset({"computer-use-2025-11-24"}))
    problem = shape_problem(params(tools=[{"type": "function"}]), plain)
    assert problem is not None
    assert problem.startswith("tools.0: Input tag 'function' found using 'type' does not match any of the expected ")
    assert "'bash_20250124', 'browser_toolset_20260801', 'code_execution_20250522'" in problem
    assert "computer_20251124" not in problem
    assert "'computer_20251124'" in str(shape_problem(params(tools=[{"type": "function"}]), betas))


@pytest.mark.parametrize(
    ("version", "betas", "surface", "change", "message"),
    [
        ("2026-10-21", (), "batch", {"temperature": 1}, f"temperature: {EXTRA}"),
        ("2023-06-01", (), "batch", {"temperature": 1}, None),
        ("2023-06-01", (), "count_tokens", {}, f"max_tokens: {EXTRA}"),
        ("2023-06-01", (), "count_tokens", {"temperature": 1, "max_tokens": LEFT_OUT}, f"temperature: {EXTRA}"),
        ("2026-10-21", (), "count_tokens", {"max_tokens": LEFT_OUT}, None),
        ("2026-10-21", (), "batch", {"max_tokens": 0}, "max_tokens: must be greater than or equal to 1"),
        ("2026-10-21", (), "messages", {"max_tokens": 0}, None),
        ("2026-10-21", ("compact-2026-01-12",), "batch", {"context_management": {"edits": []}}, None),
        ("2026-10-21", ("files-api-2025-04-14",), "batch", {"mcp_servers": []}, f"mcp_servers: {EXTRA}"),
    ],
)
def test_what_is_known_depends_on_the_call(
    version: str, betas: tuple[str, ...], surface: Surface, change: dict[str, Any], message: str | None
) -> None:
    """On its version, its beta headers and its endpoint."""
    if message is None:
        check_shape(changed(change), version, betas, surface)
        return
    with pytest.raises(InvalidRequest) as caught:
        check_shape(changed(change), version, betas, surface)
    assert caught.value.message == message


def test_a_missing_header_is_told_from_a_mistake() -> None:
    """Only what a header would mend has one missing."""
    assert missing_beta(params(context_management={"edits": []}), CallFacts()) == "context_management"
    assert missing_beta(params(context_management={"edit": []}), CallFacts()) == "context_management"
    assert missing_beta(params(zzz=1), CallFacts()) is None
    assert missing_beta(params(), CallFacts()) is None


BLOCKS: list[Any] = [
    {"type": "text", "text": "so"},
    {"type": "text", "text": "so", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "fine", "is_error": False, "cache_control": None},
    {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "fine"}]},
]
FULL: dict[str, Any] = {
    **params(),
    "messages": [{"role": "user", "content": BLOCKS}, {"role": "assistant", "content": "ok"}],
    "system": [BLOCKS[1]],
    "cache_control": {"type": "ephemeral"},
    "tools": [{**TOOL, "description": "x", "strict": True, "type": "custom"}],
    "tool_choice": {"type": "auto"},
    "stop_sequences": ["x"],
    "metadata": {"user_id": "x"},
    "stream": False,
    "temperature": 0.5,
    "top_p": 1,
}
UNSAMPLED = {key: value for key, value in FULL.items() if key not in ("temperature", "top_p")}
COUNTED = {
    key: value for key, value in UNSAMPLED.items() if key not in ("max_tokens", "stop_sequences", "metadata", "stream")
}
ODD: list[Any] = [
    *(None, True, "", "x", "\n", "user", "tool", "system", "5m", 0, -1, 1, 2.5, 10**20, "a" * 201),
    *([], {}, [None], [{}], [{"type": "text", "text": "x"}], {"x": None}, {"type": "auto"}, {"type": "ephemeral"}),
]
ADDED = ("type", "content", "cache_control", "name", "top_k", "context_management", "foo")


def changes(value: Any) -> Iterator[Any]:
    """Yield a value with one thing in it replaced, added or taken out, in each way."""
    yield from ODD
    if isinstance(value, dict):
        for key in value:
            yield {name: item for name, item in value.items() if name != key}
            yield from ({**value, key: changed} for changed in changes(value[key]))
        yield from ({**value, name: odd} for name in ADDED if name not in value for odd in ODD)
    if isinstance(value, list):
        for place in range(len(value)):
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in changes(value[place]))


def agrees(sent: Any, *, counting: bool, sampling: bool) -> bool:
    """Return whether the thorough way takes what the quick one takes, under no header and under all."""
    if not is_ordinary(sent, counting=counting, sampling=sampling):
        return True
    calls = [
        CallFacts(counting=counting, sampling=sampling, least_tokens=1, betas=betas)
        for betas in (frozenset[str](), OPENING)
    ]
    return all(shape_problem(sent, call) is None for call in calls)


@pytest.mark.parametrize(("counting", "sampling"), [(False, False), (False, True), (True, False)])
def test_what_is_taken_for_ordinary_is_in_shape(counting: bool, sampling: bool) -> None:
    """Whatever is changed in a request that uses all that is ordinary."""
    known = COUNTED if counting else FULL if sampling else UNSAMPLED
    assert is_ordinary(known, counting=counting, sampling=sampling)
    wrong = [change for change in changes(known) if not agrees(change, counting=counting, sampling=sampling)]
    assert wrong == []


@cache
def good_requests() -> list[Any]:
    return [FULL, *(sample for _, sample in samples(newest(), "create"))]


@given(data=st.data(), counting=st.booleans(), sampling=st.booleans())
def test_what_the_sdk_sends_is_ordinary_only_in_shape(data: st.DataObject, counting: bool, sampling: bool) -> None:
    """Nor when two things are changed in what the SDK can send."""
    sent = json.loads(json.dumps(data.draw(st.sampled_from(good_requests()))))
    for _ in range(2):
        _spoil(data.draw, sent)
    assert agrees(sent, counting=counting, sampling=sampling)


def _spoil(draw: Any, node: Any) -> None:
    while keys := list(range(len(node))) if isinstance(node, list) else list(node):
        key = draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or draw(st.booleans()):
            node[key] = draw(st.sampled_from(ODD) | st.text(max_size=3))
            return
        node = node[key]


def test_nearly_all_requests_are_ordinary() -> None:
    """Or the quick way would be of no use; sampling parameters only where the version has them."""
    assert is_ordinary(params())
    assert is_ordinary(UNSAMPLED)
    assert not is_ordinary(FULL)
