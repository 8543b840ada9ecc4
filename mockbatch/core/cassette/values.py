"""JSON values to bytes and back, whatever is in them; and the same bytes for the same value."""

import json
import math
from typing import Any, NoReturn

import msgspec

_encode, _encode_sorted = msgspec.json.Encoder().encode, msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


def decode(data: bytes | memoryview) -> Any:
    """The value of some JSON. Raises ValueError for what is no JSON, or no value that can be written again."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # JSON may hold halves of characters, which only the standard library reads
        return _decoded_slowly(bytes(data))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _decoded_slowly(data: bytes) -> Any:
    try:
        return json.loads(data, parse_float=_finite, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is beyond all ranges")
    return number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def encode(value: Any) -> bytes:
    """One line of compact JSON that `decode` reads back."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()


def canonical(value: Any) -> bytes:
    """The same bytes for the same value, whatever the order of its keys."""
    try:
        return _encode_sorted(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
