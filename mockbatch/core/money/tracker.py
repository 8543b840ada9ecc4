"""Rows of a cost tracker, as people export them: CSV with columns of many names."""

import csv
from decimal import Decimal, InvalidOperation
from io import StringIO

from msgspec import Struct, field

from mockbatch.core.money.ledger import COLUMNS
from mockbatch.core.money.rates import scaled
from mockbatch.core.names import did_you_mean

_COST = ("cost", "cost_usd", "usd", "amount", "amount_usd", "total_cost", "total_cost_usd", "spend", "spend_usd", "net")
_CENTS = ("cost_cents", "amount_cents", "cents")
_IDS = {"custom_id": "custom_id", "message_id": "message_id", "msg_id": "message_id", "batch_id": "batch_id"}
_CLASSES = {"class": "class", "token_class": "class"}
TOKENS = {
    "input_tokens": ("input",),
    "output_tokens": ("output",),
    "cache_read_input_tokens": ("cache_read",),
    "cache_read_tokens": ("cache_read",),
    "cache_creation_input_tokens": ("cache_write_5m", "cache_write_1h"),
    "cache_write_tokens": ("cache_write_5m", "cache_write_1h"),
    "ephemeral_5m_input_tokens": ("cache_write_5m",),
    "ephemeral_1h_input_tokens": ("cache_write_1h",),
}
"""Columns with tokens, and the classes that each one counts."""
_PASSED_OVER = (
    "model",
    "date",
    "day",
    "time",
    "timestamp",
    "created_at",
    "status",
    "session",
    "service_tier",
    "provider",
)
_KNOWN = (*_COST, *_CENTS, *_IDS, *_CLASSES, *TOKENS, *_PASSED_OVER, "currency", *COLUMNS)


class Record(Struct, frozen=True):
    """A row: where it stands, what it is about, and what it says: USD, and tokens by column."""

    line: int
    key: tuple[str, ...]
    cost: Decimal | None
    tokens: dict[str, int]


class Tracker(Struct):
    """What could be read of a file, and what could not. `keyed_by` says what identifies a row."""

    keyed_by: tuple[str, ...] = ()
    records: list[Record] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    currencies: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def parse_tracker(text: str) -> Tracker:
    """The rows of a CSV. Raises ValueError where they cannot be told apart, or say nothing of cost or tokens."""
    rows = csv.DictReader(StringIO(text.removeprefix("\ufeff")))
    columns = {name: _plain(name) for name in rows.fieldnames or () if name}
    names = set(columns.values())
    if not names & {*_COST, *_CENTS, *TOKENS}:
        raise ValueError("it has no column with a cost, such as cost_usd, nor one with tokens")
    tracker = Tracker(keyed_by=_keyed_by(names), unknown_columns=_unknown(columns))
    for line, row in enumerate(rows, 2):
        _take(tracker, line, {columns[name]: (value or "").strip() for name, value in row.items() if name in columns})
    return tracker


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _unknown(columns: dict[str, str]) -> list[str]:
    strange = [(name, plain) for name, plain in columns.items() if plain not in _KNOWN]
    return [f"{name}{hint and '.' + hint}" for name, plain in strange for hint in [did_you_mean(plain, _KNOWN, str)]]


def _keyed_by(names: set[str]) -> tuple[str, ...]:
    """What tells a row from the others: the message, or the request of a batch; and the class, if there is one."""
    found = {_IDS[name] for name in names if name in _IDS}
    by_class = ("class",) if names & _CLASSES.keys() else ()
    if "message_id" in found and "custom_id" not in found:
        return ("message_id", *by_class)
    if "custom_id" in found:
        return (*(("batch_id",) if "batch_id" in found else ()), "custom_id", *by_class)
    raise ValueError("it has no column that says which request a row is about: custom_id or message_id")


def _take(tracker: Tracker, line: int, row: dict[str, str]) -> None:
    """Read one row into the tracker, or into what is wrong with it."""
    values = {_IDS.get(name) or _CLASSES.get(name) or name: value for name, value in row.items()}
    key = tuple(values.get(name, "") for name in tracker.keyed_by)
    if not all(key):
        missing = next(name for name, value in zip(tracker.keyed_by, key, strict=True) if not value)
        tracker.problems.append(f"line {line} has no {missing}")
        return
    currency = values.get("currency", "USD") or "USD"
    if currency.upper() != "USD":
        tracker.currencies.append(f"line {line} is in {currency}")
        return
    try:
        tracker.records.append(Record(line, key, _cost(values), _tokens(values)))
    except (ValueError, InvalidOperation):
        tracker.problems.append(f"line {line} has a cost or tokens that are no number")


def _cost(values: dict[str, str]) -> Decimal | None:
    for name in _COST:
        if text := values.get(name):
            return _finite(text)
    for name in _CENTS:
        if text := values.get(name):
            return scaled(_finite(text), -2)
    return None


def _finite(text: str) -> Decimal:
    amount = Decimal(text.replace(",", "").removeprefix("$"))
    if not amount.is_finite():
        raise ValueError(text)
    return amount


def _tokens(values: dict[str, str]) -> dict[str, int]:
    return {name: int(values[name].replace(",", "")) for name in TOKENS if values.get(name)}
