"""The usage of a row that succeeds."""

from typing import Any, Literal

from mockbatch.core.contract import wire
from mockbatch.core.replies.draft import Reply, ReplyError
from mockbatch.core.replies.message import check_usage, usage_of
from mockbatch.core.rows.row import Row


def usage_of_row(row: Row, service_tier: Literal["standard", "batch"] = "batch") -> wire.Usage:
    """Return the usage of a row that succeeds."""
    more, cache = row.more, row.more.cache
    usage = wire.Usage(
        max(row.input_tokens - cache.total, 0),
        cache.write_5m + cache.write_1h,
        cache.read,
        wire.CacheCreation(cache.write_5m, cache.write_1h),
        row.output_tokens,
        service_tier,
        row.geo,
    )
    if not more.written:
        return usage
    reply = Reply([], "", row.output_tokens, thinking_tokens=more.thinking_tokens, server_tool_use=more.server_tool_use)
    usage = usage_of(reply, usage)
    return usage if more.said is None else _overridden(usage, more.said)


def _overridden(usage: wire.Usage, overrides: dict[str, Any]) -> wire.Usage:
    """Return the usage, overridden by valid values that the reply sets; rows of older servers were not validated."""
    try:
        whole = usage_of(Reply([], "", usage.output_tokens, usage=overrides), usage)
        check_usage(whole)
    except ReplyError:
        return usage
    return whole
