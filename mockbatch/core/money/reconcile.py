"""A tracker's rows against the ledger: where they differ, by how much, and the likely reason."""

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, Inexact

from msgspec import Struct

from mockbatch.core.money.ledger import Entry
from mockbatch.core.money.mistakes import MISTAKES, bill_of, explained, short_prompt_rates
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import EXACT, plain, product, scaled, total
from mockbatch.core.money.tracker import TOKENS, Record, Tracker

_FINE = 6
_TELLING = 100
_TIMES = range(2, 11)

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
    of the tracker that the ledger does not have.
    """

    matched: int
    tracker_total: str
    ledger_total: str
    differences: list[Difference]
    missing: list[str]
    unmatched: list[str]
    unknown_columns: list[str]
    currencies: list[str]
    problems: list[str]

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
    found = [_compared(key, rows, entries[key], prices) for key, rows in compared.items()]
    differences = [difference for difference in found if difference is not None]
    unpriced = [
        f"{_said(key)} has no price in the ledger: {entries[key][0].model}"
        for key in compared
        if _unpriced(entries[key])
    ]
    return Reconciliation(
        matched=len(found) - len(differences) - len(unpriced),
        tracker_total=plain(total(record.cost or Decimal(0) for record in tracker.records)),
        ledger_total=plain(total(entry.net or Decimal(0) for rows in entries.values() for entry in rows)),
        differences=differences,
        missing=[_said(key) for key, rows in entries.items() if key not in records and any(row.billed for row in rows)],
        unmatched=[_said(key) for key in records if key not in entries],
        unknown_columns=tracker.unknown_columns,
        currencies=tracker.currencies,
        problems=[*tracker.problems, *unpriced],
    )


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


def _compared(key: Key, records: list[Record], entries: list[Entry], prices: Prices) -> Difference | None:
    """The difference of what both have, if there is one, and a price."""
    if _unpriced(entries):
        return None
    right = total(entry.net or Decimal(0) for entry in entries)
    costs = [record.cost for record in records if record.cost is not None]
    counted = _miscounted(records, entries)
    told = total(costs) if costs else right
    if not counted and (told == right or (_digits(told) >= _FINE and _rounds_to(right, told))):
        return None
    return Difference(
        _said(key),
        [record.line for record in records],
        plain(told),
        plain(right),
        plain(EXACT.subtract(told, right)),
        [*counted, *(_reasons(costs, told, right, entries, prices) if told != right else ())],
    )


def _miscounted(records: list[Record], entries: list[Entry]) -> list[str]:
    """Tokens that a single row of a request counts otherwise than the ledger."""
    if len(records) != 1:
        return []
    found = []
    for name, count in records[0].tokens.items():
        right = sum(entry.quantity for entry in entries if entry.kind in TOKENS[name])
        if count != right:
            found.append(f"{name} are {count:,} instead of {right:,}")
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
