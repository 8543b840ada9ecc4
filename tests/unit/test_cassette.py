"""Recorded interactions: written and read, known again, told apart."""

import json
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.cassette.assembly import Assembly
from mockbatch.core.cassette.difference import difference
from mockbatch.core.cassette.identity import identity, key_of, substance
from mockbatch.core.cassette.interaction import (
    VERSION,
    FixtureProblem,
    Header,
    Interaction,
    dump_header,
    dump_interaction,
    parse_header,
    parse_interaction,
)
from mockbatch.core.cassette.matching import MATCH_ON, parse_match_on
from mockbatch.core.cassette.redaction import Redaction
from mockbatch.core.cassette.tape import Tape
from mockbatch.core.replies.stream import events
from tests.builders import params
from tests.unit.test_stream import BLOCKS
from tests.unit.test_stream import message as whole
from tests.upstream.replies import message, stream

# any JSON: halves of characters, line ends of all sorts, numbers of any size
texts = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(texts, json_values, max_size=4)


def item(custom_id: str = "a", text: str = "hello", reply: str = "hi", **more: Any) -> Interaction:
    """A recorded row that succeeded."""
    message = {"id": "msg_1", "content": [{"type": "text", "text": reply}]}
    return Interaction(
        **{
            "kind": "batch_item",
            "batch": "b",
            "custom_id": custom_id,
            "request": params(text),
            "outcome": "succeeded",
            "message": message,
            **more,
        }
    )


def fixture(*interactions: Interaction, **head: Any) -> bytes:
    header = Header(**{"interactions": len(interactions), **head})
    return b"\n".join([dump_header(header), *map(dump_interaction, interactions)]) + b"\n"


@given(objects, objects, texts.filter(bool))
def test_dump_and_parse_are_inverse(request: dict[str, Any], message: dict[str, Any], custom_id: str) -> None:
    """For any content, and each in one line."""
    told = item(custom_id, request=request, message=message, wait="3s", duration="4m12s")
    line = dump_interaction(told)
    assert b"\n" not in line
    again = parse_interaction(line, 2)
    assert again == told
    assert dump_interaction(again) == line
    assert json.loads(line)["request"] == request


@given(objects)
def test_order_of_keys_does_not_count(request: dict[str, Any]) -> None:
    """Neither in what is compared nor below."""
    turned = {key: request[key] for key in reversed(request)}
    assert identity("message", turned, ("all",)) == identity("message", request, ("all",))


@given(st.lists(texts, max_size=3).map(tuple), st.booleans(), st.integers(0, 10**6))
def test_heads_are_inverse_as_well(partial: tuple[str, ...], base64: bool, interactions: int) -> None:
    header = Header(
        interactions=interactions,
        upstream="https://x",
        partial=partial,
        redaction=Redaction(("a.b",), ("mail",), base64),
    )
    assert parse_header(dump_header(header)) == (header, VERSION)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "line 1: it is empty"),
        (b"{", "line 1: not JSON, so the file was cut or edited: unexpected end of data"),
        (b"[]", "line 1: not an object"),
        (b'{"custom_id":"a"}', 'not a fixture: its first line begins with {"mockbatch_fixture":1'),
        (b'{"mockbatch_fixture":99,"interactions":0}', "upgrade it, or record again"),
        (b'{"mockbatch_fixture":0,"interactions":0}', "there is no version 0; the first is 1"),
        (b'{"mockbatch_fixture":"1","interactions":0}', "the version '1' is not a number"),
        (b'{"mockbatch_fixture":1}', "missing required field `interactions`"),
    ],
)
def test_a_wrong_head_is_refused(line: bytes, reason: str) -> None:
    with pytest.raises(FixtureProblem) as caught:
        parse_header(line)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"outcom": 1}, "unknown field `outcom`"),
        ({"outcome": "failed"}, "Invalid enum value 'failed'"),
        ({"kind": "batch"}, "Invalid enum value 'batch'"),
        ({"custom_id": ""}, "a batch item needs a `custom_id`"),
        ({"message": None}, "it succeeded, so it needs a `message`"),
        ({"outcome": "errored"}, "it errored, so it needs an `error`"),
        ({"kind": "message", "request": None}, "a message needs its `request`"),
        ({"duration": "soon"}, "'soon' is not a span of time"),
        ({"request": []}, "Expected `object | null`"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(change: dict[str, Any], reason: str) -> None:
    content = json.loads(dump_interaction(item())) | change
    with pytest.raises(FixtureProblem) as caught:
        parse_interaction(json.dumps(content).encode(), 7)
    assert str(caught.value).startswith("line 7: ")
    assert reason in str(caught.value)


def test_an_older_version_is_brought_up_to_date() -> None:
    """By a step for each version in between, head and lines alike."""
    steps = {VERSION - 1: lambda content: {"interactions" if key == "count" else key: content[key] for key in content}}
    old = b'{"mockbatch_fixture":%d,"count":3}' % (VERSION - 1)
    assert parse_header(old, steps) == (Header(interactions=3), VERSION - 1)
    line = dump_interaction(item()).replace(b'"custom_id"', b'"name"')
    renamed = {VERSION - 1: lambda content: {"custom_id" if key == "name" else key: content[key] for key in content}}
    assert parse_interaction(line, 2, VERSION - 1, renamed) == item()


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_cut_file_is_refused(cut: int) -> None:
    """In the middle of a line, or between two."""
    data = fixture(item("a"), item("b"), item("c"))
    lines = data.split(b"\n")
    with pytest.raises(FixtureProblem, match="line 1: it declares 3 interactions"):
        Tape([b"\n".join(lines[: max(cut - 1, 1)]) + b"\n"])
    with pytest.raises(FixtureProblem, match="line 4: not JSON"):
        Tape([data[: -cut * 20]])


def test_an_edited_reply_is_played() -> None:
    """The text of a line may be changed by hand."""
    data = fixture(item(reply="before")).replace(b"before", b"after")
    found = Tape([data]).find(params("hello"))
    assert found
    assert found.message
    assert found.message["content"][0]["text"] == "after"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"max_tokens": 1}, True),
        ({"stream": True}, True),
        ({"metadata": {"user_id": "x"}}, True),
        ({"system": None}, True),
        ({"model": "claude-opus-5"}, False),
        ({"messages": [{"role": "user", "content": "other"}]}, False),
        ({"system": "Be short."}, False),
        ({"tools": [{"name": "t", "input_schema": {"type": "object"}}]}, False),
        ({"thinking": {"type": "adaptive"}}, False),
        ({"output_config": {"effort": "low"}}, False),
    ],
)
def test_what_counts_by_default(change: dict[str, Any], same: bool) -> None:
    """What the model is asked, not how much of an answer is wanted nor how it is sent."""
    assert (Tape([fixture(item())]).find(params("hello") | change) is not None) == same


@pytest.mark.parametrize(
    ("match_on", "change", "same"),
    [
        (("model",), {"messages": []}, True),
        (("model",), {"model": "x"}, False),
        (("all",), {"stream": False}, True),
        (("all",), {"max_tokens": 1}, False),
        (("max_tokens",), {"max_tokens": 1}, False),
        (("all",), {"unheard_of": 1}, False),
    ],
)
def test_what_counts_can_be_chosen(match_on: tuple[str, ...], change: dict[str, Any], same: bool) -> None:
    tape = Tape([fixture(item())], match_on)
    assert (tape.find(params("hello") | change) is not None) == same


def test_the_custom_id_counts_where_it_is_named() -> None:
    tape = Tape([fixture(item("a"))], ("messages", "custom_id"))
    assert tape.find(params("hello"), custom_id="a")
    assert tape.find(params("hello"), custom_id="b") is None
    assert tape.nearest(params("hello"), custom_id="b") == (
        "batch item 'a' for claude-haiku-4-5, succeeded",
        "custom_id: recorded 'a', asked 'b'",
    )


def test_fields_are_refused_by_name() -> None:
    assert parse_match_on(("system", "model", "model")) == ("model", "system")
    assert parse_match_on(()) == MATCH_ON
    with pytest.raises(ValueError, match="Did you mean 'messages'"):
        parse_match_on(("mesages",))


def test_kinds_are_told_apart() -> None:
    """A message is no row of a batch: it was billed otherwise."""
    tape = Tape([fixture(item(kind="message", batch="", custom_id=""))])
    assert tape.find(params("hello"), kind="message")
    assert tape.find(params("hello")) is None


def test_the_same_request_several_times() -> None:
    """By custom_id; where none fits, in recorded order, and then the last one again. Nothing is used up."""
    told = [item(name, reply=f"reply {name}") for name in "abc"]
    for rows in permutations(told):
        tape = Tape([fixture(*rows)])
        for _ in range(2):
            for name in "abc":
                assert reply(tape, custom_id=name) == f"reply {name}"
        turns = [reply(tape, custom_id="x", turn=turn) for turn in range(5)]
        last = rows[2].custom_id
        assert turns == [f"reply {row.custom_id}" for row in rows] + [f"reply {last}"] * 2


def reply(tape: Tape, **how: Any) -> str:
    found = tape.find(params("hello"), **how)
    assert found
    assert found.message
    text: str = found.message["content"][0]["text"]
    return text


def test_results_without_requests_are_known_by_their_custom_id() -> None:
    tape = Tape([fixture(item("a", request=None, outcome="expired", message=None))])
    found = tape.find(params("whatever"), custom_id="a")
    assert found
    assert (found.outcome, found.message, found.duration) == ("expired", None, None)
    assert tape.find(params("whatever"), custom_id="b") is None


def test_spans_come_back_in_microseconds() -> None:
    found = Tape([fixture(item(wait="3s", duration="4m12s5us"))]).find(params("hello"))
    assert found
    assert (found.wait, found.duration) == (3_000_000, 252_000_005)


def test_an_upload_is_known_by_name_and_content() -> None:
    sent = {"filename": "a.txt", "size": 5, "sha256": "ab"}
    told = Interaction(kind="file", call="upload", request=sent, outcome="succeeded", answer={"id": "file_1"})
    tape = Tape([fixture(told)])
    found = tape.uploaded("a.txt", "ab")
    assert found
    assert found.answer == {"id": "file_1"}
    assert tape.uploaded("a.txt", "cd") is None
    assert tape.uploaded("b.txt", "ab") is None


def test_a_redacted_request_is_known_again() -> None:
    """What is asked is cleaned by the rules of the recording before it is looked for a second time."""
    cleaned = params("write to [redacted: mail] and tell sha256:00")
    tape = Tape([fixture(item(request=cleaned), redaction=Redaction(patterns=("mail",)))])
    assert tape.find(params("write to bob@example.com and tell sha256:00"))
    assert tape.find(params("write to nobody and tell sha256:00")) is None


def test_the_nearest_recording_is_shown_with_what_differs() -> None:
    tape = Tape([fixture(item("a", "the invoice of May"), item("b", "the weather in Oslo"), item("c", "a poem"))])
    assert tape.nearest(params("the invoice of June", system="Be short.")) == (
        "batch item 'a' for claude-haiku-4-5, succeeded",
        'messages.0.content: recorded "the invoice of May", asked "the invoice of June"\n'
        'system: recorded nothing, asked "Be short."',
    )
    assert Tape().nearest(params("x")) is None


@given(json_values, json_values)
def test_values_that_differ_have_a_difference(old: Any, new: Any) -> None:
    same = json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    assert (difference(old, new) == "") == same
    assert difference(old, old) == ""


def test_long_texts_are_shown_where_they_differ() -> None:
    old, new = "x" * 500 + "May" + "y" * 500, "x" * 500 + "June" + "y" * 500
    shown = difference({"text": old}, {"text": new})
    assert "May" in shown
    assert "June" in shown
    assert len(shown) < 250
    many = difference({str(n): n for n in range(9)}, {})
    assert many.count("\n") == 5
    assert many.endswith("... and more")


def test_a_further_run_says_the_same() -> None:
    """Ids and spans are those of a run; what was said is not."""
    again = item(message={"id": "msg_2", "content": [{"type": "text", "text": "hi"}]}, duration="9s")
    assert substance(again) == substance(item())
    assert substance(item(reply="other")) != substance(item())
    assert substance(item(outcome="expired", message=None)) != substance(item())
    assert key_of(item(reply="other")) == key_of(item())
    assert key_of(item("b")) != key_of(item())


@given(st.integers(1, 200))
def test_a_stream_in_any_pieces_is_one_message(size: int) -> None:
    """As the API sends it, cut anywhere."""
    tool = {"name": "look", "input_schema": {"type": "object", "properties": {"name": {"type": "string"}}}}
    for number, more in enumerate(({}, {"tools": [tool]})):
        told = message(params("hello", **more), number + 2, "standard")
        data, assembly = stream(told), Assembly()
        for start in range(0, len(data), size):
            assert assembly.complete == (b'"message_stop"}\n' in data[:start])
            assembly.feed(data[start : start + size])
        assert assembly.complete
        assert assembly.message == told


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_of_every_kind_are_put_together(kind: str) -> None:
    """Thinking, signatures, citations and tools, as the SDK does it."""
    assembly = Assembly()
    for event in events(whole(BLOCKS[kind])):
        assembly.feed(event)
    assert assembly.complete
    assert assembly.message["content"] == msgspec.to_builtins(BLOCKS[kind])


@pytest.mark.parametrize("data", [b'data: {"type":"content_block_delta","index":0,"delta":{}}\n', b"data: {\n"])
def test_what_is_no_stream_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"does not fit|unexpected end"):
        Assembly().feed(data)
