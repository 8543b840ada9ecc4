"""Params that share what they have in common are worked on as if each were alone."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockbatch.core.contract.errors import ApiError
from mockbatch.core.contract.params import Terms
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.params import ParamsReader, RowParams, TextParams
from mockbatch.core.rows.reading import decode_params
from mockbatch.core.tokens import TokenRule

UNDER = Conditions(Terms(day="2026-11-30"), seed=7, files=("file_1",))
TOOL = {"name": "find", "input_schema": {"type": "object", "properties": {"word": {"type": "string"}}}}
MARK = {"cache_control": {"type": "ephemeral"}}
LONG = "A long prompt that many requests share. " * 700

OTHERS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["claude-haiku-4-5", "claude-sonnet-5", "no-such-model"]),
        "max_tokens": st.sampled_from([1, 64, 10**6, "many", 10**30]),
        "system": st.sampled_from(["Be brief.", [{"type": "text", "text": LONG, **MARK}], []]),
        "tools": st.sampled_from([[TOOL], [{**TOOL, **MARK}], [TOOL] * 2]),
        "tool_choice": st.sampled_from([{"type": "any"}, {"type": "tool", "name": "lost"}]),
        "cache_control": st.just(MARK["cache_control"]),
        "container": st.just("container_1"),
        "stream": st.booleans(),
        "metadata": st.sampled_from([{"user_id": "u"}, [{"role": "user", "content": "Hello"}]]),
        "stop_sequences": st.just(["STOP"]),
    },
).map(lambda given: {"model": "claude-haiku-4-5", "max_tokens": 64, **given})
TEXTS = st.sampled_from(["Hello", "", " \n", "Ünïcödé 🎈", 'a "quoted" \\ text', LONG])
MESSAGES = st.one_of(
    TEXTS.map(lambda text: [{"role": "user", "content": text}]),
    TEXTS.map(lambda text: [{"role": "assistant", "content": text}]),
    TEXTS.map(lambda text: [{"role": "user", "content": text}, {"role": "assistant", "content": "{"}]),
    st.just([{"role": "user", "content": [{"type": "text", "text": "Hello", **MARK}]}]),
    st.sampled_from([[], None, "Hello", [None], [{"role": "user"}], [{"role": "user", "content": "a", "name": "b"}]]),
)


@st.composite
def bodies(draw: st.DrawFn) -> list[bytes]:
    """Params as JSON: some of them alike but for their messages."""
    found = []
    for others in draw(st.lists(OTHERS, min_size=1, max_size=3)):
        names = draw(st.permutations([*others, "messages"]))
        separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
        for messages in draw(st.lists(MESSAGES, min_size=1, max_size=4)):
            whole = {name: messages if name == "messages" else others[name] for name in names}
            found.append(json.dumps(whole, separators=separators, ensure_ascii=draw(st.booleans())).encode())
    return found


def facts(asked: RowParams) -> list[Any]:
    """All that a row is made from."""
    try:
        model, tokens = asked.check()
    except ApiError as error:
        return [asked.params, asked.key(), type(error), error.message, error.details]
    return [asked.params, list(asked.params), asked.key(), model, tokens, asked.prefixes(model, tokens)]


@given(bodies(), st.sampled_from([UNDER, Conditions(Terms(day="2026-11-30"), tokens=TokenRule(input=1_000))]))
@example([b'{"a":1,"messages":[{"role":"user","content":"a"}],"messages":[{"role":"user","content":"b"}]}'] * 2, UNDER)
@example([b'{"b":[{"role":"user","content":"a"}],"messages":[{"role":"user","content":"a"}]}'] * 2, UNDER)
def test_shared_params_are_read_as_if_each_request_were_alone(raws: list[bytes], under: Conditions) -> None:
    reader = ParamsReader(under)
    for raw in raws:
        assert facts(reader.read(raw)) == facts(RowParams(decode_params(raw), under))


def test_requests_that_differ_in_a_text_share_the_rest() -> None:
    reader = ParamsReader(UNDER)
    read = [
        reader.read(
            json.dumps({"model": "m", "tools": [TOOL], "messages": [{"role": "user", "content": text}]}).encode()
        )
        for text in ("one", "two")
    ]
    assert all(isinstance(one, TextParams) for one in read)
    assert read[0].params["tools"] is read[1].params["tools"]


@pytest.mark.parametrize("raw", [b"[]", b"{", b'{"messages":[{"role":"user","content":"\\ud800"}]}', b"[" * 10_000])
def test_params_that_cannot_be_used_are_refused_as_such(raw: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        ParamsReader(UNDER).read(raw)
