"""List prices and billing rates: decimals, never floats.

Source: https://platform.claude.com/docs/en/about-claude/pricing
"""

from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import lru_cache

from msgspec import Struct

EXACT = Context(prec=80, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow])
"""Computes exactly, or raises."""

BATCH = Decimal("0.5")
US_ONLY = Decimal("1.1")
ONE = Decimal(1)

TOKEN_CLASSES = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output")
CLASSES = (*TOKEN_CLASSES, "web_search", "web_fetch", "code_execution")
"""Everything counted and priced. The last two are free: code runs within the free hours of a month."""


class Price(Struct, frozen=True, omit_defaults=True):
    """The list price of a model in USD, per million tokens and per thousand searches.

    It applies from the day `since` (`YYYY-MM-DD`), to all tokens of requests whose prompt is longer than `above`.
    """

    model: str
    input: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal
    output: Decimal
    web_search: Decimal = Decimal(10)
    since: str = ""
    above: int = 0

    def rates(self) -> "ModelRates":
        """Return the price per token and per search."""
        tokens: dict[str, Decimal] = {name: scaled(getattr(self, name), -6) for name in TOKEN_CLASSES}
        return ModelRates(**tokens, web_search=scaled(self.web_search, -3), above=self.above)


class ModelRates(Struct, frozen=True):
    """List rates in USD per token and per search, for requests whose prompt is longer than `above`."""

    input: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal
    output: Decimal
    web_search: Decimal
    above: int = 0
    web_fetch: Decimal = Decimal(0)
    code_execution: Decimal = Decimal(0)

    def of(self, kind: str) -> Decimal:
        """Return the list rate of a class."""
        rate: Decimal = getattr(self, kind)
        return rate


class Factors(Struct, frozen=True):
    """The rate of a class and its factors: `rate` is the product of the others."""

    list_rate: Decimal
    batch: Decimal
    cache: Decimal
    geo: Decimal
    rate: Decimal


@lru_cache(maxsize=1024)
def factors(rates: ModelRates, kind: str, service_tier: str, inference_geo: str) -> Factors:
    """Return how a class is billed: cache tokens at a multiple of the input rate, batches at half of every token rate.

    Other classes, such as searches, cost the same everywhere.
    """
    if kind not in TOKEN_CLASSES:
        return Factors(rates.of(kind), ONE, ONE, ONE, rates.of(kind))
    base, cache = _multiple(rates, kind)
    batch = BATCH if service_tier == "batch" else ONE
    geo = US_ONLY if inference_geo == "us" else ONE
    return Factors(base, batch, cache, geo, product(base, batch, cache, geo))


def _multiple(rates: ModelRates, kind: str) -> tuple[Decimal, Decimal]:
    """Split a rate into the input rate and a multiple; the rate itself times one if the multiple is not a decimal."""
    rate = rates.of(kind)
    if not kind.startswith("cache_"):
        return rate, ONE
    try:
        return rates.input, EXACT.divide(rate, rates.input).normalize(EXACT)
    except (Inexact, DivisionByZero, InvalidOperation):
        return rate, ONE


def product(*numbers: Decimal | int) -> Decimal:
    """Multiply the numbers, exactly."""
    result = ONE
    for number in numbers:
        result = EXACT.multiply(result, number)
    return result


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add the amounts, exactly."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def scaled(amount: Decimal, digits: int) -> Decimal:
    """Return an amount times a power of ten, exactly."""
    return EXACT.scaleb(amount, digits)


def plain(amount: Decimal) -> str:
    """Format an amount without exponent or trailing zeros."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
