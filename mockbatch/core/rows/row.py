"""What is kept of a request: how it fails, or what its reply is made of."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from mockbatch.core.contract import wire
from mockbatch.core.money.ledger import is_billed
from mockbatch.core.money.prompt_cache import CacheUse, Prefix
from mockbatch.core.replies.forms import ReplySpec, Request


class Failure(Struct, frozen=True, array_like=True):
    """How a row errs. `executed` tells an error of execution from one of the checks before it; such an error has a
    request_id of its own unless one is given.
    """

    type: str
    message: str
    details: dict[str, Any] | None
    executed: bool
    request_id: str | None = None


class More(Struct, frozen=True, array_like=True):
    """What is kept of a row that is more than some text. Its reply is `kept` as it was made, or made of its params
    again where it is long. `prefixes` are the parts of its prompt that may be cached, and `cache` what they read and
    wrote, once that is known.
    """

    spec: ReplySpec | None = None
    kept: bytes | None = None
    prefixes: tuple[Prefix, ...] = ()
    cache: CacheUse = CacheUse()
    said: dict[str, Any] | None = None
    thinking_tokens: int | None = None
    server_tool_use: wire.ServerToolUse | None = None
    result: bytes | None = None
    """The whole result, as JSON, where it was recorded."""
    written: bool = False
    """Whether its reply is more than the text that its key has."""
    refusal: str | None = None
    """The category of a refusal before any output, which may not be billed; None for other replies."""
    unmet: str = ""
    """Of which schema no value was found, so that the nearest is in the reply; empty where all are met."""


PLAIN = More()


class Row(Struct, frozen=True, array_like=True):
    """What is kept of a request: how it fails, or that it ends without an answer, or what its reply is made of.

    `index` is its place in the batch, `limit` how many tokens the reply may have, `key` the bits that it is drawn from,
    `rule` the name of the rule that decided.
    """

    custom_id: str
    index: int
    failure: Failure | None = None
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
        """Whether it is billed when it succeeds, at the rules of a day."""
        return is_billed(self.more.refusal, day)

    @property
    def succeeds(self) -> bool:
        """Whether it does, when it is done in time."""
        return self.failure is None and not self.unanswered


class Pending(Struct, frozen=True):
    """A row whose reply somebody else has to make: a function of the tester, or a recording."""

    row: Row
    spec: ReplySpec
    request: Request


_pack, _unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Row]).decode


def dump_rows(rows: list[Row]) -> bytes:
    """Rows as they are stored."""
    return _pack(rows)


def load_rows(data: bytes) -> list[Row]:
    """Rows as they were stored."""
    return _unpack(data)
