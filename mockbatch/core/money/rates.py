"""Prices as they are written down, and rates as they are reckoned with: decimals, never floats.

Source: https://platform.claude.com/docs/en/about-claude/pricing
"""

from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import lru_cache

from msgspec import Struct

EXACT = Context(prec=80, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow])
"""Reckons exactly, or raises."""

BATCH = Decimal("0.5")
US_ONLY = Decimal("1.1")
ONE = Decimal(1)

TOKEN_CLASSES = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output")
CLASSES = (*TOKEN_CLASSES, "web_search", "web_fetch", "code_execution")
"""What is counted of a request, and priced. The last two are free: code runs within the free hours of a month."""


class Price(Struct, frozen=True, omit_defaults=True):
    """The list price of a model in USD, per million tokens and per thousand searches.

    It holds from the day `since` (`YYYY-MM-DD`) on, for all tokens of requests whose prompt is longer than `above`.
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

    def rates(self) -> "Rates":
        """The same per token and per search."""
        tokens: dict[str, Decimal] = {name: scaled(getattr(self, name), -6) for name in TOKEN_CLASSES}
        return Rates(**tokens, web_search=scaled(self.web_search, -3), above=self.above)


class Rates(Struct, frozen=True):
    """List rates in USD per token, and per search, of requests whose prompt is longer than `above`."""

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
        """The list rate of a class."""
        rate: Decimal = getattr(self, kind)
        return rate


class Factors(Struct, frozen=True):
    """How a class is billed: `rate` is the product of all others."""

    list_rate: Decimal
    batch: Decimal
    cache: Decimal
    geo: Decimal
    rate: Decimal


@lru_cache(maxsize=1024)
def factors(rates: Rates, kind: str, service_tier: str, inference_geo: str) -> Factors:
    """How a class is billed at these rates: cache tokens are input at a multiple, and batches cost half of every token.

    What is no token, such as a search, costs the same everywhere.
    """
    if kind not in TOKEN_CLASSES:
        return Factors(rates.of(kind), ONE, ONE, ONE, rates.of(kind))
    base, cache = _multiple(rates, kind)
    batch = BATCH if service_tier == "batch" else ONE
    geo = US_ONLY if inference_geo == "us" else ONE
    return Factors(base, batch, cache, geo, product(base, batch, cache, geo))


def _multiple(rates: Rates, kind: str) -> tuple[Decimal, Decimal]:
    """A rate as the input rate and a multiple of it; as it is where no decimal is that multiple."""
    rate = rates.of(kind)
    if not kind.startswith("cache_"):
        return rate, ONE
    try:
        return rates.input, EXACT.divide(rate, rates.input).normalize(EXACT)
    except (Inexact, DivisionByZero, InvalidOperation):
        return rate, ONE


def product(*numbers: Decimal | int) -> Decimal:
    """All of them multiplied, exactly."""
    result = ONE
    for number in numbers:
        result = EXACT.multiply(result, number)
    return result


def total(amounts: Iterable[Decimal]) -> Decimal:
    """All of them added, exactly."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def scaled(amount: Decimal, digits: int) -> Decimal:
    """An amount times a power of ten, exactly."""
    return EXACT.scaleb(amount, digits)


def plain(amount: Decimal) -> str:
    """An amount as people write it: no exponent, no zeros at the end."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
