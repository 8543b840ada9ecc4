"""The characters of a body: whether its bytes are UTF-8, and where in it an error is."""

import re
from codecs import utf_8_decode
from json import JSONDecodeError

import msgspec
from msgspec import Raw

_PIECE = 32 << 10
_START = b'{"requests":['
_NOT_UTF_8 = b"\xff"
# reading more into Python's objects, only to find where it breaks off, would keep others waiting
_READ_AT_ONCE = 4 << 20
_BYTE = re.compile(r" \(byte (\d+)\)")


class NotJson(Exception):
    """What was to be decoded is not JSON, or not all of it."""


def characters(data: bytes | bytearray | memoryview) -> int:
    """How many characters these bytes are.

    Raises NotJson where they are not UTF-8, which the decoder of JSON overlooks in what it skips.
    """
    count, at, length = 0, 0, 1
    try:
        with memoryview(data) as view:
            while length:
                # piece by piece: what is decoded and thrown away again then stays in the processor's cache
                text, length = utf_8_decode(view[at : at + _PIECE], "strict", False)
                count, at = count + len(text), at + length
    except UnicodeDecodeError:
        raise NotJson from None
    if at < len(data):
        raise NotJson
    return count


def _skimmed(body: bytes) -> JSONDecodeError:
    """What is wrong with a large body and where, found without reading its values."""
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


class Place:
    """Where in a body what is left of it begins, when whole requests were cut off and are gone: in parts, which are
    passed over first, and counted later.
    """

    def __init__(self) -> None:
        self._parts = 0
        self._counts: list[int] = []
        self._lines = 0
        # so many characters before the end of so many parts
        self._line_start = (0, 0)

    @property
    def passed(self) -> bool:
        return self._parts > 0

    def pass_over(self, buffer: bytes | bytearray, end: int) -> None:
        """A part goes to the `end` of the buffer, what is left begins there."""
        self._parts += 1
        if newline := buffer.rfind(b"\n", 0, end) + 1:
            self._lines += buffer.count(b"\n", 0, end)
            self._line_start = (len(buffer[newline:end].decode(errors="replace")), self._parts)

    def count(self, number: int) -> None:
        """The next part has so many characters."""
        self._counts.append(number)

    def whole(self, rest: bytes) -> bytes:
        """What is left, as a body of its own."""
        return _START + rest if self.passed else rest

    def told(self, rest: bytes = _NOT_UTF_8) -> str:
        """What is wrong with a body of which this is left, and where."""
        if len(rest) > _READ_AT_ONCE:
            problem = _skimmed(rest)
        else:
            # not before: only a broken body needs it
            import orjson

            try:
                orjson.loads(self.whole(rest))
            except orjson.JSONDecodeError as error:
                problem = error
            else:
                return "unexpected content"
        # what is not UTF-8 is told of the whole, which has no place
        before = sum(self._counts) - len(self.whole(b"")) if problem.pos else 0
        column = problem.colno + (before - self._start_of_line() if problem.lineno == 1 else 0)
        return f"{problem.msg}: line {problem.lineno + self._lines} column {column} (char {problem.pos + before})"

    def _start_of_line(self) -> int:
        after, parts = self._line_start
        return sum(self._counts[:parts]) - after
