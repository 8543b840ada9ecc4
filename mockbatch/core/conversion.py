"""Thread-safe conversion of plain values to types.

msgspec builds the description of a type lazily on first use, and a second thread that sees a half-built one crashes the
process: https://github.com/msgspec/msgspec/blob/main/src/msgspec/_core.c (StructInfo_Convert).
"""

from threading import Lock
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_learned: set[Any] = set()
_learning = Lock()


def threadsafe_convert(value: Any, kind: type[T], *, strict: bool = True) -> T:
    """Convert a value to a type. Raises msgspec.ValidationError; with `strict=False`, texts are parsed as numbers."""
    if kind not in _learned:
        _learn(kind)
    return msgspec.convert(value, kind, strict=strict)


def _learn(kind: Any) -> None:
    with _learning:
        msgspec.msgpack.Decoder(kind)
        _learned.add(kind)
