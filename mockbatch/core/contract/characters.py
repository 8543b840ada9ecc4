"""The characters of a body: UTF-8 validation, and the position of errors."""

import re
from codecs import utf_8_decode
from json import JSONDecodeError

import msgspec
from msgspec import Raw

_PIECE = 32 << 10
_START = b'{"requests":['
_NOT_UTF_8 = b"\xff"
# parsing more than this into Python objects, just to locate an error, would block other calls
_READ_AT_ONCE = 4 << 20
_BYTE = re.compile(r" \(byte (\d+)\)")


class NotJson(Exception):
    """The data is not valid JSON, or is truncated."""


def characters(data: bytes | bytearray | memoryview) -> int:
    """Return the number of characters.

    Raises NotJson if the data is not UTF-8; the JSON decoder does not notice this in values it skips.
    """
    count, at, length = 0, 0, 1
    try:
        with memoryview(data) as view:
            while length:
                # small pieces keep the discarded text in the CPU cache
                text, length = utf_8_decode(view[at : at + _PIECE], "strict", False)
                count, at = count + len(text), at + length
    except UnicodeDecodeError:
        raise NotJson from None
    if at < len(data):
        raise NotJson
    return count


def _skimmed(body: bytes) -> JSONDecodeError:
    """Describe and locate the error in a large body without decoding its values."""
    try:
        msgspec.json.decode(body, type=Raw)
    except RecursionError:
        return JSONDecodeError("depth limit exceeded", "", 0)
    except msgspec.DecodeError as error:
        message = str(error).removeprefix("JSON is malformed: ")
        found = _BYTE.search(message)
        text = body[: int(found[1]) if found else len(body)].decode(errors="replace")
        return JSONDecodeError(_BYTE.sub("", message), text, len(text))
    return JSONDecodeError("unexpected content", "", 0)


class BodyPosition:
    """The position at which the remaining part of a body begins, after whole requests were cut off and discarded.

    Parts are passed over first and counted later.
    """

    def __init__(self) -> None:
        self._parts = 0
        self._counts: list[int] = []
        self._lines = 0
        # characters before the end of the given number of parts
        self._line_start = (0, 0)

    @property
    def passed(self) -> bool:
        return self._parts > 0

    def pass_over(self, buffer: bytes | bytearray, end: int) -> None:
        """Mark the buffer up to `end` as a part; the remaining part begins there."""
        self._parts += 1
        if newline := buffer.rfind(b"\n", 0, end) + 1:
            self._lines += buffer.count(b"\n", 0, end)
            self._line_start = (len(buffer[newline:end].decode(errors="replace")), self._parts)

    def count(self, number: int) -> None:
        """Record the number of characters of the next part."""
        self._counts.append(number)

    def whole(self, rest: bytes) -> bytes:
        """Return the remaining part as a standalone body."""
        return _START + rest if self.passed else rest

    def describe_error(self, rest: bytes = _NOT_UTF_8) -> str:
        """Describe and locate the error in a body with this remaining part."""
        if len(rest) > _READ_AT_ONCE:
            problem = _skimmed(rest)
        else:
            # not before: only a broken body needs it
            import orjson

            try:
                orjson.loads(self.whole(rest))
            except orjson.JSONDecodeError as error:
                # its traceback would keep this frame, which keeps the error: garbage with the body in it
                problem = error.with_traceback(None)
            else:
                return "unexpected content"
        # invalid UTF-8 is reported for the whole body, without a position
        before = sum(self._counts) - len(self.whole(b"")) if problem.pos else 0
        column = problem.colno + (before - self._start_of_line() if problem.lineno == 1 else 0)
        return f"{problem.msg}: line {problem.lineno + self._lines} column {column} (char {problem.pos + before})"

    def _start_of_line(self) -> int:
        after, parts = self._line_start
        return sum(self._counts[:parts]) - after
