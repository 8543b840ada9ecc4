"""The cost of the calls of a session."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mockbatch.client.control import Control

if TYPE_CHECKING:
    from mockbatch.core.money.tracker import Tracker


class SpendingView:
    """The cost of requests: the exact `usd`, `standard_usd` without the batch discount, and the number `billed`."""

    def __init__(self, view: dict[str, Any]) -> None:
        self.view = view
        self.billed: int = view["requests"]
        self.quantities: dict[str, int] = view["quantities"]
        self.usd = Decimal(view["net"] or 0)
        self.standard_usd = Decimal(view["standard"] or 0)

    def __repr__(self) -> str:
        return f"<${self.usd} for {self.billed} requests>"


class BatchSpending(SpendingView):
    """The cost of a batch; `unbilled` is the number of requests that cost nothing."""

    def __init__(self, view: dict[str, Any], size: int) -> None:
        super().__init__(view)
        self.unbilled = size - self.billed


_NOTHING = {"requests": 0, "quantities": {}, "net": None, "standard": None}


class LedgerView:
    """What the API would bill. Amounts are exact Decimals in USD."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __repr__(self) -> str:
        return f"<ledger {self.total!r}>"

    @property
    def total(self) -> SpendingView:
        """The total cost. A batch is billed when it has ended."""
        return SpendingView(self._control.get("ledger")["total"])

    @property
    def total_usd(self) -> Decimal:
        """The total cost in USD, exact."""
        return self.total.usd

    @property
    def billed_items(self) -> int:
        """The number of billed requests."""
        return self.total.billed

    def groups(self, *group_by: str) -> list[dict[str, Any]]:
        """Return the cost grouped by `batch`, `model`, `day`, `service_tier`, `class`, `custom_id` ..."""
        groups: list[dict[str, Any]] = self._control.get("ledger", group_by=list(group_by))["groups"]
        return groups

    def for_batch(self, batch: str) -> BatchSpending:
        """Return the cost of one batch."""
        size = self._control.get("batches", batch)["size"]
        own = (group for group in self.groups("batch") if group["by"]["batch"] == batch)
        return BatchSpending(next(own, _NOTHING), size)

    def diff(self, rows: Sequence[Mapping[str, Any]], key: str = "custom_id") -> "TrackerDifference":
        """Compare with the rows of a cost tracker; each has the `key` and a `cost_usd` or token counts."""
        from mockbatch.core.money.ledger import from_csv
        from mockbatch.core.money.reconcile import reconcile

        tracker = _tracker(rows, key)
        entries = from_csv(str(self._control.get("ledger", format="csv")))
        return TrackerDifference(
            reconcile(tracker, [entry for entry in entries if entry.billed], _prices(self._control))
        )


def _tracker(rows: Sequence[Mapping[str, Any]], key: str) -> "Tracker":
    from mockbatch.core.money.tracker import Tracker, parse_tracker
    from mockbatch.core.table import table_of

    if not rows:
        return Tracker((key,))
    return parse_tracker(table_of((number, {key: "", **row}) for number, row in enumerate(rows, 1)))


def _prices(control: Control) -> Any:
    """Return the prices of the server."""
    from mockbatch.config import OPTIONS, Config
    from mockbatch.service.sessions.settings import prices_of

    own = control.get("info")["options"]["prices"]
    return prices_of(Config(prices=OPTIONS["prices"].parse(own)) if own else Config())


class TrackerDifference:
    """The differences between a tracker and the ledger. `empty` if there are none and every row was `compared`."""

    def __init__(self, found: Any) -> None:
        self.found = found

    def __repr__(self) -> str:
        return f"<difference: {self.explain() or f'none, {self.compared} compared'}>"

    @property
    def compared(self) -> int:
        """The number of rows that could be compared."""
        return int(self.found.compared)

    @property
    def empty(self) -> bool:
        """Whether all rows agree."""
        return bool(self.found.clean)

    def explain(self) -> str:
        """Return a line per difference, with the likely causes, and per row that could not be compared."""
        lines = [
            f"{row.id}: {row.tracker} in the tracker, {row.ledger} in the ledger: {'; '.join(row.reasons) or 'why?'}"
            for row in self.found.differences
        ]
        lines += [f"{name}: not in the tracker" for name in self.found.missing]
        lines += [f"{name}: not in the ledger" for name in self.found.unmatched]
        lines += [f"{name}: unknown column" for name in self.found.unknown_columns]
        return "\n".join([*lines, *self.found.currencies, *self.found.problems])
