"""Spending, grouped as requested: the content of `GET /_mockbatch/ledger`."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec import Struct

from mockbatch.core.money.ledger import Account, Sums, TokenCounts, Total, net, rates_of
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import CLASSES, ModelRates, factors, plain, product, total
from mockbatch.core.suggestions import did_you_mean
from mockbatch.core.time.spans import format_day

GROUPINGS = ("batch", "model", "session", "workspace", "api_key", "day", "service_tier", "class", "custom_id")


class Dated(Struct, frozen=True):
    """The usage of an account at an instant (microseconds, such as the start of a minute), with its dimensions.

    `priced` is the day whose prices apply: the day the batch was created. `custom_id` is needed only to group by it.
    """

    at: int
    priced: str
    account: Account
    requests: int
    counts: TokenCounts
    session: str | None = None
    workspace: str | None = None
    api_key: str | None = None
    batch_id: str | None = None
    custom_id: str | None = None


class GroupSpending(Struct, frozen=True):
    """The spending of a group: its key, counts, and amounts in USD as decimals.

    `net` is what was billed, `standard` the same at standard rates, `uncached` that with every prompt token as plain
    input. Amounts are null if nothing in the group has a price.
    """

    by: dict[str, str | None]
    requests: int
    quantities: dict[str, int]
    net: str | None
    standard: str | None
    uncached: str | None


class Spending(Struct, frozen=True, kw_only=True):
    """Spending in groups and in total. `unpriced` are models without a price, which no amount includes."""

    currency: str = "USD"
    prices_as_of: str
    group_by: list[str]
    groups: list[GroupSpending]
    total: GroupSpending
    unpriced: list[str]


Days = dict[str, Sums]
"""Usage by the first day of the prices that apply."""


class Grouped:
    """Usage summed by the requested dimensions. Its length is the number of groups.

    Raises ValueError for an unknown dimension.
    """

    def __init__(self, group_by: list[str], prices: Prices) -> None:
        for name in group_by:
            if name not in GROUPINGS:
                raise ValueError(f"group_by: {name!r} is not one of them.{did_you_mean(name, GROUPINGS)}")
        self._group_by = group_by
        self._prices = prices
        self._names = [name for name in group_by if name != "class"]
        self._groups: dict[tuple[str | None, ...], Days] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, dated: Dated) -> None:
        """Add usage."""
        days = self._groups.setdefault(tuple(_key(dated, name) for name in self._names), {})
        since = self._prices.valid_from(dated.account.model, dated.priced)
        days.setdefault(since, Sums()).add_all(dated.account, dated.requests, dated.counts)

    def spending(self) -> Spending:
        """Return the spending of each group and in total."""
        prices = self._prices
        found: list[GroupSpending] = []
        everything: Days = {}
        for key, days in sorted(self._groups.items(), key=lambda group: tuple(part or "" for part in group[0])):
            by = dict(zip(self._names, key, strict=True))
            found += _by_class(by, days, prices) if "class" in self._group_by else [_spent(by, days, prices)]
            for day, sums in days.items():
                everything.setdefault(day, Sums()).merge(sums)
        return Spending(
            prices_as_of=prices.as_of,
            group_by=self._group_by,
            groups=found,
            total=_spent({}, everything, prices),
            unpriced=list(dict.fromkeys(name for one in _totals(everything, prices) for name in one.unpriced)),
        )


def spending(used: Iterable[Dated], group_by: list[str], prices: Prices) -> Spending:
    """Return the spending by `group_by`. Raises ValueError for an unknown dimension."""
    grouped = Grouped(group_by, prices)
    for dated in used:
        grouped.add(dated)
    return grouped.spending()


def _key(dated: Dated, name: str) -> str | None:
    match name:
        case "day":
            return format_day(dated.at)
        case "batch":
            return dated.batch_id
        case "model":
            return dated.account.model
        case "service_tier":
            return dated.account.service_tier
    value: str | None = getattr(dated, name)
    return value


def _totals(days: Days, prices: Prices) -> list[Total]:
    """Return the totals of each account on each day."""
    return [net([row], day, prices) for day, sums in days.items() for row in sums.rows()]


def _spent(by: dict[str, str | None], days: Days, prices: Prices) -> GroupSpending:
    totals = _totals(days, prices)
    priced = not totals or any(not one.unpriced for one in totals)
    return GroupSpending(
        by,
        _requests(days),
        dict(_counts(days).items()),
        plain(total(one.net for one in totals)) if priced else None,
        plain(total(one.standard for one in totals)) if priced else None,
        _amounts(CLASSES, days, prices, _uncached),
    )


def _requests(days: Days) -> int:
    return sum(row.requests for sums in days.values() for row in sums.rows())


def _counts(days: Days) -> TokenCounts:
    whole = Sums()
    for sums in days.values():
        whole.merge(sums)
    return whole.counts()


def _by_class(by: dict[str, str | None], days: Days, prices: Prices) -> list[GroupSpending]:
    """Return one group per class; the number of requests in each covers all classes."""
    return [
        GroupSpending(
            {**by, "class": kind},
            _requests(days),
            {kind: quantity},
            _amounts([kind], days, prices, _billed),
            _amounts([kind], days, prices, _standard),
            _amounts([kind], days, prices, _uncached),
        )
        for kind, quantity in _counts(days).items()
    ]


Rate = Callable[[ModelRates, str, Account], Decimal]


def _billed(rates: ModelRates, kind: str, account: Account) -> Decimal:
    return factors(rates, kind, account.service_tier, account.inference_geo).rate


def _standard(rates: ModelRates, kind: str, account: Account) -> Decimal:
    return factors(rates, kind, "standard", account.inference_geo).rate


def _uncached(rates: ModelRates, kind: str, account: Account) -> Decimal:
    by = factors(rates, kind, "standard", account.inference_geo)
    return product(rates.input if kind.startswith("cache_") else by.list_rate, by.geo)


def _amounts(kinds: Iterable[str], days: Days, prices: Prices, rate: Rate) -> str | None:
    """Return the cost of these classes at a rate; None if nothing has a price."""
    amounts: list[Decimal] = []
    for day, sums in days.items():
        for row in sums.rows():
            rates = rates_of(row.account, day, prices)
            if rates is not None:
                amounts += [product(rate(rates, kind, row.account), getattr(row.counts, kind)) for kind in kinds]
    return plain(total(amounts)) if amounts or not days else None
