"""The language of searches."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.search import Kind, meets, parse_search

FIELDS: dict[str, Kind] = {"status": "text", "custom_id": "text", "model": "text", "cost": "number", "index": "number"}
ROW: dict[str, Any] = {
    "status": "errored",
    "custom_id": "row-17",
    "model": "claude-haiku-4-5-20251001",
    "cost": Decimal("0.02"),
    "index": 17,
    "": "row-17 overloaded_error Overloaded {params}",
}


def found(text: str, row: dict[str, Any] = ROW) -> bool:
    return meets(parse_search(text, FIELDS), row.get)


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("", True),
        ("status:errored", True),
        ("status:err", True),
        ("status:succeeded", False),
        ("-status:succeeded", True),
        ("custom_id:row-*", True),
        ("custom_id:ow-*", False),
        ("custom_id:*-1?", False),
        ("custom_id:*-17", True),
        ("model:HAIKU", True),
        ("cost>0.01", True),
        ("cost>0.02", False),
        ("cost>=0.02 cost<=$0.02", True),
        ("index:17", True),
        ("index<17", False),
        ("overloaded", True),
        ("refusal", False),
        ("-refusal status:errored cost>0.01", True),
        ('"overloaded_error Over"', True),
        ('"overloaded_error  Over"', False),
    ],
)
def test_a_search_finds_what_it_says(text: str, finds: bool) -> None:
    """All terms have to be true."""
    assert found(text) is finds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("custm_id:a", "custm_id is not a search field. Did you mean 'custom_id'?"),
        ("cost>cheap", "cost is a number, 'cheap' is not"),
        ("cost>nan", "cost is a number, 'nan' is not"),
        ("model>3", "model is a text; write model:3"),
    ],
)
def test_what_is_no_search_is_refused_with_a_sentence(text: str, message: str) -> None:
    """That names what can be searched for."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        parse_search(text, FIELDS)


def test_what_is_not_known_meets_nothing() -> None:
    """A row without a cost has neither a large nor a small one."""
    row = {**ROW, "cost": None}
    assert not found("cost>0", row)
    assert not found("cost<1", row)


@given(st.text())
def test_any_text_is_a_search_or_refused(text: str) -> None:
    """Nothing else is raised, whatever is written."""
    try:
        terms = parse_search(text, FIELDS)
    except ValueError:
        return
    assert isinstance(meets(terms, ROW.get), bool)


@given(st.text(st.characters(exclude_characters='"', exclude_categories=["C"]), min_size=1), st.text(), st.text())
def test_a_quoted_text_is_found_as_it_is(word: str, before: str, after: str) -> None:
    """Whatever stands around it, and in any case."""
    assert found(f'"{word}"', {**ROW, "": f"{before}{word}{after}"})
