"""What a row that succeeds has used."""

from typing import Any, Literal

from mockbatch.core.contract import wire
from mockbatch.core.replies.forms import Reply, ReplyError
from mockbatch.core.replies.message import check_usage, usage_of
from mockbatch.core.rows.row import Row


def usage_of_row(row: Row, service_tier: Literal["standard", "batch"] = "batch") -> wire.Usage:
    """What a row that succeeds has used."""
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
    said = Reply([], "", row.output_tokens, thinking_tokens=more.thinking_tokens, server_tool_use=more.server_tool_use)
    usage = usage_of(said, usage)
    return usage if more.said is None else _with_said(usage, more.said)


def _with_said(usage: wire.Usage, said: dict[str, Any]) -> wire.Usage:
    """The usage with what the reply says of it, where that can be used: rows of older servers were not checked."""
    try:
        whole = usage_of(Reply([], "", usage.output_tokens, usage=said), usage)
        check_usage(whole)
    except ReplyError:
        return usage
    return whole
