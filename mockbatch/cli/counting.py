"""Counts of problems, in words."""

from collections import Counter
from collections.abc import Iterable

from mockbatch.core.numbers import how_many

_PROBLEMS = {
    "duplicate": "duplicates",
    "orphan": "orphans",
    "poll_storm": "poll storms",
    "identical_retry": "identical retries",
    "rule_never_hit": "rules never hit",
    "unmatched_replay": "unmatched replays",
    "unmet_schema": "unmet schemas",
}
"""The kinds of problems whose names are countable, with their plurals."""
_OF_ALL = {"nothing_called", "all_refused"}


def problems_counted(kinds: Iterable[str]) -> str:
    """Return the number of problems of each kind, in words."""
    found = Counter(kinds)
    return ", ".join(_of_kind(kind, count) for kind, count in found.items()) or "no problems"


def _of_kind(kind: str, count: int) -> str:
    one = kind.replace("_", " ")
    return one if kind in _OF_ALL else how_many(count, one, _PROBLEMS.get(kind, one))
