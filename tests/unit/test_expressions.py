"""Regular expressions and globs of callers."""

import pytest

from mockbatch.core.expressions import searcher
from mockbatch.core.rules import match
from mockbatch.core.rules.options import RuleError
from mockbatch.core.search import meets, parse_search


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"\d+\Z", "abc 12", True),
        (r"\\Z", "a\\Z", True),
        ("(?i)ABC", "xabcx", True),
        ("^b", "ab", False),
        ("a", "\ud800a", True),
        ("^(a+)+$", "a" * 100_000 + "!", False),
    ],
)
def test_a_pattern_is_searched_for(pattern: str, text: str, found: bool) -> None:
    """Also where a backtracking engine would not return, and in texts that are no Unicode."""
    assert searcher(pattern)(text) is found


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "(", "a{1000}{1000}", "a" * 10_001])
def test_what_is_not_regular_or_too_large_is_refused(pattern: str) -> None:
    """With a sentence, in rules too."""
    with pytest.raises(ValueError, match=r"malformed|at most"):
        searcher(pattern)
    for test in (match.test_of, match.search_of):
        with pytest.raises(RuleError, match="is not a usable regular expression"):
            test(f"re:{pattern}")


@pytest.mark.parametrize("glob", ["*a*a*a*a*a*b", "*" + "a*" * 400 + "b"])
def test_globs_take_linear_time(glob: str) -> None:
    """In rules and in searches."""
    text = "a" * 200_000
    assert not match.test_of(glob)(text)
    assert not meets(parse_search(f"id:{glob}", {"id": "text"}), lambda field: text)


@pytest.mark.parametrize(
    ("glob", "text", "met"),
    [("a*", "ab", True), ("*b", "ab", True), ("a*a", "a", False), ("a*b*c", "axbyc", True), ("a*b*c", "acb", False)],
)
def test_globs_of_searches(glob: str, text: str, met: bool) -> None:
    """They compare the whole text."""
    assert meets(parse_search(f"id:{glob}", {"id": "text"}), lambda field: text) is met
