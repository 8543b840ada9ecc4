"""The kinds of replies that a rule can name."""

import json
import re
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockbatch.core.contract import wire
from mockbatch.core.replies.draft import FUNCTION, ReplySpec
from mockbatch.core.replies.kinds import (
    REPLIES,
    callable_reply,
    make_reply,
    parse_reply,
    with_template,
)
from mockbatch.core.replies.message import message_of, usage_of
from mockbatch.core.replies.reply import Reply, ReplyError, Request, natural_reply
from tests.asked import REVIEW, USAGE, WEATHER, asked, blocks, calls, kinds, model, text

FORMAT = {"format": {"type": "json_schema", "schema": REVIEW}}


def made(value: Any, request: Request | None = None) -> Reply:
    return make_reply(parse_reply(value), request or asked())


def line(reply: Reply) -> bytes:
    """The reply as a line of results."""
    message = message_of(reply, "msg_01", model("claude-haiku-4-5"), usage_of(reply, USAGE))
    return msgspec.json.Encoder().encode_lines([wire.ResultLine("a", wire.Succeeded(message))])


# what a rule can say

SPECS: list[tuple[Any, ReplySpec]] = [
    ("echo", ReplySpec("echo")),
    ({"kind": "echo"}, ReplySpec("echo")),
    ({"echo": "You said: "}, ReplySpec("echo", {"prefix": "You said: "})),
    ({"echo": True}, ReplySpec("echo")),
    ({"static": "hello"}, ReplySpec("static", {"static": "hello"})),
    ({"content": "hello"}, ReplySpec("static", {"static": {"content": "hello"}})),
    (
        {"template": "{{ index }}", "usage": {"output_tokens": 3}},
        ReplySpec("template", {"template": "{{ index }}", "usage": {"output_tokens": 3}}),
    ),
    ({"file": "answers/a.j2"}, ReplySpec("template", {"file": "answers/a.j2"})),
    ({"truncate": "mid_json"}, ReplySpec("truncate", {"cut": "mid_json"})),
    ({"kind": "truncate", "cut": "mid_json"}, ReplySpec("truncate", {"cut": "mid_json"})),
    ({"huge_line": "5MB"}, ReplySpec("huge_line", {"bytes": 5_000_000})),
    ({"huge_line": "1.5 kb"}, ReplySpec("huge_line", {"bytes": 1_500})),
    ({"huge_line": 77}, ReplySpec("huge_line", {"bytes": 77})),
    ({"callable": "my.module:answer"}, ReplySpec("callable", {"callable": "my.module:answer"})),
    ({"natural": True, "stop_reason": "pause_turn"}, ReplySpec("natural", {"stop_reason": "pause_turn"})),
]


@pytest.mark.parametrize(("value", "spec"), SPECS)
def test_what_a_rule_can_say(value: Any, spec: ReplySpec) -> None:
    """A name, or a table."""
    assert parse_reply(value) == spec


WRONG: list[tuple[Any, str]] = [
    ("ecko", "'ecko' is not a kind of reply; to reply with this text, write {static = 'ecko'}. Did you mean 'echo'?"),
    (5, "a reply is the name of a kind or a table, not 5"),
    ({}, "the reply names no kind; its keys are nothing."),
    ({"templat": "x"}, "the reply names no kind; its keys are templat. Did you mean 'template'?"),
    ({"kind": "lorm"}, "'lorm' is not a kind of reply. Did you mean 'lorem'?"),
    ({"echo": "a", "static": "b"}, "a reply has one kind, not echo and static"),
    ("static", "static needs a value: {static = ...}"),
    ({"static": "x", "usge": {}}, "'usge' is not an option of static. Did you mean 'usage'?"),
    ({"static": 5}, "static is a text or a list or a table, not 5"),
    ({"lorem": "many"}, "words is a number, not 'many'"),
    ({"kind": "lorem", "words": True}, "words is a number, not True"),
    ({"lorem": -1}, "words is a number, not -1"),
    ({"empty": "x"}, "empty takes no value; write 'empty' or {empty = true}"),
    ({"truncate": "mid_jsn"}, "cut is one of half, mid_json, mid_field, before_text, not 'mid_jsn'. Did you mean"),
    ({"huge_line": "240GB"}, "bytes is at most 50,000,000, not 240,000,000,000"),
    ({"lorem": 10**12}, "words is at most 50,000,000, not "),
    ({"huge_line": "5 parsecs"}, "bytes is a size such as 5MB, not '5 parsecs'"),
    ({"template": "a\n{{ b"}, "the template has an error in line 2: "),
    ({"schema": {"type": "text"}}, "The schema is not valid JSON Schema"),
]


@pytest.mark.parametrize(("value", "sentence"), WRONG)
def test_what_a_rule_cannot_say(value: Any, sentence: str) -> None:
    """Told with the name that is nearest."""
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        parse_reply(value)


def test_a_template_file_is_read_by_the_caller() -> None:
    """And checked then."""
    spec = parse_reply({"file": "a.j2", "usage": {"output_tokens": 1}})
    with pytest.raises(ReplyError, match=r"a\.j2 was not read"):
        make_reply(spec, asked())
    reply = make_reply(with_template(spec, "{{ model }}"), asked())
    assert (text(reply), reply.usage) == ("claude-haiku-4-5-20251001", {"output_tokens": 1})
    with pytest.raises(ValueError, match="line 1"):
        with_template(spec, "{% if %}")


def test_every_kind_is_explained() -> None:
    """In one sentence."""
    for kind in REPLIES.values():
        assert kind.explanation.endswith(".")
        assert len(kind.explanation) <= 110


EXAMPLES: dict[str, Any] = {
    **{name: name for name, kind in REPLIES.items() if not kind.needs_main},
    "schema": {"schema": REVIEW},
    "static": {"static": "x"},
    "template": {"template": "x"},
}
REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "tools": {"tools": [WEATHER]},
    "schema": {"output_config": FORMAT},
    "server tools": {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    "thinking": {"name": "claude-opus-5-5"},
    "few tokens": {"limit": 3, "tools": [WEATHER]},
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_kind_answers_every_request(kind: str) -> None:
    """With one line of JSON that the SDK reads, the same each time."""
    from anthropic.types import Message

    for more in REQUESTS.values():
        request = asked(**more)
        sent = line(made(EXAMPLES[kind], request))
        assert sent.count(b"\n") == 1
        assert sent == line(made(EXAMPLES[kind], request))
        message = json.loads(sent)["result"]["message"]
        if kind != "unknown_block":
            assert Message.model_validate(message).stop_reason
        assert message["usage"]["output_tokens"] >= 0


def test_every_kind_is_made_here_or_by_the_caller() -> None:
    """Of each there is an example above, but for functions."""
    assert EXAMPLES.keys() ^ REPLIES.keys() == {FUNCTION}


def test_kinds_of_the_caller_are_not_made_here() -> None:
    """They need what the core has not."""
    with pytest.raises(ValueError, match="made by the caller"):
        make_reply(ReplySpec(FUNCTION), asked())


# plain kinds


def test_a_static_reply_is_exactly_what_was_said() -> None:
    """Even beyond max_tokens; a whole message brings its own blocks, reason and usage."""
    long = "word " * 500
    assert text(made({"static": long}, asked(limit=1))) == long
    said = {
        "content": [{"type": "text", "text": "a"}, {"type": "tool_use", "id": "toolu_1", "name": "x", "input": {}}],
        "usage": {"output_tokens": 99},
    }
    reply = made(said)
    assert (blocks(reply), reply.stop_reason, reply.usage) == (said["content"], "tool_use", {"output_tokens": 99})
    assert made({**said, "stop_reason": "max_tokens"}).stop_reason == "max_tokens"


def test_an_echo_is_cut_and_stopped_like_any_text() -> None:
    """By max_tokens and by stop sequences."""
    assert text(made("echo", asked("hello there"))) == "hello there"
    assert text(made({"echo": "> "}, asked("hello there"))) == "> hello there"
    assert made("echo", asked("hello there", limit=1)).stop_reason == "max_tokens"
    assert made("echo", asked("a STOP b", stop_sequences=["STOP"])).stop_sequence == "STOP"


def test_lorem_has_as_many_words_as_told() -> None:
    """And a full stop."""
    reply = text(made({"lorem": 17}))
    assert len(reply.split()) == 17
    assert reply.endswith(".")


def test_schema_replies_are_valid() -> None:
    """Against the schema of the rule, or that of the request; with neither there is an error."""
    assert isinstance(json.loads(text(made({"schema": {"type": "integer"}}))), int)
    Draft202012Validator(REVIEW).validate(json.loads(text(made("schema", asked(output_config=FORMAT)))))
    with pytest.raises(ReplyError, match="no schema"):
        made("schema")


def test_options_of_every_kind_change_the_reply() -> None:
    """Usage, stop reason, stop sequence."""
    reply = made({"kind": "natural", "stop_reason": "something_new", "usage": {"input_tokens": 5}})
    assert (reply.stop_reason, reply.usage) == ("something_new", {"input_tokens": 5})
    stopped = made({"static": "a", "stop_sequence": "END"})
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "END")


# what functions return


def test_functions_return_texts_blocks_messages_and_models() -> None:
    """All become a reply whose tokens are counted."""
    from anthropic.types import Message

    sdk = Message.model_validate(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "hello"}],
            "usage": {"input_tokens": 1, "output_tokens": 2},
        }
    )
    request = asked()
    for value in ("hello", [{"type": "text", "text": "hello"}], ["hello"], {"content": "hello"}, sdk):
        reply = callable_reply(value, request)
        assert (text(reply), reply.stop_reason, reply.output_tokens) == ("hello", "end_turn", 2)
    ready = natural_reply(request)
    assert callable_reply(ready, request) is ready
    assert callable_reply("", request).content == []


RETURNED: list[tuple[Any, str]] = [
    (None, "a reply is a text, a list of blocks or a message with content, not None"),
    ({}, "a reply is a text, a list of blocks or a message with content, not a dict without content"),
    ({"content": 3}, "the content of a message is a text or a list of blocks, not 3"),
    ({"content": [{"text": "x"}]}, "a block has a type, and a dict without content has none"),
    ({"content": "x", "stop_reson": "y"}, "a message has no key 'stop_reson'. Did you mean 'stop_reason'?"),
    ({"content": "x", "usage": 3}, "the usage of a message is a dict, not 3"),
    ({"content": "x", "container": {"id": 3}}, "the container of the message is invalid"),
]


@pytest.mark.parametrize(("value", "sentence"), RETURNED)
def test_other_things_are_errors(value: Any, sentence: str) -> None:
    """Of which each says what it was."""
    with pytest.raises(ReplyError) as caught:
        callable_reply(value, asked())
    assert caught.value.message.startswith(sentence)


def test_a_model_of_another_library_is_taken_by_its_dump() -> None:
    """Whatever has `model_dump`."""
    dumped = SimpleNamespace(model_dump=lambda **_: {"content": [{"type": "text", "text": "x"}]})
    assert text(callable_reply(dumped, asked())) == "x"


# odd kinds


def test_a_refusal_says_why() -> None:
    """In stop_details, with no content unless it is given."""
    reply = made({"refusal": "cyber"})
    assert (reply.content, reply.stop_reason, reply.output_tokens) == ([], "refusal", 0)
    assert reply.stop_details
    assert (reply.stop_details["type"], reply.stop_details["category"]) == ("refusal", "cyber")
    assert text(made({"kind": "refusal", "text": "I can"})) == "I can"


def test_empty_content_is_empty() -> None:
    """And ends its turn."""
    assert made("empty") == Reply([], "end_turn", 0)


def test_thinking_comes_before_text() -> None:
    """Where careless code takes content[0].text."""
    assert kinds(made("thinking_first")) == ["thinking", "text"]
    assert kinds(made("redacted_thinking")) == ["redacted_thinking", "text"]
    assert blocks(made("thinking_first", asked(name="claude-opus-5-5")))[0]["thinking"]


def test_a_wrong_tool_was_not_offered() -> None:
    """Its name is near, and its input like that of the right one."""
    tools = [WEATHER, {**WEATHER, "name": "get_weather_v2"}]
    (call,) = calls(made("wrong_tool", asked(tools=tools)))
    assert call["name"] == "get_weather_v2_v2"
    assert "city" in call["input"]
    assert calls(made({"wrong_tool": "rm"}))[0]["name"] == "rm"


def test_a_schema_violation_is_json_and_invalid() -> None:
    """In the text, or in the input of a tool."""
    for seed in range(10):
        value = json.loads(text(made("schema_violation", asked(output_config=FORMAT, seed=seed))))
        assert not Draft202012Validator(REVIEW).is_valid(value)
        (call,) = calls(made("schema_violation", asked(tools=[WEATHER], seed=seed)))
        assert not Draft202012Validator(WEATHER["input_schema"]).is_valid(call["input"])
        assert isinstance(call["input"], dict)
    loose = {"type": "object", "properties": {"a": {}, "b": {"type": "integer"}}, "required": ["a", "b"]}
    config = {"format": {"type": "json_schema", "schema": loose}}
    assert not Draft202012Validator(loose).is_valid(
        json.loads(text(made("schema_violation", asked(output_config=config))))
    )


@pytest.mark.parametrize("more", [{}, {"output_config": FORMAT}])
@pytest.mark.parametrize("kind", ["cut_json", {"truncate": "mid_json"}, {"truncate": "mid_field"}, "fenced_json"])
def test_broken_json_is_no_json(kind: Any, more: dict[str, Any]) -> None:
    """Cut, or wrapped."""
    for seed in range(10):
        reply = made(kind, asked(seed=seed, **more))
        with pytest.raises(json.JSONDecodeError) as caught:
            json.loads(text(reply))
        if kind == "cut_json":
            assert "Unterminated string" in str(caught.value)
        assert reply.stop_reason == ("end_turn" if kind == "fenced_json" else "max_tokens")


def test_a_truncated_call_lacks_input() -> None:
    """As when max_tokens is reached inside of it."""
    reply = made({"truncate": "mid_json"}, asked(tools=[WEATHER]))
    assert (calls(reply)[0]["input"], reply.stop_reason) == ({}, "max_tokens")


def test_a_truncated_text_is_the_first_half() -> None:
    """Its tokens are those of the half."""
    whole, half = natural_reply(asked()), made("truncate")
    assert text(half) == text(whole)[: len(text(whole)) // 2]
    assert half.output_tokens < whole.output_tokens
    context = made("context_exceeded")
    assert (text(context), context.stop_reason) == (text(half), "model_context_window_exceeded")
    assert kinds(made({"truncate": "before_text"})) == ["thinking"]


def test_a_paused_turn_has_no_result_yet() -> None:
    """Only the call of a server tool."""
    reply = made("pause_turn", asked(tools=[{"type": "web_fetch_20250910", "name": "web_fetch"}]))
    assert (kinds(reply), reply.stop_reason) == (["server_tool_use"], "pause_turn")
    assert blocks(reply)[0]["name"] == "web_fetch"


def test_a_huge_line_is_huge() -> None:
    """5 MB, and its tokens are counted."""
    reply = made("huge_line")
    assert len(line(reply)) > 5_000_000
    assert reply.output_tokens == 1_250_000


def test_nasty_text_is_nasty() -> None:
    """And one line of JSON all the same."""
    nasty = text(made("nasty_text"))
    for mark in ("\u2028", "\u2029", "\u0085", "\x00", "\r\n", "\x1c", "\ufeff", "\u202e", "👨‍👩‍👧", "𠮷", '"}', "\\"):
        assert mark in nasty
    assert json.loads(line(made("nasty_text")))["result"]["message"]["content"][0]["text"] == nasty


def test_counts_of_server_tools_are_those_told() -> None:
    """Beside the reply of its own."""
    reply = made({"kind": "server_tool_use", "web_search_requests": 3, "web_fetch_requests": 2})
    assert reply.server_tool_use == wire.ServerToolUse(3, 2)
    assert text(reply) == text(natural_reply(asked()))


def test_an_unknown_block_comes_first() -> None:
    """Of a type that nobody knows."""
    assert kinds(made({"unknown_block": "hologram_v2"})) == ["hologram_v2", "text"]


@given(said=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_survives_a_line(said: str) -> None:
    """Split where the SDK splits lines, nothing is lost or added."""
    sent = line(made({"static": said}))
    body, rest = sent.split(b"\n")
    assert rest == b""
    assert b"\r" not in body
    assert json.loads(body)["result"]["message"]["content"] == [{"type": "text", "text": said}]
