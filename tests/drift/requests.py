"""What an SDK can send against what our checks take."""

from typing import Any

from mockbatch.core.contract.beta_fields import OPENING
from mockbatch.core.contract.shapes import CallFacts, shape_problem
from tests.drift.exceptions import FOR_SYSTEM_ONLY, STRICTER
from tests.drift.grammar import Grammar, Sample

# what the SDK declares beside the body and sends as headers
HEADERS = {"betas", "anthropic-beta", "user_profile_id", "workspace_id"}
ROOTS = ("create", "count", "beta create", "beta count")


def samples(grammar: Grammar, root: str) -> list[Sample]:
    """Return requests that together use everything below a root."""
    base: dict[str, Any] = {"model": "m", "max_tokens": 50_000, "messages": [{"role": "user", "content": "x"}]}
    if "count" in root:
        del base["max_tokens"]
    return [
        (place, {**base, key: value})
        for key, field in grammar.keys(root).items()
        if key not in HEADERS
        for place, value in grammar.samples(field["type"], key, set())
        if place not in STRICTER and not place.startswith(FOR_SYSTEM_ONLY)
    ]


def call(root: str, betas: frozenset[str] = frozenset()) -> CallFacts:
    return CallFacts(counting="count" in root, sampling=True, betas=betas)


def not_taken(grammar: Grammar, root: str) -> list[str]:
    """Return what an SDK can send and we refuse under all beta headers, and what needs none and is refused without."""
    plain, found = root.removeprefix("beta "), []
    for place, sample in samples(grammar, root):
        opened = shape_problem(sample, call(root, OPENING))
        if opened:
            found.append(f"{place} is refused: {opened}")
        elif plain in grammar.roots and grammar.fits(sample, grammar.roots[plain]):
            closed = shape_problem(sample, call(root))
            found += [f"{place} is refused without a beta header: {closed}"] if closed else []
    return found


def not_closed(grammar: Grammar, root: str) -> list[str]:
    """Return what is in the beta types only and we take without a beta header."""
    plain = grammar.roots[root.removeprefix("beta ")]
    return [
        place
        for place, sample in samples(grammar, root)
        if not grammar.fits(sample, plain) and shape_problem(sample, call(root)) is None
    ]
