"""Polls that are due at fixed times, from a process of its own: the client's GIL must not count as waiting.

A poll that was due while the server was busy is sent late and counts from when it was due.
"""

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from .load import Address, Connection, head
from .servers import ROOT, BenchError

_EVERY = 0.01


class Poller:
    """A running poller: `watch()` what matters, ask for `p99()` after the block of `polling()`."""

    def __init__(self) -> None:
        self._latencies: list[float] = []
        self._windows: list[tuple[float, float]] = []

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Only polls that are due within count."""
        start = time.monotonic()
        yield
        self._windows.append((start, time.monotonic()))

    def keep(self, samples: list[tuple[float, float]]) -> None:
        for due, seconds in samples:
            if any(start <= due <= end for start, end in self._windows):
                self._latencies.append(seconds * 1000)

    def worst(self) -> float:
        """In ms."""
        return max(self._latencies, default=0.0)

    def p99(self) -> float:
        """In ms; the worst, if there are fewer than a hundred."""
        ordered = sorted(self._latencies)
        if not ordered:
            raise BenchError("no poll was due in that time")
        return ordered[int(len(ordered) * 0.99)]


@contextmanager
def polling(address: Address, path: str) -> Iterator[Poller]:
    """Polls `path` every 10 ms for as long as the block lasts."""
    command = [sys.executable, "-m", __name__, address[0], str(address[1]), path]
    poller = Poller()
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        try:
            yield poller
        finally:
            output, _ = process.communicate(f"{time.monotonic()}\n")
    if process.returncode:
        raise BenchError(f"a poll of {path} failed")
    poller.keep(json.loads(output))


def _poll(connection: Connection, path: str) -> list[tuple[float, float]]:
    request = head("GET", path)
    samples: list[tuple[float, float]] = []
    due, end = time.monotonic() + _EVERY, inf
    while due <= end:
        time.sleep(max(0.0, due - time.monotonic()))
        if connection.exchange(request).status != 200:
            raise BenchError(path)
        samples.append((due, time.monotonic() - due))
        due += _EVERY
        if end == inf and select.select([sys.stdin], [], [], 0)[0]:
            end = float(sys.stdin.readline())
    return samples


def _main() -> None:
    host, port, path = sys.argv[1:]
    connection = Connection((host, int(port)))
    connection.get(path)
    print("ready", flush=True)
    print(json.dumps(_poll(connection, path)))


if __name__ == "__main__":
    _main()
