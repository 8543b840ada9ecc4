"""What is done to a server in one round, and what is measured meanwhile."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .bodies import write_body
from .load import ROUTE, Connection, count_results, head
from .memory import added_memory, resident
from .poller import polling
from .servers import BenchError, Server, launch
from .throughput import polls_per_second

Samples = dict[str, list[float]]

_SETTLE = 0.5


class Workload:
    """The bodies, written once, and a directory for the servers' files."""

    def __init__(self, directory: Path, large: int, *, quick: bool) -> None:
        self.directory, self.large, self.quick = directory, large, quick
        self._bodies: dict[int, Path] = {}

    def body(self, count: int) -> Path:
        if count not in self._bodies:
            self._bodies[count] = self.directory / f"{count}.json"
            write_body(self._bodies[count], count)
        return self._bodies[count]


def create_small(kind: str, work: Workload) -> Samples:
    times = _creates(kind, work, 100, warm_up=20, count=50 if work.quick else 150)
    return {"create-100": times}


def create_medium(kind: str, work: Workload) -> Samples:
    return {"create-10k": _creates(kind, work, 10_000, warm_up=1, count=3)}


def create_large(kind: str, work: Workload) -> Samples:
    body = work.body(work.large)
    with launch(kind, work.directory) as server:
        connection, poll = _warm(server, work)
        with added_memory(server.pid) as added:
            taken = _timed(lambda: connection.create(body))
        with polling(server.address, poll) as poller:
            for _ in range(2):
                with poller.watch():
                    connection.create(body)
    return {"create-100k": [taken], "create-memory": added, "create-polls": [poller.p99()]}


def results(kind: str, work: Workload) -> Samples:
    with launch(kind, work.directory) as server:
        connection, poll = _warm(server, work)
        batch_id = connection.create(work.body(work.large))
        connection.wait_until_ended(batch_id)
        time.sleep(_SETTLE)
        with added_memory(server.pid) as added:
            taken = _timed(lambda: _download(server, batch_id, work.large))
        with polling(server.address, poll) as poller:
            for _ in range(5):
                with poller.watch():
                    _download(server, batch_id, work.large)
    rate = work.large / (taken / 1000)
    return {"results": [rate], "results-memory": added, "results-polls": [poller.p99()]}


def polls(kind: str, work: Workload) -> Samples:
    with launch(kind, work.directory) as server:
        _, poll = _warm(server, work)
        rate = polls_per_second(server.address, poll, connections=8, seconds=1 if work.quick else 3)
    return {"polls": [rate]}


def start(kind: str, work: Workload) -> Samples:
    begin = time.perf_counter()
    with launch(kind, work.directory, defaults=True) as server:
        _first_answer(Connection(server.address))
        taken = (time.perf_counter() - begin) * 1000
        time.sleep(_SETTLE)
        return {"cold-start": [taken], "idle-memory": [resident(server.pid)]}


@dataclass(frozen=True)
class Scenario:
    run: Callable[[str, Workload], Samples]
    rows: tuple[str, ...]
    rounds: int


SCENARIOS = (
    Scenario(create_small, ("create-100",), 5),
    Scenario(create_medium, ("create-10k",), 5),
    Scenario(create_large, ("create-100k", "create-memory", "create-polls"), 5),
    Scenario(results, ("results", "results-memory", "results-polls"), 5),
    Scenario(polls, ("polls",), 5),
    Scenario(start, ("cold-start", "idle-memory"), 7),
)


def _creates(kind: str, work: Workload, size: int, *, warm_up: int, count: int) -> list[float]:
    body = work.body(size)
    with launch(kind, work.directory) as server:
        connection = Connection(server.address)
        return [_timed(lambda: connection.create(body)) for _ in range(warm_up + count)][warm_up:]


def _warm(server: Server, work: Workload) -> tuple[Connection, str]:
    """A connection, and the path of a small batch that has ended."""
    connection = Connection(server.address)
    batch_id = connection.create(work.body(100))
    connection.wait_until_ended(batch_id)
    return connection, f"{ROUTE}/{batch_id}"


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def _download(server: Server, batch_id: str, expected: int) -> None:
    rows = count_results(server.address, batch_id)
    if rows != expected:
        raise BenchError(f"{rows} results instead of {expected}")


def _first_answer(connection: Connection) -> None:
    if connection.exchange(head("HEAD", "/health")).status != 200:
        connection.get(ROUTE)
