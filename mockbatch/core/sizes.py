"""Sizes as people write them: `256MB`, `64KiB`."""

LARGEST_TEXT = 50_000_000
"""How long the text of a reply may be, in bytes: a line of the results is in memory at once."""

_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def parse_size(text: str) -> int:
    """Bytes of `"256MB"`, `"64KiB"`; a bare number is bytes. Raises ValueError."""
    digits = text.rstrip("bBkKmMgGiI ")
    unit = text[len(digits) :].strip().lower()
    if unit not in _SIZES or not digits.replace(".", "", 1).isdigit():
        raise ValueError(f"{text!r} is not a size; write it like 256MB or 64KiB")
    return int(float(digits) * _SIZES[unit])
