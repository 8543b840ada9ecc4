"""The clock of a session, seen and moved from a test."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from mockbatch.client.control import Control

Span = str | float | timedelta
"""How long: seconds, a timedelta, or text like `25h`."""


class Event(dict[str, Any]):
    """What time did to a batch: `at`, `type`, `batch`."""

    def __repr__(self) -> str:
        return f"<{self['type']} {self['batch']} at {self['at']}>"


class SessionClock:
    """Virtual time of one session. It goes forward only."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._listeners: list[Callable[[float], object]] = []

    def __repr__(self) -> str:
        view = self.view()
        pace = "frozen" if view["frozen"] else f"x{view['speedup']:g}"
        return f"<clock {view['now']} {pace}>"

    def view(self) -> dict[str, Any]:
        """`now`, `speedup`, `frozen`, and the `next_event` that time alone will bring."""
        view: dict[str, Any] = self._control.get("clock")
        return view

    def now(self) -> float:
        """Seconds since 1970."""
        return self.today().timestamp()

    def today(self) -> datetime:
        """The virtual time, in UTC."""
        return _instant(self.view()["now"])

    @property
    def frozen(self) -> bool:
        """Whether time stands still unless it is advanced."""
        return bool(self.view()["frozen"])

    def advance(
        self,
        by: Span | None = None,
        *,
        to: datetime | str | None = None,
        events: int | None = None,
        until: Literal["batch.ended", "items_done"] | None = None,
        batch: str | None = None,
        count: int | None = None,
    ) -> list[Event]:
        """Let time pass, and tell what happened on the way: one of `by`, `to`, `events`, or `until` with its `batch`.

        Raises ControlError when that is backwards.
        """
        told = {"by": _span(by), "to": _text(to), "events": events, "until": until, "batch": batch, "count": count}
        moved = self._control.post("clock", "advance", **{name: it for name, it in told.items() if it is not None})
        now = _instant(moved["now"]).timestamp()
        for listener in self._listeners:
            listener(now)
        return [Event(event) for event in moved["events"]]

    def freeze(self) -> None:
        """Let time stand still."""
        self._control.post("clock", "freeze")

    def resume(self) -> None:
        """Let time run again."""
        self._control.post("clock", "resume")

    def speedup(self, factor: float) -> None:
        """Let so many virtual seconds pass in a real one."""
        self._control.post("clock", "speedup", speedup=factor)

    def subscribe(self, listener: Callable[[float], object]) -> Callable[[], None]:
        """Have `listener` called with the time whenever this handle moves it; answers what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _span(span: Span | None) -> str | None:
    if isinstance(span, timedelta):
        span = span.total_seconds()
    return f"{round(span * 1_000_000)}us" if isinstance(span, int | float) else span


def _text(to: datetime | str | None) -> str | None:
    return to.isoformat() if isinstance(to, datetime) else to
