"""The cost of requests in a batch: tokens by model, and dollars at current prices."""

from decimal import Decimal

from msgspec import Struct

from mockbatch.core.money.ledger import Sums, TokenCounts, account_of, cost, net
from mockbatch.core.money.prices import Prices

_TIER = "batch"


class Share(Struct, frozen=True):
    """Tokens and cost of the requests to one model; `dollars` is None if it has no price."""

    model: str
    counts: TokenCounts
    dollars: Decimal | None


class CostSum:
    """A sum over requests, each at the rates for its own prompt length."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._sums: dict[str, Sums] = {}

    def add(self, model: str, counts: TokenCounts, geo: str) -> None:
        """Add a request that ran in the region `geo`."""
        rates = self._prices.of(model, self._prices.as_of, counts.prompt_tokens)
        account = account_of(model, counts, _TIER, geo, rates)
        self._sums.setdefault(model, Sums()).add(account, counts)

    def one(self, model: str, counts: TokenCounts, geo: str) -> Decimal | None:
        """Return dollars for one request; None if the model has no price."""
        rates = self._prices.of(model, self._prices.as_of, counts.prompt_tokens)
        return None if rates is None else cost(counts, rates, _TIER, geo)

    def shares(self) -> list[Share]:
        """Return the totals by model."""
        return [Share(model, sums.counts(), self._dollars(sums)) for model, sums in sorted(self._sums.items())]

    def total(self) -> Decimal | None:
        """Return dollars for everything; None if a model has no price."""
        amounts = [self._dollars(sums) for sums in self._sums.values()]
        known = [amount for amount in amounts if amount is not None]
        return sum(known, Decimal(0)) if len(known) == len(amounts) else None

    def _dollars(self, sums: Sums) -> Decimal | None:
        found = net(sums, self._prices.as_of, self._prices)
        return None if found.unpriced else found.net
