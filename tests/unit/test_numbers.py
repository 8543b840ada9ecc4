"""Numbers, sizes and spans that others wrote: read or refused, never an error of our own."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.config import parsers
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.paging import limit_of
from mockbatch.core.numbers import MOST, integer, natural
from mockbatch.core.rules.item_faults import parse_mix
from mockbatch.core.sizes import parse_size
from mockbatch.core.time.delays import parse_delay
from mockbatch.core.time.spans import LONGEST, format_instant, parse_instant, parse_span
from mockbatch.core.tokens import parse_tokens

READERS: list[Callable[[str], Any]] = [
    parse_size,
    parse_span,
    parse_instant,
    parse_mix,
    parse_tokens,
    parse_delay,
    parsers.between(0, 100),
    parsers.between(0, 1, float),
    parsers.amount,
    parsers.progression,
]
NINES = "9" * 5_000
ODD = [
    *(NINES, f"-{NINES}", f"+{NINES}", f"{NINES}d", f"{NINES}.{NINES}", f"{NINES}MB", f"1d{NINES}s", f"1/2/3/{NINES}"),
    *("١٢", "²", "1_0", "--1", "", " ", "nan", "inf", "1e999", "nan/1/1/1", "1e308/1e308/1e308/1e308", "9" * 1_000_000),
    *(f"fixed:input={NINES}", f"polls:{NINES}", f"uniform:1s,{NINES}s", "1d " * 100_000, "1" + " " * 100_000 + "x"),
    *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "1e999999", f"{NINES}-01-01", "99999999999d"),
]


@pytest.mark.parametrize("text", ODD, ids=lambda text: f"{text[:20]}-{len(text)}")
@pytest.mark.parametrize("read", READERS)
def test_no_number_makes_a_reader_fail(read: Callable[[str], Any], text: str) -> None:
    """It is read, or refused with a sentence that anybody can take in."""
    try:
        read(text)
        said = "it is read"
    except ValueError as error:
        said = str(error)
    assert 0 < len(said) < 400


@given(st.integers(0, MOST))
def test_a_number_is_read_as_it_is_written(number: int) -> None:
    """Zeros before it do not count, nor does a sign."""
    assert natural(f"000{number}") == integer(f" +{number} ") == number
    assert integer(f"-{number}") == -number


@given(st.text())
def test_what_is_read_is_what_python_reads(text: str) -> None:
    """Where it is made of ASCII digits; anything else is no number."""
    wanted = int(text) if text and set(text) <= set("0123456789") else None
    assert natural(text) == wanted


def test_a_number_beyond_all_counts_as_a_very_large_one() -> None:
    """However long it is."""
    assert natural(NINES) == MOST
    assert integer(f"-{NINES}") == -MOST


@pytest.mark.parametrize("text", [NINES, f"-{NINES}", "١", "1_0", "x", ""])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    """In the words of the API."""
    with pytest.raises(InvalidRequest, match="limit: Input should be"):
        limit_of(text)


def test_after_the_longest_span_today_is_still_a_date() -> None:
    """So a date that is told by a span can be sent."""
    assert format_instant(parse_instant("2100-01-01") + LONGEST).startswith("4837-")
