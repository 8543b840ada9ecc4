"""Rules: what a test wants to go wrong, to whom and how often."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any

from mockbatch.client.control import Control


class Rule:
    """A rule that is armed. As a context manager it is taken back at the end of the block."""

    def __init__(self, control: Control, view: dict[str, Any]) -> None:
        self._control = control
        self.id: str = view["id"]
        self.name: str = view["name"]

    def __repr__(self) -> str:
        return _told(self.view())

    def view(self) -> dict[str, Any]:
        """The rule as the server has it, with its `hits`, what is `remaining`, and the `last_hit`."""
        view: dict[str, Any] = self._control.get("rules", self.id)
        return view

    @property
    def hits(self) -> int:
        """How often it struck."""
        return int(self.view()["hits"])

    @property
    def remaining(self) -> int | None:
        """How often it will strike; None for as long as it is there."""
        remaining: int | None = self.view()["remaining"]
        return remaining

    def remove(self) -> None:
        self._control.delete("rules", self.id)

    def __enter__(self) -> "Rule":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


class On:
    """Where a rule strikes, and whom. What is to happen completes it, and arms the rule."""

    def __init__(self, control: Control, scope: str, given: dict[str, Any]) -> None:
        self._control = control
        self._rule = {"on": scope, **given}

    def __repr__(self) -> str:
        return f"<on {self._rule}, not armed yet>"

    def fault(self, name: str, **how: Any) -> Rule:
        """A fault of the registry, like `results.cut`; `mockbatch faults` lists them."""
        return self._arm(fault=name, **how)

    def cut(self, **how: Any) -> Rule:
        """The results, or a streamed message, end too early: `after_items`, of a message `after_events`, or
        `after_bytes`; `how` is `clean`, `reset`, `stall` ...
        """
        streamed = "messages" if self._rule["on"] == "messages" else "results"
        return self.fault(f"{streamed}.cut", **how)

    def omit(self, **how: Any) -> Rule:
        """Rows are missing from the results: those of a `custom_id`, the `first` so many of them."""
        return self.fault("results.omit", **how)

    def http(self, status: int, **how: Any) -> Rule:
        """An error of HTTP, before anything is done; `retry_after` seconds, a `body` or a `shape`."""
        return self._arm(http={"status": status, **_taken(how, _OF_HTTP)}, **how)

    def errored(self, type: str = "api_error", message: str | None = None, **how: Any) -> Rule:
        """The request ends as `errored`, with an error of this type."""
        error = {"type": type} if message is None else {"type": type, "message": message}
        return self._arm(errored=error, **how)

    def outcome(self, outcome: str, **how: Any) -> Rule:
        """The request ends like this: `succeeded`, `expired` or `canceled`."""
        return self._arm(outcome=outcome, **how)

    def reply(self, kind: str | None = None, **told: Any) -> Rule:
        """What the model answers: a kind by its name, like `echo`, or what is told, like `static="as I say"`."""
        return self._arm(reply=told if kind is None else kind)

    def _arm(self, **more: Any) -> Rule:
        return _added(self._control, {**self._rule, **more})


_OF_HTTP = frozenset(
    {
        *("shape", "type", "message", "details", "body", "headers"),
        *("retry_after", "retry_after_ms", "retry_after_date", "x_should_retry"),
    }
)


def _taken(given: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Those of the names that are given, which they are then no longer."""
    return {name: given.pop(name) for name in list(given) if name in names}


class Rules:
    """The rules of a session, in the order in which they are tried."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __repr__(self) -> str:
        return f"<rules: {'; '.join(map(_told, self.views())) or 'none'}>"

    def __iter__(self) -> Iterator[Rule]:
        return (Rule(self._control, view) for view in self.views())

    def __len__(self) -> int:
        return len(self.views())

    def views(self) -> list[dict[str, Any]]:
        """The rules as the server has them."""
        views: list[dict[str, Any]] = self._control.get("rules")["rules"]
        return views

    def add(self, **rule: Any) -> Rule:
        """Arm a rule that is written as in a file."""
        return _added(self._control, rule)

    def clear(self) -> None:
        """Take all rules back."""
        self._control.delete("rules")


def _added(control: Control, rule: dict[str, Any]) -> Rule:
    (view,) = control.post("rules", **rule)["rules"]
    return Rule(control, view)


def _told(view: dict[str, Any]) -> str:
    return f"<rule {view['name']!r} on {view['rule']['on']}: {view['hits']} hits>"
