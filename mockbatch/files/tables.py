"""Read tables from files: CSV in any dialect, or JSON rows, in any compression and encoding."""

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from mockbatch.core.not_json import reason_of
from mockbatch.core.table import Table, parse_table, table_of
from mockbatch.files import UnreadableFile
from mockbatch.files.documents import BrokenJson, Documents
from mockbatch.files.encoding import Recoder
from mockbatch.files.kinds import ExpectedInput, check_kind
from mockbatch.files.source import JsonFile, file_at, shown

LARGEST = 64_000_000
"""The maximum size of a table, decompressed and in UTF-8: it is held in memory."""


def read_table(path: str, wanted: ExpectedInput) -> Table:
    """Read the table at `path`, `-` for standard input. Raises UnreadableFile."""
    with file_at(path) as file:
        return table_in(shown(path), file, wanted)


def table_in(name: str, file: BinaryIO, wanted: ExpectedInput, largest: int = LARGEST) -> Table:
    """Read the table in a file. Raises UnreadableFile."""
    source = JsonFile(name, file)
    check_kind(name, source.head(), wanted)
    data, is_marked = _whole(name, source, largest)
    try:
        if data.lstrip()[:1] in (b"{", b"["):
            return table_of(_rows(data))
        return parse_table(_text(data, is_marked=is_marked))
    except (ValueError, BrokenJson) as error:
        raise UnreadableFile(f"{name}: {error}") from None


def table_of_bytes(name: str, data: bytes, wanted: ExpectedInput, largest: int = LARGEST) -> Table:
    """Read the table in the bytes of a file. Raises UnreadableFile."""
    return table_in(name, io.BytesIO(data), wanted, largest)


def _whole(name: str, source: JsonFile, largest: int) -> tuple[bytes, bool]:
    """Return the contents of a file in UTF-8, and whether it has a byte order mark."""
    recoder, data = Recoder(), bytearray()
    try:
        for piece in source.pieces():
            data += recoder.feed(piece)
            if len(data) > largest:
                raise UnreadableFile(f"{name} is larger than {largest / 1e6:,.0f} MB: split it")
        data += recoder.feed(b"", final=True)
    except ValueError as error:
        raise UnreadableFile(f"{name}: {error}") from None
    return bytes(data), recoder.mark > 0


def _text(data: bytes, *, is_marked: bool) -> str:
    """Decode a text: UTF-8, or Windows-1252 if it is not valid UTF-8 and has no mark."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if is_marked:
            raise ValueError(f"line {line}: it is marked as UTF-8 but is not") from None
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise ValueError(f"line {line}: it is neither UTF-8 nor Windows-1252") from None


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield JSON rows, with numbers as they are written."""
    documents = Documents(len(data) + 1)
    for read in (documents.feed(data), documents.rest()):
        for line in read:
            try:
                value = json.loads(line.raw, parse_float=str, parse_int=str)
            except RecursionError:
                raise ValueError(f"line {line.number}: it is nested too deeply") from None
            except ValueError as error:
                raise ValueError(f"line {line.number}: it is not JSON: {reason_of(line.raw, error)}") from None
            if not isinstance(value, dict):
                raise ValueError(f"line {line.number}: it is not an object")
            for row in _inside(value):
                yield line.number, row


def _inside(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a response that lists them under a name, those of a data frame, or the row itself."""
    if rows := _of_frame(value):
        return rows
    lists = [part for part in value.values() if isinstance(part, list) and part and isinstance(part[0], dict)]
    if len(lists) == 1 and not any(name in value for name in ("custom_id", "message_id", "id", "request_id")):
        return [row for row in lists[0] if isinstance(row, dict)]
    return [value]


def _of_frame(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a data frame in JSON, by column or split into its parts; [] if it is none."""
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        return [dict(zip(map(str, columns), row, strict=False)) for row in data]
    parts = list(value.values())
    if len(parts) > 1 and parts[0] and all(isinstance(part, dict) and part.keys() == parts[0].keys() for part in parts):
        return [{name: part[at] for name, part in value.items()} for at in parts[0]]
    return []
