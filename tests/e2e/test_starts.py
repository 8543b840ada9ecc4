"""Odd conditions at the start: one sentence and an exit code, and nothing half done."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.builders import HEADERS
from tests.processes import run, running


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("--ready-file", "nowhere/ready"), 3, "--ready-file nowhere/ready cannot be written: No such file"),
        (("--db", ":memory:"), 6, ":memory: is a special SQLite name"),
        (("--db", "file:x?mode=ro"), 6, "file:x?mode=ro is a special SQLite name"),
        (("--db", "."), 6, ". cannot be used: it is not a regular file"),
        (("--host", "nowhere.invalid"), 3, "cannot listen on nowhere.invalid"),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, options: tuple[str, ...], code: int, sentence: str) -> None:
    """And leaves no files behind."""
    found, _, said = run("serve", "--port", "0", *options, cwd=tmp_path)
    assert (found, sentence in said, "Traceback" in said) == (code, True, False), said
    assert list(tmp_path.iterdir()) == []


def test_too_few_descriptors_are_told_in_a_sentence() -> None:
    """Not in a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "mockbatch", "serve", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8)),
    )
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert "Too many open files" in done.stderr


@pytest.mark.parametrize("head", [b"POST /v1/messages/batches", b"GET /_mockbatch/events"])
def test_a_call_that_runs_does_not_keep_it_from_stopping(tmp_path: Path, head: bytes) -> None:
    """Neither half a body nor a stream of events leaves a traceback."""
    import socket

    with running(tmp_path, "--db", str(tmp_path / "x.db")) as server:
        url = httpx2.URL(server.url)
        with socket.create_connection((url.host, url.port or 0)) as wire:
            lines = b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in HEADERS.items())
            wire.sendall(head + b" HTTP/1.1\r\nhost: x\r\n" + lines)
            if head.startswith(b"POST"):
                wire.sendall(b"content-length: 9000000\r\n\r\n" + b'{"requests":[' + b" " * 1_000_000)
                assert server.http.get("/health").status_code == 200
            else:
                wire.sendall(b"\r\n")
                assert wire.recv(100).startswith(b"HTTP/1.1 200")
            code, _, said = server.stop(signal.SIGTERM)
    assert (code, "Traceback" in said, "closed database" in said) == (0, False, False), said
