"""The outcomes of a slice, decided once and stored compactly: nearly all requests succeed."""

import re

import msgspec
from msgspec import Struct

from mockbatch.core.rows.row import Row

# not a msgpack array, unlike stored rows
_MARK = b"d"
# an escaped letter may hide a key
_ESCAPED_LETTER = re.compile(rb"\\u00[4-7]")


class Decided(Struct, frozen=True, array_like=True):
    """The outcomes of a slice.

    `rows` are those that fail, end without a reply, or whose reply comes from a rule or a recording; all others
    succeed. `may_be_cached` is whether some of the prompts may have cache breakpoints.
    """

    may_be_cached: bool
    rows: list[Row]


_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Decided).decode


def dump_decided(decided: Decided) -> bytes:
    """Serialize outcomes."""
    return _MARK + _encode(decided)


def load_decided(data: bytes) -> Decided | None:
    """Deserialize outcomes; None if the data are complete rows."""
    return _decode(memoryview(data)[len(_MARK) :]) if data.startswith(_MARK) else None


def decided_of(rows: list[Row]) -> Decided:
    """Return the outcomes of complete rows."""
    cached = any(row.more.prefixes for row in rows)
    return Decided(cached, [row for row in rows if not row.succeeds or row.rule])


def may_be_cached(raw: bytes) -> bool:
    """Return whether requests may have cache breakpoints, by their bytes."""
    return _may_have(b"cache_control", raw)


def may_have_schema(raw: bytes) -> bool:
    """Return whether requests may have a JSON Schema, by their bytes."""
    return _may_have(b"schema", raw)


def _may_have(key: bytes, raw: bytes) -> bool:
    return key in raw or (b"\\u00" in raw and _ESCAPED_LETTER.search(raw) is not None)
