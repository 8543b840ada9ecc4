"""What the calls of a session would have cost."""

from decimal import Decimal
from typing import Any

from mockbatch.testing.control import Control


class Spending:
    """Requests of a batch, or of all: how many are billed, how many not, and what they cost."""

    def __init__(self, view: dict[str, Any]) -> None:
        self.view = view
        self.billed: int = view["billed_items"]
        self.unbilled: int = view["unbilled_items"]
        self.usd = Decimal(view["net_usd"])

    def __repr__(self) -> str:
        return f"<${self.usd} for {self.billed} requests, {self.unbilled} free>"


class Ledger:
    """What the API would bill. Amounts are exact: Decimal, in dollars."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __repr__(self) -> str:
        return f"<ledger {self.total!r}>"

    @property
    def total(self) -> Spending:
        """All of it."""
        return Spending(self._control.get("ledger")["total"])

    @property
    def total_usd(self) -> Decimal:
        return self.total.usd

    @property
    def billed_items(self) -> int:
        """How many requests are billed."""
        return self.total.billed

    def rows(self, group_by: str | None = None) -> list[dict[str, Any]]:
        """The rows, or sums of them by `batch`, `model`, `day`, `token_class`, `custom_id` ..."""
        rows: list[dict[str, Any]] = self._control.get("ledger", group_by=group_by)["rows"]
        return rows

    def for_batch(self, batch: str) -> Spending:
        """What one batch costs."""
        return Spending(self._control.get("ledger", batch=batch)["total"])

    def diff(self, rows: list[dict[str, Any]], key: str = "custom_id") -> "Difference":
        """Compare with the rows of a cost tracker."""
        return Difference(self._control.post("ledger", "diff", rows=rows, key=key))


class Difference:
    """Where a tracker and the ledger disagree."""

    def __init__(self, view: dict[str, Any]) -> None:
        self.view = view
        self.rows: list[dict[str, Any]] = view["differences"]

    def __repr__(self) -> str:
        return f"<difference: {self.explain() or 'none'}>"

    @property
    def empty(self) -> bool:
        return not self.rows

    def explain(self) -> str:
        """A line for each row that differs, with the reason."""
        return "\n".join(str(row["text"]) for row in self.rows)
