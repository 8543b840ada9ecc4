"""How the requests of a slice end, decided once and kept small: nearly all of them succeed."""

import re

import msgspec
from msgspec import Struct

from mockbatch.core.rows.row import Row

# no array, as which whole rows are stored
_MARK = b"d"
# a letter that is written as an escape may hide a key
_ESCAPED_LETTER = re.compile(rb"\\u00[4-7]")


class Decided(Struct, frozen=True, array_like=True):
    """How the requests of a slice end.

    `rows` are those that fail, that end without an answer, or whose reply a rule or a recording has; all others
    succeed. `may_be_cached` says that some of the prompts may have cache breakpoints.
    """

    may_be_cached: bool
    rows: list[Row]


_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Decided).decode


def dump_decided(decided: Decided) -> bytes:
    """Return how requests end, as it is stored."""
    return _MARK + _encode(decided)


def load_decided(data: bytes) -> Decided | None:
    """Return how requests end; None where whole rows are stored."""
    return _decode(memoryview(data)[len(_MARK) :]) if data.startswith(_MARK) else None


def decided_of(rows: list[Row]) -> Decided:
    """Return how requests end whose whole rows are known."""
    cached = any(row.more.prefixes for row in rows)
    return Decided(cached, [row for row in rows if not row.succeeds or row.rule])


def may_be_cached(raw: bytes) -> bool:
    """Return whether requests may have cache breakpoints, by their bytes."""
    return b"cache_control" in raw or (b"\\u00" in raw and _ESCAPED_LETTER.search(raw) is not None)
