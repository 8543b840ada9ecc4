"""Spans and instants in human notation: `25h`, `1d12h`, `90s`, `2026-01-01T00:00:00Z`."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from mockbatch.core.numbers import shortened

MICROSECOND = 1
MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = {"us": MICROSECOND, "ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|d)", re.ASCII)
_SPAN = re.compile(rf"\d+(\.\d+)?|({_PART.pattern}\s*)+", re.ASCII)
_MOST_WRITTEN = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# the years that RFC 3339 can represent, less a margin for spans added to an instant
EARLIEST = -62_000_000_000 * SECOND
LATEST = 253_000_000_000 * SECOND
LONGEST = 1_000_000 * DAY
"""The longest span; today plus this span is still a valid date."""


def parse_span(text: str) -> int:
    """Parse `"25h"`, `"1d12h"`, `"1.5s"` or `"300ms"` into microseconds; a bare number is in seconds.

    Raises ValueError for anything else, including negative spans.
    """
    stripped = text.strip()
    if len(stripped) > _MOST_WRITTEN or not _SPAN.fullmatch(stripped):
        raise ValueError(f"{shortened(text)} is not a span of time; write it like 90s, 10m, 25h or 1d12h")
    parts = _PART.findall(stripped) or [(stripped, "s")]
    span = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if span > LONGEST:
        raise ValueError(f"{shortened(text)} is too long; a span has at most {LONGEST // DAY:,} days")
    return round(span)


def format_span(span: int) -> str:
    """Return the shortest notation of `span` that `parse_span` reads back."""
    parts = []
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", MILLISECOND), ("us", 1)):
        count, span = divmod(span, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_instant(text: str) -> int:
    """Parse an RFC 3339 time or date into an instant; without an offset it is UTC. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(f"{shortened(text)} is not a time; write it like 2026-01-01T00:00:00Z") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    instant = (aware - _EPOCH) // timedelta(microseconds=1)
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"{shortened(text)} is out of range")
    return instant


def format_instant(instant: int) -> str:
    """Format as RFC 3339 with microseconds and an explicit offset, as the live API sends it."""
    seconds, microseconds = divmod(instant, SECOND)
    return f"{_format_seconds(seconds)}.{microseconds:06d}+00:00"


def format_day(instant: int) -> str:
    """Return the UTC day of an instant as `YYYY-MM-DD`."""
    return _format_seconds(instant // DAY * 86_400)[:10]


@lru_cache(maxsize=1024)
def _format_seconds(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()
