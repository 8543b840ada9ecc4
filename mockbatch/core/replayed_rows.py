"""Replayed rows: they end exactly as recorded, byte for byte."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from mockbatch.core.contract import wire
from mockbatch.core.conversion import threadsafe_convert
from mockbatch.core.money.ledger import counts_of_json, refusal_of
from mockbatch.core.money.prompt_cache import CacheUse
from mockbatch.core.rows.row import More, Row, RowFailure
from mockbatch.core.time.spans import format_span

if TYPE_CHECKING:
    from mockbatch.core.cassette.tape import Recorded

_encode = msgspec.json.Encoder().encode
_MOST_SPANS = 200


def row_from_recording(recorded: "Recorded", custom_id: str, index: int) -> Row:
    """Return the row of a recorded request."""
    match recorded.outcome:
        case "succeeded":
            return _succeeded(recorded.message or {}, custom_id, index)
        case "errored":
            return _errored(recorded.error or {}, custom_id, index)
    return Row(custom_id, index, unanswered="expired" if recorded.outcome == "expired" else "canceled")


def _errored(error: dict[str, Any], custom_id: str, index: int) -> Row:
    inner = error.get("error") or {}
    failure = RowFailure(
        inner.get("type", "api_error"),
        inner.get("message", ""),
        inner.get("details"),
        executed=error.get("request_id") is not None,
        request_id=error.get("request_id"),
    )
    return Row(custom_id, index, failure, more=More(result=_encode({"type": "errored", "error": error})))


def _succeeded(message: dict[str, Any], custom_id: str, index: int) -> Row:
    usage = message.get("usage") or {}
    counts = counts_of_json(usage)
    cache = CacheUse(counts.cache_read, counts.cache_write_5m, counts.cache_write_1h)
    tools = usage.get("server_tool_use")
    more = More(
        result=_encode({"type": "succeeded", "message": message}),
        cache=cache,
        written=True,
        server_tool_use=threadsafe_convert(tools, wire.ServerToolUse, strict=False) if tools else None,
        refusal=refusal_of(message),
    )
    return Row(
        custom_id,
        index,
        model=str(message.get("model", "")),
        input_tokens=counts.input + cache.total,
        output_tokens=counts.output,
        geo=usage.get("inference_geo") or "not_available",
        more=more,
    )


def recorded_delay(durations: Counter[int]) -> str | None:
    """Return a delay with the distribution of the recorded durations; None if none are known."""
    ranked = sorted(durations.elements())
    if not ranked:
        return None
    if len(ranked) > _MOST_SPANS:
        ranked = [ranked[int((place + 0.5) * len(ranked) / _MOST_SPANS)] for place in range(_MOST_SPANS)]
    return "empirical:" + ",".join(map(format_span, ranked))
