"""The price of a model on a day: listed prices, their corrections, and a user's own.

Source: https://platform.claude.com/docs/en/about-claude/pricing
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from operator import itemgetter

from msgspec.structs import replace

from mockbatch.core.contract.catalog import MODELS, find_model
from mockbatch.core.money.overlay import AS_OF, OVERLAY
from mockbatch.core.money.rates import ModelRates, Price

Tiers = list[tuple[Price, ModelRates]]


class Prices:
    """All known prices; a user's `own` take precedence. Unknown models have none.

    `like` maps a model to the one it is based on: it costs the same, unless it has a price of its own.
    """

    def __init__(self, own: Iterable[Price] = (), like: Mapping[str, str] | None = None, as_of: str = AS_OF) -> None:
        self.as_of = as_of
        self._like = like or {}
        self._own: dict[str, list[Price]] = {}
        for price in own:
            self._own.setdefault(_canonical(price.model), []).append(price)
        # by model: the prices, with the day each applies from
        self._since: dict[str, list[tuple[str, Tiers]]] = {}

    def of(self, model: str, day: str, prompt_tokens: int = 0) -> ModelRates | None:
        """Return the rates of a model (id or alias) on a day (`YYYY-MM-DD`) for a prompt length; None if unknown."""
        found = None
        for price, rates in self._on(model, day):
            if price.above == 0 or prompt_tokens > price.above:
                found = rates
        return found

    def valid_from(self, model: str, day: str) -> str:
        """Return the first day of the prices that a model (id or alias) has on a day; empty if it has none by then."""
        known = self._known(model)
        place = bisect_right(known, day, key=itemgetter(0))
        return known[place - 1][0] if place else ""

    def of_model(self, model: str, day: str) -> list[Price]:
        """Return the prices of a model (id or alias) on a day, by tier."""
        return [replace(price, model=_canonical(model)) for price, _ in self._on(model, day)]

    def table(self, day: str) -> list[Price]:
        """Return all prices of all models on a day, by tier."""
        names = dict.fromkeys([*MODELS, *self._like, *self._own])
        return [price for name in names for price in self.of_model(name, day)]

    def models(self) -> list[str]:
        """Return the models with a price."""
        names = dict.fromkeys([*MODELS, *self._like, *self._own])
        return [name for name in names if any(self._sources(name))]

    def _on(self, model: str, day: str) -> Tiers:
        """Return the prices of a model on a day, the shortest prompts first."""
        known = self._known(model)
        place = bisect_right(known, day, key=itemgetter(0))
        return known[place - 1][1] if place else []

    def _known(self, model: str) -> list[tuple[str, Tiers]]:
        """Return the prices of a model with the day each applies from, earliest first."""
        name = _canonical(model)
        known = self._since.get(name)
        if known is None:
            days = {price.since for source in self._sources(name) for price in source}
            known = [(since, self._from(name, since)) for since in sorted(days)]
            if known:  # do not cache unknown models, whose number is unbounded
                self._since[name] = known
        return known

    def _from(self, name: str, day: str) -> Tiers:
        sources = ([price for price in source if price.since <= day] for source in self._sources(name))
        begun = next(filter(None, sources), [])
        latest = max((price.since for price in begun), default="")
        tiers = sorted((price for price in begun if price.since == latest), key=lambda price: price.above)
        return [(price, price.rates()) for price in tiers]

    def _sources(self, name: str) -> Iterator[list[Price]]:
        """Yield the possible prices of a model, preferred ones first."""
        name = _canonical(name)
        yield self._own.get(name, [])
        if like := self._like.get(name):
            yield from self._sources(like)
        yield _built_in().get(name, [])


def _canonical(name: str) -> str:
    model = find_model(name)
    return model.id if model else name


@cache
def _default() -> Prices:
    return Prices()


def price_of(model: str, day: str, prompt_tokens: int = 0) -> ModelRates | None:
    """Return the built-in rates of a model on a day for a prompt length; None for an unknown model."""
    return _default().of(model, day, prompt_tokens)


@cache
def _built_in() -> dict[str, list[Price]]:
    # imported lazily: most starts never need a price
    from mockbatch.core.money.listed import LISTED

    known = {price.model for price in OVERLAY}
    prices: dict[str, list[Price]] = {}
    for price in (*(price for price in LISTED if price.model not in known), *OVERLAY):
        prices.setdefault(price.model, []).append(price)
    return prices
