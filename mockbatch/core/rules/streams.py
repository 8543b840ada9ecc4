"""The effect of rules on the lines of results: missing, doubled or odd rows, and odd bytes.

Each `Work` is fed lines without their line endings and returns bytes; `finish` returns the rest.
"""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.match import test_of
from mockbatch.core.rules.rules import Rule
from mockbatch.core.sizes import parse_size

# the chunk size of the official SDK's decoder
_CHUNK = 64
_NAME = re.compile(rb'"custom_id":"([^"]*)"')
_TEXT = re.compile(rb'"(?:text|message)":"')
_RESULT = re.compile(rb'"result":.*\Z', re.DOTALL)


class Work(Protocol):
    """A transformation of lines."""

    def feed(self, lines: Sequence[bytes]) -> bytes: ...

    def finish(self) -> bytes: ...


class Rows:
    """Transforms the rows that a rule matches."""

    def __init__(self, rule: Rule, change: Callable[[bytes], bytes]) -> None:
        self._means = test_of(rule.option("custom_id"))
        self._left = rule.option("first") or 1 << 62
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


def _of_type(kind: str) -> Callable[[bytes], bytes]:
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


_TRICKS: dict[str, Callable[[], Work]] = {
    "bom": lambda: FirstRow(lambda line: b"\xef\xbb\xbf" + line + b"\n"),
    "crlf": lambda: EveryRow(_with_crlf),
    "crlf_split": lambda: EveryRow(_split_before(b"\r\n")),
    "lone_cr": lambda: EveryRow(_split_before(b"\r")),
    "blank_line": lambda: FirstRow(lambda line: line + b"\n\n"),
    "no_final_newline": NoFinalNewline,
    "invalid_utf8": lambda: FirstRow(lambda line: _with_text(line, b"\xff")),
    "u2028": lambda: EveryRow(lambda line, _: _with_text(line, "\u2028".encode())),
    "u2029": lambda: EveryRow(lambda line, _: _with_text(line, "\u2029".encode())),
    "nel": lambda: EveryRow(lambda line, _: _with_text(line, "\u0085".encode())),
    "emoji_split": lambda: EveryRow(_split_emoji),
    "line_5mb": lambda: FirstRow(lambda line: _with_text(line, b"x" * 5_000_000)),
}

_EXTRA = b'{"schema_version":2,"attempts":[{"n":1}],'

_WORKS: dict[str, Callable[[Rule], Work]] = {
    "results.omit": lambda rule: Rows(rule, lambda line: b""),
    "results.duplicate": lambda rule: Rows(rule, lambda line: line + b"\n" + line + b"\n"),
    "results.bytes": lambda rule: _TRICKS[rule.option("trick")](),
    "compat.unknown_result_type": lambda rule: Rows(rule, _of_type(rule.option("type"))),
    "compat.extra_fields": lambda rule: EveryRow(lambda line, _: _EXTRA + line[1:] + b"\n"),
}


def work_of(rule: Rule) -> Work | None:
    """Return the transformation that a rule applies to the lines, or None."""
    make = _WORKS.get(rule.fault or "")
    return make(rule) if make else None


class Place:
    """A position in a stream: after a number of lines or bytes, or in the middle of the next line."""

    def __init__(self, lines: int, size: int | None = None, *, mid_line: bool = False, boundary: bytes = b"\n") -> None:
        self._lines = lines
        self._boundary = boundary
        self._bytes = size
        self._mid_line = mid_line
        self.reached = False

    def before(self, piece: bytes) -> bytes:
        """Return the part of the next piece before the position; sets `reached` when the position is in the piece."""
        end = self._end(piece)
        if end is None:
            return piece
        self.reached = True
        return piece[:end]

    def _end(self, piece: bytes) -> int | None:
        if self._bytes is not None:
            return self._end_by_bytes(piece)
        count = piece.count(b"\n")
        if count < self._lines or (self._mid_line and count == self._lines and piece.endswith(b"\n")) or not piece:
            self._lines -= count
            return None
        at = 0
        for _ in range(self._lines):
            at = piece.index(b"\n", at) + 1
        if not self._mid_line:
            return at
        line_end = piece.find(b"\n", at)
        return at + max(((line_end if line_end >= 0 else len(piece)) - at) // 2, 1)

    def _end_by_bytes(self, piece: bytes) -> int | None:
        assert self._bytes is not None
        if len(piece) < self._bytes or not piece:
            self._bytes -= len(piece)
            return None
        if self._mid_line:
            return self._bytes
        at = piece.rfind(self._boundary, 0, self._bytes)
        return at + len(self._boundary) if at >= 0 else 0


EVENT_LINES = 3
"""The number of lines of an event of a streamed message: its name, its data, and a blank line."""


def place_of(rule: Rule) -> Place:
    """Return the position that a rule gives: after a number of rows, events or bytes."""
    options = FAULTS[str(rule.fault)].options
    size = rule.option("after_bytes") if "after_bytes" in options else None
    exact = size is not None
    middle = rule.options.get("at", "mid_line" if exact else "boundary") != "boundary"
    if "after_events" in options:
        lines = (rule.option("after_events") or 0) * EVENT_LINES
        # cutting an event in the middle means cutting its data
        lines += middle and not exact
    else:
        lines = rule.option("after_items") or 0
    boundary = b"\n\n" if "after_events" in options else b"\n"
    return Place(lines, parse_size(str(size)) if exact else None, mid_line=middle, boundary=boundary)


def error_event(envelope: bytes) -> bytes:
    """Return the event that ends a failed message, with the envelope that the error would have as a response."""
    return b"event: error\ndata: %b\n\n" % envelope
