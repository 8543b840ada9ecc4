"""Whole numbers: those that others wrote in headers, queries, paths and options, and those in our sentences."""

MOST = 10**18
"""What any larger number counts as."""

_DIGITS = 18


def natural(text: str) -> int | None:
    """The number that ASCII digits write, at most MOST; None for anything else. However long `text` is, it never
    raises, as `int` does.
    """
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    return int(digits or "0") if len(digits) <= _DIGITS else MOST


def integer(text: str) -> int | None:
    """The same with a sign in front of it or not, and blanks around it."""
    stripped = text.strip()
    number = natural(stripped.removeprefix("-") if stripped.startswith("-") else stripped.removeprefix("+"))
    return number if number is None or not stripped.startswith("-") else -number


def shortened(text: str, longest: int = 60) -> str:
    """`text` as errors quote it."""
    return repr(text if len(text) <= longest else f"{text[:longest]}...")


def how_many(count: int, one: str, more: str = "") -> str:
    """Return `1 row` or `2 rows`; `more` is the plural where that is not made with an s."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"
