"""Parse amounts as people and programs write them: `13.0`, `1,234.5`, `1.234,5`, `1e3`, `$0.01`, `nan`."""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Literal

Mark = Literal[".", ","]

_NOTHING = frozenset({"", "nan", "none", "null", "na", "n/a", "#n/a", "<na>", "nat", "nil", "undefined", "-", "--"})
_CODE = r"us\$|[a-z]{3}|[$€£¥]"
_NUMBER = r"[-+]?[.,]?\d[\d.,'\s_]*(?:e[-+]?\d+)?"
_WITH_CURRENCY = re.compile(rf"\s*(?P<sign>-?)\s*(?P<front>{_CODE})?\s*(?P<number>{_NUMBER})\s*(?P<back>{_CODE})?\s*")
_SIGNS = {"$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_BLANKS = str.maketrans("", "", " \t\u00a0\u202f'_")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:[.,]\d{3})+")
_MOST = 1_000


def is_nothing(text: str) -> bool:
    """Return whether a cell means "no amount"."""
    return text.strip().casefold() in _NOTHING


def split_currency(text: str) -> tuple[str, str]:
    """Split a cell into its number and its currency, which may be empty."""
    found = _WITH_CURRENCY.fullmatch(text.casefold())
    if found is None or not (code := found["front"] or found["back"]):
        return text.strip(), ""
    return found["sign"] + found["number"], _SIGNS.get(code, code.upper())


def decimal_mark(cells: Iterable[str], usual: Mark = ".") -> Mark:
    """Return the decimal mark of cells written by the same program; the `usual` one if no cell is conclusive.

    Raises ValueError if the cells disagree.
    """
    telling: dict[Mark, str] = {}
    for cell in cells:
        if mark := _mark_of(split_currency(cell)[0].translate(_BLANKS)):
            telling.setdefault(mark, cell)
    if len(telling) > 1:
        raise ValueError(f"it has decimal points and decimal commas: {telling['.']!r} and {telling[',']!r}")
    return next(iter(telling), usual)


def _mark_of(number: str) -> Mark | None:
    """Return the decimal mark of one number, if it is unambiguous."""
    marks = [char for char in number if char in ".,"]
    if not marks:
        return None
    last: Mark = "." if marks[-1] == "." else ","
    if len(set(marks)) == 2:
        return last
    if len(marks) > 1:
        return "," if last == "." else "."  # it separates thousands
    return None if _GROUPED.fullmatch(number) and not number.lstrip("+-").startswith("0") else last


def amount_of(text: str, mark: Mark) -> Decimal:
    """Return the number in a cell. Raises ValueError for anything else, including infinity."""
    number = split_currency(text)[0].translate(_BLANKS)
    plain = number.replace("," if mark == "." else ".", "").replace(mark, ".")
    try:
        amount = Decimal(plain) if len(plain) <= _MOST else Decimal("nan")
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is not a number") from None
    if not amount.is_finite() or abs(amount.adjusted()) > _MOST:
        raise ValueError(f"{text[:40]!r} is not a number")
    return amount


def whole_of(text: str, mark: Mark) -> int:
    """Return the whole number in a cell, in any notation. Raises ValueError."""
    amount = amount_of(text, mark)
    if amount != amount.to_integral_value():
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return int(amount)
