"""A reply as stored with its row: its blocks in the JSON that is sent, so it need not be generated again."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from mockbatch.core.replies.draft import Reply

SHORT = 2 << 10
"""Up to this many bytes, a reply takes longer to generate than to read."""


class StoredReply(Struct, frozen=True, array_like=True):
    """The parts of a reply that a message contains. Its usage is stored with its row."""

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


_encode, load_reply = msgspec.json.Encoder().encode, msgspec.json.Decoder(StoredReply).decode


def dump_reply(reply: Reply) -> bytes:
    """Encode a reply for storage."""
    return _encode(_Written(reply.content, reply.stop_reason, reply.stop_sequence, reply.stop_details, reply.container))
