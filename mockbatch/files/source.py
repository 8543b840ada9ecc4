"""Files of JSON values: requests, results, rows; read lazily and repeatedly, in any compression, encoding and form."""

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from mockbatch.files import UnreadableFile
from mockbatch.files.documents import BrokenJson, Documents, Form, Line
from mockbatch.files.encoding import LONGEST_MARK, Recoder, encoding_of
from mockbatch.files.kinds import ExpectedInput, check_kind
from mockbatch.files.packed import UNREADABLE, unpacked

LONGEST = 256_000_000
"""The longest value in bytes: as long as the body of a batch."""

_BUFFER = 1 << 20
_HEAD = 1 << 16


class JsonFile:
    """A file that can be read from any position, any number of times. Created by `opened`."""

    def __init__(self, name: str, file: BinaryIO, longest: int = LONGEST) -> None:
        self.name = name
        self._file = file
        self._longest = longest
        self._size = file.seek(0, io.SEEK_END)
        self._stamp = self._stamped()
        self._text = unpacked(name, file)
        self._form: Form | None = None

    def lines(self, start: Line | None = None) -> Iterator[Line]:
        """Yield the values from `start` on, each as a line. A line longer than any valid value is cut.

        Raises UnreadableFile if the file cannot be read, or has changed.
        """
        if self._stamp != self._stamped():
            raise UnreadableFile(f"{self.name} changed while it was being read")
        last = 0
        try:
            for line in self._values(start):
                last = line.number
                yield line
        except BrokenJson as error:
            raise UnreadableFile(f"{self.name}: {error}") from None
        except UNREADABLE as error:
            after = f" after line {last:,}" if last else ""
            raise UnreadableFile(f"{self.name} cannot be read{after}: {error}") from None

    def _values(self, start: Line | None) -> Iterator[Line]:
        documents = Documents(self._longest, start, self._form if start else None)
        for piece in self._pieces(start.offset if start else 0):
            yield from documents.feed(piece)
            self._form = documents.form
        yield from documents.rest()
        self._form = documents.form

    def head(self) -> bytes:
        """Return the beginning of the contents, in UTF-8."""
        self._text.seek(0)
        try:
            return Recoder().feed(self._text.read(_HEAD))
        except UNREADABLE:
            return b""

    @property
    def plain(self) -> BinaryIO | None:
        """The file itself if it is plain UTF-8; None if it has to be decompressed or recoded."""
        self._text.seek(0)
        is_plain = self._text is self._file and encoding_of(self._text.read(LONGEST_MARK)) == ("utf-8", 0)
        return self._file if is_plain else None

    def pieces(self) -> Iterator[bytes]:
        """Yield the contents decompressed, in their own encoding. Raises UnreadableFile."""
        self._text.seek(0)
        try:
            while piece := self._text.read(_BUFFER):
                yield piece
        except UNREADABLE as error:
            raise UnreadableFile(f"{self.name} cannot be read: {error}") from None

    def text(self) -> Iterator[bytes]:
        """Yield the contents in UTF-8. Raises UnreadableFile."""
        try:
            yield from self._pieces(0)
        except UNREADABLE as error:
            raise UnreadableFile(f"{self.name} cannot be read: {error}") from None

    def share_read(self) -> float:
        """Return the fraction of the file read so far, from 0 to 1."""
        return self._file.tell() / self._size if self._size else 1.0

    def _pieces(self, offset: int) -> Iterator[bytes]:
        """Yield the text from an offset on, in UTF-8."""
        self._text.seek(0)
        encoding, mark = encoding_of(self._text.read(LONGEST_MARK))
        recoder = Recoder()
        if offset and encoding == "utf-8":
            recoder.encoding = encoding
            self._text.seek(mark + offset)
            offset = 0
        else:
            self._text.seek(0)
        more = True
        while more:
            piece = self._text.read(_BUFFER)
            more = bool(piece)
            text = recoder.feed(piece, final=not more)
            yield text[offset:]
            offset = max(offset - len(text), 0)

    def _stamped(self) -> tuple[int, int]:
        try:
            status = os.fstat(self._file.fileno())
        except (OSError, AttributeError):
            return self._size, 0  # a file in memory
        return status.st_size, status.st_mtime_ns


@contextmanager
def opened(path: str, longest: int = LONGEST, wanted: ExpectedInput | None = None) -> Iterator[JsonFile]:
    """Open the file at `path`, `-` for standard input. A stream that cannot be read twice is copied to disk first.

    `longest` is the maximum length of a value in bytes. Raises UnreadableFile for a file that cannot be opened, or is
    not what is `wanted`.
    """
    with file_at(path) as file:
        source = JsonFile(shown(path), file, longest)
        if wanted:
            check_kind(source.name, source.head(), wanted)
        yield source


def shown(path: str) -> str:
    """Return the name of a file for messages."""
    return "standard input" if path == "-" else path


@contextmanager
def file_at(path: str) -> Iterator[BinaryIO]:
    """Open a file for seekable reading. Raises UnreadableFile."""
    with _given(path) as given, _seekable(given) as file:
        yield file


def _given(path: str) -> BinaryIO:
    if path == "-":
        return sys.stdin.buffer
    try:
        return open(path, "rb", _BUFFER)
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from None


@contextmanager
def _seekable(file: BinaryIO) -> Iterator[BinaryIO]:
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy, _BUFFER)
        copy.flush()
        yield cast(BinaryIO, copy)
