"""List prices of the package genai-prices 0.2.3, made by tests/tools/make_prices.py."""

from decimal import Decimal

from mockbatch.core.money.rates import Price

_CLASSES = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search")


def _price(model: str, amounts: str, since: str = "", above: int = 0) -> Price:
    """Return the price that has these amounts, class by class."""
    known = dict(zip(_CLASSES, map(Decimal, amounts.split()), strict=True))
    return Price(model, **known, since=since, above=above)


LISTED: tuple[Price, ...] = (
    _price("claude-fable-5-2", "8 10 16 0.2 40 10"),
    _price("claude-mythos-5-2", "8 10 16 0.2 40 10"),
    _price("claude-fable-5-1", "10 12.5 20 0.25 50 10"),
    _price("claude-mythos-5-1", "10 12.5 20 0.25 50 10"),
    _price("claude-fable-5", "10 12.5 20 1 50 10"),
    _price("claude-mythos-5", "10 12.5 20 1 50 10"),
    _price("claude-opus-5-5", "4 5 8 0.2 20 10"),
    _price("claude-opus-5", "5 6.25 10 0.5 25 10"),
    _price("claude-opus-4-8", "5 6.25 10 0.5 25 10"),
    _price("claude-opus-4-7", "5 6.25 10 0.5 25 10"),
    _price("claude-opus-4-6", "5 6.25 10 0.5 25 10"),
    _price("claude-opus-4-6", "10 12.5 20 1 37.5 10", above=200_000),
    _price("claude-opus-4-6", "5 6.25 10 0.5 25 10", since="2026-03-13"),
    _price("claude-sonnet-5-5", "2 2.5 4 0.1 10 10"),
    _price("claude-sonnet-5", "2 2.5 4 0.2 10 10"),
    _price("claude-sonnet-4-6", "3 3.75 6 0.3 15 10"),
    _price("claude-sonnet-4-6", "6 7.5 12 0.6 22.5 10", above=200_000),
    _price("claude-sonnet-4-6", "3 3.75 6 0.3 15 10", since="2026-03-13"),
    _price("claude-haiku-5-5", "0.1 0.125 0.2 0.01 0.5 10"),
    _price("claude-haiku-5-5", "0.5 0.625 1 0.05 2.5 10", above=100_000),
    _price("claude-haiku-4-5-20251001", "1 1.25 2 0.1 5 10"),
    _price("claude-opus-4-5-20251101", "5 6.25 10 0.5 25 10"),
    _price("claude-sonnet-4-5-20250929", "3 3.75 6 0.3 15 10"),
    _price("claude-opus-4-1-20250805", "15 18.75 30 1.5 75 10"),
    _price("claude-opus-4-20250514", "15 18.75 30 1.5 75 10"),
    _price("claude-sonnet-4-20250514", "3 3.75 6 0.3 15 10"),
    _price("claude-3-7-sonnet-20250219", "3 3.75 6 0.3 15 10"),
    _price("claude-3-5-sonnet-20241022", "3 3.75 6 0.3 15 10"),
    _price("claude-3-5-sonnet-20240620", "3 3.75 6 0.3 15 10"),
    _price("claude-3-5-haiku-20241022", "0.8 1 1.6 0.08 4 10"),
    _price("claude-3-opus-20240229", "15 18.75 30 1.5 75 10"),
    _price("claude-3-sonnet-20240229", "3 3.75 6 0.3 15 10"),
    _price("claude-3-haiku-20240307", "0.25 0.3 0.5 0.03 1.25 10"),
    _price("claude-2.1", "8 8 8 8 24 10"),
    _price("claude-2.0", "8 8 8 8 24 10"),
)
