"""A reply as it is kept beside its row: its blocks as the JSON that is sent, so that it need not be made again."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from mockbatch.core.replies.forms import Reply

SHORT = 2 << 10
"""Up to so many bytes a reply takes longer to be made than to be read."""


class KeptReply(Struct, frozen=True, array_like=True):
    """What a message has of a reply. What it has used is kept with its row."""

    content: list[Raw]
    stop_reason: str
    stop_sequence: str | None
    stop_details: dict[str, Any] | None
    container: dict[str, Any] | None


class _Written(Struct, frozen=True, array_like=True):
    content: list[Any]
    stop_reason: str
    stop_sequence: str | None
    stop_details: Any
    container: Any


_encode, load_reply = msgspec.json.Encoder().encode, msgspec.json.Decoder(KeptReply).decode


def dump_reply(reply: Reply) -> bytes:
    """A reply as it is kept."""
    return _encode(_Written(reply.content, reply.stop_reason, reply.stop_sequence, reply.stop_details, reply.container))
