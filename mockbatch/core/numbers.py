"""Integers in untrusted headers, queries, paths and options, and numbers in our messages."""

MOST = 10**18
"""The value that stands for any larger number."""

_DIGITS = 18


def natural(text: str) -> int | None:
    """Parse ASCII digits, capped at MOST; None for anything else. Unlike `int`, never raises, even for huge texts."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    return int(digits or "0") if len(digits) <= _DIGITS else MOST


def integer(text: str) -> int | None:
    """Like `natural`, with an optional sign and surrounding blanks."""
    stripped = text.strip()
    number = natural(stripped.removeprefix("-") if stripped.startswith("-") else stripped.removeprefix("+"))
    return number if number is None or not stripped.startswith("-") else -number


def shortened(text: str, longest: int = 60) -> str:
    """Quote `text` for an error message."""
    return repr(text if len(text) <= longest else f"{text[:longest]}...")


def how_many(count: int, one: str, more: str = "") -> str:
    """Return `1 row` or `2 rows`; `more` is an irregular plural."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"
