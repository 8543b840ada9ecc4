"""Numbers of things, in words."""

from collections import Counter
from collections.abc import Iterable

_PROBLEMS = {
    "duplicate": "duplicates",
    "orphan": "orphans",
    "poll_storm": "poll storms",
    "identical_retry": "identical retries",
    "rule_never_hit": "rules never hit",
    "unmatched_replay": "unmatched replays",
    "unmet_schema": "unmet schemas",
}
"""The kinds of problems whose names are nouns, and their plurals."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, like `1 batch` or `2 batches`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def problems_counted(kinds: Iterable[str]) -> str:
    """Return how many problems there are of each kind."""
    found = Counter(kinds)
    return ", ".join(counted(count, *_words(kind)) for kind, count in found.items()) or "no problems"


def _words(kind: str) -> tuple[str, str]:
    one = kind.replace("_", " ")
    return one, _PROBLEMS.get(kind, one)
