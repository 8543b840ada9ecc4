"""Files of lines, as they are: plain, gzip or zstandard, by name or on standard input; read lazily, and again.

Only `\\n` ends a line. What other characters Unicode calls a line break stand inside of JSON strings.
"""

import gzip
import io
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from mockbatch.client import ClientError

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
_BLANKS = b" \t\r\n"
_BUFFER = 1 << 20


class Line(NamedTuple):
    """A line that is not blank, without its end; `offset` is where it begins in the decompressed file."""

    number: int
    offset: int
    raw: bytes


class Source:
    """A file that can be read from any place, as often as asked. Made by `opened`."""

    def __init__(self, name: str, file: BinaryIO, longest: int) -> None:
        self.name = name
        self._file = file
        self._longest = longest
        self._size = file.seek(0, io.SEEK_END)
        self._stamp = self._stamped()

    def lines(self, start: Line | None = None) -> Iterator[Line]:
        """The lines from `start` on. A line that is longer than any request may be is cut.

        Raises ClientError where the file cannot be read, or is not what it was.
        """
        try:
            yield from self._lines(start or Line(1, 0, b""))
        except (OSError, EOFError, zlib.error, _zstd_error()) as error:
            raise ClientError(f"{self.name} cannot be read: {error}") from None

    def _lines(self, start: Line) -> Iterator[Line]:
        if self._stamp != self._stamped():
            raise ClientError(f"{self.name} was changed while it was read")
        text = self._decoded()
        offset = text.seek(start.offset)
        number = start.number
        while raw := text.readline(self._longest):
            size = len(raw)
            while not raw.endswith(b"\n") and (more := text.readline(self._longest)):
                size += len(more)
                if more.endswith(b"\n"):
                    break
            if content := (raw.removeprefix(_BOM) if number == 1 else raw).strip(_BLANKS):
                yield Line(number, offset, content)
            number, offset = number + 1, offset + size

    def share_read(self) -> float:
        """How much of the file was read, from 0 to 1."""
        return self._file.tell() / self._size if self._size else 1.0

    def _decoded(self) -> BinaryIO:
        self._file.seek(0)
        magic = self._file.read(4)
        self._file.seek(0)
        if magic.startswith(_GZIP):
            return cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=self._file), _BUFFER))
        if magic == _ZSTD:
            return cast(BinaryIO, io.BufferedReader(_zstd(self.name, self._file), _BUFFER))
        return self._file

    def _stamped(self) -> tuple[int, int]:
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns


@contextmanager
def opened(path: str, longest: int) -> Iterator[Source]:
    """The file at `path`, `-` for standard input. What cannot be read twice is copied to disk first.

    `longest` is how long a line may be in bytes. Raises ClientError for a file that cannot be opened.
    """
    with _given(path) as given, _seekable(given) as file:
        yield Source("standard input" if path == "-" else path, file, longest)


def _given(path: str) -> BinaryIO:
    if path == "-":
        return sys.stdin.buffer
    try:
        return open(path, "rb", _BUFFER)
    except OSError as error:
        raise ClientError(f"{path}: {error.strerror}") from None


@contextmanager
def _seekable(file: BinaryIO) -> Iterator[BinaryIO]:
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy, _BUFFER)
        copy.flush()
        yield cast(BinaryIO, copy)


def _zstd(name: str, file: BinaryIO) -> io.RawIOBase:
    try:
        if sys.version_info >= (3, 14):
            from compression.zstd import ZstdFile
        else:
            from backports.zstd import ZstdFile
    except ImportError:
        raise ClientError(
            f"{name} is compressed with zstandard, which this Python cannot read; "
            "install it with: pip install 'mockbatch[zstd]'"
        ) from None
    return cast(io.RawIOBase, ZstdFile(file))


def _zstd_error() -> type[Exception]:
    """The error of the decompressor, where it was loaded."""
    module = sys.modules.get("compression.zstd") or sys.modules.get("backports.zstd")
    return module.ZstdError if module else EOFError
