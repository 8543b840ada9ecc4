"""The search language: `status:errored custom_id:row-* model:haiku cost>0.01 -refusal`.

All terms must match. `:` compares a field with a part of it, or with the whole if there is a `*`; `>`, `>=`, `<`, `<=`
and `=` compare numbers. A bare word is searched for everywhere. A leading `-` negates a term. Quote phrases with double
quotes.
"""

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal

from msgspec import Struct

from mockbatch.core.suggestions import did_you_mean

Value = str | int | Decimal | None
Kind = Literal["text", "number"]

_TERM = re.compile(r'(-?)(?:([A-Za-z_]+)(:|>=|<=|>|<|=))?("[^"]*"?|\S+)')
_COMPARED: dict[str, Callable[[Decimal, Decimal], bool]] = {
    ":": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Term(Struct, frozen=True):
    """One condition on a field, or on everything if `field` is empty."""

    field: str
    test: Callable[[Value], bool]
    negated: bool


def parse_search(text: str, fields: Mapping[str, Kind]) -> list[Term]:
    """Parse a search over these fields into terms. Raises ValueError with a message for the user."""
    return [_term(found, fields) for found in _TERM.finditer(text)]


def _term(found: re.Match[str], fields: Mapping[str, Kind]) -> Term:
    minus, field, sign, word = found.groups()
    word = word.strip('"')
    if not field:
        return Term("", _contains(word), bool(minus))
    if field not in fields:
        raise ValueError(f"{field} is not a search field.{did_you_mean(field, fields)} Known: {', '.join(fields)}")
    if fields[field] == "number":
        return Term(field, _number(field, sign, word), bool(minus))
    if sign not in (":", "="):
        raise ValueError(f"{field} is a text; write {field}:{word}")
    return Term(field, _glob(word) if "*" in word else _contains(word), bool(minus))


def meets(terms: list[Term], value_of: Callable[[str], Value]) -> bool:
    """Return whether all terms match; `value_of` returns the value of a field, and all text for the empty name."""
    return all(term.test(value_of(term.field)) != term.negated for term in terms)


def _contains(word: str) -> Callable[[Value], bool]:
    wanted = word.casefold()
    return lambda value: value is not None and wanted in str(value).casefold()


def _glob(word: str) -> Callable[[Value], bool]:
    head, *middle, tail = word.casefold().split("*")

    def matches(value: Value) -> bool:
        text = "" if value is None else str(value).casefold()
        if value is None or len(text) < len(head) + len(tail):
            return False
        at, end = len(head), len(text) - len(tail)
        for part in middle:
            if (found := text.find(part, at, end)) < 0:
                return False
            at = found + len(part)
        return text.startswith(head) and text.endswith(tail)

    return matches


def _number(field: str, sign: str, word: str) -> Callable[[Value], bool]:
    try:
        wanted = Decimal(word.removeprefix("$"))
    except InvalidOperation:
        raise ValueError(f"{field} is a number, {word!r} is not") from None
    if wanted.is_nan():
        raise ValueError(f"{field} is a number, {word!r} is not")
    compare = _COMPARED[sign]
    return lambda value: value is not None and compare(Decimal(value), wanted)
