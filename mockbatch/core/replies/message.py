"""The reply to a request as a whole message. Pure: the same request gets the same reply, in a batch or outside."""

from collections.abc import Iterator
from typing import Any, cast

import msgspec
from msgspec.json import Encoder

from mockbatch.core.contract import wire
from mockbatch.core.contract.model import Model
from mockbatch.core.conversion import threadsafe_convert
from mockbatch.core.replies.draft import Reply, ReplyError
from mockbatch.core.replies.stored_reply import StoredReply
from mockbatch.core.replies.text import plain_text
from mockbatch.core.seeded_hash import derive_seed, draw_of

_MOST_TOKENS = 10**12
sorted_json = Encoder(order="sorted").encode


def reply_key(seed: int, params: dict[str, Any]) -> int:
    """Return 64 bits that identify a request, regardless of key order and streaming."""
    try:
        content = sorted_json({name: params[name] for name in params if name != "stream"})
    except OverflowError:  # an integer of more than 64 bits
        content = repr(params).encode("utf-8", "surrogatepass")
    return reply_key_of(seed, content)


def reply_key_of(seed: int, content: bytes) -> int:
    """Return the key of a request from its sorted JSON."""
    return draw_of(derive_seed(seed, "reply"), content)


def reply_message(message_id: str, model: Model, key: int, max_tokens: int, usage: wire.Usage) -> wire.Message:
    """Return the plain text message for the bits of `reply_key`."""
    text, _, stop_reason = plain_text(key, max_tokens, model)
    content: list[wire.Block] = [wire.TextBlock(text)] if max_tokens else []
    return wire.Message(
        model.id, message_id, "message", "assistant", content, None, stop_reason, None, None, usage, None
    )


def message_of(reply: Reply | StoredReply, message_id: str, model: Model, usage: wire.Usage) -> wire.Message:
    """Return a reply as a whole message."""
    return wire.Message(
        model.id,
        message_id,
        "message",
        "assistant",
        cast(list[wire.Block], reply.content),
        cast(wire.Container | None, reply.container),
        reply.stop_reason,
        reply.stop_sequence,
        reply.stop_details,
        usage,
        None,
    )


def usage_of(reply: Reply, before: wire.Usage) -> wire.Usage:
    """Return the usage of a reply: `before` with its output tokens, server tools and explicit overrides.

    Raises ReplyError if the result is not a valid usage.
    """
    thought, used = reply.thinking_tokens, reply.server_tool_use
    usage = msgspec.structs.replace(
        before,
        output_tokens=reply.output_tokens,
        output_tokens_details=msgspec.UNSET if thought is None else wire.OutputTokensDetails(thought),
        server_tool_use=msgspec.UNSET if used is None else used,
    )
    return _overridden(usage, reply.usage) if reply.usage else usage


def check_usage(usage: wire.Usage) -> None:
    """Raise ReplyError for counts that are impossible or too large to be summed."""
    for count in _counts(msgspec.to_builtins(usage)):
        if not 0 <= count <= _MOST_TOKENS:
            raise ReplyError(f"the usage of the reply is invalid: {count} is not between 0 and {_MOST_TOKENS}")


def _counts(usage: dict[str, Any]) -> Iterator[int]:
    for value in usage.values():
        if isinstance(value, dict):
            yield from _counts(value)
        elif isinstance(value, int):
            yield value


def _overridden(usage: wire.Usage, overrides: dict[str, Any]) -> wire.Usage:
    whole = msgspec.to_builtins(usage)
    for name, value in overrides.items():
        if name in ("output_tokens_details", "server_tool_use") and value is None:
            whole.pop(name, None)
        elif value is not None:
            whole[name] = {**whole.get(name, {}), **value} if isinstance(value, dict) else value
    try:
        return threadsafe_convert(whole, wire.Usage)
    except msgspec.ValidationError as error:
        raise ReplyError(f"the usage of the reply is invalid: {error}") from None
