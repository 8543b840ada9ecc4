"""A log line for each API call, for people who watch the server."""

import sys
import threading
import time
from collections.abc import Callable
from queue import Full, Queue

import msgspec
from msgspec import Struct

from mockbatch.core.cassette.display import shown_text
from mockbatch.core.time.spans import format_instant
from mockbatch.service.services import Services
from mockbatch.service.sessions.journal import JournalEntry
from mockbatch.service.sessions.session import SessionState

_WAITING = 10_000
_PATIENCE_SECONDS = 1.0
_LONGEST = 200
_REFUSED = 400


def to_standard_error(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


class RequestLog:
    """Writes lines in a separate thread, so that no call waits for a terminal or a pipe. If lines arrive faster than
    they can be written, some are dropped and counted.
    """

    def __init__(self, write: Callable[[str], object] = to_standard_error) -> None:
        self._write = write
        self._lines: Queue[str | None] = Queue(_WAITING)
        self._left_out = 0
        self._first: str | None = None
        self._thread = threading.Thread(target=self._write_all, name="mockbatch request log", daemon=True)
        self._thread.start()

    def begin(self) -> "LogEntry":
        """Start timing a call."""
        return LogEntry(self, time.perf_counter())

    def add(self, line: str) -> None:
        """Queue a line. Characters that would affect a terminal are replaced."""
        try:
            self._lines.put_nowait("".join(char if char.isprintable() else "?" for char in line))
        except Full:
            self._left_out += 1

    def whose(self, session: SessionState) -> str:
        """Return a suffix that identifies the session; empty while there is only one."""
        self._first = self._first or session.name
        return "" if session.name == self._first else f"  ({session.display_name})"

    def close(self) -> None:
        """Flush the queue, within a short timeout."""
        try:
            self._lines.put(None, timeout=_PATIENCE_SECONDS)
        except Full:
            return
        self._thread.join(_PATIENCE_SECONDS)

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            left_out, self._left_out = self._left_out, 0
            more = f"... {left_out:,} more calls\n" if left_out else ""
            try:
                self._write(f"{line}\n{more}")
            except (OSError, ValueError):
                self._write = _nothing


def _nothing(text: str) -> None:
    """Discard text; used once standard error is closed."""


class LogEntry(Struct, frozen=True):
    """A call to log once it is answered; `came` is its arrival, in seconds of the performance counter."""

    log: RequestLog
    came: float

    def end(self, record: JournalEntry, session: SessionState | None, mock: Services) -> None:
        """Log a call from its journal record."""
        error, created = _answered(record)
        path = "" if session and record.op in _SAYING else f"{record.method} {record.path}"
        about = record.batch or created or path
        took = time.perf_counter() - self.came
        words = [
            f"{format_instant(record.at)[:19]}Z {record.op:<8} {about:<33} {record.status} {_span(took)}",
            f"  rule {record.fault!r}" if record.fault else "",
            f"  {error}" if error else "",
            self.log.whose(session) if session else "",
        ]
        self.log.add("".join(words))
        if session and created and (outlook := mock.queries.outlook(session, created)):
            self.log.add(f"  {outlook}")


# operations whose line needs no path
_SAYING = frozenset({"create", "list", "messages", "count_tokens"})


def _answered(record: JournalEntry) -> tuple[str, str]:
    """Return the message of an error, and the id of a created batch."""
    if record.status < _REFUSED and record.op != "create":
        return "", ""
    try:
        answer = msgspec.json.decode(record.response_body)
        if record.status < _REFUSED:
            return "", str(answer["id"])
        return shown_text(answer["error"]["message"][:_LONGEST]), ""
    except (msgspec.DecodeError, LookupError, TypeError):
        return "", ""


def _span(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds >= 1 else f"{seconds * 1000:.0f}ms"
