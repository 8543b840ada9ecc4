"""The table of what the API refuses: each entry refuses its example, takes its neighbour, and is found."""

from typing import Any

import pytest

from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.contract.errors import ApiError
from mockbatch.core.contract.params import Terms, checked
from mockbatch.core.contract.refusals import TABLE, Example, Refusal

ROWS = [entry for entry in TABLE if entry.stage == "row"]


def answer(example: Example, **change: Any) -> ApiError | None:
    """What a request is answered with; nothing where it is taken."""
    try:
        checked(example.params | change, Terms(example.version, example.betas), example.surface)
    except ApiError as error:
        return error
    return None


@pytest.mark.parametrize("entry", ROWS, ids=lambda entry: entry.name)
def test_what_an_entry_names_is_refused_in_its_words(entry: Refusal) -> None:
    """With its type of error, for all to see."""
    error = answer(entry.refused)
    assert error is not None
    assert type(error) is entry.error
    assert matches(error.message, entry.says)
    assert error.details == {"error_visibility": "user_facing"}


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


def matches(message: str, says: str) -> bool:
    """Whether a message is made of a text with places in braces."""
    filled = says
    for part in __import__("re").findall(r"{\w+}", says):
        filled = filled.replace(part, "\0")
    pieces = filled.replace("{{", "{").replace("}}", "}").split("\0") if "\0" in filled else [says]
    place = 0
    for piece in pieces:
        found = message.find(piece, place)
        if found < 0 or (place == 0 and piece is pieces[0] and found != 0):
            return False
        place = found + len(piece)
    return place == len(message) or pieces[-1] == ""
