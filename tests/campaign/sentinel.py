"""A caller of its own who polls all the time, and tells who was kept waiting and how long.

On a busy machine the system delays everybody. So the time that the server waited for a processor is taken off, and a
wait counts only if an echo, asked at the same moment, was quick.
"""

import multiprocessing
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import NamedTuple

from tests.campaign.report import Report
from tests.campaign.wire import Connection, Hung, Lost, request

_EVERY = 0.02
LONG = 0.1
_PATIENCE = 120.0
_TOO_LONG = 8.0
_KEY = "sk-ant-sentinel"
_SPAWN = multiprocessing.get_context("spawn")


class Wait(NamedTuple):
    """A poll that took too long, by the monotonic clock."""

    began: float
    ended: float


class Sentinel:
    """The polls of one server's life."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self.waits: list[Wait] = []
        self.polls: list[float] = []

    def look(self) -> list[Wait]:
        """The long waits that were told since the last look."""
        new: list[Wait] = []
        try:
            while self._pipe.poll():
                word = self._pipe.recv()
                if isinstance(word, Wait):
                    new.append(word)
                else:
                    self.polls.extend(word)
        except (EOFError, OSError):
            pass
        self.waits += new
        return new


def _echo(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := connection.recv(64):
        connection.sendall(data)


def _starved(pid: int) -> float:
    """How many seconds this process has waited for a processor."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def _watch(host: str, port: int, pid: int, pipe: Pipe) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    echo = _SPAWN.Process(target=_echo, args=(listener,), daemon=False)
    echo.start()
    beside = socket.create_connection(listener.getsockname())
    beside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        _poll(Connection(host, port, _PATIENCE), beside, pid, pipe)
    except (Lost, Hung, OSError):
        pass  # the campaign itself sees that the server is gone
    finally:
        beside.close()
        listener.close()
        echo.join(5)
        if echo.is_alive():
            echo.kill()


def _poll(server: Connection, beside: socket.socket, pid: int, pipe: Pipe) -> None:
    poll = request("GET", "/v1/messages/batches?limit=1", _KEY)
    told: list[float] = []
    while not pipe.poll():
        began, starved = time.monotonic(), _starved(pid)
        server.send(poll)
        beside.sendall(b"x")
        slow, quick = _both(server, beside)
        waited = slow - began - (_starved(pid) - starved)
        told.append(max(waited, 0.0))
        if waited > LONG and quick - began < LONG / 2:
            pipe.send(Wait(began, slow))
        if len(told) >= 50:
            pipe.send(told)
            told = []
        time.sleep(max(0.0, began + _EVERY - time.monotonic()))
    pipe.send(told)


def _both(server: Connection, beside: socket.socket) -> tuple[float, float]:
    """When the server answered, and when the echo did."""
    slow = quick = 0.0
    with selectors.DefaultSelector() as waiting:
        waiting.register(server.socket, selectors.EVENT_READ)
        waiting.register(beside, selectors.EVENT_READ)
        while not (slow and quick):
            ready = waiting.select(_PATIENCE)
            if not ready:
                raise Hung("the sentinel got no answer")
            now = time.monotonic()
            for key, _ in ready:
                waiting.unregister(key.fileobj)
                if key.fileobj is beside:
                    beside.recv(64)
                    quick = now
                else:
                    server.answer()
                    slow = now
    return slow, quick


@contextmanager
def watching(host: str, port: int, pid: int, report: Report) -> Iterator[Sentinel]:
    """Poll until the end of the block, then put the figures into the report."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_watch, args=(host, port, pid, theirs))
    process.start()
    theirs.close()
    sentinel = Sentinel(ours)
    try:
        yield sentinel
    finally:
        try:
            ours.send("over")
            deadline = time.monotonic() + 5
            while process.is_alive() and time.monotonic() < deadline:
                sentinel.look()
                process.join(0.1)
        except OSError:
            pass
        sentinel.look()
        if process.is_alive():
            process.terminate()
        _tell(sentinel, report)


def _tell(sentinel: Sentinel, report: Report) -> None:
    polls = sorted(sentinel.polls)
    report.tried["polls of the sentinel"] += len(polls)
    report.tried[f"of them longer than {LONG * 1000:.0f} ms"] += len(sentinel.waits)
    if polls:
        p50, p99, worst = (1000 * polls[int(share * (len(polls) - 1))] for share in (0.5, 0.99, 1.0))
        report.figures["sentinel, p50 / p99 / max"] = f"{p50:.1f} / {p99:.1f} / {worst:.1f} ms"


def kept_waiting(host: str, port: int, pid: int, data: bytes, rounds: int = 3) -> float:
    """How long the server keeps others waiting while it works on this request alone: the least of some rounds."""
    least = _TOO_LONG
    for _ in range(rounds):
        least = min(least, _beside(host, port, pid, data))
    return least


def _beside(host: str, port: int, pid: int, data: bytes) -> float:
    worst = 0.0
    culprit, other = Connection(host, port), Connection(host, port, _TOO_LONG)
    try:
        culprit.send(data)
        culprit.socket.setblocking(False)
        for _ in range(200):
            began, starved = time.monotonic(), _starved(pid)
            other.send(request("GET", "/health"))
            other.answer()
            worst = max(worst, time.monotonic() - began - (_starved(pid) - starved))
            try:
                if culprit.socket.recv(1 << 16) is not None:
                    break
            except BlockingIOError:
                time.sleep(0.005)
            except OSError:
                break
    except (Lost, Hung):
        return _TOO_LONG
    finally:
        culprit.close()
        other.close()
    return worst
