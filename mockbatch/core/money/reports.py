"""The usage and cost reports of an organization, computed from dated aggregates.

Source: https://platform.claude.com/docs/en/manage-claude/usage-cost-api
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from msgspec import UNSET

from mockbatch.core.contract.models import display_name
from mockbatch.core.contract.report_wire import (
    Bucket,
    CostReport,
    CostRow,
    ReportCacheCreation,
    ReportServerTools,
    UsageReport,
    UsageRow,
)
from mockbatch.core.money.ledger import Account, Sum, Sums, rates_of
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import factors, plain, product, scaled, total
from mockbatch.core.money.report_query import Query, bucket_time
from mockbatch.core.money.spending import Dated

# by class: the token type, and its wording in descriptions
_TOKEN_TYPES = {
    "input": ("uncached_input_tokens", "Input Tokens"),
    "output": ("output_tokens", "Output Tokens"),
    "cache_read": ("cache_read_input_tokens", "Input Tokens, Cache Hit"),
    "cache_write_5m": ("cache_creation.ephemeral_5m_input_tokens", "Input Tokens, Cache Write"),
    "cache_write_1h": ("cache_creation.ephemeral_1h_input_tokens", "Input Tokens, Cache Write"),
}
_DIMENSIONS: dict[str, Callable[[Dated], str | None]] = {
    "account_id": lambda dated: None,
    "service_account_id": lambda dated: None,
    "api_key_id": lambda dated: dated.api_key,
    "workspace_id": lambda dated: dated.workspace,
    "context_window": lambda dated: dated.account.context_window,
    "inference_geo": lambda dated: dated.account.inference_geo,
    "model": lambda dated: dated.account.model,
    "service_tier": lambda dated: dated.account.service_tier,
    "speed": lambda dated: "standard",
}

Key = tuple[str | None, ...]


def span_of(query: Query, now: int) -> tuple[int, int]:
    """Return the time span, from and until, for which the page needs usage data."""
    starts, _ = query.buckets(now)
    return query.starting_at, query.starting_at + len(starts) * query.width


def usage_report(query: Query, used: Iterable[Dated], now: int) -> UsageReport:
    """Return the requested page of the usage report."""
    starts, more = query.buckets(now)
    buckets: dict[int, dict[Key, list[int]]] = {start: {} for start in starts}
    for dated in used:
        bucket = buckets.get(dated.at // query.width * query.width)
        if bucket is not None and _passes(dated, query):
            key = tuple(_DIMENSIONS[name](dated) for name in query.group_by)
            sums, counts = bucket.setdefault(key, [0] * 6), dated.counts
            sums[0] += counts.input
            sums[1] += counts.cache_write_5m
            sums[2] += counts.cache_write_1h
            sums[3] += counts.cache_read
            sums[4] += counts.output
            sums[5] += counts.web_search
    data = [
        _bucket(start, query, [_usage_row(query, key, sums) for key, sums in _ordered(groups)])
        for start, groups in buckets.items()
    ]
    return UsageReport(data, more, query.next_page() if more else None)


def _passes(dated: Dated, query: Query) -> bool:
    return all(_DIMENSIONS[name](dated) in values for name, values in query.filters.items())


def _ordered(groups: dict[Key, Any]) -> list[tuple[Key, Any]]:
    return sorted(groups.items(), key=lambda group: tuple(part or "" for part in group[0]))


def _bucket(start: int, query: Query, rows: list[Any]) -> Bucket[Any]:
    return Bucket(bucket_time(start), bucket_time(start + query.width), rows)


def _usage_row(query: Query, key: Key, sums: list[int]) -> UsageRow:
    named = dict(zip(query.group_by, key, strict=True))
    uncached, written_5m, written_1h, read, output, searches = sums
    return UsageRow(
        account_id=None,
        api_key_id=named.get("api_key_id"),
        cache_creation=ReportCacheCreation(written_1h, written_5m),
        cache_read_input_tokens=read,
        context_window=named.get("context_window"),
        inference_geo=named.get("inference_geo"),
        model=named.get("model"),
        output_tokens=output,
        server_tool_use=ReportServerTools(searches),
        service_account_id=None,
        service_tier=named.get("service_tier"),
        speed=named.get("speed") or UNSET,
        uncached_input_tokens=uncached,
        workspace_id=named.get("workspace_id"),
    )


def cost_report(query: Query, used: Iterable[Dated], now: int, prices: Prices) -> CostReport:
    """Return the requested page of the cost report. Usage without a price, and priority tier, are left out."""
    starts, more = query.buckets(now)
    # sum quantities first, to keep the number of products small
    buckets: dict[int, dict[tuple[str | None, str], Sums]] = {start: {} for start in starts}
    by_workspace = "workspace_id" in query.group_by
    for dated in used:
        bucket = buckets.get(dated.at // query.width * query.width)
        if bucket is not None and dated.account.service_tier in ("standard", "batch"):
            place = dated.workspace if by_workspace else None, dated.priced
            bucket.setdefault(place, Sums()).add_all(dated.account, dated.requests, dated.counts)
    data = [_bucket(start, query, _cost_rows(query, groups, prices)) for start, groups in buckets.items()]
    return CostReport(data, more, query.next_page() if more else None)


def _cost_rows(query: Query, groups: dict[tuple[str | None, str], Sums], prices: Prices) -> list[CostRow]:
    amounts: dict[Key, list[Decimal]] = {}
    described = "description" in query.group_by
    for (workspace, day), sums in groups.items():
        for row in sums.rows():
            for kind, amount in _charges(row, day, prices):
                key = (workspace, *(_described(row.account, kind) if described else _NOT_DESCRIBED))
                amounts.setdefault(key, []).append(amount)
    return [_cost_row(key, total(parts)) for key, parts in _ordered(amounts)]


def _charges(row: Sum, day: str, prices: Prices) -> Iterator[tuple[str, Decimal]]:
    """Yield the cost of an account by class; nothing if it has no price."""
    rates = rates_of(row.account, day, prices)
    if rates is None:
        return
    for kind, quantity in row.counts.items():
        rate = factors(rates, kind, row.account.service_tier, row.account.inference_geo).rate
        if rate:
            yield kind, product(rate, quantity)


_NOT_DESCRIBED: Key = (None,) * 7


def _described(account: Account, kind: str) -> Key:
    """Return description, cost type, model, token type, service tier, context window and geography of a charge."""
    if kind not in _TOKEN_TYPES:
        return "Web Search Usage", "web_search", None, None, None, None, None
    token_type, words = _TOKEN_TYPES[kind]
    description = f"{display_name(account.model)} Usage - {words}"
    return (
        description,
        "tokens",
        account.model,
        token_type,
        account.service_tier,
        account.context_window,
        account.inference_geo,
    )


def _cost_row(key: Key, amount: Decimal) -> CostRow:
    workspace, description, cost_type, model, token_type, service_tier, window, geo = key
    return CostRow(
        amount=plain(scaled(amount, 2)),
        context_window=window,
        cost_type=cost_type,
        currency="USD",
        description=description,
        inference_geo=geo,
        model=model,
        service_tier=service_tier,
        token_type=token_type,
        workspace_id=workspace,
    )
