"""Round numbers instead of counted ones, and how texts are cut to a number of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.tokens import COUNTED, TokenRule, input_tokens, parse_tokens, text_tokens, text_within
from tests.asked import model

RULES = {
    "counted": COUNTED,
    "fixed": TokenRule(1_000, 200),
    "fixed:input=1000,output=200": TokenRule(1_000, 200),
    "fixed:output=7": TokenRule(None, 7),
    "fixed: input=0 , output=5": TokenRule(0, 5),
}


@pytest.mark.parametrize("text", RULES)
def test_token_rules_are_read(text: str) -> None:
    """What is not named is counted."""
    assert parse_tokens(text) == RULES[text]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fixd", "Did you mean 'fixed'"),
        ("", "is not counted, fixed or"),
        ("counted:input=3", "is not counted, fixed or"),
        ("fixed:inputs=3", "'inputs' is not input or output. Did you mean 'input'"),
        ("fixed:input=many", "'many' is not a number of tokens"),
        ("fixed:input=-3", "'-3' is not a number of tokens"),
        ("fixed:", "'' is not input or output"),
    ],
)
def test_wrong_token_rules_are_refused(text: str, sentence: str) -> None:
    """With what would have been right."""
    with pytest.raises(ValueError, match=sentence):
        parse_tokens(text)


@given(
    text=st.text(max_size=200), tokens=st.integers(0, 60), name=st.sampled_from(["claude-opus-4-8", "claude-haiku-4-5"])
)
def test_a_text_is_cut_to_the_longest_start_that_fits(text: str, tokens: int, name: str) -> None:
    """In any script: one more character would be too much."""
    cut = text_within(text, tokens, model(name))
    assert text.startswith(cut)
    assert text_tokens(cut, model(name)) <= tokens
    assert cut == text or text_tokens(text[: len(cut) + 1], model(name)) > tokens


@pytest.mark.parametrize(
    ("kind", "name", "newer", "older"),
    [("bash_20250124", "bash", 325, 244), ("text_editor_20250728", "str_replace_based_edit_tool", 700, 700)],
)
def test_tools_of_the_api_cost_what_it_says(kind: str, name: str, newer: int, older: int) -> None:
    """Whatever their definition."""
    own = {"name": "x", "input_schema": {"type": "object"}}
    for model_name, tokens in (("claude-opus-4-8", newer), ("claude-haiku-4-5", older)):
        with_tool, without = (
            input_tokens({"messages": [], "tools": tools}, model(model_name))
            for tools in ([own, {"type": kind, "name": name}], [own])
        )
        assert with_tool - without == tokens
