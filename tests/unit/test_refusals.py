"""The table of what the API refuses: each entry refuses its example, takes its neighbour, and is found."""

from typing import Any

import pytest

from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.contract.refusals import TABLE, Example, Refusal
from tests.refused import answer, is_worded
from tests.tools import make_refusals

ROWS = [entry for entry in TABLE if entry.stage == "row"]


@pytest.mark.parametrize("entry", ROWS, ids=lambda entry: entry.name)
def test_what_an_entry_names_is_refused_in_its_words(entry: Refusal) -> None:
    """With its type of error, for all to see."""
    error = answer(entry.refused)
    assert error is not None
    assert type(error) is entry.error
    assert is_worded(error.message, entry)
    assert error.details
    assert error.details["error_visibility"] == "user_facing"


@pytest.mark.parametrize("entry", ROWS, ids=lambda entry: entry.name)
def test_the_request_next_to_it_is_taken(entry: Refusal) -> None:
    error = answer(entry.taken)
    assert error is None, error.message


def test_names_are_unique() -> None:
    names = [entry.name for entry in TABLE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("model", MODELS)
def test_an_ordinary_request_is_taken_on_every_model(model: str) -> None:
    """Nothing in the table strikes what has nothing odd in it."""
    assert answer(Example({"model": model})) is None


def test_the_page_is_made_of_the_table() -> None:
    """After a change: python -m tests.tools.make_refusals."""
    assert make_refusals.PAGE.read_text() == make_refusals.page()


BLOCKS: dict[str, dict[str, Any]] = {
    "w": {"type": "text", "text": "And?"},
    "1": {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}},
    "2": {"type": "tool_use", "id": "toolu_2", "name": "look_up", "input": {}},
    "f": {"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"},
    "g": {"type": "tool_result", "tool_use_id": "toolu_2", "content": "x"},
}
TURNS: dict[str, tuple[str, bool]] = {
    # u and a: a message of the user, of the assistant, with the blocks that follow
    "calls in two messages": ("u w a 1 a 2 u f g", True),
    "words of the assistant behind its call": ("u w a 1 a w u f", True),
    "results in two messages": ("u w a 1 2 u f u g", True),
    "words in a message behind the results": ("u w a 1 u f u w", True),
    "words in a message before the results": ("u w a 1 u w u f", False),
    "words between the results": ("u w a 1 2 u f w g", False),
    "a result too late": ("u w a 1 u w a w u f", False),
    "a call that nobody answers": ("u w a 1 u w", False),
    "a call at the end": ("u w a 1", True),
}


@pytest.mark.parametrize("name", TURNS)
def test_messages_of_one_role_are_one_turn(name: str) -> None:
    """As the API takes them, so that calls and results may stand in several."""
    pieces, taken = TURNS[name]
    messages: list[dict[str, Any]] = []
    for piece in pieces.split():
        if piece in "ua":
            messages.append({"role": "user" if piece == "u" else "assistant", "content": []})
        else:
            messages[-1]["content"].append(BLOCKS[piece])
    error = answer(Example({"messages": messages}))
    assert (error is None) == taken, error


def nested(depth: int) -> dict[str, Any]:
    """A schema of objects in objects."""
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def test_schemas_that_are_too_large_to_check_are_taken() -> None:
    """Whatever is wrong with them: a refusal would speak of the API, and the limit is ours."""
    wide = {"type": "object", "properties": {f"p{number}": {"type": "text"} for number in range(60_000)}}
    for schema in (nested(150), wide):
        request = {"model": "claude-opus-5", "tools": [{"name": "t", "input_schema": schema}]}
        assert answer(Example(request)) is None
