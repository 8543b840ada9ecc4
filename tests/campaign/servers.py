"""Real servers that are started over the same folder again and again, and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.campaign.calling import Caller

_PATIENCE = 30.0


class NotReady(Exception):
    """A server ended, or was not ready in time: its exit code (None: it hangs) and what it wrote."""

    def __init__(self, code: int | None, log: str) -> None:
        super().__init__(f"exit code {code}: {' '.join(log.split())[-600:]}")
        self.code = code
        self.log = log


class Server:
    """`mockbatch serve` in a folder. Its log is a file, which never fills up and makes the server wait."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        environ: dict[str, str] | None = None,
    ) -> None:
        self._ready = folder / "ready.json"
        self._log = folder / "server.log"
        self._folder = folder
        self._options = options
        self._environ = {**os.environ, **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def launch(self) -> None:
        """Start the process; does not wait."""
        self._ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "mockbatch", "serve", "--port", "0", "--ready-file", self._ready.name]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self._options], env=self._environ, cwd=self._folder, stdout=log, stderr=log
            )

    def start(self) -> "Server":
        """Start the process and wait until it serves. Raises NotReady."""
        self.launch()
        return self.wait()

    def wait(self) -> "Server":
        """Wait until the process serves. Raises NotReady."""
        deadline = time.monotonic() + _PATIENCE
        while not self._ready.exists():
            code = self.process.poll()
            if code is not None or time.monotonic() > deadline:
                self.kill()
                raise NotReady(code, self.log)
            time.sleep(0.005)
        self.port = int(json.loads(self._ready.read_text())["url"].rpartition(":")[2])
        return self

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process
        return self._process

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def traceback(self) -> str:
        """The end of the last traceback in the log, and "" where there is none; starts the log anew."""
        log = self.log
        self._log.write_bytes(b"")
        return " ".join(log[log.rindex("Traceback") :].split())[-500:] if "Traceback" in log else ""

    def caller(self, key: str = "", timeout: float = _PATIENCE) -> Caller:
        return Caller(self.port, key, timeout)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int | None:
        """Send SIGTERM; the exit code, None where the process had to be killed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return None


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """A server that runs, and is gone afterwards, whatever happens."""
    try:
        yield server.start()
    finally:
        server.kill()
