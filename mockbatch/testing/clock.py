"""Read and advance the clock of a session from a test."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from mockbatch.client.control import Control

Span = str | float | timedelta
"""A duration: seconds, a timedelta, or text such as `25h`."""


class ClockEvent(dict[str, Any]):
    """A change of a batch as time passed: `at`, `type`, `batch`."""

    def __repr__(self) -> str:
        return f"<{self['type']} {self['batch']} at {self['at']}>"


class SessionClock:
    """The virtual clock of one session. It only moves forward."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._listeners: list[Callable[[float], object]] = []

    def __repr__(self) -> str:
        view = self.view()
        pace = "frozen" if view["frozen"] else f"x{view['speedup']:g}"
        return f"<clock {view['now']} {pace}>"

    def view(self) -> dict[str, Any]:
        """Return `now`, `speedup`, `frozen`, and `next_event`, the next change that is due."""
        view: dict[str, Any] = self._control.get("clock")
        return view

    def now(self) -> datetime:
        """Return the virtual time as a datetime in UTC."""
        return _instant(self.view()["now"])

    def time(self) -> float:
        """Return the virtual time in seconds since 1970."""
        return self.now().timestamp()

    @property
    def frozen(self) -> bool:
        """Whether time moves only when advanced."""
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
    ) -> list[ClockEvent]:
        """Advance the clock, return the events on the way. Give one of `by`, `to`, `events`, or `until` with `batch`.

        Raises ControlError if that would move it backwards.
        """
        given = {"by": _span(by), "to": _text(to), "events": events, "until": until, "batch": batch, "count": count}
        moved = self._control.post("clock", "advance", **{name: it for name, it in given.items() if it is not None})
        now = _instant(moved["now"]).timestamp()
        for listener in self._listeners:
            listener(now)
        return [ClockEvent(event) for event in moved["events"]]

    def freeze(self) -> None:
        """Freeze the clock."""
        self._control.post("clock", "freeze")

    def resume(self) -> None:
        """Resume a frozen clock."""
        self._control.post("clock", "resume")

    def speedup(self, factor: float) -> None:
        """Set the pace, in virtual seconds per real second."""
        self._control.post("clock", "speedup", speedup=factor)

    def subscribe(self, listener: Callable[[float], object]) -> Callable[[], None]:
        """Call `listener` with the time whenever this object advances it. Returns a function that unsubscribes."""
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
