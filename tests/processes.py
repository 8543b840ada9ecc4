"""Real servers in processes of their own, on ports that the system picks."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.builders import HEADERS

_PATIENCE = 60.0


class Process:
    """`mockbatch serve` with these options; ready when it is made."""

    def __init__(
        self, folder: Path, *options: str, environ: dict[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self._ready = folder / "ready.json"
        self._ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "mockbatch", "serve", "--port", "0", "--ready-file", str(self._ready)]
        self.process = subprocess.Popen(
            [*command, *options],
            env={"PYTHONFAULTHANDLER": "1", **os.environ, **(environ or {})},
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.stopped = False
        self.url = self._wait()
        self.http = httpx2.Client(base_url=self.url, headers=HEADERS, timeout=_PATIENCE)

    def _wait(self) -> str:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._ready.exists():
                url: str = json.loads(self._ready.read_text())["url"]
                return url
            if self.process.poll() is not None:
                raise AssertionError(self.process.communicate()[1])
            time.sleep(0.01)
        raise AssertionError("the server did not get ready")

    def advance(self, **how: Any) -> dict[str, Any]:
        answer = self.http.post("/_mockbatch/clock/advance", json=how)
        assert answer.status_code == 200, answer.text
        moved: dict[str, Any] = answer.json()
        return moved

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        self.http.close()
        self.stopped = True
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=_PATIENCE)
        return self.process.returncode, out, err


@contextmanager
def running(
    folder: Path, *options: str, environ: dict[str, str] | None = None, cwd: Path | None = None
) -> Iterator[Process]:
    """A server that is gone afterwards, whatever happens. Fails the test if it crashed."""
    server = Process(folder, *options, environ=environ, cwd=cwd)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)
        elif server.process.returncode < 0 and not server.stopped:
            pytest.fail(f"the server crashed: {server.process.communicate()[1]}")
        for stream in (server.process.stdout, server.process.stderr):
            if stream:
                stream.close()


def run(*arguments: str, cwd: Path | None = None, environ: dict[str, str] | None = None) -> tuple[int, str, str]:
    """The command `mockbatch` with these arguments: exit code, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "mockbatch", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        timeout=_PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


class Screen:
    """What a command writes to its terminal."""

    def __init__(self, ours: int) -> None:
        self._ours = ours
        self._written = b""
        self._read = 0

    def until(self, text: str) -> list[str]:
        """The next lines, up to the first one that has this text."""
        while True:
            lines = self.lines[self._read :]
            found = next((at for at, line in enumerate(lines, 1) if text in line), 0)
            if found:
                self._read += found
                return lines[:found]
            assert select.select([self._ours], [], [], _PATIENCE)[0], lines
            self._written += os.read(self._ours, 65536)

    @property
    def lines(self) -> list[str]:
        """All whole lines, without colors."""
        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._written.decode())
        return plain.split("\r\n")[:-1]


@contextmanager
def terminal_of(*arguments: str, cwd: Path | None = None) -> Iterator[Screen]:
    """The command `mockbatch` in a terminal of its own; it is ended afterwards."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mockbatch", *arguments]
    with subprocess.Popen(command, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        try:
            yield Screen(ours)
        finally:
            process.terminate()
            process.wait(_PATIENCE)
            os.close(ours)
