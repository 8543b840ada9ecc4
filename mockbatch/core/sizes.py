"""Sizes in human notation: `256MB`, `64KiB`."""

import re

from mockbatch.core.numbers import MOST, shortened

LARGEST_TEXT = 50_000_000
"""The maximum size of a reply text in bytes, since a line of the results is held in memory as a whole."""

_NUMBER = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)
_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def parse_size(text: str) -> int:
    """Parse `"256MB"` or `"64KiB"` into bytes; a bare number is in bytes. Raises ValueError."""
    digits = text.rstrip("bBkKmMgGiI ")
    unit = text[len(digits) :].strip().lower()
    if unit not in _SIZES or not _NUMBER.fullmatch(digits):
        raise ValueError(f"{shortened(text)} is not a size; write it like 256MB or 64KiB")
    size = float(digits) * _SIZES[unit]
    if size > MOST:
        raise ValueError(f"{shortened(text)} is too large")
    return int(size)
