"""How the texts of options are read. Each raises ValueError, or OSError for a file, with what would be right."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockbatch.core.cassette.matching import parse_match_on
from mockbatch.core.contract.catalog import MODELS, Model, model_like
from mockbatch.core.names import did_you_mean
from mockbatch.core.numbers import MOST, integer, natural, shortened
from mockbatch.core.rules.mixes import parse_mix
from mockbatch.core.rules.replied import read_reply
from mockbatch.core.rules.rules import Rule
from mockbatch.core.rules.written import parse_flag
from mockbatch.core.sizes import parse_size
from mockbatch.core.time.delays import inlined, parse_delay
from mockbatch.core.tokens import parse_tokens

if TYPE_CHECKING:
    from mockbatch.core.money.own_prices import OwnPrices

Parse = Callable[[str], Any]


def choice(*names: str) -> Parse:
    """One of these names."""

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(
                f"{shortened(text)} is not one of them.{did_you_mean(text[:100], names)} Known: {', '.join(names)}"
            )
        return text

    return parse


def between(low: float, high: float, kind: type = int) -> Parse:
    """A number in a range, its ends included."""

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
    """A size, or None for `off`."""
    return None if text.strip().lower() == "off" else parse_size(text)


def flag(text: str) -> bool:
    """Yes or no."""
    if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() in ("true", "1", "yes", "on")


def delay(text: str) -> str:
    """A delay, with the file of an empirical one read."""
    text = inlined(text, lambda path: Path(path).read_text(encoding="utf-8").split())
    parse_delay(text)
    return text


def is_inline_delay(text: str) -> bool:
    """Whether a delay names no file."""
    if text.strip().partition(":")[0] != "empirical":
        return True
    try:
        parse_delay(text)
    except ValueError:
        return False
    return True


def progression(text: str) -> str:
    """What makes a batch end."""
    kind, _, count = text.partition(":")
    if kind == "polls" and 0 < (natural(count) or 0) < MOST:
        return text
    return str(choice("immediate", "time", "polls:N")(text if text != "polls:N" else "polls"))


def match_on(text: str) -> tuple[str, ...]:
    """Fields that count when requests are compared."""
    return parse_match_on(names(text))


def names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name for name in map(str.strip, text.split(",")) if name)


def extra_models(text: str) -> tuple[Model, ...]:
    """Models of other names that are like known ones."""
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
    """Prices, from a file."""
    # not before: most starts have no price file
    from mockbatch.core.money.own_prices import parse_prices

    try:
        return parse_prices(Path(text).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None


def faults(text: str) -> tuple[Rule, ...]:
    """Faults, a line each."""
    return tuple(parse_flag(line, read_reply=read_reply) for line in map(str.strip, text.split("\n")) if line)


def tokens(text: str) -> str:
    """How many tokens are used."""
    parse_tokens(text)
    return text


def function(text: str) -> str:
    """The name of a function."""
    module, colon, name = text.partition(":")
    if not (colon and module and name):
        raise ValueError(f"{text!r} is no function; write it like mymodule:function")
    return text


def amount(text: str) -> Decimal:
    """An amount of money."""
    try:
        amount = Decimal(text)
    except ArithmeticError:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount <= MOST:
        raise ValueError(f"{shortened(text)} is not an amount; write it like 500 or 0.25")
    return amount


def mix(text: str) -> str:
    """Shares of outcomes."""
    parse_mix(text)
    return text


def url(text: str) -> str:
    """A URL."""
    if not text.startswith(("http://", "https://")) or any(mark in text for mark in "{} "):
        raise ValueError(f"{text!r} is not a URL; write it like https://mock.example.com")
    return text.rstrip("/")


def secret(text: str) -> str:
    """A secret as Standard Webhooks write it."""
    from base64 import b64decode

    try:
        good = text.startswith("whsec_") and b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        good = False
    if not good:
        raise ValueError("a secret is written whsec_ and then base64")
    return text
