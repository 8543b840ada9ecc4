"""Split a UTF-8 stream into JSON values: one per line, in a list, in a create body, or pretty-printed."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

_BLANKS = b" \t\r\n"
_HEAD, _LONGEST_START = 1 << 16, 1 << 12
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_TOKEN = re.compile(rb'%b|[{}\[\]"]' % _STRING, re.DOTALL)
_IN_BODY = re.compile(rb"\s*+:\s*+\[")
_MAY_BE_IN_BODY = re.compile(rb"\s*+(?::\s*+)?\Z")
_BODY = re.compile(rb'\s*+\{(?:(?!"custom_id").)*?"requests"\s*+:\s*+\[', re.DOTALL)
_CONTINUED = (b"{", b"[", b",")
_QUOTE, _OPEN, _LIST, _OBJECT = ord('"'), b"{[", ord("["), ord("{")

Form = Literal["lines", "structure"]


class Line(NamedTuple):
    """A value that is not blank, joined into one line.

    `offset` is where it begins in the text, `depth` the number of brackets open around it.
    """

    number: int
    offset: int
    raw: bytes
    depth: int = 0


class BrokenJson(Exception):
    """Invalid JSON between the values of a text."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")


class Documents:
    """The values of a text that arrives in pieces: call `feed` for each, then `rest`.

    Lines longer than `longest` bytes are cut. With `start` and its `form`, the text begins at that line.
    """

    def __init__(self, longest: int, start: Line | None = None, form: Form | None = None) -> None:
        self.form = form
        self._longest, self._start = longest, start or Line(1, 0, b"")
        self._head = b""
        self._reader: _Lines | _Structure | None = self._made() if form else None

    def feed(self, piece: bytes) -> Iterator[Line]:
        """Yield the values that the piece completes. Raises BrokenJson."""
        if self._reader is None:
            self._head += piece
            self.form = form_of(self._head)
            if self.form is None:
                return
            self._reader, piece = self._made(), self._head
        yield from self._reader.feed(piece)

    def rest(self) -> Iterator[Line]:
        """Yield what is left at the end, complete or not. Raises BrokenJson."""
        if self._reader is None:
            self.form = form_of(self._head, whole=True)
            self._reader = self._made()
            yield from self._reader.feed(self._head)
        yield from self._reader.rest()

    def _made(self) -> "_Lines | _Structure":
        return (_Structure if self.form == "structure" else _Lines)(self._longest, self._start)


def form_of(head: bytes, *, whole: bool = False) -> Form | None:
    """Return the form of a text from its beginning; None if that is undecided yet."""
    text = head.lstrip(_BLANKS)
    whole = whole or len(text) >= _HEAD
    if text.startswith(b"[") or _BODY.match(text, 0, _LONGEST_START):
        return "structure"
    first, _, more = text.partition(b"\n")
    first, more = first.rstrip(_BLANKS), more.lstrip(_BLANKS)
    if not (more or whole):
        return None
    # pretty-printed, and not a truncated line
    continues = first.endswith(_CONTINUED) and _depth(first) > 0 and (more[:1] in b'"}' or not first.endswith(b"{"))
    return "structure" if text.startswith(b"{") and continues else "lines"


def _depth(text: bytes) -> int:
    """Return how many brackets a text leaves open."""
    return sum(1 if token in (b"{", b"[") else -1 if token in (b"}", b"]") else 0 for token in _TOKEN.findall(text))


class _Lines:
    """One value per line; only `\\n` ends a line."""

    def __init__(self, longest: int, start: Line) -> None:
        self._longest, self._number, self._offset = longest, start.number, start.offset
        self._parts: list[bytes] = []
        self._size = self._kept = 0

    def feed(self, piece: bytes) -> Iterator[Line]:
        *whole, rest = piece.split(b"\n")
        for part in whole:
            self._keep(part)
            yield from self._taken()
        self._keep(rest)

    def rest(self) -> Iterator[Line]:
        yield from self._taken()

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if part and self._kept < self._longest:
            part = part[: self._longest - self._kept]
            self._parts.append(part)
            self._kept += len(part)

    def _taken(self) -> Iterator[Line]:
        raw = (self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)).strip(_BLANKS)
        line = Line(self._number, self._offset, raw)
        self._number, self._offset = self._number + 1, self._offset + self._size + 1
        self._parts, self._size, self._kept = [], 0, 0
        if raw:
            yield line


class _Structure:
    """Values in lists and bodies, or one after the other, delimited by their brackets.

    `_floor` is the number of brackets open around the values: none, those of a list, or those of a body and its list;
    it is _BEHIND after the list of a body. `_from` is the start of the open value, or of the gap between two values.
    """

    _BEHIND = -1

    def __init__(self, longest: int, start: Line) -> None:
        self._longest = longest
        self._buffer = bytearray()
        self._offset, self._line, self._counted = start.offset, start.number, 0
        self._floor = self._depth = start.depth
        self._from = self._at = self._enough = 0
        self._is_first = True

    def feed(self, piece: bytes) -> Iterator[Line]:
        self._buffer += piece
        if len(self._buffer) >= self._enough:
            yield from self._scanned()
            self._drop()

    def rest(self) -> Iterator[Line]:
        yield from self._scanned()
        left = bytes(self._buffer[self._from :]).strip(_BLANKS) if self._floor != self._BEHIND else b""
        if self._floor > 0 and left in (b"", b","):
            raise BrokenJson(self._number(len(self._buffer)), "the list does not end: the file was cut")
        if left:
            yield self._value(len(self._buffer))
        elif self._floor == self._BEHIND:
            raise BrokenJson(self._number(len(self._buffer)), "the body does not end: the file was cut")

    def _scanned(self) -> Iterator[Line]:
        """Yield the values that end in the buffer."""
        buffer = self._buffer
        for token in _TOKEN.finditer(buffer, self._at):
            at, end = token.span()
            if buffer[at] == _QUOTE:
                if end - at == 1 or (self._may_be_key(at, end) and _MAY_BE_IN_BODY.match(buffer, end)):
                    break  # it may continue in the next piece
                if self._may_be_key(at, end) and (found := _IN_BODY.match(buffer, end)):
                    self._enter(2, found.end())
                    self._at = end
                continue
            if buffer[at] in _OPEN:
                yield from self._opened(at)
            else:
                yield from self._closed(at, end)
            self._at = end
        self._wait()

    def _may_be_key(self, at: int, end: int) -> bool:
        return self._floor == 0 and self._depth == 1 and self._buffer[at:end] == b'"requests"'

    def _opened(self, at: int) -> Iterator[Line]:
        if self._floor == 2 and self._depth == 2 and self._from > at:
            return  # the bracket of the list that was entered
        if self._depth == self._floor:
            yield from self._between(at)
            if self._floor == 0 and self._buffer[at] == _LIST:
                self._enter(1, at + 1)
                return
            self._from = at
        self._depth += 1

    def _closed(self, at: int, end: int) -> Iterator[Line]:
        if self._depth == self._floor == 0:
            yield self._value(end)  # a stray closing bracket
            self._from = end
            return
        if self._depth == self._floor:
            yield from self._between(at)
            self._floor = self._BEHIND if self._floor == 2 else 0
            self._from = end
        self._depth -= 1
        if self._floor == self._BEHIND:
            if self._depth == 0:
                self._floor, self._from = 0, end
        elif self._depth == self._floor and self._from < at and self._buffer[self._from] in _OPEN:
            yield self._value(end)
            self._from, self._is_first = end, False

    def _enter(self, floor: int, at: int) -> None:
        self._floor = self._depth = floor
        self._from, self._is_first = at, True

    def _between(self, at: int) -> Iterator[Line]:
        """Check the gap before a bracket: commas in a list, nothing outside of one; anything else is a value."""
        gap = bytes(self._buffer[self._from : at]).strip(_BLANKS)
        if self._floor > 0 and not self._is_first:
            if not gap.startswith(b",") and self._buffer[at] in _OPEN:
                raise BrokenJson(self._number(at), "a comma is missing before this entry of the list")
            gap = gap.removeprefix(b",")
        if gap.strip(_BLANKS):
            yield self._value(at)

    def _value(self, end: int) -> Line:
        raw = bytes(self._buffer[self._from : end])
        start = self._from + len(raw) - len(raw.lstrip(_BLANKS + b","))
        raw = raw.strip(_BLANKS + b",")
        if b"\n" in raw:
            raw = b" ".join(part.strip(_BLANKS) for part in raw.split(b"\n"))
        return Line(self._number(start), self._offset + start, raw, max(self._floor, 0))

    def _number(self, at: int) -> int:
        self._line += self._buffer.count(b"\n", self._counted, at)
        self._counted = max(at, self._counted)
        return self._line

    def _wait(self) -> None:
        """Scan again only when the open part has doubled, so that a long string is not rescanned for each piece."""
        open_since = len(self._buffer) - self._at
        if len(self._buffer) - self._from > self._longest:
            raise BrokenJson(self._number(self._from), f"a value is longer than {self._longest:,} bytes")
        self._enough = self._at + 2 * open_since

    def _drop(self) -> None:
        """Drop the part of the buffer that was scanned."""
        cut = self._at if self._floor == self._BEHIND else min(self._from, self._at)
        self._number(cut)
        del self._buffer[:cut]
        self._offset += cut
        self._at, self._counted, self._enough = self._at - cut, self._counted - cut, self._enough - cut
        self._from = max(self._from - cut, 0)
