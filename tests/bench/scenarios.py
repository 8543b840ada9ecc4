"""What is done to a server in one round, and what is measured meanwhile."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .bodies import write_body, write_shared_body
from .load import ROUTE, Connection, count_results, head
from .poller import polling
from .process import added_memory, resident, wait_until_idle
from .servers import ROOT, BenchError, Server, launch
from .targets import CORE
from .throughput import polls_per_second

Samples = dict[str, list[float]]
Kinds = Mapping[str, str]
"""Which server runs on which side."""

_SETTLE = 0.5
_STARTS = 7


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

    def shared_body(self, count: int, *, cached: bool) -> Path:
        path = self.directory / f"{count}-{'cached' if cached else 'plain'}.json"
        if not path.exists():
            write_shared_body(path, count, cached=cached)
        return path


def create_small(kinds: Kinds, work: Workload) -> dict[str, Samples]:
    return _call_by_call("create-100", kinds, work, 100, warm_up=20, count=50 if work.quick else 150)


def create_medium(kinds: Kinds, work: Workload) -> dict[str, Samples]:
    return _call_by_call("create-10k", kinds, work, 10_000, warm_up=2, count=5, background=True)


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
        with added_memory(server.pid) as added:
            # the first time replies are made, which `tests.bench.lives` measures
            _download(server, batch_id, work.large)
            taken = _timed(lambda: _download(server, batch_id, work.large))
        with polling(server.address, poll) as poller:
            for _ in range(5):
                with poller.watch():
                    _download(server, batch_id, work.large)
    rate = work.large / (taken / 1000)
    return {"results": [rate], "results-memory": added, "results-polls": [poller.p99()]}


def cached(kinds: Kinds, work: Workload) -> dict[str, Samples]:
    """Results of rows that share a prompt, against those of the same rows when nothing of it is cached."""
    if kinds["mockbatch"] != "mockbatch":
        raise BenchError("the floor caches nothing")
    taken = {}
    with launch("mockbatch", work.directory) as server:
        for marked in (False, True):
            connection = Connection(server.address)
            batch_id = connection.create(work.shared_body(work.large, cached=marked))
            connection.wait_until_ended(batch_id)
            taken[marked] = min(_timed(lambda: _download(server, batch_id, work.large)) for _ in range(3))  # noqa: B023
    return {"mockbatch": {"results-cached": [taken[True] / taken[False]]}}


def core(kinds: Kinds, work: Workload) -> dict[str, Samples]:
    """What needs no server."""
    told = subprocess.run([sys.executable, "-m", "tests.bench.core"], cwd=ROOT, check=True, capture_output=True)
    return {"mockbatch": {name: [figure] for name, figure in json.loads(told.stdout).items()}}


def polls(kind: str, work: Workload) -> Samples:
    with launch(kind, work.directory) as server:
        _, poll = _warm(server, work)
        rate = polls_per_second(server.address, poll, connections=8, seconds=1 if work.quick else 3)
    return {"polls": [rate]}


def start(kinds: Kinds, work: Workload) -> dict[str, Samples]:
    """Starts in turns, several: what else a machine does weighs much in so short a time."""
    samples: dict[str, Samples] = {side: {"cold-start": [], "idle-memory": []} for side in kinds}
    os.sync()
    for _ in range(_STARTS):
        for side, kind in kinds.items():
            samples[side]["cold-start"].append(_start(kind, work))
    for side, kind in kinds.items():
        with launch(kind, work.directory, defaults=True) as server:
            _first_answer(Connection(server.address))
            time.sleep(_SETTLE)
            samples[side]["idle-memory"].append(resident(server.pid))
    return samples


def _one_by_one(run: Callable[[str, Workload], Samples]) -> Callable[[Kinds, Workload], dict[str, Samples]]:
    """One server after the other, each alone on the machine."""

    def both(kinds: Kinds, work: Workload) -> dict[str, Samples]:
        samples = {}
        for side, kind in kinds.items():
            os.sync()  # or one server pays for what the other has left to write
            samples[side] = run(kind, work)
        return samples

    return both


@dataclass(frozen=True)
class Scenario:
    run: Callable[[Kinds, Workload], dict[str, Samples]]
    rows: tuple[str, ...]
    rounds: int


SCENARIOS = (
    Scenario(create_small, ("create-100",), 5),
    Scenario(create_medium, ("create-10k",), 5),
    Scenario(_one_by_one(create_large), ("create-100k", "create-memory", "create-polls"), 5),
    Scenario(_one_by_one(results), ("results", "results-memory", "results-polls"), 5),
    Scenario(_one_by_one(polls), ("polls",), 5),
    Scenario(cached, ("results-cached",), 2),
    Scenario(core, CORE, 3),
    Scenario(start, ("cold-start", "idle-memory"), 5),
)


def _call_by_call(
    name: str, kinds: Kinds, work: Workload, size: int, *, warm_up: int, count: int, background: bool = False
) -> dict[str, Samples]:
    """Creates in turns, so that a machine that gets slower or faster meanwhile does so for both.

    Where a server goes on in the `background`, the other one's turn waits for it.
    """
    body = work.body(size)
    times: dict[str, list[float]] = {side: [] for side in kinds}
    with ExitStack() as running:
        servers = {side: running.enter_context(launch(kind, work.directory)) for side, kind in kinds.items()}
        connections = {side: Connection(server.address) for side, server in servers.items()}
        os.sync()
        for _ in range(warm_up + count):
            for side, server in servers.items():
                if background:
                    # the other one's turn may take longer than a server keeps a connection that rests
                    connections[side].close()
                    connections[side] = Connection(server.address)
                times[side].append(_timed(lambda side=side: connections[side].create(body)))
                if background:
                    wait_until_idle(server.pid)
    return {side: {name: taken[warm_up:]} for side, taken in times.items()}


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


def _start(kind: str, work: Workload) -> float:
    begin = time.perf_counter()
    with launch(kind, work.directory, defaults=True) as server:
        _first_answer(Connection(server.address))
        return (time.perf_counter() - begin) * 1000


def _first_answer(connection: Connection) -> None:
    if connection.exchange(head("HEAD", "/health")).status != 200:
        connection.get(ROUTE)
