"""What was spent, put together by whatever is asked for: the content of `GET /_mockbatch/ledger`."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from mockbatch.core.money.ledger import Account, Counts, Sum, net, rates_of
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import factors, plain, product, total
from mockbatch.core.names import did_you_mean
from mockbatch.core.time.spans import format_day

GROUPINGS = ("batch", "model", "session", "workspace", "api_key", "day", "service_tier", "class", "custom_id")


class Dated(Struct, frozen=True):
    """What an account used at an instant (microseconds, such as the start of a minute) in one place.

    `priced` is the day of its prices: that on which the batch was created. `custom_id` is needed only to group by it.
    """

    at: int
    priced: str
    account: Account
    requests: int
    counts: Counts
    session: str | None = None
    workspace: str | None = None
    api_key: str | None = None
    batch_id: str | None = None
    custom_id: str | None = None


class Spent(Struct, frozen=True):
    """A group: what it stands for, what was counted, and decimals in USD: billed, and what standard would have cost.

    The amounts are null where none of it has a price.
    """

    by: dict[str, str | None]
    requests: int
    quantities: dict[str, int]
    net: str | None
    standard: str | None


class Spending(Struct, frozen=True, kw_only=True):
    """What was spent, in groups and in total. `unpriced` are models without a price, which no amount includes."""

    currency: str = "USD"
    prices_as_of: str
    group_by: list[str]
    groups: list[Spent]
    total: Spent
    unpriced: list[str]


def spending(used: Iterable[Dated], group_by: list[str], prices: Prices) -> Spending:
    """What was spent, by `group_by`. Raises ValueError for what cannot be grouped by."""
    for name in group_by:
        if name not in GROUPINGS:
            raise ValueError(f"group_by: {name!r} is not one of them.{did_you_mean(name, GROUPINGS)}")
    everything = list(used)
    groups: dict[tuple[str | None, ...], list[Dated]] = {}
    for dated in everything:
        groups.setdefault(tuple(_key(dated, name) for name in group_by if name != "class"), []).append(dated)
    names = [name for name in group_by if name != "class"]
    found = []
    for key, members in sorted(groups.items(), key=lambda group: tuple(part or "" for part in group[0])):
        by = dict(zip(names, key, strict=True))
        found += _by_class(by, members, prices) if "class" in group_by else [_spent(by, members, prices)]
    return Spending(
        prices_as_of=prices.as_of,
        group_by=group_by,
        groups=found,
        total=_spent({}, everything, prices),
        unpriced=list(dict.fromkeys(d.account.model for d in everything if not rates_of(d.account, d.priced, prices))),
    )


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


def _spent(by: dict[str, str | None], members: list[Dated], prices: Prices) -> Spent:
    counts = Counts()
    for dated in members:
        counts = counts.plus(dated.counts)
    amounts = [net([_sum(dated)], dated.priced, prices) for dated in members]
    priced = not members or any(not amount.unpriced for amount in amounts)
    return Spent(
        by,
        sum(dated.requests for dated in members),
        dict(counts.items()),
        plain(total(amount.net for amount in amounts)) if priced else None,
        plain(total(amount.standard for amount in amounts)) if priced else None,
    )


def _sum(dated: Dated) -> Sum:
    return Sum(dated.account, dated.requests, dated.counts)


def _by_class(by: dict[str, str | None], members: list[Dated], prices: Prices) -> list[Spent]:
    """One group a class; each counts the requests that had any of it."""
    found: dict[str, list[tuple[Dated, int]]] = {}
    for dated in members:
        for kind, quantity in dated.counts.items():
            found.setdefault(kind, []).append((dated, quantity))
    return [
        Spent(
            {**by, "class": kind},
            sum(dated.requests for dated, _ in parts),
            {kind: sum(quantity for _, quantity in parts)},
            _amount(kind, parts, prices, standard=False),
            _amount(kind, parts, prices, standard=True),
        )
        for kind, parts in found.items()
    ]


def _amount(kind: str, parts: list[tuple[Dated, int]], prices: Prices, *, standard: bool) -> str | None:
    amounts: list[Decimal] = []
    for dated, quantity in parts:
        rates = rates_of(dated.account, dated.priced, prices)
        if rates is not None:
            tier = "standard" if standard else dated.account.service_tier
            amounts.append(product(factors(rates, kind, tier, dated.account.inference_geo).rate, quantity))
    return plain(total(amounts)) if amounts else None
