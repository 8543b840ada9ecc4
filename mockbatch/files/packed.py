"""Compressed files, recognized by their content and not by their names."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO, cast
from zipfile import BadZipFile, ZipFile

from mockbatch.files import UnreadableFile

UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, BadZipFile, NotImplementedError, RuntimeError, ValueError)
"""The errors of reading a cut or damaged file: each decompressor has its own."""

_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"
LONGEST_MAGIC = 8
_DEPTH = 3
_SHOWN = 3


def unpacked(name: str, file: BinaryIO) -> BinaryIO:
    """Return a decompressing reader for a seekable file; the file itself if it is plain.

    Raises UnreadableFile for an unsupported compression, and for an archive of several files.
    """
    for _ in range(_DEPTH):
        file.seek(0)
        opener = _opener(_head(file))
        file.seek(0)
        if opener is None:
            return file
        file = opener(name, file)
    return file


def is_packed(head: bytes) -> bool:
    """Return whether a file with this beginning is compressed."""
    return _opener(head) is not None


Opener = Callable[[str, BinaryIO], BinaryIO]


def _head(file: BinaryIO) -> bytes:
    try:
        return file.read(LONGEST_MAGIC)
    except UNREADABLE:
        return b""  # reported again, with the line, by the next read


def _opener(head: bytes) -> Opener | None:
    return next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)


def _gzip(_: str, file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))


def _bzip2(_: str, file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, bz2.BZ2File(file))


def _xz(_: str, file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, lzma.LZMAFile(file))


def _zstd(name: str, file: BinaryIO) -> BinaryIO:
    try:
        if sys.version_info >= (3, 14):
            from compression.zstd import ZstdError, ZstdFile
        else:
            from backports.zstd import ZstdError, ZstdFile
    except ImportError:
        raise UnreadableFile(
            f"{name} is compressed with zstandard, which this Python cannot read; "
            "install it with: pip install 'mockbatch[zstd]'"
        ) from None

    class Reader(ZstdFile):
        def read(self, size: int | None = -1) -> bytes:
            try:
                return super().read(size)
            except ZstdError as error:
                raise OSError(error) from None

    return cast(BinaryIO, Reader(file))


def _zip(name: str, file: BinaryIO) -> BinaryIO:
    try:
        archive = ZipFile(file)
    except BadZipFile:
        raise UnreadableFile(f"{name} is a zip archive that cannot be read: it was cut or damaged") from None
    names = [entry for entry in archive.namelist() if not entry.endswith("/") and not entry.startswith("__MACOSX/")]
    if "[Content_Types].xml" in names:
        raise UnreadableFile(f"{name} is {_office(names)}")
    if "mimetype" in names and "content.xml" in names:
        raise UnreadableFile(f"{name} is a spreadsheet (.ods) or document: save the sheet as CSV")
    if len(names) != 1:
        shown = ", ".join(names[:_SHOWN]) + ", ..." * (len(names) > _SHOWN)
        inside = f"{len(names):,} files ({shown}): extract the one you mean" if names else "nothing"
        raise UnreadableFile(f"{name} is a zip archive of {inside}")
    try:
        return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, archive.open(names[0]))))
    except (RuntimeError, NotImplementedError) as error:
        raise UnreadableFile(f"{name} is a zip archive that cannot be read: {error}") from None


def _office(names: list[str]) -> str:
    if any(entry.startswith("xl/") for entry in names):
        return "a spreadsheet (.xlsx): save the sheet as CSV (Save As, CSV UTF-8)"
    return "an office document"


_OPENERS: dict[bytes, Opener] = {
    b"\x1f\x8b": _gzip,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"BZh": _bzip2,
    b"\xfd7zXZ\x00": _xz,
    b"\x5d\x00\x00": _xz,
    _ZIP: _zip,
    _EMPTY_ZIP: _zip,
}
