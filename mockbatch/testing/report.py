"""Describe the session of a failed test."""

from collections.abc import Callable, Iterable
from typing import Any

from mockbatch.client.control import ControlError, ServerGone
from mockbatch.testing.session import Session

_CALLS = 20


def described(session: Session) -> str:
    """Return the last calls, batches, armed rules and problems; for a dead server, its error."""
    try:
        parts = [
            [f"{session!r}, id {session.id}, {session.clock!r}"],
            _part("last calls", lambda: session.requests.last(_CALLS)),
            _part("batches", lambda: session.batches),
            _part("rules", lambda: session.rules),
            _part("problems", session.problems),
        ]
    except ServerGone as error:
        return str(error)
    from mockbatch.core.cassette.display import shown_text

    return shown_text("\n".join(line for part in parts for line in part))


def halted(session: Session) -> str:
    """Freeze a session that is kept, and return a line with its dashboard URL."""
    try:
        session.clock.freeze()
    except ServerGone:
        return ""
    return f"\nstate at the time of failure: {session.url}/?session={session.id}"


def _part(title: str, ask: Callable[[], Iterable[Any]]) -> list[str]:
    try:
        lines = [f"  {line!r}" for line in ask()]
    except ControlError as error:
        lines = [f"  {error}"]
    return [f"{title}:", *(lines or ["  none"])]
