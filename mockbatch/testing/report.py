"""What a failed test is told of its session."""

from collections.abc import Callable, Iterable
from typing import Any

from mockbatch.client.control import ControlError, ServerGone
from mockbatch.testing.session import Session

_CALLS = 20


def told(session: Session) -> str:
    """The last calls, the armed rules with their hits, the problems; of a server that is gone, that."""
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
    from mockbatch.core.cassette.showing import shown_text

    return shown_text("\n".join(line for part in parts for line in part))


def halted(session: Session) -> str:
    """Where the dashboard shows a session that is kept; its time stands still from now on."""
    try:
        session.clock.freeze()
    except ServerGone:
        return ""
    return f"\nas it was when the test failed: {session.url}/?session={session.id}"


def _part(title: str, ask: Callable[[], Iterable[Any]]) -> list[str]:
    try:
        lines = [f"  {line!r}" for line in ask()]
    except ControlError as error:
        lines = [f"  {error}"]
    return [f"{title}:", *(lines or ["  none"])]
