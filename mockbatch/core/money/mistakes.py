"""Common mistakes of trackers, each as a function from the right bill to the wrong one."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import combinations

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.money.ledger import LedgerEntry
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import BATCH, ONE, TOKEN_CLASSES, product, total

_CACHE = ("cache_write_5m", "cache_write_1h", "cache_read")
_USUAL_5M, _USUAL_READ = Decimal("1.25"), Decimal("0.1")


class Billed(Struct, frozen=True):
    """A line of a bill: a class, its quantity, its rate, and the factors."""

    kind: str
    quantity: int
    rate: Decimal
    batch: Decimal
    cache: Decimal
    geo: Decimal


Bill = list[Billed]


class Mistake(Struct, frozen=True):
    """A mistake. `words` describe it, with the number of tokens affected for `{}`."""

    words: str
    change: Callable[[Bill], Bill]
    about: tuple[str, ...] = TOKEN_CLASSES


def bill_of(entries: Iterable[LedgerEntry]) -> Bill:
    """Return the right bill for entries of the ledger."""
    return [
        Billed(entry.kind, entry.quantity, entry.list_rate, entry.batch_factor, entry.cache_factor, entry.geo_factor)
        for entry in entries
        if entry.list_rate is not None
    ]


def amount_of(bill: Bill) -> Decimal:
    """Return the amount of a bill in USD."""
    return total(product(line.rate, line.batch, line.cache, line.geo, line.quantity) for line in bill)


def _each(kinds: tuple[str, ...], **change: Decimal) -> Callable[[Bill], Bill]:
    return lambda bill: [replace(line, **change) if line.kind in kinds else line for line in bill]


def _without(*kinds: str) -> Callable[[Bill], Bill]:
    return lambda bill: [line for line in bill if line.kind not in kinds]


def _also_as_input(bill: Bill) -> Bill:
    again = [replace(line, kind="input", cache=ONE) for line in bill if line.kind in _CACHE]
    return [*bill, *again]


MISTAKES: tuple[Mistake, ...] = (
    Mistake("5m rate on {} 1h-write tokens", _each(("cache_write_1h",), cache=_USUAL_5M), ("cache_write_1h",)),
    Mistake("batch discount missing", _each(TOKEN_CLASSES, batch=ONE)),
    Mistake("batch discount not applied to {} cache tokens", _each(_CACHE, batch=ONE), _CACHE),
    Mistake("batch discount applied to cache tokens only", _each(("input", "output"), batch=ONE)),
    Mistake("{} cached tokens counted as input too", _also_as_input, _CACHE),
    Mistake("{} cached tokens billed as plain input", _each(_CACHE, cache=ONE), _CACHE),
    Mistake("input_tokens only: {} cached tokens left out", _without(*_CACHE), _CACHE),
    Mistake("{} cache-read tokens left out", _without("cache_read"), ("cache_read",)),
    Mistake("{} cache-write tokens left out", _without("cache_write_5m", "cache_write_1h"), _CACHE[:2]),
    Mistake("{} 1h-write tokens left out", _without("cache_write_1h"), ("cache_write_1h",)),
    Mistake("{} output tokens left out", _without("output"), ("output",)),
    Mistake("{} cache-read tokens at a tenth of the input rate", _each(("cache_read",), cache=_USUAL_READ), _CACHE[2:]),
    Mistake("inference_geo left out", _each(TOKEN_CLASSES, geo=ONE)),
    Mistake("{} web searches left out", _without("web_search"), ("web_search",)),
    Mistake("batch discount applied to {} web searches", _each(("web_search",), batch=BATCH), ("web_search",)),
)


def short_prompt_rates(entries: list[LedgerEntry], prices: Prices) -> Mistake | None:
    """Return the mistake of using short-prompt rates for a long prompt; None if there is only one rate."""
    long = next((entry for entry in entries if entry.tier), None)
    short = prices.of(long.model, long.at[:10]) if long else None
    if long is None or short is None:
        return None
    base = {kind: short.of("output" if kind == "output" else "input") for kind in TOKEN_CLASSES}

    def change(bill: Bill) -> Bill:
        return [replace(line, rate=base.get(line.kind, line.rate)) for line in bill]

    return Mistake(f"the rate of prompts up to {long.tier:,} tokens on a longer one", change)


def explained(bill: Bill, known: Iterable[Mistake], fits: Callable[[Decimal], bool]) -> list[str]:
    """Return the smallest set of mistakes, at most two, with which the bill's amount fits."""
    right = amount_of(bill)
    relevant = [mistake for mistake in known if amount_of(mistake.change(bill)) != right]
    for mistakes in _sets(relevant):
        wrong = bill
        for mistake in mistakes:
            wrong = mistake.change(wrong)
        if fits(amount_of(wrong)):
            return [_described(mistake, bill) for mistake in mistakes]
    return []


def _sets(mistakes: list[Mistake]) -> Iterator[tuple[Mistake, ...]]:
    yield from ((mistake,) for mistake in mistakes)
    yield from combinations(mistakes, 2)


def _described(mistake: Mistake, bill: Bill) -> str:
    return mistake.words.format(f"{sum(line.quantity for line in bill if line.kind in mistake.about):,}")
