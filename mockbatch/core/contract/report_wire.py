"""The usage report and the cost report, field for field.

Source: https://platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages and .../cost_report
"""

from typing import Generic, TypeVar

from msgspec import UNSET, Struct, UnsetType

R = TypeVar("R")


class ReportCacheCreation(Struct, frozen=True):
    """Tokens written to the prompt cache, by lifetime."""

    ephemeral_1h_input_tokens: int
    ephemeral_5m_input_tokens: int


class ReportServerTools(Struct, frozen=True):
    """Uses of server tools that are billed."""

    web_search_requests: int


class UsageRow(Struct, frozen=True, kw_only=True):
    """The usage of one group of a bucket; dimensions that are not grouped by are null, `speed` is omitted."""

    account_id: str | None
    api_key_id: str | None
    cache_creation: ReportCacheCreation
    cache_read_input_tokens: int
    context_window: str | None
    inference_geo: str | None
    model: str | None
    output_tokens: int
    server_tool_use: ReportServerTools
    service_account_id: str | None
    service_tier: str | None
    speed: str | UnsetType = UNSET
    uncached_input_tokens: int
    workspace_id: str | None


class CostRow(Struct, frozen=True, kw_only=True):
    """The cost of one group of a bucket; `amount` is a decimal in cents."""

    amount: str
    context_window: str | None
    cost_type: str | None
    currency: str
    description: str | None
    inference_geo: str | None
    model: str | None
    service_tier: str | None
    token_type: str | None
    workspace_id: str | None


class Bucket(Struct, Generic[R], frozen=True):
    """A span of time and the rows in it."""

    starting_at: str
    ending_at: str
    results: list[R]


class UsageReport(Struct, frozen=True):
    """One page of buckets, oldest first."""

    data: list[Bucket[UsageRow]]
    has_more: bool
    next_page: str | None


class CostReport(Struct, frozen=True):
    """One page of buckets, oldest first."""

    data: list[Bucket[CostRow]]
    has_more: bool
    next_page: str | None
