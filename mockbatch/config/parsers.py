"""Parsers of option texts. Each raises ValueError with a hint, or OSError for a file."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockbatch.core.cassette.matching import parse_match_on
from mockbatch.core.contract.catalog import MODELS, Model, model_like
from mockbatch.core.numbers import MOST, integer, natural, shortened
from mockbatch.core.rules.item_faults import parse_mix
from mockbatch.core.rules.items import read_reply
from mockbatch.core.rules.rules import Rule
from mockbatch.core.rules.written import parse_flag
from mockbatch.core.sizes import parse_size
from mockbatch.core.suggestions import did_you_mean
from mockbatch.core.time.delays import inlined, parse_delay
from mockbatch.core.tokens import parse_tokens

if TYPE_CHECKING:
    from mockbatch.core.money.own_prices import OwnPrices

Parse = Callable[[str], Any]


def choice(*names: str) -> Parse:
    """Return a parser that accepts one of these names."""

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(
                f"{shortened(text)} is not one of them.{did_you_mean(text[:100], names)} Known: {', '.join(names)}"
            )
        return text

    return parse


def between(low: float, high: float, kind: type = int) -> Parse:
    """Return a parser of numbers from `low` to `high`, inclusive."""

    def parse(text: str) -> Any:
        number = integer(text) if kind is int else _number(text)
        if number is None:
            raise ValueError(f"{shortened(text)} is not a{'n integer' if kind is int else ' number'}")
        if not low <= number <= high:
            raise ValueError(f"{shortened(text)[1:-1]} is not between {low:,} and {high:,}")
        return number

    return parse


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def size_or_off(text: str) -> int | None:
    """Parse a size; None for `off`."""
    return None if text.strip().lower() == "off" else parse_size(text)


def flag(text: str) -> bool:
    """Parse a boolean."""
    if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() in ("true", "1", "yes", "on")


def delay(text: str) -> str:
    """Validate a delay; the file of an empirical one is inlined."""
    text = inlined(text, lambda path: Path(path).read_text(encoding="utf-8").split())
    parse_delay(text)
    return text


def is_inline_delay(text: str) -> bool:
    """Whether a delay does not name a file."""
    if text.strip().partition(":")[0] != "empirical":
        return True
    try:
        parse_delay(text)
    except ValueError:
        return False
    return True


def progression(text: str) -> str:
    """Validate a progression."""
    kind, _, count = text.partition(":")
    if kind == "polls" and 0 < (natural(count) or 0) < MOST:
        return text
    return str(choice("immediate", "time", "polls:N")(text if text != "polls:N" else "polls"))


def match_on(text: str) -> tuple[str, ...]:
    """Parse the fields to compare when matching requests."""
    return parse_match_on(names(text))


def names(text: str) -> tuple[str, ...]:
    """Parse comma-separated names."""
    return tuple(name for name in map(str.strip, text.split(",")) if name)


def extra_models(text: str) -> tuple[Model, ...]:
    """Parse models that behave like known ones: `NAME=MODEL,...`."""
    return tuple(_extra_model(entry) for entry in names(text))


def _extra_model(entry: str) -> Model:
    name, equals, known = entry.partition("=")
    if not name or not equals:
        raise ValueError(f"{entry!r} is not a model; write it like my-model=claude-haiku-4-5")
    try:
        return model_like(name.strip(), known.strip())
    except ValueError as error:
        raise ValueError(f"{error}.{did_you_mean(known, MODELS)}") from None


def price_file(text: str) -> "OwnPrices":
    """Load prices from a file."""
    # not before: most starts have no price file
    from mockbatch.core.money.own_prices import parse_prices

    try:
        return parse_prices(Path(text).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None


def faults(text: str) -> tuple[Rule, ...]:
    """Parse faults, one per line."""
    return tuple(parse_flag(line, read_reply=read_reply) for line in map(str.strip, text.split("\n")) if line)


def tokens(text: str) -> str:
    """Validate a token usage."""
    parse_tokens(text)
    return text


def function(text: str) -> str:
    """Validate the name of a function."""
    module, colon, name = text.partition(":")
    if not (colon and module and name):
        raise ValueError(f"{text!r} is not a function; write it like mymodule:function")
    return text


def amount(text: str) -> Decimal:
    """Parse an amount of money."""
    try:
        amount = Decimal(text)
    except ArithmeticError:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount <= MOST:
        raise ValueError(f"{shortened(text)} is not an amount; write it like 500 or 0.25")
    return amount


def mix(text: str) -> str:
    """Validate shares of outcomes."""
    parse_mix(text)
    return text


def url(text: str) -> str:
    """Validate a URL."""
    if not text.startswith(("http://", "https://")) or any(mark in text for mark in "{} "):
        raise ValueError(f"{text!r} is not a URL; write it like https://mock.example.com")
    return text.rstrip("/")


def secret(text: str) -> str:
    """Validate a secret in the format of Standard Webhooks."""
    from base64 import b64decode

    try:
        good = text.startswith("whsec_") and b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        good = False
    if not good:
        raise ValueError("a secret is whsec_ followed by base64")
    return text
