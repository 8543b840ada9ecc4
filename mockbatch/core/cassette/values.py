"""Encode and decode any JSON value; the canonical encoding gives the same bytes for the same value."""

import json
import math
from typing import Any, NoReturn

import msgspec

from mockbatch.core.not_json import reason_of

_encode, _encode_sorted = msgspec.json.Encoder().encode, msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


def decode(data: bytes | memoryview) -> Any:
    """Decode JSON. Raises ValueError for invalid JSON, or a value that cannot be encoded again."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # JSON may hold lone surrogates, which only the standard library accepts
        return _decoded_slowly(bytes(data))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _decoded_slowly(data: bytes) -> Any:
    try:
        return json.loads(data, parse_float=_finite, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(reason_of(data, error)) from None


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is out of range")
    return number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def encode(value: Any) -> bytes:
    """Encode a value as one line of compact JSON that `decode` accepts."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()


def canonical(value: Any) -> bytes:
    """Encode a value to the same bytes regardless of key order."""
    try:
        return _encode_sorted(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
