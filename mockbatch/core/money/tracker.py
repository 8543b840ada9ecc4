"""Parse the export of a cost tracker: a table with columns of many possible names."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct, field

from mockbatch.core.money.amounts import Mark, amount_of, decimal_mark, is_nothing, split_currency, whole_of
from mockbatch.core.money.columns import BY_VALUE, CENTS, CLASSES, COSTS, IDS, READINGS, currency_in, snake, unknown
from mockbatch.core.money.rates import scaled
from mockbatch.core.table import Table, TableRow

_DOLLAR = "USD"
_SHOWN = 5


class TrackerRow(Struct, frozen=True):
    """A row: its line, its key, and its data: USD, and tokens by column."""

    line: int
    key: tuple[str, ...]
    cost: Decimal | None
    tokens: dict[str, int]


class Tracker(Struct):
    """The readable rows of a file, and its problems.

    `keyed_by` are the columns that identify a row, `named` keys of rows that exist but could not be read, `aside`
    columns without amounts; `cost_column` is empty if there are only tokens.
    """

    keyed_by: tuple[str, ...] = ()
    cost_column: str = ""
    records: list[TrackerRow] = field(default_factory=list)
    named: set[tuple[str, ...]] = field(default_factory=set)
    unknown_columns: list[str] = field(default_factory=list)
    currencies: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)


def parse_tracker(table: Table) -> Tracker:
    """Parse the rows of a table. Raises ValueError if they cannot be identified, or have neither cost nor tokens."""
    return _Reader(table).read()


class _Reader:
    """Reads one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._names = _named(table)
        """The columns by meaning; the first of those with the same meaning."""
        costs = [name for name in (*COSTS, *CENTS) if name in self._names]
        self._cost = costs[0] if costs else ""
        self._tokens = [name for name in READINGS if name in self._names]
        self._foreign = [name for name in self._names if currency_in(name)]
        if not costs and not self._tokens:
            raise ValueError(self._without_amounts())
        unknown_columns, aside = unknown({column: name for name, column in self._names.items()})
        aside += [self._names[name] for name in costs[1:]]
        self._tracker = Tracker(
            self._keyed_by(),
            self._names.get(self._cost, ""),
            unknown_columns=[*unknown_columns, *_doubled(table.columns)],
            aside=aside,
        )
        self._mark = self._decimal_mark()

    def read(self) -> Tracker:
        self._tracker.currencies += [f"{self._names[name]} is in {currency_in(name)}" for name in self._foreign]
        for row in self._table.rows:
            self._read_row(row)
        return self._tracker

    def _without_amounts(self) -> str:
        if self._foreign:
            name = self._foreign[0]
            return f"its costs are in {currency_in(name)} ({self._names[name]}), and the ledger is in {_DOLLAR}"
        reason = "it has no column with a cost, such as cost_usd, nor one with tokens"
        columns = [name for name in self._table.columns if name]
        return (
            f"{reason}; its columns, by its first line, are {_some(columns)}" if columns else f"{reason}: it is empty"
        )

    def _keyed_by(self) -> tuple[str, ...]:
        """Return the key columns of a row: the message, or the request of a batch; plus the class, if there is one."""
        self._ids = {IDS[name]: self._names[name] for name in reversed(IDS) if name in self._names}
        if "custom_id" not in self._ids and "message_id" not in self._ids:
            self._guess_id()
        by_class = [self._names[name] for name in CLASSES if name in self._names]
        if by_class:
            self._ids["class"] = by_class[0]
        last = ("class",) if by_class else ()
        if "message_id" in self._ids and "custom_id" not in self._ids:
            return ("message_id", *last)
        if "custom_id" in self._ids:
            return (*(("batch_id",) if "batch_id" in self._ids else ()), "custom_id", *last)
        raise ValueError(
            "it has no column that identifies the request of a row: custom_id or message_id; "
            f"its columns are {_some(self._table.columns)}"
        )

    def _guess_id(self) -> None:
        """Use a column with a generic name as message ids or custom_ids, judging by its values."""
        for name in BY_VALUE:
            if column := self._names.get(name):
                values = [value for row in self._table.rows if (value := row.cells.get(column, "").strip())]
                is_message = bool(values) and values[0].startswith("msg_")
                self._ids["message_id" if is_message else "custom_id"] = column
                return

    def _decimal_mark(self) -> Mark:
        columns = [self._names[name] for name in (self._cost, *self._tokens) if name in self._names]
        cells = (row.cells.get(column, "") for row in self._table.rows for column in columns)
        return decimal_mark(cells, "," if self._table.separator == ";" else ".")

    def _read_row(self, row: TableRow) -> None:
        """Read a row into the tracker, or record its problem."""
        cells, tracker = row.cells, self._tracker
        key = tuple(cells.get(self._ids[name], "").strip() for name in tracker.keyed_by)
        if not all(key):
            missing = next(name for name, value in zip(tracker.keyed_by, key, strict=True) if not value)
            tracker.problems.append(f"line {row.line} has no {missing}")
            return
        what = f"line {row.line} ({' '.join(key)})"
        if problem := self._table.problems.get(row.line):
            tracker.named.add(key)
            tracker.problems.append(f"{what} has {problem}")
            return
        if currency := self._currency(cells):
            tracker.named.add(key)
            tracker.currencies.append(f"{what} is in {currency}")
            return
        try:
            record = TrackerRow(row.line, key, self._dollars(cells), self._counts(cells))
        except ValueError as error:
            tracker.named.add(key)
            tracker.problems.append(f"{what}: {error}")
            return
        tracker.records.append(record)
        if record.cost is None and (self._cost or not record.tokens):
            tracker.problems.append(f"{what} has {'no cost' if self._cost else 'neither a cost nor tokens'}")

    def _currency(self, cells: dict[str, str]) -> str:
        """Return the currency of a row that is not in dollars; empty for dollars."""
        stated = self._cell(cells, "currency").strip()
        beside = split_currency(self._cell(cells, self._cost))[1]
        found = "" if is_nothing(stated) else stated.upper()
        return next((one for one in (found, beside) if one not in ("", _DOLLAR, "$", "US$")), "")

    def _cell(self, cells: dict[str, str], name: str) -> str:
        """Return the cell of a column; empty if there is none. The index of a data frame has no name."""
        return cells.get(self._names[name], "") if name in self._names else ""

    def _dollars(self, cells: dict[str, str]) -> Decimal | None:
        text = self._cell(cells, self._cost)
        if is_nothing(text):
            return None
        try:
            amount = amount_of(text, self._mark)
        except ValueError as error:
            raise ValueError(f"the cost {error}") from None
        return scaled(amount, -2) if self._cost in CENTS else amount

    def _counts(self, cells: dict[str, str]) -> dict[str, int]:
        counts = {}
        for name in self._tokens:
            column = self._names[name]
            if is_nothing(text := cells.get(column, "")):
                continue
            try:
                counts[column] = whole_of(text, self._mark)
            except ValueError as error:
                raise ValueError(f"{column} {error}") from None
        return counts


def readings_of(column: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return the possible readings of a column: the classes it counts, and a note."""
    return tuple((reading.classes, reading.words) for reading in READINGS[snake(column)])


def _named(table: Table) -> dict[str, str]:
    names: dict[str, str] = {}
    for column in table.columns:
        if column.strip():
            names.setdefault(snake(column), column)
    return names


def _doubled(columns: Sequence[str]) -> list[str]:
    """Return the columns that occur more than once, or mean the same as an earlier one."""
    seen: dict[str, str] = {}
    found = []
    for column in filter(str.strip, columns):
        first = seen.setdefault(snake(column), column)
        if first == column and columns.count(column) > 1:
            found.append(f"{column} occurs {columns.count(column)} times")
        elif first != column:
            found.append(f"{column}: {first} has the same meaning")
    return list(dict.fromkeys(found))


def _some(columns: Sequence[str]) -> str:
    return ", ".join(columns[:_SHOWN]) + ", ..." * (len(columns) > _SHOWN)
