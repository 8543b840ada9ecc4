"""`mockbatch watch`, against a real server."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from tests.builders import BATCHES, requests
from tests.processes import Process, run, running


def created(server: Process, *custom_ids: str) -> str:
    id: str = server.http.post(BATCHES, json={"requests": requests(*custom_ids)}).json()["id"]
    return id


def test_lines_are_told_where_there_is_no_terminal(tmp_path: Path) -> None:
    """One for each batch of each session, with what it cost and whether somebody read it."""
    with running(tmp_path, "--frozen", "--clock-start", "2026-01-01T00:00:00Z") as server:
        ended = created(server, "a", "b")
        server.advance(until="batch.ended", batch=ended)
        going = created(server, "c")
        code, out, err = run("watch", "--once", "--url", server.url)
        assert (code, err) == (0, "")
        first, second = out.splitlines()
        assert re.search(rf"^2026-01-01T\S+Z \w{{8}} {ended} ended: 2 succeeded, \$0\.\d{{4}}, read 0x$", first)
        assert second.endswith(f"{going} in_progress: 1 processing")
        server.http.get(f"{BATCHES}/{ended}/results")
        code, out, _ = run("watch", "--once", "--url", server.url, "--api-key", server.http.headers["x-api-key"])
        assert f" {ended} ended: 2 succeeded" in out
        assert "read 1x" in out
        assert server.http.get("/_mockbatch/requests").json()["total"] == 3


def test_changes_are_told_as_they_come(tmp_path: Path) -> None:
    """A line each, until it is stopped."""
    with running(tmp_path, "--frozen") as server:
        batch = created(server, "a")
        command = [sys.executable, "-m", "mockbatch", "watch", "--url", server.url, "--interval", "0.1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
            assert watching.stdout
            assert "1 processing" in watching.stdout.readline()
            server.advance(until="batch.ended", batch=batch)
            assert "1 succeeded" in watching.stdout.readline()
            watching.terminate()


def test_a_terminal_gets_a_table(tmp_path: Path) -> None:
    """With letters beside the colours."""
    with running(tmp_path, "--frozen") as server:
        batch = created(server, "a")
        main, terminal = pty.openpty()
        subprocess.run(
            [sys.executable, "-m", "mockbatch", "watch", "--once", "--url", server.url],
            stdout=terminal,
            stderr=terminal,
            check=True,
            env={**os.environ, "COLUMNS": "140", "TERM": "xterm"},
        )
        os.close(terminal)
        told = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(main, 1 << 16).decode())
        os.close(main)
    assert batch in told
    assert "P 1" in told
    assert "status" in told


def test_no_server_is_told_in_a_sentence() -> None:
    """With the exit code of all commands that need one."""
    code, out, err = run("watch", "--once", "--url", "http://127.0.0.1:9")
    assert (code, out) == (5, "")
    assert err.startswith("mockbatch: no server at http://127.0.0.1:9")
