"""Inject faults from a test with rules."""

import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from mockbatch.client.control import Control


class RuleView:
    """An armed rule. As a context manager, it is removed at the end of the block."""

    def __init__(self, control: Control, view: dict[str, Any]) -> None:
        self._control = control
        self.id: str = view["id"]
        self.name: str = view["name"]

    def __repr__(self) -> str:
        return _described(self.view())

    def view(self) -> dict[str, Any]:
        """Return the rule as the server shows it, with `hits`, `remaining` and `last_hit`."""
        view: dict[str, Any] = self._control.get("rules", self.id)
        return view

    @property
    def hits(self) -> int:
        """The number of times it was applied."""
        return int(self.view()["hits"])

    @property
    def remaining(self) -> int | None:
        """How many more times it will be applied; None if unlimited."""
        remaining: int | None = self.view()["remaining"]
        return remaining

    def remove(self) -> None:
        """Remove the rule."""
        self._control.delete("rules", self.id)

    def __enter__(self) -> "RuleView":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


class On:
    """An incomplete rule: its scope and matchers. Choosing an effect completes and arms it."""

    def __init__(self, control: Control, scope: str, given: dict[str, Any]) -> None:
        self._control = control
        self._rule = {"on": scope, **given}
        self._complete = False

    def __del__(self) -> None:
        if not self._complete:
            warnings.warn(f"{self!r}: the rule has no effect; add one, e.g. .fault(...)", RuntimeWarning, stacklevel=1)

    def __repr__(self) -> str:
        return f"<on {self._rule}, not armed yet>"

    def fault(self, name: str, **how: Any) -> RuleView:
        """Inject a fault by name, e.g. `results.cut`; `mockbatch faults` lists all."""
        return self._arm(fault=name, **how)

    def cut(self, **how: Any) -> RuleView:
        """Cut off the results or a streamed message: `after_items` (results), `after_events` (a message), or
        `after_bytes`; `how` is `clean`, `reset`, `stall` ...
        """
        streamed = "messages" if self._rule["on"] == "messages" else "results"
        return self.fault(f"{streamed}.cut", **how)

    def omit(self, **how: Any) -> RuleView:
        """Omit rows from the results: those of a `custom_id`, or the `first` N."""
        return self.fault("results.omit", **how)

    def http(self, status: int, **how: Any) -> RuleView:
        """Respond with an HTTP error before anything is done; with `retry_after` seconds, a `body` or a `shape`."""
        return self._arm(http={"status": status, **_popped(how, _OF_HTTP)}, **how)

    def errored(self, type: str = "api_error", message: str | None = None, **how: Any) -> RuleView:
        """End the request as `errored`, with an error of this type."""
        error = {"type": type} if message is None else {"type": type, "message": message}
        return self._arm(errored=error, **how)

    def outcome(self, outcome: str, **how: Any) -> RuleView:
        """End the request as `succeeded`, `expired` or `canceled`."""
        return self._arm(outcome=outcome, **how)

    def reply(self, kind: str | None = None, **reply: Any) -> RuleView:
        """Set the model's reply: a kind by name, e.g. `echo`, or as a keyword, e.g. `static="as I say"`."""
        return self._arm(reply=reply if kind is None else kind)

    def _arm(self, **more: Any) -> RuleView:
        self._complete = True
        return _added(self._control, {**self._rule, **more})


_OF_HTTP = frozenset(
    {
        *("shape", "type", "message", "details", "body", "headers"),
        *("retry_after", "retry_after_ms", "retry_after_date", "x_should_retry"),
    }
)


def _popped(given: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Remove these names from `given` and return them with their values."""
    return {name: given.pop(name) for name in list(given) if name in names}


class Rules:
    """The rules of a session, in the order in which they are tried."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __repr__(self) -> str:
        return f"<rules: {'; '.join(map(_described, self.views())) or 'none'}>"

    def __iter__(self) -> Iterator[RuleView]:
        return (RuleView(self._control, view) for view in self.views())

    def __len__(self) -> int:
        return len(self.views())

    def views(self) -> list[dict[str, Any]]:
        """Return the rules as the server shows them."""
        views: list[dict[str, Any]] = self._control.get("rules")["rules"]
        return views

    def add(self, **rule: Any) -> RuleView:
        """Arm a rule given by the keys of a `[[rules]]` table."""
        return _added(self._control, rule)

    def clear(self) -> None:
        """Remove all rules."""
        self._control.delete("rules")


def _added(control: Control, rule: dict[str, Any]) -> RuleView:
    (view,) = control.post("rules", **rule)["rules"]
    return RuleView(control, view)


def _described(view: dict[str, Any]) -> str:
    return f"<rule {view['name']!r} on {view['rule']['on']}: {view['hits']} hits>"
