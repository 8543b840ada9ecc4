"""Estimate the cost of requests before they are sent: standard, in a batch, in a batch with the prompt cache."""

from decimal import Decimal
from typing import Any

from msgspec import Struct

from mockbatch.core.contract.model import Model
from mockbatch.core.money.cache_hits import CacheSettings, hits, luck_of, row_use
from mockbatch.core.money.ledger import Sums, TokenCounts, account_of, net
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.prompt_cache import ONE_HOUR, CacheUse, prefixes
from mockbatch.core.tokens import input_tokens


class Estimate(Struct, frozen=True):
    """The cost of the requests to one model in USD, None if it has no price. `counts` include the cache."""

    model: str
    requests: int
    input_tokens: int
    output_tokens: int
    counts: TokenCounts
    standard: Decimal | None
    batch: Decimal | None
    cached: Decimal | None


class Estimator:
    """Adds up the requests of one batch; `settings` decide its prompt cache hits."""

    def __init__(self, prices: Prices, day: str, settings: CacheSettings) -> None:
        self._prices = prices
        self._day = day
        self._settings = settings
        self._written: set[int] = set()
        self._plain: dict[str, Sums] = {}
        self._cached: dict[str, Sums] = {}

    def add(self, name: str, params: dict[str, Any], model: Model, output_tokens: int) -> None:
        """Add a request: its `custom_id`, its params, and the assumed number of output tokens."""
        found = prefixes(params, model)
        used = row_use(found, self._settings, luck_of(0, "", name), lambda key: False, self._written.__contains__)
        self._written.update(prefix.key for prefix in found if prefix.breakpoint)
        geo = model.inference_geo
        if geo != "not_available" and params.get("inference_geo") == "us":
            geo = "us"
        self._count(model.id, input_tokens(params, model), output_tokens, used, geo)

    def _count(self, model: str, tokens: int, output: int, used: CacheUse, geo: str, times: int = 1) -> None:
        uncached = TokenCounts(input=tokens, output=output)
        cached = TokenCounts(tokens - used.total, used.write_5m, used.write_1h, used.read, output)
        rates = self._prices.of(model, self._day, tokens)
        account = account_of(model, uncached, "batch", geo, rates)
        for sums, counts in ((self._plain, uncached), (self._cached, cached)):
            sums.setdefault(model, Sums()).add(account, counts, times)

    def workload(self, model: Model, requests: int, tokens: int, output: int, shared: int, ttl: int) -> None:
        """Add equal requests: tokens in and out, and how many of the input are a prefix cached for `ttl` seconds."""
        shared = shared if shared >= model.cache_minimum else 0
        reading = self._readers(requests) if shared else 0
        written = CacheUse(write_1h=shared) if ttl == ONE_HOUR else CacheUse(write_5m=shared)
        for used, times in ((CacheUse(read=shared), reading), (written, requests - reading)):
            if times:
                self._count(model.id, tokens, output, used, model.inference_geo, times)

    def _readers(self, requests: int) -> int:
        """Return how many of these requests find their shared prefix."""
        always = {"none": 0, "first_writes": requests - 1, "all": requests}.get(self._settings.hits)
        if always is not None:
            return always
        rows = (luck_of(0, "", str(index)) for index in range(1, requests))
        return sum(hits(self._settings, luck, left=False, written=True) for luck in rows)

    def estimates(self) -> list[Estimate]:
        """Return the estimates by model."""
        return [self._estimate(model) for model in self._plain]

    def _estimate(self, model: str) -> Estimate:
        plain, cached = self._plain[model].rows(), self._cached[model].rows()
        once, again = net(plain, self._day, self._prices), net(cached, self._day, self._prices)
        counts = Sums(plain).counts()
        priced = not once.unpriced
        return Estimate(
            model,
            sum(row.requests for row in plain),
            counts.input,
            counts.output,
            Sums(cached).counts(),
            once.standard if priced else None,
            once.net if priced else None,
            again.net if priced else None,
        )
