"""The reply to a request, as a whole message. Pure: the same request gets the same reply, in a batch or outside."""

from typing import Any, Literal

from msgspec.json import Encoder

from mockbatch.core.contract import wire
from mockbatch.core.contract.catalog import Model
from mockbatch.core.draws import draw_of, subseed
from mockbatch.core.replies.text import plain_text

_NO_CACHE = wire.CacheCreation()
_encode_sorted = Encoder(order="sorted").encode


def reply_key(seed: int, params: dict[str, Any]) -> int:
    """64 bits that stand for a request, whatever the order of its keys, and streamed or not."""
    try:
        content = _encode_sorted({name: params[name] for name in params if name != "stream"})
    except OverflowError:  # an integer of more than 64 bits
        content = repr(params).encode("utf-8", "surrogatepass")
    return draw_of(subseed(seed, "reply"), content)


def reply_message(
    message_id: str,
    model: Model,
    key: int,
    *,
    max_tokens: int,
    input_tokens: int,
    service_tier: Literal["standard", "batch"],
) -> wire.Message:
    """The message for the bits of `reply_key`; none of its content where `max_tokens` is 0."""
    text, output_tokens, stop_reason = plain_text(key, max_tokens, model)
    return wire.Message(
        model.id,
        message_id,
        "message",
        "assistant",
        [wire.TextBlock(text)] if max_tokens else [],
        None,
        stop_reason,
        None,
        None,
        wire.Usage(input_tokens, 0, 0, _NO_CACHE, output_tokens, service_tier, model.inference_geo),
        None,
    )
