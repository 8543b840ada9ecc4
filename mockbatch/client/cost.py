"""What requests come to in a batch: tokens by model, and dollars at the prices that hold."""

from decimal import Decimal

from msgspec import Struct

from mockbatch.core.money.ledger import Counts, Sums, account_of, cost, net
from mockbatch.core.money.prices import Prices

_TIER = "batch"


class Share(Struct, frozen=True):
    """What the requests of one model come to; `dollars` is None where it has no price."""

    model: str
    counts: Counts
    dollars: Decimal | None


class Bill:
    """Requests added up, each at the rates of its own prompt."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._sums: dict[str, Sums] = {}

    def add(self, model: str, counts: Counts, geo: str) -> None:
        """One more request that ran in the region `geo`."""
        rates = self._prices.of(model, self._prices.as_of, counts.prompt_tokens)
        account = account_of(model, counts, _TIER, geo, rates)
        self._sums.setdefault(model, Sums()).add(account, counts)

    def one(self, model: str, counts: Counts, geo: str) -> Decimal | None:
        """Dollars for one request; None where the model has no price."""
        rates = self._prices.of(model, self._prices.as_of, counts.prompt_tokens)
        return None if rates is None else cost(counts, rates, _TIER, geo)

    def shares(self) -> list[Share]:
        """All of it by model."""
        return [Share(model, sums.counts(), self._dollars(sums)) for model, sums in sorted(self._sums.items())]

    def total(self) -> Decimal | None:
        """Dollars for all of it; None where a model has no price."""
        amounts = [self._dollars(sums) for sums in self._sums.values()]
        known = [amount for amount in amounts if amount is not None]
        return sum(known, Decimal(0)) if len(known) == len(amounts) else None

    def _dollars(self, sums: Sums) -> Decimal | None:
        found = net(sums, self._prices.as_of, self._prices)
        return None if found.unpriced else found.net
