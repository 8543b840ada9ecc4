"""A tracker's rows against the ledger: where they differ, by how much, and the likely reason."""

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, Inexact

from msgspec import Struct

from mockbatch.core.money.ledger import Entry
from mockbatch.core.money.mistakes import MISTAKES, bill_of, explained, short_prompt_rates
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import EXACT, plain, product, scaled, total
from mockbatch.core.money.tracker import Record, Tracker, readings_of
from mockbatch.core.numbers import how_many

_FINE = 6
_NOISE = Decimal("1e-13")
_TELLING = 100
_TIMES = range(2, 11)
_INPUT, _PROMPT = ("input",), ("input", "cache_write_5m", "cache_write_1h", "cache_read")

Key = tuple[str, ...]


class Difference(Struct, frozen=True):
    """A row that is not what the ledger says: amounts in USD, what the tracker has too much (or, negative, too little),
    and the likely reasons, of which there may be none.
    """

    id: str
    lines: list[int]
    tracker: str
    ledger: str
    difference: str
    reasons: list[str]


class Reconciliation(Struct, frozen=True):
    """What the comparison found. `missing` are requests of the ledger that the tracker does not have, `unmatched` rows
    of the tracker that the ledger does not have. `notes` say what was compared otherwise than one may think, or not at
    all, and is no difference.
    """

    matched: int
    compared: int
    tracker_total: str
    ledger_total: str
    differences: list[Difference]
    missing: list[str]
    unmatched: list[str]
    unknown_columns: list[str]
    currencies: list[str]
    problems: list[str]
    notes: list[str]

    @property
    def clean(self) -> bool:
        """Whether nothing differs, and everything could be compared."""
        return not (
            self.differences
            or self.missing
            or self.unmatched
            or self.unknown_columns
            or self.currencies
            or self.problems
        )


def reconcile(tracker: Tracker, ledger: Iterable[Entry], prices: Prices) -> Reconciliation:
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
    unsure = {key for key in (costless | unpriced.keys()) if _said(key) not in wrong}
    return Reconciliation(
        matched=len(found) - len(differences) - len(unsure),
        compared=len(found) - len(unsure),
        tracker_total=plain(total(record.cost or Decimal(0) for record in tracker.records)),
        ledger_total=plain(total(entry.net or Decimal(0) for rows in entries.values() for entry in rows)),
        differences=differences,
        missing=[
            _said(key)
            for key, rows in entries.items()
            if key not in records and key not in tracker.named and any(row.billed for row in rows)
        ],
        unmatched=[_said(key) for key in records if key not in entries],
        unknown_columns=tracker.unknown_columns,
        currencies=tracker.currencies,
        problems=[
            *tracker.problems,
            *(f"{_said(key)} has no price in the ledger: {model}" for key, model in unpriced.items()),
            *([] if len(found) > len(unsure) else [_nothing(tracker, entries)]),
        ],
        notes=[*_notes(tracker), *counting.notes],
    )


def _nothing(tracker: Tracker, entries: dict[Key, list[Entry]]) -> str:
    """Say why nothing was compared."""
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
    """Which classes each column of tokens counts in this tracker, and what is to be said of that."""

    classes: dict[str, tuple[str, ...]]
    notes: list[str]


def _counting(compared: dict[Key, list[Record]], entries: dict[Key, list[Entry]]) -> _Counting:
    """Find the way of counting that most rows agree with, of those that a column may have."""
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


def _quantity(entries: list[Entry], classes: tuple[str, ...]) -> int:
    return sum(entry.quantity for entry in entries if entry.kind in classes)


def _by_key(ledger: Iterable[Entry], keyed_by: Key) -> dict[Key, list[Entry]]:
    fields = ["kind" if name == "class" else name for name in keyed_by]
    groups: dict[Key, list[Entry]] = {}
    for entry in ledger:
        groups.setdefault(tuple(getattr(entry, name) or "" for name in fields), []).append(entry)
    return groups


def _by_key_of(records: Iterable[Record]) -> dict[Key, list[Record]]:
    groups: dict[Key, list[Record]] = {}
    for record in records:
        groups.setdefault(record.key, []).append(record)
    return groups


def _said(key: Key) -> str:
    return " ".join(key)


def _unpriced(entries: list[Entry]) -> bool:
    return any(entry.net is None for entry in entries)


def _compared(
    key: Key, records: list[Record], entries: list[Entry], prices: Prices, counting: _Counting
) -> Difference | None:
    """The difference of what both have, if there is one, and a price."""
    if _unpriced(entries):
        return None
    right = total(entry.net or Decimal(0) for entry in entries)
    costs = [record.cost for record in records if record.cost is not None]
    counted = _miscounted(records, entries, counting)
    told = total(costs) if costs else right
    if not counted and (_is_equal(told, right) or (_digits(told) >= _FINE and _rounds_to(right, told))):
        return None
    return Difference(
        _said(key),
        [record.line for record in records],
        plain(told),
        plain(right),
        plain(EXACT.subtract(told, right)),
        [*counted, *(_reasons(costs, told, right, entries, prices) if told != right else ())],
    )


def _is_equal(told: Decimal, right: Decimal) -> bool:
    """Whether two amounts are the same, but for what a float loses."""
    return abs(EXACT.subtract(told, right)) <= product(right, _NOISE)


def _miscounted(records: list[Record], entries: list[Entry], counting: _Counting) -> list[str]:
    """Tokens that a single row of a request counts otherwise than the ledger."""
    if len(records) != 1:
        return []
    found = []
    for name, count in records[0].tokens.items():
        right = _quantity(entries, counting.classes[name])
        if count != right:
            whole = counting.classes[name] == _INPUT and count == _quantity(entries, _PROMPT)
            why = ": cached tokens are counted as input too" if whole else ""
            found.append(f"{name} are {count:,} instead of {right:,}{why}")
    return found


def _reasons(costs: list[Decimal], told: Decimal, right: Decimal, entries: list[Entry], prices: Prices) -> list[str]:
    first = entries[0]
    if right == 0:
        return [f"billed, though {first.reason}"]
    if told == 0:
        return [f"recorded as 0: does the tracker know {first.model}?"]
    requests = len({(entry.batch_id, entry.custom_id, entry.message_id) for entry in entries})
    if total(costs[:requests]) == right:
        return [f"counted {len(costs)} times"]
    if _rounds_to(right, told):
        return [f"rounded to {_digits(told)} decimals"]
    return _by_mistake(told, entries, prices) or _by_factor(told, right)


def _by_mistake(told: Decimal, entries: list[Entry], prices: Prices) -> list[str]:
    short = short_prompt_rates(entries, prices)
    known = (*MISTAKES, short) if short else MISTAKES
    return explained(bill_of(entries), known, _fits(told))


def _by_factor(told: Decimal, right: Decimal) -> list[str]:
    fits = _fits(told)
    if fits(scaled(right, 2)):
        return ["cents read as dollars"]
    if fits(scaled(right, -2)):
        return ["dollars read as cents"]
    if fits(product(right, Decimal("0.5"))):
        return ["halved once more: batch discount applied twice"]
    return [f"counted {times} times" for times in _TIMES if fits(product(right, times))]


def _fits(told: Decimal) -> Callable[[Decimal], bool]:
    """Whether an amount is the one that was told, or rounds to it while that has digits enough to tell."""
    telling = abs(told) >= scaled(Decimal(_TELLING), -_digits(told))
    return lambda amount: amount == told or (telling and _rounds_to(amount, told))


def _digits(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _rounds_to(amount: Decimal, told: Decimal) -> bool:
    """Whether an amount is the told one, rounded to as many decimals in either of the usual ways."""
    rounding = EXACT.copy()
    rounding.traps[Inexact] = False
    step = scaled(Decimal(1), -_digits(told))
    return any(amount.quantize(step, way, context=rounding) == told for way in (ROUND_HALF_UP, ROUND_HALF_EVEN))
