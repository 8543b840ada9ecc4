"""Shapes: what two answers have in common whatever they say."""

from typing import Any

import pytest
from hypothesis import given

from mockbatch.core.cassette.shape import shape_differences, shape_of
from tests.unit.test_cassette import objects

TEXT = {"type": "text", "text": "hello"}
TOOL = {"type": "tool_use", "id": "toolu_1", "input": {"a": 1}}
REPLY: dict[str, Any] = {"id": "msg_1", "content": [TEXT], "stop_details": None, "usage": {"input_tokens": 3}}


@pytest.mark.parametrize(
    ("answered", "differences"),
    [
        (REPLY, []),
        (REPLY | {"content": [TEXT | {"text": "other"}, TEXT], "usage": {"input_tokens": 4.5}}, []),
        (REPLY | {"content": [TOOL]}, []),
        (REPLY | {"content": []}, []),
        (REPLY | {"stop_details": {"type": "refusal"}}, []),
        (REPLY | {"id": 1}, ["id: recorded text, answered number"]),
        (REPLY | {"extra": 1}, ["extra: not in the recording"]),
        (REPLY | {"usage": {}}, ["usage.input_tokens: only in the recording"]),
        (REPLY | {"content": [TEXT | {"citations": None}]}, ["content[text].citations: not in the recording"]),
    ],
)
def test_only_the_shape_counts(answered: dict[str, Any], differences: list[str]) -> None:
    """Not the words, nor how many blocks of which kind."""
    assert list(shape_differences(shape_of(REPLY), shape_of(answered))) == differences


def test_what_a_model_fills_in_is_free() -> None:
    other = {**TOOL, "input": {"b": ["c"]}}
    assert list(shape_differences(shape_of({"content": [TOOL]}), shape_of({"content": [other]}))) == []


@given(objects)
def test_a_value_has_its_own_shape(value: dict[str, Any]) -> None:
    assert list(shape_differences(shape_of(value), shape_of(value))) == []
