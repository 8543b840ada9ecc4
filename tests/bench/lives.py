"""Measures the whole life of a batch, cold, as a test or a program lives it, beside the floor and in turns.

    python -m tests.bench.lives                          100 and 10,000 requests of each kind, some minutes
    python -m tests.bench.lives --rows 100000            other sizes
    python -m tests.bench.lives --bodies task tools      some kinds
    python -m tests.bench.lives --rounds 5
    python -m tests.bench.lives --processes 2            also with --row-processes 2

Each life has a fresh process: create, poll at once and again until a poll says `ended`, read all results once. Nothing
waits outside the clock. CPU is that of the server and its processes over the life, so that work which a start puts off
counts too; memory is the sum of their peaks. How
late polls of another batch are is measured in lives of their own, as a poller warms a server. Figures are medians over
the rounds, and belong together: compare only within one run. Needs Linux and a machine with nothing else to do.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from .life_bodies import KINDS, write_life_body
from .load import ROUTE, Connection, count_results
from .poller import polling
from .process import resident
from .servers import BenchError, Server, launch

_COLUMNS = (
    *("body", "rows", "server", "create ms", "first `ended` ms", "results ms", "life ms"),
    *("CPU us a row", "peak MiB", "latest poll ms"),
)
_SIDES: dict[str, tuple[str, ...]] = {"floor": (), "mockbatch": ()}
_ROWS, _ROUNDS = (100, 10_000), 3
_TICKS = os.sysconf("SC_CLK_TCK")


class Life(NamedTuple):
    """One life, in milliseconds; CPU in microseconds a row, memory in MiB."""

    create: float
    ended: float
    results: float
    cpu: float
    peak: float

    @property
    def whole(self) -> float:
        return self.create + self.ended + self.results


def main() -> int:
    """Measure and print the table."""
    options = _options()
    sides = dict(_SIDES)
    if options.processes:
        sides[f"mockbatch, {options.processes} processes"] = ("--row-processes", str(options.processes))
    print(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
    with TemporaryDirectory(prefix="bench-") as name:
        for kind in options.bodies:
            for rows in options.rows:
                for line in _lines(Path(name), kind, rows, options.rounds, sides):
                    print(line, flush=True)
    return 0


def _lines(directory: Path, kind: str, rows: int, rounds: int, sides: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    body = directory / "body.json"
    write_life_body(body, kind, rows)
    print(f"{kind}, {rows:,}", file=sys.stderr)
    lives: dict[str, list[Life]] = {side: [] for side in sides}
    late: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, more in sides.items():
            os.sync()
            lives[side].append(_lived(side, more, directory, body, rows))
            late[side].append(_latest_poll(side, more, directory, body, rows))
    for side in sides:
        create, ended, results, cpu, peak = (median(values) for values in zip(*lives[side], strict=True))
        whole, latest = median(life.whole for life in lives[side]), median(late[side])
        shown = " | ".join(f"{figure:,.1f}" for figure in (create, ended, results, whole, cpu, peak, latest))
        yield f"| {kind} | {rows:,} | {side} | {shown} |"


def _lived(side: str, more: tuple[str, ...], directory: Path, body: Path, rows: int) -> Life:
    with launch(side.partition(",")[0], directory, *more) as server:
        before = _worked(server.pid)
        connection = Connection(server.address)
        begun = time.perf_counter()
        batch_id = connection.create(body)
        created = time.perf_counter()
        _poll_until_ended(connection, batch_id)
        ended = time.perf_counter()
        _read(server, batch_id, rows)
        read = time.perf_counter()
        processes = _family(server.pid)
        cpu = 1e6 * (sum(map(_worked, processes)) - before) / rows
        peak = sum(resident(pid, "VmHWM") for pid in processes)
    return Life(1000 * (created - begun), 1000 * (ended - created), 1000 * (read - ended), cpu, peak)


def _latest_poll(side: str, more: tuple[str, ...], directory: Path, body: Path, rows: int) -> float:
    """How late the latest poll of another batch is over a life, in milliseconds."""
    other = directory / "other.json"
    write_life_body(other, "small", 1)
    with launch(side.partition(",")[0], directory, *more) as server:
        connection = Connection(server.address)
        first = connection.create(other)
        _poll_until_ended(connection, first)
        with polling(server.address, f"{ROUTE}/{first}") as poller, poller.watch():
            batch_id = connection.create(body)
            _poll_until_ended(connection, batch_id)
            _read(server, batch_id, rows)
            # a short life holds no poll that was due
            time.sleep(0.02)
    return poller.worst()


def _poll_until_ended(connection: Connection, batch_id: str) -> None:
    while json.loads(connection.get(f"{ROUTE}/{batch_id}"))["processing_status"] != "ended":
        pass


def _read(server: Server, batch_id: str, rows: int) -> None:
    found = count_results(server.address, batch_id)
    if found != rows:
        raise BenchError(f"{found} results instead of {rows}")


def _worked(pid: int) -> float:
    """The seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.lives", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", type=int, default=_ROWS, metavar="N", help="requests of a batch")
    parser.add_argument("--bodies", nargs="+", choices=KINDS, default=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument(
        "--processes", type=int, default=0, metavar="N", help="measure with so many processes for rows too"
    )
    parser.add_argument("--rounds", type=int, default=_ROUNDS, metavar="N", help="lives of each kind on each side")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
