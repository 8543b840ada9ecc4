"""A server under attack: a process of its own whose log is read as it is written."""

import os
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from tests.campaign.report import Report
from tests.processes import Process, running

_STOPS_WITHIN = 30.0
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class Target:
    """Where a server listens, what it logs and how much memory it has."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.host, self.port = "127.0.0.1", urlsplit(process.url).port or 80
        self.log: deque[str] = deque(maxlen=100_000)
        for stream in (process.process.stdout, process.process.stderr):
            if stream:
                threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: TextIO) -> None:
        try:
            self.log.extend(stream)
        except ValueError:  # closed when the server was gone
            return

    @property
    def pid(self) -> int:
        return self.process.process.pid

    @property
    def alive(self) -> bool:
        return self.process.process.poll() is None

    def megabytes(self) -> float:
        """The resident memory."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_MB
        except (OSError, IndexError):
            return 0.0

    def kill(self) -> None:
        """End a server that answers nothing any more."""
        self.process.stopped = True
        self.process.process.kill()
        self.process.process.wait()

    def stop(self, report: Report) -> None:
        """Stop it as a user would; note an exit that was not clean, and tracebacks in the log."""
        code = self.process.process.poll()
        if code is None:
            self.process.stopped = True
            self.process.process.send_signal(signal.SIGTERM)
            try:
                code = self.process.process.wait(_STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                report.fault(f"SIGTERM: the server has not stopped after {_STOPS_WITHIN:.0f} s")
                self.kill()
                return
        elif self.process.stopped:
            return
        if code:
            report.fault(f"the server ended with exit code {code}: {''.join(list(self.log)[-5:])!r}")
        self.process.stopped = True
        note_tracebacks(self.log, report)


def note_tracebacks(log: deque[str], report: Report) -> None:
    """Note each kind of traceback once, with its last lines."""
    lines = list(log)
    kinds: dict[str, str] = {}
    for at, line in enumerate(lines):
        if line.startswith("Traceback") or "Exception in ASGI" in line:
            rest = lines[at + 1 : at + 200]
            end = next((n for n, text in enumerate(rest) if text[:1].strip()), len(rest))
            kinds.setdefault("".join(rest[end : end + 1])[:120], "".join(rest[max(0, end - 4) : end + 1]))
    for text in kinds.values():
        report.fault(f"a traceback in the log, ending with {text!r}")


@contextmanager
def target(*options: str, environ: dict[str, str] | None = None) -> Iterator[Target]:
    """A server with these options, started in an empty folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(folder, *options, environ=environ, cwd=folder) as process:
            found = Target(process, folder)
            try:
                yield found
            finally:
                if found.alive:
                    found.kill()
