"""The table of what the API refuses: each entry refuses its example, takes its neighbour, and is found."""

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
