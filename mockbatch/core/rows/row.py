"""The stored form of a row: how it fails, or what its reply is built from."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from mockbatch.core.contract import wire
from mockbatch.core.money.ledger import is_billed
from mockbatch.core.money.prompt_cache import CacheUse, Prefix
from mockbatch.core.replies.draft import ReplySpec, Request


class RowFailure(Struct, frozen=True, array_like=True):
    """The error of a row. `executed` means it failed during execution rather than in validation; such an error has a
    generated request_id unless one is given.
    """

    type: str
    message: str
    details: dict[str, Any] | None
    executed: bool
    request_id: str | None = None


class More(Struct, frozen=True, array_like=True):
    """The stored data of a row beyond plain text.

    Its reply is `kept` as made, or rebuilt from its params if it is long. `prefixes` are the cacheable parts of its
    prompt, and `cache` is what they read and wrote, once known.
    """

    spec: ReplySpec | None = None
    kept: bytes | None = None
    prefixes: tuple[Prefix, ...] = ()
    cache: CacheUse = CacheUse()
    said: dict[str, Any] | None = None
    thinking_tokens: int | None = None
    server_tool_use: wire.ServerToolUse | None = None
    result: bytes | None = None
    """The whole result as JSON, if it was recorded."""
    written: bool = False
    """Whether the reply has more than the text that its key determines."""
    refusal: str | None = None
    """The category of a refusal without any output, which may not be billed; None for other replies."""
    unmet: str = ""
    """The schema for which no valid value was found, so that the reply has the closest; empty if all are met."""


PLAIN = More()


class Row(Struct, frozen=True, array_like=True):
    """The stored form of a row: its failure, or that it ends without a reply, or what its reply is built from.

    `index` is its position in the batch, `limit` the reply's token limit, `key` seeds the reply, `rule` is the name of
    the rule that decided.
    """

    custom_id: str
    index: int
    failure: RowFailure | None = None
    unanswered: Literal["", "canceled", "expired"] = ""
    model: str = ""
    key: int = 0
    limit: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    geo: str = ""
    rule: str = ""
    more: More = PLAIN

    def is_billed(self, day: str) -> bool:
        """Return whether it is billed if it succeeds, by the rules of a day."""
        return is_billed(self.more.refusal, day)

    @property
    def succeeds(self) -> bool:
        """Whether it succeeds if it is done in time."""
        return self.failure is None and not self.unanswered


class Pending(Struct, frozen=True):
    """A row whose reply is made elsewhere: by a user function or from a recording."""

    row: Row
    spec: ReplySpec
    request: Request


_pack, _unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Row]).decode


def dump_rows(rows: list[Row]) -> bytes:
    """Encode rows for storage."""
    return _pack(rows)


def load_rows(data: bytes) -> list[Row]:
    """Decode stored rows."""
    return _unpack(data)
