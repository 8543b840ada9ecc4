"""Plain values made into types, in any thread.

msgspec learns a type part by part when it is first used, and another thread that meets a half-learned one crashes the
process: https://github.com/msgspec/msgspec/blob/main/src/msgspec/_core.c (StructInfo_Convert).
"""

from threading import Lock
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_learned: set[Any] = set()
_learning = Lock()


def convert(value: Any, kind: type[T], *, strict: bool = True) -> T:
    """The value as one of these. Raises msgspec.ValidationError; not strict, texts are read as numbers."""
    if kind not in _learned:
        _learn(kind)
    return msgspec.convert(value, kind, strict=strict)


def _learn(kind: Any) -> None:
    with _learning:
        msgspec.msgpack.Decoder(kind)
        _learned.add(kind)
