"""The ledger: what each request was billed, by class, and sums of that.

Sums keep quantities only. Amounts are computed on demand, exactly: quantity times rate.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from io import StringIO
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import astuple

from mockbatch.core.contract import wire
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import CLASSES, Factors, ModelRates, factors, plain, product, total
from mockbatch.core.table import Table, parse_table

REFUSED = "refused before any output"
"""The reason why a request with a reply is not billed."""
_LONG_CONTEXT = 200_000
# https://platform.claude.com/docs/en/release-notes/overview
_BILLED_REFUSALS, _BILLED_SINCE = ("bio", "frontier_llm", "reasoning_extraction"), "2026-09-24"


class TokenCounts(Struct, array_like=True, frozen=True, omit_defaults=True):
    """The quantity of each class: tokens, searches, fetches, code executions."""

    input: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    web_search: int = 0
    web_fetch: int = 0
    code_execution: int = 0

    def items(self) -> Iterator[tuple[str, int]]:
        """Yield the classes with a quantity above zero."""
        for kind in CLASSES:
            if quantity := getattr(self, kind):
                yield kind, quantity

    @property
    def prompt_tokens(self) -> int:
        """The whole input, cached or not."""
        return self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read

    def plus(self, other: "TokenCounts") -> "TokenCounts":
        return TokenCounts(*(getattr(self, kind) + getattr(other, kind) for kind in CLASSES))


def counts_of(usage: wire.Usage, *, code_execution: int = 0) -> TokenCounts:
    """Return the counts in a `usage`."""
    tools = getattr(usage, "server_tool_use", None)
    return TokenCounts(
        usage.input_tokens,
        usage.cache_creation.ephemeral_5m_input_tokens,
        usage.cache_creation.ephemeral_1h_input_tokens,
        usage.cache_read_input_tokens,
        usage.output_tokens,
        getattr(tools, "web_search_requests", None) or 0,
        getattr(tools, "web_fetch_requests", None) or 0,
        code_execution,
    )


def counts_of_json(usage: Mapping[str, Any]) -> TokenCounts:
    """Return the counts in a `usage` from the wire, of any origin; missing fields are 0.

    Without lifetimes, all cache writes count as five minutes.
    """

    def number(of: Any, name: str) -> int:
        value = of.get(name) if isinstance(of, Mapping) else None
        return value if isinstance(value, int) else 0

    hour = number(usage.get("cache_creation"), "ephemeral_1h_input_tokens")
    tools = usage.get("server_tool_use")
    return TokenCounts(
        number(usage, "input_tokens"),
        max(number(usage, "cache_creation_input_tokens") - hour, 0),
        hour,
        number(usage, "cache_read_input_tokens"),
        number(usage, "output_tokens"),
        number(tools, "web_search_requests"),
        number(tools, "web_fetch_requests"),
    )


def refusal_of(message: Mapping[str, Any]) -> str | None:
    """Return the category of a refusal before any output, or empty if it has none; None for any other message."""
    if message.get("stop_reason") != "refusal" or message.get("content"):
        return None
    details = message.get("stop_details")
    category = details.get("category") if isinstance(details, Mapping) else None
    return category if isinstance(category, str) else ""


def is_billed(refusal: str | None, day: str) -> bool:
    """Return whether a message is billed on a day (`YYYY-MM-DD`), given the result of `refusal_of`."""
    return refusal is None or (refusal in _BILLED_REFUSALS and day >= _BILLED_SINCE)


def context_window(prompt_tokens: int) -> str:
    """Return which of the two windows of the reports a prompt falls into."""
    return "0-200k" if prompt_tokens <= _LONG_CONTEXT else "200k-1M"


class Origin(Struct, frozen=True):
    """The origin of an entry; `at` is RFC 3339. Outside of batches there is no batch and no custom_id."""

    batch_id: str | None
    custom_id: str | None
    message_id: str | None
    model: str
    workspace: str | None
    api_key: str | None
    at: str


class LedgerEntry(Struct, frozen=True, rename={"kind": "class"}):
    """One class of one request.

    `net` is quantity times list rate times all factors, in USD; None if the model has no price. `tier` is the prompt
    length above which a long-prompt price applies, if it does. `reason` is why nothing was billed.
    """

    batch_id: str | None
    custom_id: str | None
    message_id: str | None
    model: str
    workspace: str | None
    api_key: str | None
    at: str
    kind: str
    quantity: int
    list_rate: Decimal | None
    tier: int
    batch_factor: Decimal
    cache_factor: Decimal
    geo_factor: Decimal
    net: Decimal | None
    billed: bool
    reason: str | None


COLUMNS = tuple(LedgerEntry.__struct_encode_fields__)
_NOTHING = Factors(*[Decimal(1)] * 5)


def entries_of(
    counts: TokenCounts,
    origin: Origin,
    rates: ModelRates | None,
    service_tier: str = "batch",
    inference_geo: str = "global",
) -> list[LedgerEntry]:
    """Return the entries of a request with a reply, one for each class with a quantity."""

    def entry(kind: str, quantity: int) -> LedgerEntry:
        if rates is None:
            return _entry(origin, kind, quantity, None, _NOTHING, None, 0, f"there is no price for {origin.model}")
        billed = factors(rates, kind, service_tier, inference_geo)
        free = None if billed.rate else f"{kind} is free"
        return _entry(
            origin, kind, quantity, billed.list_rate, billed, product(billed.rate, quantity), rates.above, free
        )

    return [entry(kind, quantity) for kind, quantity in counts.items()]


def _entry(
    origin: Origin,
    kind: str,
    quantity: int,
    list_rate: Decimal | None,
    by: Factors,
    net: Decimal | None,
    tier: int,
    reason: str | None,
) -> LedgerEntry:
    return LedgerEntry(
        origin.batch_id,
        origin.custom_id,
        origin.message_id,
        origin.model,
        origin.workspace,
        origin.api_key,
        origin.at,
        kind,
        quantity,
        list_rate,
        tier,
        by.batch,
        by.cache,
        by.geo,
        net,
        reason is None,
        reason,
    )


def unbilled(origin: Origin, reason: str) -> LedgerEntry:
    """Return the entry of a request without a reply: `errored`, `canceled` or `expired`."""
    return _entry(origin, "input", 0, None, _NOTHING, Decimal(0), 0, reason)


def to_csv(entries: Iterable[LedgerEntry], *, head: bool = True) -> str:
    """Format entries as CSV, amounts without exponents; `head` adds the header row."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if head:
        writer.writerow(COLUMNS)
    writer.writerows([_cell(getattr(entry, name)) for name in LedgerEntry.__struct_fields__] for entry in entries)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def from_csv(text: str) -> list[LedgerEntry]:
    """Parse the entries of such a CSV, with any further columns. Raises ValueError if it is not a ledger."""
    return from_table(parse_table(text))


def from_table(table: Table) -> list[LedgerEntry]:
    """Parse the entries of a ledger. Raises ValueError if it is not one."""
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise ValueError(f"it has no column {missing[0]}, so it is not a ledger")
    if table.problems:
        line, problem = next(iter(table.problems.items()))
        raise ValueError(f"line {line} has {problem}")
    return [_read(row.cells, row.line) for row in table.rows]


def _count(text: str) -> int:
    number = Decimal(text)
    if number != number.to_integral_value():
        raise ValueError(text)
    return int(number)


_READERS: dict[str, Callable[[str], object]] = {
    "quantity": _count,
    "tier": _count,
    "list_rate": Decimal,
    "batch_factor": Decimal,
    "cache_factor": Decimal,
    "geo_factor": Decimal,
    "net": Decimal,
    "billed": lambda text: text.lower() == "true",
}


def _read(row: dict[str, str], number: int) -> LedgerEntry:
    try:
        values = [_READERS.get(name, str)(row[name]) if row[name] else None for name in COLUMNS]
        return LedgerEntry(*values)  # type: ignore[arg-type]
    except (ValueError, ArithmeticError):
        raise ValueError(f"line {number} is not a ledger entry") from None


class Account(NamedTuple):
    """The key of a sum: everything with the same rates and the same place in the reports."""

    model: str
    above: int
    context_window: str
    inference_geo: str
    service_tier: str


class Sum(Struct, frozen=True, array_like=True):
    """The requests of an account, and the sum of their counts."""

    account: Account
    requests: int
    counts: TokenCounts


class Sums:
    """Quantities by account: of a batch, a day, or any other group."""

    def __init__(self, sums: Iterable[Sum] = ()) -> None:
        self._rows: dict[Account, list[int]] = {}
        for row in sums:
            self.add_all(row.account, row.requests, row.counts)

    def add(self, account: Account, counts: TokenCounts, times: int = 1) -> None:
        """Add a request, or several equal ones."""
        self._add(account, times, counts, times)

    def add_all(self, account: Account, requests: int, counts: TokenCounts) -> None:
        """Add requests, of which `counts` is the sum."""
        self._add(account, requests, counts, 1)

    def merge(self, other: "Sums") -> None:
        for row in other.rows():
            self.add_all(row.account, row.requests, row.counts)

    def rows(self) -> list[Sum]:
        """Return the sums as rows, for storage."""
        return [Sum(account, row[0], TokenCounts(*row[1:])) for account, row in self._rows.items()]

    def counts(self) -> TokenCounts:
        """Return the total counts."""
        return TokenCounts(*map(sum, zip(*(row[1:] for row in self._rows.values()), strict=True)))

    def _add(self, account: Account, requests: int, counts: TokenCounts, times: int) -> None:
        row = self._rows.setdefault(account, [0] * (1 + len(CLASSES)))
        row[0] += requests
        for place, quantity in enumerate(astuple(counts), 1):
            if quantity:
                row[place] += quantity * times


def account_of(
    model: str, counts: TokenCounts, service_tier: str, inference_geo: str, rates: ModelRates | None
) -> Account:
    """Return the account of a request; `rates` are those of its model for its prompt, on the day of its price."""
    above = rates.above if rates else 0
    return Account(model, above, context_window(counts.prompt_tokens), inference_geo, service_tier)


class Total(Struct, frozen=True):
    """The billed amount in USD, the same at standard rates, and the models without a price."""

    net: Decimal
    standard: Decimal
    unpriced: tuple[str, ...]


def net(sums: Sums | Iterable[Sum], day: str, prices: Prices) -> Total:
    """Return the totals of sums at the prices of a day (`YYYY-MM-DD`)."""
    billed, standard, unpriced = [], [], []
    for row in sums.rows() if isinstance(sums, Sums) else sums:
        rates = rates_of(row.account, day, prices)
        if rates is None:
            unpriced.append(row.account.model)
            continue
        billed.append(cost(row.counts, rates, row.account.service_tier, row.account.inference_geo))
        standard.append(cost(row.counts, rates, "standard", row.account.inference_geo))
    return Total(total(billed), total(standard), tuple(dict.fromkeys(unpriced)))


def rates_of(account: Account, day: str, prices: Prices) -> ModelRates | None:
    """Return the rates of an account."""
    return prices.of(account.model, day, account.above + 1 if account.above else 0)


def cost(counts: TokenCounts, rates: ModelRates, service_tier: str, inference_geo: str = "global") -> Decimal:
    """Return the cost in USD, exactly."""
    return total(
        product(factors(rates, kind, service_tier, inference_geo).rate, quantity) for kind, quantity in counts.items()
    )
