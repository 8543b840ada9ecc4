"""The options of faults: their kinds, and how their values are parsed, stored and used."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mockbatch.core.numbers import natural, shortened
from mockbatch.core.sizes import parse_size
from mockbatch.core.suggestions import did_you_mean
from mockbatch.core.time.delays import parse_delay
from mockbatch.core.time.spans import DAY, format_span, parse_span

Kind = Literal["count", "share", "span", "text", "choice", "flag", "table", "delay", "list", "size", "status", "json"]


LONGEST_SPAN = 3650 * DAY
LARGEST_COUNT = 1 << 53


class RuleError(ValueError):
    """An invalid rule; the message is one sentence for its author."""


class FaultParam(Struct, frozen=True):
    """An option of a fault. `choices` are the allowed values of a choice, or the allowed elements of a list."""

    kind: Kind
    help: str
    default: Any = None
    choices: tuple[str, ...] = ()

    def read(self, value: Any) -> Any:
        """Parse and normalize a value; spans, sizes and delays stay text. Raises ValueError."""
        return _READERS[self.kind](self, value)

    def load(self, value: Any) -> Any:
        """Return a parsed value as faults use it: spans in microseconds, sizes in bytes, delays as functions."""
        load = _LOADERS.get(self.kind)
        return value if load is None or value is None else load(str(value))


def option(kind: Kind, help: str, default: Any = None, choices: tuple[str, ...] = ()) -> Any:
    """Define an option as an attribute of a fault; the annotation of the attribute is the type of its value."""
    return FaultParam(kind, help, default, choices)


def _count(option: FaultParam, value: Any) -> int:
    return _integer(value, 0, LARGEST_COUNT)


def _status(option: FaultParam, value: Any) -> int:
    return _integer(value, 200, 599)


def _integer(value: Any, low: int, high: int) -> int:
    number = value if isinstance(value, int) else natural(str(value))
    if isinstance(value, bool) or number is None or not low <= number <= high:
        shown = shortened(value) if isinstance(value, str) else repr(value)[:60]
        raise ValueError(f"{shown} is not an integer" + (f" from {low} to {high}" if low else ""))
    return number


def _share(option: FaultParam, value: Any) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError, OverflowError):
        share = -1.0
    if not 0 <= share <= 1 or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a number between 0 and 1")
    return share


def _span(option: FaultParam, value: Any) -> str:
    span = parse_span(str(value)) if len(str(value)) <= 100 else LONGEST_SPAN + 1
    if span > LONGEST_SPAN:
        raise ValueError(f"{str(value)[:100]!r} is longer than {format_span(LONGEST_SPAN)}")
    return format_span(span)


def _text(option: FaultParam, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return sendable(value)


def sendable(text: str) -> str:
    """Return the text. Raise ValueError if it has a lone surrogate, which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{text[:100]!r} has a lone surrogate, which UTF-8 cannot encode") from None
    return text


def _choice(option: FaultParam, value: Any) -> str:
    if value not in option.choices:
        near = did_you_mean(str(value), option.choices)
        raise ValueError(f"{value!r} is not one of them.{near} Known: {', '.join(option.choices)}")
    return str(value)


def _flag(option: FaultParam, value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise ValueError(f"{value!r} is neither true nor false")
    return text == "true"


def _table(option: FaultParam, value: Any) -> dict[str, str]:
    """Parse a table, or a text like `name: value; name: value`."""
    if isinstance(value, str):
        pairs = [pair.partition(":") for pair in value.split(";")]
        value = {name.strip(): text.strip() for name, colon, text in pairs if colon}
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"{value!r} is not a table; write it like 'name: value; name: value'")
    headers = {str(name).lower(): str(text) for name, text in value.items()}
    for name, text in headers.items():
        _check_header(name, text)
    return headers


_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]{1,200}").fullmatch
_FIELD = re.compile(r"(?:[\t\x20-\x7e\x80-\xff]{0,8000})").fullmatch
_OF_THE_SERVER = frozenset({"date", "server", "connection", "transfer-encoding", "keep-alive"})
_FRAMING = frozenset({"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})


def check_header_name(name: str) -> None:
    """Raise ValueError if `name` is not a lowercase header name."""
    if not _TOKEN(name):
        raise ValueError(f"{name[:100]!r} is not a header name")


def check_removable(name: str) -> None:
    """Raise ValueError if `name` is not the name of a header that can be removed from a response."""
    check_header_name(name)
    if name in _OF_THE_SERVER:
        raise ValueError(f"{name}: the server itself sets this header")


def is_header(name: str, text: str) -> bool:
    """Return whether a response can carry this header."""
    try:
        _check_header(name, text)
    except ValueError:
        return False
    return True


def _check_header(name: str, text: str) -> None:
    """Raise ValueError for a header that HTTP/1.1 cannot carry, or that would break the framing of the response."""
    check_header_name(name)
    if not _FIELD(text):
        raise ValueError(
            f"{name}: {text[:100]!r} is not the value of a header: one line of at most 8,000 Latin-1 characters"
        )
    if name in _FRAMING:
        raise ValueError(f"{name}: the server itself sets this header")


def _delay(option: FaultParam, value: Any) -> str:
    parse_delay(str(value))
    return str(value)


def _list(option: FaultParam, value: Any) -> list[str]:
    """Parse a list, or a text like `one/two`."""
    words = value.split("/") if isinstance(value, str) else value
    if not isinstance(words, list) or not words:
        raise ValueError(f"{value!r} is not a list; write it like one/two")
    return [_choice(option, word) if option.choices else _text(option, word) for word in words]


def _size(option: FaultParam, value: Any) -> str | int:
    if parse_size(str(value)) > LARGEST_COUNT:
        raise ValueError(f"{str(value)[:100]!r} is more than 2**53 bytes")
    return value if isinstance(value, int) else str(value)


def _json(option: FaultParam, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is not a table")
    try:
        sendable(json.dumps(value, ensure_ascii=False, allow_nan=False))
        msgspec.msgpack.encode(value)  # JSON alone would accept integers of any size
    except (TypeError, OverflowError, RecursionError, ValueError) as error:
        raise ValueError(f"the table cannot be written as JSON: {str(error)[:200]}") from None
    return dict(value)


_READERS = {
    "count": _count,
    "share": _share,
    "span": _span,
    "text": _text,
    "choice": _choice,
    "flag": _flag,
    "table": _table,
    "delay": _delay,
    "list": _list,
    "size": _size,
    "status": _status,
    "json": _json,
}
_LOADERS: dict[Kind, Callable[[str], Any]] = {
    "span": lambda text: min(parse_span(text), LONGEST_SPAN),
    "delay": parse_delay,
    "size": parse_size,
}
