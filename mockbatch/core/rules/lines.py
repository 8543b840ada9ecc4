"""Transformations of the lines of results: missing, doubled or odd rows, and odd bytes."""

import re
from collections.abc import Callable, Sequence

import msgspec

from mockbatch.core.rules.actions import LineTransform
from mockbatch.core.rules.match import test_of

# the chunk size of the official SDK's decoder
_CHUNK = 64
_NAME = re.compile(rb'"custom_id":"([^"]*)"')
_TEXT = re.compile(rb'"(?:text|message)":"')
_RESULT = re.compile(rb'"result":.*\Z', re.DOTALL)


class Rows:
    """Transforms the `first` rows, or all if it is 0, whose custom_id matches a pattern."""

    def __init__(self, custom_id: str, first: int, change: Callable[[bytes], bytes]) -> None:
        self._means = test_of(custom_id)
        self._left = first or 1 << 62
        self._change = change

    def feed(self, lines: Sequence[bytes]) -> bytes:
        return b"".join(map(self._fed, lines))

    def finish(self) -> bytes:
        return b""

    def _fed(self, line: bytes) -> bytes:
        named = _NAME.search(line)
        if self._left and named and self._means(named[1].decode()):
            self._left -= 1
            return self._change(line)
        return line + b"\n"


def of_type(kind: str) -> Callable[[bytes], bytes]:
    """Return the change of a row to one with this type of result."""
    encoded = msgspec.json.encode(kind)
    return lambda line: _RESULT.sub(lambda _: b'"result":{"type":%b}}\n' % encoded, line)


class EveryRow:
    """Transforms each line, given the number of bytes before it."""

    def __init__(self, change: Callable[[bytes, int], bytes]) -> None:
        self._change = change
        self._offset = 0

    def feed(self, lines: Sequence[bytes]) -> bytes:
        done = bytearray()
        for line in lines:
            done += self._change(line, self._offset + len(done))
        self._offset += len(done)
        return bytes(done)

    def finish(self) -> bytes:
        return b""


class FirstRow(EveryRow):
    """Transforms the first line only."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        super().__init__(lambda line, offset: line + b"\n" if offset else change(line))


class NoFinalNewline:
    """Sends each line ending with the next line, so that the last line has none."""

    def __init__(self) -> None:
        self._between = b""

    def feed(self, lines: Sequence[bytes]) -> bytes:
        if not lines:
            return b""
        done = self._between + b"\n".join(lines)
        self._between = b"\n"
        return done

    def finish(self) -> bytes:
        return b""


def _split_before(end: bytes) -> Callable[[bytes, int], bytes]:
    """Pad lines with blanks so that the first byte of the line ending is the last byte of a chunk."""

    def change(line: bytes, offset: int) -> bytes:
        blanks = -(offset + len(line) + 1) % _CHUNK
        return b"{" + b" " * blanks + line[1:] + end

    return change


def _with_crlf(line: bytes, offset: int) -> bytes:
    """Return the line with CR LF; a blank keeps these from being split across two chunks."""
    blank = b" " if (offset + len(line) + 1) % _CHUNK == 0 else b""
    return line + blank + b"\r\n"


def _with_text(line: bytes, text: bytes) -> bytes:
    """Insert `text` at the start of the line's first text or message, if it has one."""
    found = _TEXT.search(line)
    at = found.end() if found else len(line)
    return line[:at] + (text if found else b"") + line[at:] + b"\n"


def _split_emoji(line: bytes, offset: int) -> bytes:
    found = _TEXT.search(line)
    at = found.end() if found else 0
    # two of its four bytes fall into one chunk, two into the next
    filled = b"." * (-(offset + at + 2) % _CHUNK)
    return _with_text(line, filled + "\N{PILE OF POO}".encode())


TRICKS: dict[str, Callable[[], LineTransform]] = {
    "bom": lambda: FirstRow(lambda line: b"\xef\xbb\xbf" + line + b"\n"),
    "crlf": lambda: EveryRow(_with_crlf),
    "crlf_split": lambda: EveryRow(_split_before(b"\r\n")),
    "blank_line": lambda: FirstRow(lambda line: line + b"\n\n"),
    "lone_cr": lambda: EveryRow(_split_before(b"\r")),
    "no_final_newline": NoFinalNewline,
    "invalid_utf8": lambda: FirstRow(lambda line: _with_text(line, b"\xff")),
    "u2028": lambda: EveryRow(lambda line, _: _with_text(line, "\u2028".encode())),
    "u2029": lambda: EveryRow(lambda line, _: _with_text(line, "\u2029".encode())),
    "nel": lambda: EveryRow(lambda line, _: _with_text(line, "\u0085".encode())),
    "emoji_split": lambda: EveryRow(_split_emoji),
    "line_5mb": lambda: FirstRow(lambda line: _with_text(line, b"x" * 5_000_000)),
}
"""The transformations of `results.bytes`."""

EXTRA = b'{"schema_version":2,"attempts":[{"n":1}],'
"""Fields that results do not have, at the beginning of a row."""
