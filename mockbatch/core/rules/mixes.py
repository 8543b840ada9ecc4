"""Proportions of outcomes: `90/5/3/2` stands for succeeded, errored, expired and canceled rows."""

from bisect import bisect_right
from itertools import accumulate
from math import inf

from mockbatch.core.numbers import shortened

OUTCOMES = ("succeeded", "errored", "expired", "canceled")


def parse_mix(text: str) -> tuple[float, ...]:
    """Parse a mix into four shares that sum to 1; its numbers may have any sum. Raises ValueError."""
    try:
        numbers = [float(part) for part in text.split("/")]
    except ValueError:
        numbers = []
    if len(numbers) != len(OUTCOMES) or min(numbers) < 0 or not 0 < sum(numbers) < inf:
        raise ValueError(f"{shortened(text)} is not a mix; write it like 90/5/3/2, for {', '.join(OUTCOMES)}")
    return tuple(number / sum(numbers) for number in numbers)


def outcome_of(shares: tuple[float, ...], u: float) -> str:
    """Return the outcome that a number in (0, 1) maps to."""
    bounds = list(accumulate(shares))
    return OUTCOMES[min(bisect_right(bounds, u), len(OUTCOMES) - 1)]
