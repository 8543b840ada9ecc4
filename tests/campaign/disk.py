"""Disks that are full, databases that are locked or damaged, and odd starts.

What was acknowledged survives and stays readable, the server recovers when there is space, and a start serves or says
one sentence with an exit code, never a traceback.
"""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import cycle, takewhile
from pathlib import Path
from tempfile import mkdtemp

from tests.builders import BATCHES, requests
from tests.campaign.calling import BROKEN, Caller
from tests.campaign.full import can_mount, small_disk
from tests.campaign.odd_starts import STARTS
from tests.campaign.plan import Plan
from tests.campaign.report import Report
from tests.campaign.servers import NotReady, Server, serving

_OPTIONS = ("--frozen", "--clock-start", "2026-01-01", "--delay", "1m")
_CREATES = 30
_STARTS = 3


class Round:
    """One attempt, in a folder of its own that is gone afterwards."""

    def __init__(self, report: Report, luck: random.Random, number: int, folder: Path) -> None:
        self.report, self.luck, self.number, self.folder = report, luck, number, folder
        self.acknowledged: set[str] = set()

    def fault(self, what: str) -> None:
        self.report.fault(f"round {self.number}: {what}")

    def server(self, *options: str, **environ: str) -> Server:
        return Server(self.folder, *_OPTIONS, *options, environ=environ)

    def create(self, caller: Caller, rows: int) -> bool:
        """Create a batch. One sentence is a good answer where it cannot be kept."""
        answer = caller.call("POST", BATCHES, {"requests": requests(*range(rows), padding=1500)})
        self.report.tried["creates" if answer.ok else "creates refused"] += 1
        if answer.ok:
            self.acknowledged.add(answer.json()["id"])
        elif answer.json().get("type") != "error" or b"Internal server error" in answer.body:
            self.fault(f"a create that cannot be kept: {answer.status} {answer.body[:200]!r}")
        return answer.ok

    def check_there(self, caller: Caller, when: str) -> None:
        """All that was acknowledged can be listed, and what is done read."""
        answer = caller.call("GET", f"{BATCHES}?limit=1000")
        shown = {batch["id"]: batch for batch in answer.json()["data"]} if answer.ok else {}
        self.report.tried[f"acknowledged batches looked for {when}"] += len(self.acknowledged)
        if missing := self.acknowledged - set(shown):
            self.fault(f"{when}: {len(missing)} of {len(self.acknowledged)} batches missing ({answer.status})")
        done = [id for id in self.acknowledged & set(shown) if shown[id]["processing_status"] == "ended"]
        for id in self.luck.sample(sorted(done), min(3, len(done))):
            rows = caller.call("GET", f"{BATCHES}/{id}/results")
            if not rows.ok or rows.body.count(b"\n") != sum(shown[id]["request_counts"].values()):
                self.fault(f"{when}: results of {id}: {rows.status} {rows.body[:200]!r}")

    def check_log(self, server: Server) -> None:
        if found := server.traceback():
            self.fault(f"traceback in the log: {found}")


def full_disk(round: Round) -> None:
    """The disk is full from some create on, for a while; then it has space again."""
    with small_disk(round.folder, 6) as disk:
        server = round.server("--db", str(disk.path / "x.db"))
        first, last = sorted(round.luck.sample(range(_CREATES), 2))
        with serving(server), closing(server.caller("first")) as caller, closing(server.caller("second")) as other:
            for number in range(_CREATES):
                if number == first:
                    disk.fill(server.process.pid, round.luck.choice((0, 0, 4096, 20_000)))
                if number == last:
                    disk.make_space(server.process.pid)
                    caller.call("POST", "/_mockbatch/clock/advance", {"by": "1h"})
                if number == (first + last) // 2:
                    round.check_there(caller, "while the disk is full")
                    other.call("GET", BATCHES)  # the first call of a key
                round.create(caller, round.luck.choice((1, 1, 10, 60)))
            if not round.create(caller, 1):
                round.fault("no create succeeds when there is space again")
            round.check_there(caller, "when there is space again")
            other_answer = other.call("POST", BATCHES, {"requests": requests("a")})
            if not other_answer.ok:
                round.fault(f"a key that came while the disk was full stays refused: {other_answer.body[:200]!r}")
            _end(round, server)
        _check_after(round, server)


def locked(round: Round) -> None:
    """Another program holds the lock of the database while keys call for the first time."""
    path = round.folder / "x.db"
    server = round.server("--db", str(path))
    with serving(server):
        with closing(server.caller("zero")) as caller:
            caller.call("GET", BATCHES)
        with closing(sqlite3.connect(path, isolation_level=None)) as rival:
            rival.execute("BEGIN IMMEDIATE")
            with closing(server.caller("first")) as caller:
                round.create(caller, 1)
            rival.execute("ROLLBACK")
        with closing(server.caller("first")) as caller:
            if not round.create(caller, 2):
                round.fault("no create succeeds when the lock is gone")
            round.check_there(caller, "when the lock is gone")
        _end(round, server)
    _check_after(round, server)


def full_temporary(round: Round) -> None:
    """Without --db the temporary folder is full for a while."""
    with small_disk(round.folder, 6) as disk:
        server = round.server(TMPDIR=str(disk.path), SQLITE_TMPDIR=str(disk.path))
        with serving(server), closing(server.caller("first")) as caller:
            for _ in range(round.luck.randint(1, 10)):
                round.create(caller, 60)
            caller.call("POST", "/_mockbatch/clock/advance", {"by": "1h"})
            disk.fill(server.process.pid, 0)
            refused = 0
            for _ in range(60):
                refused += not round.create(caller, 200)
            round.report.tried["creates refused by a full temporary folder"] += refused
            round.check_there(caller, "while the temporary folder is full")
            disk.make_space(server.process.pid)
            for id in sorted(round.acknowledged)[::2]:
                if not (answer := caller.call("DELETE", f"{BATCHES}/{id}")).ok and answer.status != 400:
                    round.fault(f"a delete after a full temporary folder: {answer.status} {answer.body[:200]!r}")
                round.acknowledged -= {id} if answer.ok else set()
            if not round.create(caller, 1):
                round.fault("no create succeeds when the temporary folder has space again")
            round.check_there(caller, "when the temporary folder has space again")
        round.check_log(server)


def damaged(round: Round) -> None:
    """Bits are flipped, a page is noise, or the end is missing: the start says so, or serves what it can."""
    path = round.folder / "x.db"
    server = round.server("--db", str(path))
    with serving(server), closing(server.caller("first")) as caller:
        for _ in range(round.luck.randint(1, 12)):
            round.create(caller, round.luck.choice((1, 20)))
        server.stop()
    _damage(path, round.luck)
    round.report.tried["damaged databases"] += 1
    try:
        with serving(server), closing(server.caller("first")) as caller:
            round.report.tried["damaged databases that are served"] += 1
            for path_ in (BATCHES, "/_mockbatch/batches", "/_mockbatch/summary", "/v1/files"):
                caller.call("GET", path_)
            caller.call("POST", BATCHES, {"requests": requests("a")})
            caller.call("POST", "/_mockbatch/clock/advance", {"by": "1h"})
            for id in sorted(round.acknowledged):
                caller.call("GET", f"{BATCHES}/{id}/results")
    except NotReady as error:
        _check_refusal(round, error, "a damaged database")
    except BROKEN as error:
        # results of damaged rows break off; a server that is gone is another matter
        if server.process.poll() not in (None, -9):
            round.fault(f"the server of a damaged database crashed: {error}")


def odd_start(round: Round) -> None:
    """Files, folders and streams that are not what they should be."""
    first = round.number // len(KINDS) * _STARTS
    for number in range(first, first + _STARTS):
        name, start = STARTS[number % len(STARTS)]
        round.report.tried["odd starts"] += 1
        folder = round.folder / str(number)
        folder.mkdir()
        code, said = start(folder)
        last = " ".join(said.split())[-300:]
        if "Traceback" in said:
            round.fault(f"start with {name}: traceback, exit code {code}: {last}")
        elif code is None or code < 0:
            round.fault(f"start with {name}: exit code {code}: {last}")
        elif code and len(said.strip().splitlines()) != 1 and "Usage:" not in said:
            round.fault(f"start with {name}: exit code {code}, not one sentence: {last}")


KINDS: tuple[Callable[[Round], None], ...] = (odd_start, full_disk, locked, damaged, full_temporary)


def _damage(path: Path, luck: random.Random) -> None:
    content = bytearray(path.read_bytes())
    match luck.choice(("flip", "noise", "cut")):
        case "flip":
            for _ in range(luck.choice((1, 10, 200))):
                content[luck.randrange(len(content))] ^= 1 << luck.randrange(8)
        case "noise":
            at = luck.randrange(0, len(content), 4096)
            content[at : at + 4096] = luck.randbytes(4096)
        case _:
            del content[luck.randrange(len(content)) :]
    path.write_bytes(content)
    for name in (f"{path}-wal", f"{path}-shm"):
        Path(name).unlink(missing_ok=True)


def _end(round: Round, server: Server) -> None:
    if round.luck.random() < 0.5:
        server.kill()
    elif (code := server.stop()) != 0:
        round.fault(f"exit code {code} at SIGTERM")


def _check_after(round: Round, server: Server) -> None:
    round.check_log(server)
    try:
        with serving(server), closing(server.caller("first")) as caller:
            round.check_there(caller, "after a restart")
    except NotReady as error:
        round.fault(f"the database cannot be opened any more: {error}")


def _check_refusal(round: Round, error: NotReady, what: str) -> None:
    if "Traceback" in error.log or error.code is None or error.code < 0 or not error.log.strip():
        round.fault(f"{what}: {error}")


def run(plan: Plan, report: Report) -> None:
    """Try one kind of damage after the other until the time is over."""
    report.figures["full disks are"] = "file systems of their own" if can_mount() else "limits of the size of files"
    for number, kind in takewhile(lambda _: not plan.over, enumerate(cycle(KINDS))):
        folder = Path(mkdtemp(prefix="mockbatch-disk-"))
        try:
            kind(Round(report, plan.luck("disk", number), number, folder))
            report.tried[f"rounds of {kind.__name__.replace('_', ' ')}"] += 1
        except (NotReady, *BROKEN) as error:
            report.fault(f"round {number}, {kind.__name__}: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
