"""Numbers as people and their programs write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.money.amounts import Mark, amount_of, decimal_mark, is_nothing, split_currency, whole_of
from mockbatch.core.money.columns import READINGS, snake, unknown


@pytest.mark.parametrize(
    ("text", "mark", "amount"),
    [
        ("13.0", ".", "13.0"),
        ("1e3", ".", "1000"),
        ("1E-7", ".", "0.0000001"),
        ("1,234.5", ".", "1234.5"),
        ("1.234,5", ",", "1234.5"),
        ("0,5", ",", "0.5"),
        ("$0.01", ".", "0.01"),
        ("-$0.01", ".", "-0.01"),
        ("0.01 USD", ".", "0.01"),
        ("1 234,50\u00a0€", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        (" .5 ", ".", "0.5"),
        ("+3", ".", "3"),
    ],
)
def test_amounts_have_many_forms(text: str, mark: Mark, amount: str) -> None:
    assert amount_of(text, mark) == Decimal(amount)


@pytest.mark.parametrize("text", ["much", "inf", "1.2.3", "1-2", "0x10", "1e999999999", "9" * 2000, "$", "e3", ""])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        amount_of(text, ".")


@pytest.mark.parametrize("text", ["", " ", "nan", "NaN", "None", "NULL", "N/A", "<NA>", "-"])
def test_nothing_has_many_names(text: str) -> None:
    assert is_nothing(text)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("0.5", ""), ("$0.5", "USD"), ("0.5 EUR", "EUR"), ("€0.5", "EUR"), ("gbp 3", "GBP"), ("1e3", ""), ("inf", "")],
)
def test_a_currency_is_seen_beside_the_number(text: str, currency: str) -> None:
    assert split_currency(text)[1] == currency


@pytest.mark.parametrize(
    ("cells", "usual", "mark"),
    [
        (["1,234", "0.5"], ".", "."),
        (["1.234", "0,5"], ".", ","),
        (["1,234"], ".", "."),
        (["1,234"], ",", ","),
        (["1.234.567"], ".", ","),
        (["1,234,567.0"], ",", "."),
        (["0,123"], ".", ","),
        (["nan", "", "7"], ",", ","),
    ],
)
def test_the_mark_is_that_of_all_cells_together(cells: list[str], usual: Mark, mark: Mark) -> None:
    """One that can only be read in one way decides; else what is usual does."""
    assert decimal_mark(cells, usual) == mark


def test_both_marks_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match=r"decimal points and decimal commas: '0.5' and '0,5'"):
        decimal_mark(["0.5", "0,5"])


@given(st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=4), st.sampled_from([".", ","]))
def test_grouped_numbers_read_back(amount: Decimal, mark: Mark) -> None:
    """As any locale writes them; the number of places tells the mark."""
    text = f"{amount:,.4f}"
    if mark == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    assert amount_of(text, decimal_mark([text])) == amount


@pytest.mark.parametrize(("text", "whole"), [("13.0", 13), ("1e3", 1000), ("1,500", 1500)])
def test_whole_numbers_may_be_written_as_others(text: str, whole: int) -> None:
    assert whole_of(text, ".") == whole
    with pytest.raises(ValueError, match="is not a whole number"):
        whole_of(f"{whole}.5", ".")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gen_ai.usage.input_tokens", "gen_ai_usage_input_tokens"),
        ("gen_ai.usage.output_tokens", "output_tokens"),
        ("gen_ai.usage.cache_read.input_tokens", "cache_read_input_tokens"),
        ("gen_ai.usage.cache_creation.input_tokens", "cache_creation_input_tokens"),
        ("attributes.gen_ai.usage.completion_tokens", "completion_tokens"),
        ("llm.token_count.prompt", "llm_token_count_prompt"),
        ("llm.token_count.completion", "llm_token_count_completion"),
        ("llm.token_count.prompt_details.cache_read", "llm_token_count_prompt_details_cache_read"),
        ("llm.usage.prompt_tokens", "prompt_tokens"),
        ("ai.usage.promptTokens", "prompt_tokens"),
        ("ai.usage.cachedInputTokens", "cached_input_tokens"),
        ("usage.input_tokens", "input_tokens"),
        ("response.usage.cache_creation.ephemeral_1h_input_tokens", "cache_creation_ephemeral_1h_input_tokens"),
        ("usage.prompt_tokens_details.cached_tokens", "prompt_tokens_details_cached_tokens"),
        ("Input Tokens", "input_tokens"),
        ("cacheReadInputTokens", "cache_read_input_tokens"),
        ("usage.server_tool_use.web_search_requests", "server_tool_use_web_search_requests"),
    ],
)
def test_columns_of_the_usual_tools_are_known(name: str, meant: str) -> None:
    assert snake(name) == meant
    assert meant in READINGS


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("costt", ["costt. Did you mean cost?"]),
        ("input_tokenz", ["input_tokenz. Did you mean input_tokens?"]),
        ("token_sum", ["token_sum"]),
        ("user", []),
        ("input_cost", []),
        ("max_tokens", []),
        ("prompt_tokens", []),
    ],
)
def test_columns_that_may_hold_amounts_are_not_passed_over(name: str, told: list[str]) -> None:
    assert unknown({name: snake(name)})[0] == told
