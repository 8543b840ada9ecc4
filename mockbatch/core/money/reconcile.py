"""Compare a tracker's rows with the ledger: differences, their amount, and the likely reason."""

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, Inexact

from msgspec import Struct

from mockbatch.core.money.ledger import LedgerEntry
from mockbatch.core.money.mistakes import MISTAKES, bill_of, explained, short_prompt_rates
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import EXACT, plain, product, scaled, total
from mockbatch.core.money.tracker import Tracker, TrackerRow, readings_of
from mockbatch.core.numbers import how_many

_FINE = 6
_NOISE = Decimal("1e-13")
_CONCLUSIVE = 100
_TIMES = range(2, 11)
_INPUT, _PROMPT = ("input",), ("input", "cache_write_5m", "cache_write_1h", "cache_read")

Key = tuple[str, ...]


class RowDifference(Struct, frozen=True):
    """A row that differs from the ledger.

    Amounts in USD; `difference` is positive if the tracker has too much. `reasons` are the likely reasons, if any.
    """

    id: str
    lines: list[int]
    tracker: str
    ledger: str
    difference: str
    reasons: list[str]


class Reconciliation(Struct, frozen=True):
    """The result of a comparison.

    `missing` are requests that only the ledger has, `unmatched` rows that only the tracker has. `notes` name columns
    that were compared in an unexpected way or not at all, which does not count as a difference.
    """

    matched: int
    compared: int
    tracker_total: str
    ledger_total: str
    differences: list[RowDifference]
    missing: list[str]
    unmatched: list[str]
    unknown_columns: list[str]
    currencies: list[str]
    problems: list[str]
    notes: list[str]

    @property
    def clean(self) -> bool:
        """Whether nothing differs and everything could be compared."""
        return not (
            self.differences
            or self.missing
            or self.unmatched
            or self.unknown_columns
            or self.currencies
            or self.problems
        )


def reconcile(tracker: Tracker, ledger: Iterable[LedgerEntry], prices: Prices) -> Reconciliation:
    """Compare a tracker with the ledger, row by row."""
    entries = _by_key(ledger, tracker.keyed_by)
    records = _by_key_of(tracker.records)
    compared = {key: rows for key, rows in records.items() if key in entries}
    counting = _counting(compared, entries)
    found = [_compared(key, rows, entries[key], prices, counting) for key, rows in compared.items()]
    differences = [difference for difference in found if difference is not None]
    unpriced = {key: entries[key][0].model for key in compared if _unpriced(entries[key])}
    costless = {key for key, rows in compared.items() if tracker.cost_column and all(row.cost is None for row in rows)}
    costless |= {key for key, rows in compared.items() if not any(row.cost is not None or row.tokens for row in rows)}
    wrong = {difference.id for difference in differences}
    unsure = {key for key in (costless | unpriced.keys()) if _joined(key) not in wrong}
    return Reconciliation(
        matched=len(found) - len(differences) - len(unsure),
        compared=len(found) - len(unsure),
        tracker_total=plain(total(record.cost or Decimal(0) for record in tracker.records)),
        ledger_total=plain(total(entry.net or Decimal(0) for rows in entries.values() for entry in rows)),
        differences=differences,
        missing=[
            _joined(key)
            for key, rows in entries.items()
            if key not in records and key not in tracker.named and any(row.billed for row in rows)
        ],
        unmatched=[_joined(key) for key in records if key not in entries],
        unknown_columns=tracker.unknown_columns,
        currencies=tracker.currencies,
        problems=[
            *tracker.problems,
            *(f"{_joined(key)} has no price in the ledger: {model}" for key, model in unpriced.items()),
            *([] if len(found) > len(unsure) else [_nothing(tracker, entries)]),
        ],
        notes=[*_notes(tracker), *counting.notes],
    )


def _nothing(tracker: Tracker, entries: dict[Key, list[LedgerEntry]]) -> str:
    """Return why nothing was compared."""
    if not entries:
        return "nothing was compared: the ledger has no rows"
    if not (tracker.records or tracker.named):
        return "nothing was compared: the tracker has no rows"
    rows = len({record.key for record in tracker.records} | tracker.named)
    return f"nothing was compared: {how_many(rows, 'row of the tracker cannot be', 'rows of the tracker cannot be')}"


def _notes(tracker: Tracker) -> list[str]:
    notes = []
    if not tracker.cost_column and tracker.records:
        notes.append("only tokens were compared: the tracker has no column with a cost")
    if tracker.aside:
        notes.append(f"columns that were not compared: {', '.join(tracker.aside)}")
    return notes


class _Counting(Struct):
    """The token classes that each column counts in this tracker, with notes about it."""

    classes: dict[str, tuple[str, ...]]
    notes: list[str]


def _counting(compared: dict[Key, list[TrackerRow]], entries: dict[Key, list[LedgerEntry]]) -> _Counting:
    """Find, among the possible readings of each column, the one that most rows agree with."""
    counting = _Counting({}, [])
    single = [(rows[0], entries[key]) for key, rows in compared.items() if len(rows) == 1]
    for column in dict.fromkeys(name for record, _ in single for name in record.tokens):
        rows = [(record.tokens[column], row) for record, row in single if column in record.tokens]
        ways = readings_of(column)
        agreeing = [sum(count == _quantity(row, classes) for count, row in rows) for classes, _ in ways]
        best = agreeing.index(max(agreeing))
        classes, words = ways[best]
        counting.classes[column] = classes
        if words and any(_quantity(row, classes) != _quantity(row, other) for _, row in rows for other, _ in ways):
            counting.notes.append(f"{column} {words}, and was compared so")
    return counting


def _quantity(entries: list[LedgerEntry], classes: tuple[str, ...]) -> int:
    return sum(entry.quantity for entry in entries if entry.kind in classes)


def _by_key(ledger: Iterable[LedgerEntry], keyed_by: Key) -> dict[Key, list[LedgerEntry]]:
    fields = ["kind" if name == "class" else name for name in keyed_by]
    groups: dict[Key, list[LedgerEntry]] = {}
    for entry in ledger:
        groups.setdefault(tuple(getattr(entry, name) or "" for name in fields), []).append(entry)
    return groups


def _by_key_of(records: Iterable[TrackerRow]) -> dict[Key, list[TrackerRow]]:
    groups: dict[Key, list[TrackerRow]] = {}
    for record in records:
        groups.setdefault(record.key, []).append(record)
    return groups


def _joined(key: Key) -> str:
    return " ".join(key)


def _unpriced(entries: list[LedgerEntry]) -> bool:
    return any(entry.net is None for entry in entries)


def _compared(
    key: Key, records: list[TrackerRow], entries: list[LedgerEntry], prices: Prices, counting: _Counting
) -> RowDifference | None:
    """Return the difference of a row that both have, or None if there is none or no price."""
    if _unpriced(entries):
        return None
    right = total(entry.net or Decimal(0) for entry in entries)
    costs = [record.cost for record in records if record.cost is not None]
    counted = _miscounted(records, entries, counting)
    recorded = total(costs) if costs else right
    if not counted and (_is_equal(recorded, right) or (_digits(recorded) >= _FINE and _rounds_to(right, recorded))):
        return None
    return RowDifference(
        _joined(key),
        [record.line for record in records],
        plain(recorded),
        plain(right),
        plain(EXACT.subtract(recorded, right)),
        [*counted, *(_reasons(costs, recorded, right, entries, prices) if recorded != right else ())],
    )


def _is_equal(recorded: Decimal, right: Decimal) -> bool:
    """Return whether two amounts are equal up to float precision."""
    return abs(EXACT.subtract(recorded, right)) <= product(right, _NOISE)


def _miscounted(records: list[TrackerRow], entries: list[LedgerEntry], counting: _Counting) -> list[str]:
    """Return the token counts of a request's single row that differ from the ledger."""
    if len(records) != 1:
        return []
    found = []
    for name, count in records[0].tokens.items():
        right = _quantity(entries, counting.classes[name])
        if count != right:
            whole = counting.classes[name] == _INPUT and count == _quantity(entries, _PROMPT)
            why = ": cached tokens are also counted as input" if whole else ""
            found.append(f"{name} are {count:,} instead of {right:,}{why}")
    return found


def _reasons(
    costs: list[Decimal], recorded: Decimal, right: Decimal, entries: list[LedgerEntry], prices: Prices
) -> list[str]:
    first = entries[0]
    if right == 0:
        return [f"billed, though {first.reason}"]
    if recorded == 0:
        return [f"recorded as 0: does the tracker know {first.model}?"]
    requests = len({(entry.batch_id, entry.custom_id, entry.message_id) for entry in entries})
    if total(costs[:requests]) == right:
        return [f"counted {len(costs)} times"]
    if _rounds_to(right, recorded):
        return [f"rounded to {_digits(recorded)} decimals"]
    return _by_mistake(recorded, entries, prices) or _by_factor(recorded, right)


def _by_mistake(recorded: Decimal, entries: list[LedgerEntry], prices: Prices) -> list[str]:
    short = short_prompt_rates(entries, prices)
    known = (*MISTAKES, short) if short else MISTAKES
    return explained(bill_of(entries), known, _fits(recorded))


def _by_factor(recorded: Decimal, right: Decimal) -> list[str]:
    fits = _fits(recorded)
    if fits(scaled(right, 2)):
        return ["cents read as dollars"]
    if fits(scaled(right, -2)):
        return ["dollars read as cents"]
    if fits(product(right, Decimal("0.5"))):
        return ["halved once more: batch discount applied twice"]
    return [f"counted {times} times" for times in _TIMES if fits(product(right, times))]


def _fits(recorded: Decimal) -> Callable[[Decimal], bool]:
    """Return a predicate: is an amount the recorded one, or does it round to it, with enough digits to tell?"""
    conclusive = abs(recorded) >= scaled(Decimal(_CONCLUSIVE), -_digits(recorded))
    return lambda amount: amount == recorded or (conclusive and _rounds_to(amount, recorded))


def _digits(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _rounds_to(amount: Decimal, recorded: Decimal) -> bool:
    """Return whether an amount rounds to the recorded one, half up or half even."""
    rounding = EXACT.copy()
    rounding.traps[Inexact] = False
    step = scaled(Decimal(1), -_digits(recorded))
    return any(amount.quantize(step, way, context=rounding) == recorded for way in (ROUND_HALF_UP, ROUND_HALF_EVEN))
