"""The servers under measurement, as processes of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
_FLOOR = ("-m", "tests.bench.floor")
_MOCKBATCH = ("-m", "mockbatch", "serve", "--port", "0")
_AT_ONCE = ("--delay-preset", "immediate", "--progression", "time")
_START_TIMEOUT, _STOP_TIMEOUT = 30.0, 20.0


class BenchError(Exception):
    """A server did not do its part, so that there is nothing to measure."""


@dataclass(frozen=True)
class Server:
    """A running server; `pid` is the process that answers."""

    address: tuple[str, int]
    pid: int


@contextmanager
def launch(kind: str, directory: Path, *more: str, defaults: bool = False) -> Iterator[Server]:
    """A fresh `floor` or `mockbatch` in an empty folder, that ends with the block.

    With `defaults` mockbatch runs as its users start it; otherwise it ends batches at once and stores durably, as
    the floor does. `more` are further options of it.
    """
    home = Path(mkdtemp(dir=directory))
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *_command(kind, home, defaults), *more],
            cwd=home,
            env=_environment(),
            stdout=output,
            stderr=output,
        )
    try:
        yield _ready(process, home)
    finally:
        _stop(process)
        rmtree(home)


def _command(kind: str, home: Path, defaults: bool) -> list[str]:
    files = ["--ready-file", str(home / "ready"), "--db", str(home / "db.sqlite")]
    if kind == "floor":
        return [*_FLOOR, *files]
    return [*_MOCKBATCH, *files[:2]] if defaults else [*_MOCKBATCH, *_AT_ONCE, *files]


def _environment() -> dict[str, str]:
    # the options of whoever runs this must not change what is measured, and an installed package has its bytecode
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MOCKBATCH_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, "PYTHONPATH": str(ROOT)}


def _ready(process: "subprocess.Popen[bytes]", home: Path) -> Server:
    ready_file, deadline = home / "ready", time.monotonic() + _START_TIMEOUT
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            last_words = (home / "output").read_text(errors="replace")[-500:]
            raise BenchError(f"does not start: {last_words}")
        time.sleep(0.0005)
    ready = json.loads(ready_file.read_bytes())
    url = urlsplit(ready["url"])
    return Server((url.hostname or "", url.port or 0), ready["pid"])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
