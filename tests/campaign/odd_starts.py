"""Starts of a server with files, folders and streams that are not what they should be."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO

_PATIENCE = 20.0
Started = tuple[int | None, str]


def start(folder: Path, *options: str, stdout: int | IO[bytes] = subprocess.PIPE, cwd: Path | None = None) -> Started:
    """Start a server and stop it when it serves: its exit code (None: it hangs), and what it wrote on stderr."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "mockbatch", "serve", "--port", "0", "--ready-file", str(ready), *options]
    process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, cwd=cwd)
    try:
        for _ in range(int(_PATIENCE / 0.05)):
            if ready.exists():
                process.send_signal(signal.SIGTERM)
                break
            try:
                process.wait(0.05)
                break
            except subprocess.TimeoutExpired:
                continue
        _, said = process.communicate(timeout=_PATIENCE)
        return process.returncode, said.decode(errors="replace")
    except subprocess.TimeoutExpired:
        process.kill()
        return None, process.communicate()[1].decode(errors="replace")


def _over(make: Callable[[Path], object]) -> Callable[[Path], Started]:
    """A start over a database that was made in some way."""

    def started(folder: Path) -> Started:
        make(folder / "x.db")
        return start(folder, "--db", str(folder / "x.db"))

    return started


def _good(path: Path) -> None:
    start(path.parent, "--db", str(path))
    (path.parent / "ready.json").unlink(missing_ok=True)


def _read_only(path: Path) -> None:
    _good(path)
    path.chmod(0o400)


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE cats (name TEXT)")
        database.commit()


def _newer(path: Path) -> None:
    _good(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 999")
        database.commit()


def _full_stdout(folder: Path) -> Started:
    with Path("/dev/full").open("wb") as full:
        return start(folder, stdout=full)


def _gone_stdout(folder: Path) -> Started:
    read, write = os.pipe()
    os.close(read)
    try:
        return start(folder, stdout=write)
    finally:
        os.close(write)


def _twice(folder: Path) -> Started:
    path = str(folder / "x.db")
    command = [sys.executable, "-m", "mockbatch", "serve", "--port", "0", "--db", path]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert first.stdout
        first.stdout.readline()
        return start(folder, "--db", path)
    finally:
        first.kill()
        first.communicate()


def _lost_folder(folder: Path) -> Started:
    (folder / "gone").mkdir()
    mover = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    command = [sys.executable, "-c", mover, "-m", "mockbatch", "serve", "--port", "0", "--db", str(folder / "no" / "x")]
    done = subprocess.run(command, cwd=folder / "gone", capture_output=True, timeout=_PATIENCE, check=False)
    return done.returncode, done.stderr.decode(errors="replace")


STARTS: tuple[tuple[str, Callable[[Path], Started]], ...] = (
    ("a missing folder of --ready-file", lambda folder: start(folder, "--ready-file", str(folder / "no" / "ready"))),
    ("a folder as --ready-file", lambda folder: start(folder, "--ready-file", str(folder))),
    ("/dev/full as stdout", _full_stdout),
    ("a stdout that nobody reads", _gone_stdout),
    ("a FIFO as --db", _over(lambda path: os.mkfifo(path))),
    ("a folder as --db", _over(lambda path: path.mkdir())),
    ("a missing folder of --db", lambda folder: start(folder, "--db", str(folder / "no" / "x.db"))),
    ("a foreign database", _over(_foreign)),
    ("a database of a newer format", _over(_newer)),
    ("a text as --db", _over(lambda path: path.write_text("hello\n" * 1000))),
    ("an empty file as --db", _over(lambda path: path.write_bytes(b""))),
    ("a read-only database", _over(_read_only)),
    ("a dangling link as --db", _over(lambda path: path.symlink_to("nowhere/else"))),
    ("a device as --db", lambda folder: start(folder, "--db", "/dev/null")),
    ("a full device as --db", lambda folder: start(folder, "--db", "/dev/full")),
    ("a database that another server has", _twice),
    ("a working folder that is gone", _lost_folder),
    ("the empty name as --db", lambda folder: start(folder, "--db", "")),
    ("`:memory:` as --db", lambda folder: start(folder, "--db", ":memory:", cwd=folder)),
    ("a missing folder of --prices", lambda folder: start(folder, "--prices", str(folder / "no" / "prices.toml"))),
)
