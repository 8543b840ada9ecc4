"""What a request itself asks for, and what comes back."""

import json
from base64 import b64encode
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockbatch.core.contract import wire
from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.replies.message import message_of, usage_of
from mockbatch.core.replies.plain import wish_alone
from mockbatch.core.replies.prompt_hints import NO_HINTS
from mockbatch.core.replies.prose import text_reply
from mockbatch.core.replies.reply import Reply, ReplyError, Request, natural_reply
from mockbatch.core.replies.text import plain_text
from mockbatch.core.tokens import input_tokens, output_weight
from tests.asked import (
    ALWAYS,
    CLOCK,
    NEW,
    OLD,
    REVIEW,
    USAGE,
    WEATHER,
    asked,
    blocks,
    calls,
    kinds,
    model,
    replies,
    text,
)
from tests.media import pdf_of

# which requests are plain

PLAIN: dict[str, dict[str, Any]] = {
    "a question": {},
    "several turns": {
        "content": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "hello"},
            {"role": "user", "content": "and?"},
        ]
    },
    "an image": {"content": [{"type": "image", "source": {"type": "base64", "data": "", "media_type": "image/png"}}]},
    "nothing given": {"tools": [], "stop_sequences": [], "output_config": None},
    "thinking disabled": {"name": NEW, "thinking": {"type": "disabled"}},
    "a document without citations": {
        "content": [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}]
    },
}
SHAPED: dict[str, dict[str, Any]] = {
    "tools": {"tools": [WEATHER]},
    "schema": {"output_config": {"format": {"type": "json_schema", "schema": REVIEW}}},
    "stop sequences": {"stop_sequences": ["END"]},
    "thinking": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    "thinks by itself": {"name": NEW},
    "prefill": {"content": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "{"}]},
    "citations": {
        "content": [
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "words"},
                "citations": {"enabled": True},
            }
        ]
    },
    "another language": {"content": "Was ist das und wie geht es?"},
    "a length": {"content": "Say it in one sentence."},
    "labels": {"content": "Answer yes or no: is it so?"},
    "what the system wants": {"system": "Always respond in French."},
}


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_requests_get_the_plain_text(kind: str) -> None:
    """The whole reply is the text that the key has, so the fast way and the long way agree."""
    for seed in range(5):
        for limit in (4, 1024):
            request = asked(**PLAIN[kind], limit=limit, seed=seed)
            assert wish_alone(request.params, request.model) is NO_HINTS
            expected, tokens, reason = plain_text(request.key, limit, request.model)
            reply = natural_reply(request)
            assert (text(reply), reply.output_tokens, reply.stop_reason) == (expected, tokens, reason)
            assert kinds(reply) == ["text"]


@pytest.mark.parametrize("kind", SHAPED)
def test_other_requests_are_not_plain(kind: str) -> None:
    """Each of these wants more than some text."""
    request = asked(**SHAPED[kind])
    assert wish_alone(request.params, request.model) is not NO_HINTS


WORDED = {
    "a label": {"content": "Classify it as red, green or blue."},
    "a language": {"content": "Was ist die Hauptstadt von Frankreich?"},
    "a length": {"content": "Use at most 50 words."},
    "JSON": {"content": 'Return JSON like {"label": "...", "score": 1}'},
}


@pytest.mark.parametrize("limit", [0, 3, 1024])
@pytest.mark.parametrize("kind", WORDED)
def test_a_reply_in_words_alone_is_made_the_quick_way(kind: str, limit: int) -> None:
    """It is the reply that the long way makes."""
    for seed in range(5):
        request = asked(**WORDED[kind], limit=limit, seed=seed)
        wish = wish_alone(request.params, request.model)
        assert wish is not None
        assert text_reply(request, wish) == natural_reply(request)


# length and stop sequences


def test_a_text_longer_than_the_limit_is_cut() -> None:
    """Its tokens are the limit, whatever the model's tokenizer and the script."""
    for name in (OLD, "claude-opus-4-8"):
        for prompt in ("Write 300 words", "用500字写一篇文章", "Напиши 200 слов"):
            reply = natural_reply(asked(prompt, name, limit=50))
            assert reply.stop_reason == "max_tokens"
            assert 48 <= reply.output_tokens <= 50


def test_no_tokens_no_content() -> None:
    """A request that only warms the cache."""
    reply = natural_reply(asked(limit=0))
    assert (reply.content, reply.stop_reason, reply.output_tokens) == ([], "max_tokens", 0)


def test_a_stop_sequence_in_the_text_ends_it() -> None:
    """The text ends before it, and it is named."""
    whole = text(natural_reply(asked()))
    reply = natural_reply(msgspec.structs.replace(asked(stop_sequences=["zzz", *whole[5:9]]), key=asked().key))
    first = min(whole[5:9], key=whole.index)
    assert (reply.stop_reason, reply.stop_sequence) == ("stop_sequence", first)
    assert text(reply) == whole[: whole.index(first)]


def test_a_stop_sequence_may_also_end_a_whole_text() -> None:
    """As if the model had written it: now and then."""
    found = {(reply.stop_reason, reply.stop_sequence) for reply in replies(stop_sequences=["</done>"])}
    assert found == {("stop_sequence", "</done>"), ("end_turn", None)}


@given(limit=st.integers(0, 300), seed=st.integers(0, 1000), name=st.sampled_from(sorted(MODELS)))
def test_no_reply_is_longer_than_its_limit(limit: int, seed: int, name: str) -> None:
    """Whatever is asked for, and the reason is told."""
    more: list[dict[str, Any]] = [
        {},
        {"tools": [WEATHER, CLOCK], "tool_choice": {"type": "any"}},
        {"output_config": {"format": {"type": "json_schema", "schema": REVIEW}}},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"thinking": {"type": "adaptive"}},
        {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
    ]
    for extra in more:
        reply = natural_reply(asked(name=name, limit=limit, seed=seed, **extra))
        assert reply.output_tokens <= limit
        assert (reply.thinking_tokens or 0) <= reply.output_tokens
        weight = sum(map(output_weight, (block for block in blocks(reply) if block["type"] != "thinking")))
        counted = weight * model(name).tokens_factor + (reply.thinking_tokens or 0)
        if reply.stop_reason != "max_tokens":
            assert counted <= reply.output_tokens < counted + 1
        else:
            assert reply.output_tokens <= counted + 1


def test_what_was_written_costs_as_much_when_it_is_sent_back() -> None:
    """The estimate of a reply is that of count_tokens."""
    for reply in replies(tools=[WEATHER], tool_choice={"type": "any"}):
        said = [{"role": "assistant", "content": blocks(reply)}]
        none = [{"role": "assistant", "content": []}]
        counted = [input_tokens({"messages": messages}, model(OLD)) for messages in (said, none)]
        assert abs(counted[0] - counted[1] - reply.output_tokens) <= 1


# prefill

PREFILLS = [
    "{",
    '{"label":',
    '{"label": "',
    '{"a": {"b": [1, ',
    "[",
    '[{"x": "go',
    'Here it is:\n```json\n{"a": "\\"',
    '{"a"',
]


@pytest.mark.parametrize("begun", PREFILLS)
def test_json_that_was_begun_is_completed(begun: str) -> None:
    """Both parts together are JSON."""
    turns = [{"role": "user", "content": "JSON please"}, {"role": "assistant", "content": begun}]
    reply = natural_reply(asked(turns, limit=4096))
    whole = begun + text(reply)
    json.loads(whole[min(place for mark in "{[" if (place := whole.find(mark)) >= 0) :])


def test_a_tag_that_was_begun_is_closed() -> None:
    """So that the usual stop sequence comes up."""
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "<answer>"}]
    assert text(natural_reply(asked(turns))).endswith("</answer>")
    stopped = natural_reply(asked(turns, stop_sequences=["</answer>"]))
    assert stopped.stop_sequence == "</answer>"
    assert "</answer>" not in text(stopped)


# tools


def test_tools_are_called_with_valid_input() -> None:
    """A tool_use block for each call, with ids of their own, and the stop reason says so."""
    for reply in replies(tools=[WEATHER, CLOCK], tool_choice={"type": "any"}):
        assert reply.stop_reason == "tool_use"
        assert calls(reply)
        for call in calls(reply):
            schema = {tool["name"]: tool["input_schema"] for tool in (WEATHER, CLOCK)}[call["name"]]
            Draft202012Validator(schema).validate(call["input"])
            assert call["id"].startswith("toolu_01")
        assert len({call["id"] for call in calls(reply)}) == len(calls(reply))


def test_auto_may_answer_in_words() -> None:
    """Most replies call, some do not, and some say something first."""
    found = [tuple(kinds(reply)) for reply in replies(100, tools=[WEATHER])]
    assert 10 < found.count(("text",)) < 45
    assert ("text", "tool_use") in found
    assert ("tool_use", "tool_use") in found


CHOICES: dict[str, tuple[dict[str, Any], set[int], set[str]]] = {
    "none": ({"type": "none"}, {0}, set()),
    "alone": ({"type": "any", "disable_parallel_tool_use": True}, {1}, {"get_weather", "get_time"}),
    "auto alone": ({"type": "auto", "disable_parallel_tool_use": True}, {0, 1}, {"get_weather", "get_time"}),
    "any": ({"type": "any"}, {1, 2, 3}, {"get_weather", "get_time"}),
    "this one": ({"type": "tool", "name": "get_time"}, {1}, {"get_time"}),
}


@pytest.mark.parametrize("kind", CHOICES)
def test_tool_choice_is_obeyed(kind: str) -> None:
    """How many calls there are, and of which tools."""
    choice, counts, names = CHOICES[kind]
    found = replies(60, tools=[WEATHER, CLOCK], tool_choice=choice)
    assert {len(calls(reply)) for reply in found} == counts
    assert {call["name"] for reply in found for call in calls(reply)} == names


def test_a_tool_result_is_answered_in_words() -> None:
    """So every loop ends; but a choice of any demands another call."""
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}]},
    ]
    assert all(kinds(reply) == ["text"] for reply in replies(20, turns, tools=[WEATHER]))
    assert all(calls(reply) for reply in replies(20, turns, tools=[WEATHER], tool_choice={"type": "any"}))


def test_tools_of_the_api_are_called_as_it_defines_them() -> None:
    """Those that the caller runs, and members of toolsets."""
    for kind, name, keys in [
        ("bash_20250124", "bash", {"command"}),
        ("text_editor_20250728", "str_replace_based_edit_tool", {"command", "path"}),
        ("memory_20250818", "memory", {"command", "path"}),
    ]:
        (reply,) = replies(1, tools=[{"type": kind, "name": name}], tool_choice={"type": "tool", "name": name})
        assert [(call["name"], call["input"].keys()) for call in calls(reply)] == [(name, keys)]
    (reply,) = replies(
        1, name="claude-opus-5", tools=[{"type": "computer_toolset_20260801"}], tool_choice={"type": "any"}
    )
    assert {(call["name"], call["toolset_name"]) for call in calls(reply)} == {("screenshot", "computer")}


IMPOSSIBLE = {"type": "object", "properties": {"a": False, "b": {"type": "boolean"}}, "required": ["a", "b"]}


def test_a_tool_whose_input_cannot_be_made_is_called_with_the_nearest() -> None:
    """And the reply says which part of which schema is not met."""
    tool = {"name": "x", "input_schema": IMPOSSIBLE}
    for reply in replies(5, tools=[tool], tool_choice={"type": "any"}):
        assert all(call["input"]["b"] in (True, False) for call in calls(reply))
        assert reply.unmet == "No value was found that meets `properties/a` of the input_schema of the tool 'x'."


def test_a_tool_whose_input_is_no_object_is_called_with_none() -> None:
    """The API takes no such tool, but its checks may be off."""
    for reply in replies(5, tools=[{"name": "x", "input_schema": {"type": "string"}}], tool_choice={"type": "any"}):
        assert all(call["input"] == {} for call in calls(reply))
        assert "No object was found" in reply.unmet


def test_an_answer_whose_schema_cannot_be_met_is_the_nearest() -> None:
    """As JSON all the same."""
    for reply in replies(5, output_config={"format": {"type": "json_schema", "schema": IMPOSSIBLE}}):
        assert json.loads(text(reply))["b"] in (True, False)
        assert "of output_config.format.schema" in reply.unmet


def test_what_can_be_met_is_not_marked() -> None:
    for reply in replies(10, tools=[WEATHER], output_config={"format": {"type": "json_schema", "schema": REVIEW}}):
        assert reply.unmet == ""


# who thinks

SILENT: dict[str, dict[str, Any]] = {
    "before there was thinking": {
        "name": "claude-3-5-haiku-20241022",
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    },
    "before there was thinking, adaptive": {"name": "claude-3-haiku-20240307", "thinking": {"type": "adaptive"}},
    "not asked to": {"name": "claude-haiku-4-5"},
    "told not to": {"name": NEW, "thinking": {"type": "disabled"}},
    "a tool has to be called": {"name": "claude-haiku-5-5", "tools": [WEATHER], "tool_choice": {"type": "any"}},
    "one tool has to be called": {
        "name": "claude-haiku-5-5",
        "tools": [WEATHER],
        "tool_choice": {"type": "tool", "name": "get_weather"},
        "thinking": {"type": "adaptive"},
    },
}


@pytest.mark.parametrize("kind", SILENT)
def test_a_model_that_does_not_think_sends_no_thinking(kind: str) -> None:
    """And reports none."""
    for reply in replies(20, **SILENT[kind]):
        assert not {"thinking", "redacted_thinking"} & set(kinds(reply))
        assert reply.thinking_tokens is None


# turns that go on

CALLED = {
    "web_search": ({"type": "web_search_20250305", "name": "web_search"}, {"query": "x"}, "web_search_tool_result"),
    "web_fetch": (
        {"type": "web_fetch_20250910", "name": "web_fetch"},
        {"url": "https://example.com/x"},
        "web_fetch_tool_result",
    ),
    "bash_code_execution": (
        {"type": "code_execution_20250825", "name": "code_execution"},
        {"command": "ls"},
        "bash_code_execution_tool_result",
    ),
    "text_editor_code_execution": (
        {"type": "code_execution_20250825", "name": "code_execution"},
        {"command": "view", "path": "/tmp/x"},
        "text_editor_code_execution_tool_result",
    ),
    "code_execution": (
        {"type": "code_execution_20250522", "name": "code_execution"},
        {"code": "1"},
        "code_execution_tool_result",
    ),
    "tool_search_tool_regex": (
        {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
        {"pattern": ".*"},
        "tool_search_tool_result",
    ),
}


def paused(name: str, given: Any, *more: Any, before: str = "Let me look {") -> list[dict[str, Any]]:
    """A conversation whose last turn a server tool interrupted."""
    call = {"type": "server_tool_use", "id": "srvtoolu_01x", "name": name, "input": given}
    turn = [{"type": "text", "text": before}, call, *more]
    return [{"role": "user", "content": "What is new?"}, {"role": "assistant", "content": turn}]


@pytest.mark.parametrize("name", CALLED)
@pytest.mark.parametrize("model_name", [OLD, NEW, ALWAYS])
def test_a_turn_that_a_server_tool_interrupted_goes_on(name: str, model_name: str) -> None:
    """With what came of the call, and an answer; what was said before is no prefill."""
    tool, given, result = CALLED[name]
    for reply in replies(10, paused(name, given), tools=[tool], name=model_name):
        found = [block for block in blocks(reply) if block["type"] != "thinking"]
        assert [block["type"] for block in found] == [result, "text"]
        assert found[0]["tool_use_id"] == "srvtoolu_01x"
        assert "}" not in found[1]["text"]
        assert reply.stop_reason == "end_turn"
        assert (reply.container is not None) == ("execution" in name)


def test_a_call_that_was_answered_gets_no_result_again() -> None:
    """The turn goes on all the same."""
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_01x", "content": []}
    tool = CALLED["web_search"][0]
    for reply in replies(10, paused("web_search", {"query": "x"}, result), tools=[tool]):
        assert kinds(reply) == ["text"]
        assert "}" not in text(reply)


@pytest.mark.parametrize("call", [{"id": None}, {"id": 5}, {"name": "unheard_of"}, {"input": "x"}, {"name": None}])
def test_calls_of_a_wrong_shape_harm_nothing(call: dict[str, Any]) -> None:
    """The checks may be off."""
    turns = paused("web_search", {"query": "x"})
    turns[-1]["content"][1].update(call)
    assert text(natural_reply(asked(turns)))


def test_a_turn_that_goes_on_follows_a_schema() -> None:
    config = {"format": {"type": "json_schema", "schema": REVIEW}}
    reply = natural_reply(asked(paused("web_search", {}), tools=[CALLED["web_search"][0]], output_config=config))
    assert json.loads(text(reply))["label"] in ("good", "bad")


def test_deferred_tools_are_found_before_they_are_called() -> None:
    """The search names what is called then."""
    tools = [
        {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"},
        {**WEATHER, "defer_loading": True},
        {**CLOCK, "defer_loading": True},
    ]
    for reply in replies(20, tools=tools, tool_choice={"type": "any"}):
        assert kinds(reply) == ["server_tool_use", "tool_search_tool_result", "tool_use"]
        search, result, call = blocks(reply)
        assert result["tool_use_id"] == search["id"]
        assert call["name"] in {found["tool_name"] for found in result["content"]["tool_references"]}
        assert reply.stop_reason == "tool_use"


# structured outputs


def test_json_is_valid_against_the_schema() -> None:
    """And cut where it is too long."""
    config = {"format": {"type": "json_schema", "schema": REVIEW}}
    for reply in replies(output_config=config):
        Draft202012Validator(REVIEW).validate(json.loads(text(reply)))
        assert reply.stop_reason == "end_turn"
    short = natural_reply(asked(limit=5, output_config=config))
    assert (short.stop_reason, len(text(short))) == ("max_tokens", 20)


# thinking


def test_thinking_comes_first_and_is_counted() -> None:
    """Within its budget, with a signature."""
    for reply in replies(limit=4096, thinking={"type": "enabled", "budget_tokens": 1024}):
        assert kinds(reply) == ["thinking", "text"]
        block = blocks(reply)[0]
        assert block["thinking"]
        assert len(block["signature"]) > 100
        assert reply.thinking_tokens is not None
        assert 0 < reply.thinking_tokens <= 1024


def test_thinking_keeps_to_its_budget() -> None:
    """Whatever the effort."""
    budget = {"type": "enabled", "budget_tokens": 1024}
    found = replies(name="claude-opus-4-5", limit=9000, thinking=budget, output_config={"effort": "max"})
    assert max(reply.thinking_tokens or 0 for reply in found) == 1024


DISPLAYS: list[tuple[str, dict[str, Any], bool]] = [
    ("claude-sonnet-4-6", {"type": "adaptive"}, True),
    ("claude-sonnet-4-6", {"type": "adaptive", "display": "omitted"}, False),
    (ALWAYS, {"type": "adaptive"}, False),
    (ALWAYS, {"type": "adaptive", "display": "summarized"}, True),
]


@pytest.mark.parametrize(("name", "thinking", "shown"), DISPLAYS)
def test_thinking_is_shown_as_asked(name: str, thinking: dict[str, Any], shown: bool) -> None:
    """The newer models do not show it unless they are asked to."""
    thoughts = [blocks(reply)[0] for reply in replies(20, name=name, thinking=thinking) if len(reply.content) > 1]
    assert thoughts
    assert all(bool(block["thinking"]) == shown for block in thoughts)


def thought(**more: Any) -> int:
    """Out of 64 replies, how many were thought about."""
    return sum(reply.thinking_tokens is not None for reply in replies(64, **more))


def test_which_models_think_unasked() -> None:
    """Some always, some mostly, the older ones never; and those that are told not to."""
    assert thought(name=ALWAYS) == 64
    assert 48 < thought(name=NEW) < 64
    assert thought(name=OLD) == 0
    assert thought(name=NEW, thinking={"type": "disabled"}) == 0


def test_less_effort_means_less_thinking() -> None:
    """By share and by length."""
    low, most = ({"effort": effort} for effort in ("low", "max"))
    assert thought(name=NEW, output_config=low) < 32
    assert thought(name=NEW, output_config=most) == 64
    tokens = [
        max(reply.thinking_tokens or 0 for reply in replies(name=NEW, limit=9000, output_config=effort))
        for effort in (low, most)
    ]
    assert tokens[0] < 100 < tokens[1]


def test_between_tools_only_results_are_thought_about() -> None:
    """Not what comes before the first call."""
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]},
    ]
    mode = {"type": "between_tools"}
    assert thought(name=NEW, thinking=mode, tools=[WEATHER]) == 0
    assert thought(content=turns, name=NEW, thinking=mode, tools=[WEATHER]) == 64


def test_thinking_leaves_room_for_an_answer() -> None:
    """Even in a small limit."""
    for reply in replies(name=ALWAYS, limit=40):
        assert reply.thinking_tokens is not None
        assert reply.thinking_tokens <= 20
        assert text(reply)


# citations

PROSE = "The grass is green. Der Himmel ist blau – fast immer! Is it?\nWasser ist nass."


def document(source: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "document", "source": source, "title": "A title", "citations": {"enabled": True}, **more}


def pdf(*pages: str, packed: bool) -> dict[str, Any]:
    contents = [f"BT ({page}) Tj ET".encode() for page in pages]
    data = b64encode(pdf_of(*contents, packed=packed)).decode()
    return {"type": "base64", "media_type": "application/pdf", "data": data}


CUSTOM = {"type": "content", "content": [{"type": "text", "text": word} for word in ("one ", "two ", "three ")]}
SEARCHED = {
    "type": "search_result",
    "source": "https://example.com/a",
    "title": "Found",
    "content": [{"type": "text", "text": "First."}, {"type": "text", "text": "Second."}],
    "citations": {"enabled": True},
}
PLAIN_SOURCE = {"type": "text", "media_type": "text/plain", "data": PROSE}


def citations(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    content = [*content, {"type": "text", "text": "What is it?"}]
    found = [block for reply in replies(30, content) for block in blocks(reply) if block.get("citations")]
    assert all(reply.stop_reason == "end_turn" for reply in replies(3, content))
    return [citation for block in found for citation in block["citations"]]


def test_spans_of_plain_text_are_cited() -> None:
    """The places are those of the words, in the document that is meant."""
    other = document({**PLAIN_SOURCE, "data": "unused"}, citations={"enabled": False})
    found = citations([other, document(PLAIN_SOURCE)])
    assert len({citation["cited_text"] for citation in found}) > 2
    for citation in found:
        assert citation["type"] == "char_location"
        assert PROSE[citation["start_char_index"] : citation["end_char_index"]] == citation["cited_text"]
        assert (citation["document_index"], citation["document_title"]) == (1, "A title")


def test_whole_blocks_are_cited() -> None:
    """What is cited is the blocks, joined."""
    for citation in citations([document(CUSTOM)]):
        assert citation["type"] == "content_block_location"
        start, end = citation["start_block_index"], citation["end_block_index"]
        assert "".join(block["text"] for block in CUSTOM["content"][start:end]) == citation["cited_text"]  # type: ignore[index]
        assert end > start


@pytest.mark.parametrize("packed", [False, True])
def test_pages_are_cited(packed: bool) -> None:
    """From 1 on, the end excluded."""
    pages = ("Page one says hello.", "Page two says goodbye.")
    found = citations([document(pdf(*pages, packed=packed))])
    assert {citation["start_page_number"] for citation in found} == {1, 2}
    for citation in found:
        assert citation["type"] == "page_location"
        assert citation["cited_text"] in pages[citation["start_page_number"] - 1]
        assert citation["end_page_number"] == citation["start_page_number"] + 1


def test_search_results_are_cited() -> None:
    """Also those that a tool brought; they are counted apart from documents."""
    content = [document(CUSTOM, citations=None), {**SEARCHED, "citations": {"enabled": False}}, SEARCHED]
    for citation in citations(content):
        assert (citation["type"], citation["search_result_index"]) == ("search_result_location", 1)
        assert SEARCHED["content"][citation["start_block_index"]]["text"] == citation["cited_text"]  # type: ignore[index]
        assert (citation["source"], citation["title"]) == ("https://example.com/a", "Found")


@pytest.mark.parametrize(
    "source",
    [
        {"type": "url", "url": "https://example.com/a.pdf"},
        {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
        {**PLAIN_SOURCE, "data": " \n "},
    ],
)
def test_what_cannot_be_read_is_not_cited(source: dict[str, Any]) -> None:
    """The answer is in words then."""
    assert citations([document(source)]) == []


# server tools


def used(kind: str, **more: Any) -> list[Reply]:
    name = kind.rpartition("_")[0]
    tool = {"type": kind, "name": name, **more}
    return replies(20, "See https://example.org/page.", tools=[tool], tool_choice={"type": "tool", "name": name})


def test_a_search_brings_results_and_cites_one() -> None:
    """And is counted."""
    for reply in used("web_search_20250305", allowed_domains=["docs.python.org"], max_uses=1):
        assert kinds(reply) == ["server_tool_use", "web_search_tool_result", "text", "text"]
        search, result, _, answer = blocks(reply)
        assert search["id"].startswith("srvtoolu_01")
        assert result["tool_use_id"] == search["id"]
        (citation,) = answer["citations"]
        assert citation["url"] in {found["url"] for found in result["content"]}
        assert all(found["url"].startswith("https://docs.python.org/") for found in result["content"])
        assert reply.server_tool_use == wire.ServerToolUse(1, 0)
        assert reply.stop_reason == "end_turn"


def test_a_page_is_fetched_from_the_address_in_the_prompt() -> None:
    """As a document of plain text."""
    for reply in used("web_fetch_20250910"):
        fetch, result, _ = blocks(reply)
        assert fetch["input"] == {"url": "https://example.org/page"}
        assert result["content"]["content"]["source"]["data"]
        assert reply.server_tool_use == wire.ServerToolUse(0, 1)


def test_code_is_run_in_a_container() -> None:
    """The output is that of the program; a container that was named is gone on in."""
    found = used("code_execution_20250825")
    assert {tuple(kinds(reply)) for reply in found} == {
        ("server_tool_use", "bash_code_execution_tool_result", "text"),
        (
            *("server_tool_use", "text_editor_code_execution_tool_result"),
            *("server_tool_use", "bash_code_execution_tool_result", "text"),
        ),
    }
    (old,) = {tuple(kinds(reply)) for reply in used("code_execution_20250522")}
    assert old == ("server_tool_use", "code_execution_tool_result", "text")
    for reply in used("code_execution_20250522"):
        program, result, _ = blocks(reply)
        one, other = map(int, program["input"]["code"].removeprefix("print(").removesuffix(")").split("*"))
        assert result["content"]["stdout"] == f"{one * other}\n"
        assert reply.container
        assert reply.container.id.startswith("container_01")
        assert reply.server_tool_use is None
    tool = {"type": "code_execution_20250825", "name": "code_execution"}
    skill = {"type": "anthropic", "skill_id": "xlsx", "version": "1"}
    container = {"id": "container_mine", "skills": [skill]}
    (reply,) = replies(1, tools=[tool], tool_choice={"type": "any"}, container=container)
    assert msgspec.to_builtins(reply.container) == {
        "id": "container_mine",
        "expires_at": "1970-01-31T00:00:00+00:00",
        "skills": [skill],
    }


# the whole


def test_replies_depend_on_seed_and_params_alone() -> None:
    """The same twice, others with another seed."""
    more: dict[str, Any] = {"tools": [WEATHER, CLOCK], "name": ALWAYS}
    assert natural_reply(asked(**more)) == natural_reply(asked(**more))
    assert len({msgspec.json.encode(reply) for reply in replies(20, **more)}) == 20


def test_a_message_has_the_usage_of_its_reply() -> None:
    """Details only where something was thought, counts only where a server tool ran."""
    (plain,) = replies(1)
    usage = json.loads(msgspec.json.encode(message_of(plain, "msg_1", model(OLD), usage_of(plain, USAGE))))["usage"]
    assert usage["output_tokens"] == plain.output_tokens
    assert not usage.keys() & {"output_tokens_details", "server_tool_use"}
    (searched,) = replies(1, tools=[{"type": "web_search_20250305", "name": "web_search"}], tool_choice={"type": "any"})
    assert usage_of(searched, USAGE).server_tool_use == searched.server_tool_use
    (thoughtful,) = replies(1, name=ALWAYS)
    assert usage_of(thoughtful, USAGE).output_tokens_details == wire.OutputTokensDetails(
        thoughtful.thinking_tokens or 0
    )


def test_what_is_said_of_usage_is_believed() -> None:
    """Nested counts one by one; what is no usage is an error."""
    (reply,) = replies(1)
    said = msgspec.structs.replace(
        reply, usage={"input_tokens": 7, "cache_creation": {"ephemeral_1h_input_tokens": 3}, "server_tool_use": None}
    )
    usage = usage_of(said, USAGE)
    assert (usage.input_tokens, usage.output_tokens) == (7, reply.output_tokens)
    assert usage.cache_creation == wire.CacheCreation(0, 3)
    with pytest.raises(ReplyError, match="Expected `int`"):
        usage_of(msgspec.structs.replace(reply, usage={"input_tokens": "many"}), USAGE)


ODD_PARAMS: list[dict[str, Any]] = [
    {"messages": None},
    {"messages": "hi", "tools": "none"},
    {"messages": [None, 3, {"role": "user"}], "tools": [None, {}], "tool_choice": []},
    {"messages": [{"role": "user", "content": [None, {"type": "document", "citations": {"enabled": True}}]}]},
    {"messages": [], "stop_sequences": [None, ""], "output_config": {"format": {"schema": 3}}, "system": 3},
    {"messages": [{"role": "assistant", "content": None}], "thinking": "yes", "container": 5},
]


@pytest.mark.parametrize("params", ODD_PARAMS)
def test_params_of_a_wrong_shape_still_get_a_reply(params: dict[str, Any]) -> None:
    """Where nothing was validated."""
    for name in (OLD, ALWAYS):
        wish_alone(params, model(name))
        assert natural_reply(Request(params, model(name), 5, 100)).output_tokens <= 100
