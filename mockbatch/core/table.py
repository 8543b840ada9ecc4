"""Tables as spreadsheets, databases and data frames write them: detects the separator, and keeps the line numbers of
rows.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from io import StringIO
from typing import Any, NamedTuple

from msgspec import Struct, field

SEPARATORS = (",", ";", "\t", "|")
_DECLARED = re.compile(r'"?sep=(.)"?\r?\n?\Z', re.IGNORECASE)
_SAMPLE = 1 << 16
_ROWS = 20
_LONGEST_CELL = 1 << 30


class TableRow(NamedTuple):
    """The cells of a row by column, and the line on which it begins."""

    line: int
    cells: dict[str, str]


class Table(Struct):
    """The rows of a table. `problems` describes, by line, rows with more cells than there are columns."""

    columns: list[str]
    rows: list[TableRow] = field(default_factory=list)
    separator: str = ","
    problems: dict[int, str] = field(default_factory=dict)


def parse_table(text: str) -> Table:
    """Parse a text with a row per line, the first of which names the columns.

    Raises ValueError, with the line, for an unbalanced quote.
    """
    csv.field_size_limit(_LONGEST_CELL)
    separator, lines, number = _begun(text)
    reader = _reader(lines, separator, _has_blanks(text, separator))
    rows = _numbered(reader, number)
    _, columns = next(rows, (0, list[str]()))
    table = Table(columns, separator=separator)
    for line, cells in rows:
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            table.problems[line] = f"{len(cells)} cells, but there are {len(columns)} columns"
        table.rows.append(
            TableRow(line, dict(zip(columns, [*cells, *[""] * (len(columns) - len(cells))], strict=False)))
        )
    return table


def table_of(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Table:
    """Build a table from JSON or Python values, each with its line; nested values get columns like `outer.inner`."""
    flat = [TableRow(line, {name: _cell(value) for name, value in flattened(row)}) for line, row in rows]
    columns = list(dict.fromkeys(name for row in flat for name in row.cells))
    return Table(columns, flat)


def heads(text: str) -> list[str]:
    """Return the column names of a text that may be a table."""
    separator, lines, _ = _begun(text)
    try:
        _, columns = next(_numbered(_reader(lines, separator, True), 0))
    except (StopIteration, ValueError):
        return []
    return [name.strip() for name in columns]


def flattened(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of an object and of nested objects, each with its path."""
    for name, part in value.items():
        if isinstance(part, Mapping):
            yield from flattened(part, f"{path}{name}.")
        else:
            yield f"{path}{name}", part


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _begun(text: str) -> tuple[str, StringIO, int]:
    """Return the separator, the text after a line that declares it, and the number of lines skipped."""
    lines = StringIO(text.removeprefix("\ufeff"), newline="")
    first = lines.readline()
    if declared := _DECLARED.match(first):
        return declared[1], lines, 1
    lines.seek(0)
    return _separator(text[:_SAMPLE].removeprefix("\ufeff")), lines, 0


def _separator(sample: str) -> str:
    """Return the separator that splits the header into the most columns, and then the most rows into equally many
    cells.
    """

    def fitness(separator: str) -> tuple[int, int]:
        rows = _some(sample, separator)
        return (len(rows[0]), sum(len(row) == len(rows[0]) for row in rows)) if rows else (0, 0)

    return max(SEPARATORS, key=fitness)


def _some(sample: str, separator: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(StringIO(sample, newline=""), delimiter=separator):
            if row:
                rows.append(row)
            if len(rows) == _ROWS:
                break
    except csv.Error:
        pass
    return rows


def _has_blanks(text: str, separator: str) -> bool:
    """Return whether the header has blanks between a separator and a quote."""
    return re.search(re.escape(separator) + ' +"', text.lstrip("\r\n").partition("\n")[0]) is not None


def _reader(lines: Iterable[str], separator: str, blanks: bool) -> Any:
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=blanks)


def _numbered(reader: Any, before: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the non-empty rows, each with the line on which it begins."""
    begins = before + 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield begins, row
            begins = before + reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {begins}: {error}") from None
