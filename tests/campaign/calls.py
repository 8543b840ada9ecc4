"""Generated calls over all routes: no 500, no answer out of the envelope, no hang, and nobody else kept waiting."""

import json
import multiprocessing
import re
import threading
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from typing import Any, cast

from tests.campaign.answers import wrong
from tests.campaign.made_calls import Call, Calls
from tests.campaign.plan import Plan
from tests.campaign.report import Report
from tests.campaign.sentinel import LONG, Sentinel, Wait, kept_waiting, watching
from tests.campaign.target import Target, target
from tests.campaign.wire import Answer, Connection, Hung, Lost, request, shown

_SPAWN = multiprocessing.get_context("spawn")
# a server closes connections that rest for five seconds
_IDLE = 3.0
_DEPTH = 8
_ROUNDS = 60
"""So many times each connection sends; then one of the sessions is deleted."""
_PATIENCE = 15.0
_PATIENCE_WITH_RULES = 2.0
_MOST_MB = 600.0
_MOST_LIVES = 15
_LANES = 2
_MOST_SUSPECTS = 60

Told = tuple[str, Any]


class Worker:
    """A process that calls, over two connections that are interleaved."""

    def __init__(self, host: str, port: int, calls: Calls, tell: Pipe) -> None:
        self.host, self.port, self.calls, self.tell = host, port, calls, tell
        self.patience = _PATIENCE_WITH_RULES if calls.armed else _PATIENCE
        self.count: Counter[str] = Counter()
        self.open: list[Connection] = []
        self.last = time.monotonic()

    def work(self) -> None:
        while not self.tell.poll():
            for _ in range(_ROUNDS):
                self._round()
            self._clear()
            self.tell.send(("count", self.count))
            self.count = Counter()

    def _round(self) -> None:
        if time.monotonic() - self.last > _IDLE:
            for connection in list(self.open):
                self._reopen(connection)
        while len(self.open) < 2:
            self.open.append(Connection(self.host, self.port, self.patience))
        depth = 1 if self.calls.armed else _DEPTH
        sent = [[self.calls.draw() for _ in range(depth)] for _ in self.open]
        began = time.monotonic()
        for connection, calls in zip(self.open, sent, strict=True):
            with suppress(Lost, Hung):  # which the reading finds too
                connection.send(b"".join(call.data for call in calls))
        for connection, calls in list(zip(self.open, sent, strict=True)):
            self._read(connection, calls, began)
        self.last = time.monotonic()

    def _read(self, connection: Connection, calls: list[Call], began: float) -> None:
        for at, call in enumerate(calls):
            try:
                answer = connection.answer()
            except (Lost, Hung) as error:
                self._broken(connection, calls[at:], error)
                return
            self._judge(call, answer)
            now = time.monotonic()
            if now - began > LONG / 2:
                self.tell.send(("slow", (began, now, call)))
            began = now
            if answer.headers.get("connection") == "close":
                self._reopen(connection)
                return

    def _judge(self, call: Call, answer: Answer) -> None:
        self.count["calls"] += 1
        self.count[f"answers {answer.status // 100}xx"] += 1
        if "x-mockbatch-fault" in answer.headers:
            self.count["answers made by rules"] += 1
        self.calls.learn(answer.body)
        if problem := wrong(answer):
            self.tell.send(("wrong", (call, problem)))

    def _broken(self, connection: Connection, calls: list[Call], error: Exception) -> None:
        self._reopen(connection)
        self.count["calls"] += len(calls)
        if self.calls.armed:
            self.count["timeouts and lost answers under rules"] += 1
            self._clear(all_of_them=isinstance(error, Hung))
        else:
            self.tell.send(("broken", (calls[0], f"{type(error).__name__}: {error}")))

    def _reopen(self, connection: Connection) -> None:
        connection.close()
        self.open.remove(connection)

    def _clear(self, all_of_them: bool = False) -> None:
        """Delete sessions, so that memory has an end, and rules too."""
        for key in self.calls.keys if all_of_them else [self.calls.luck.choice(self.calls.keys)]:
            connection = Connection(self.host, self.port, 60.0)
            try:
                connection.send(request("POST", "/_mockbatch/reset", key, b'{"scope":"all"}'))
                answer = connection.answer()
                if answer.status != 200:
                    self.tell.send(("wrong", (Call("POST /_mockbatch/reset", key, b""), f"status {answer.status}")))
            except (Lost, Hung) as error:
                self.tell.send(("broken", (Call("POST /_mockbatch/reset", key, b""), str(error))))
            finally:
                connection.close()


def _start(host: str, port: int, seed: tuple[int, int], armed: bool, document: Any, faults: Any, tell: Pipe) -> None:
    kind = "rules" if armed else "plain"
    luck = Plan(seed[0], 0, False).luck("calls", kind, seed[1])
    keys = [f"sk-ant-{kind}-{number}" for number in range(3)]
    with suppress(OSError, Lost, Hung, EOFError):
        Worker(host, port, Calls(luck, document, faults, keys, armed), tell).work()


class Campaign:
    """What came of the calls, over the lives of a few servers: a new one after each that answers no more."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.plan, self.report = plan, report
        self.known: Counter[str] = Counter()
        self.slow: list[tuple[float, float, Call]] = []

    def fault(self, kind: str, text: str) -> None:
        """Note the first of each kind, and count the others."""
        self.known[kind] += 1
        if self.known[kind] == 1:
            self.report.fault(text)

    def life(self, number: int) -> None:
        with target("--progression", "polls:2") as server:
            document, faults = _asked(server, "/_mockbatch/openapi.json"), _asked(server, "/_mockbatch/faults")
            faults = (
                faults if isinstance(faults, list) else next(part for part in faults.values() if isinstance(part, list))
            )
            self.slow, before = [], server.megabytes()
            with watching(server.host, server.port, server.pid, self.report) as sentinel:
                pipes = [self._worker(server, number, armed, document, faults) for armed in (False, True)]
                most = self._listen(server, [pipe for pipe, _ in pipes], sentinel)
                for pipe, process in pipes:
                    _end(pipe, process)
                if server.alive:
                    self._suspects(server, sentinel)
            self.report.figures["RSS at the start / most / at the end"] = (
                f"{before:.0f} / {most:.0f} / {server.megabytes():.0f} MB"
            )
            if most > _MOST_MB:
                self.fault("memory", f"memory: {most:.0f} MB")
            server.stop(self.report)

    def _worker(self, server: Target, number: int, armed: bool, document: Any, faults: Any) -> tuple[Pipe, Any]:
        ours, theirs = _SPAWN.Pipe()
        seed = (self.plan.seed, number)
        process = _SPAWN.Process(target=_start, args=(server.host, server.port, seed, armed, document, faults, theirs))
        process.start()
        theirs.close()
        return ours, process

    def _listen(self, server: Target, pipes: list[Pipe], sentinel: Sentinel) -> float:
        """Hear what the workers tell until time is over or the server answers no more; return its most memory."""
        most, looked = 0.0, time.monotonic()
        while not self.plan.over:
            for pipe in multiprocessing.connection.wait(pipes, 0.2):
                try:
                    self._hear(cast("Pipe", pipe).recv())
                except (EOFError, OSError):
                    pipes = [other for other in pipes if other is not pipe]
            sentinel.look()
            most = max(most, server.megabytes())
            if not server.alive:
                self.fault("crash", f"the server ended: {''.join(list(server.log)[-5:])!r}")
                return most
            if time.monotonic() - looked > 5:
                looked = time.monotonic()
                if not _answers(server):
                    self._silent(server)
                    return most
        return most

    def _silent(self, server: Target) -> None:
        last = shown(self.slow[-1][2].data) if self.slow else "none"
        self.fault(
            "silence",
            f"the server has answered nothing for 30 s, and is killed; last slow call: {last}",
        )
        server.kill()

    def _hear(self, told: Told) -> None:
        kind, what = told
        if kind == "count":
            self.report.tried.update(what)
        elif kind == "slow":
            self.slow.append(what)
        else:
            call, problem = what
            self.fault(
                f"{call.name} {re.sub('[0-9]+', '', problem)[:60]}", f"{call.name}: {problem}; sent {shown(call.data)}"
            )

    def _suspects(self, server: Target, sentinel: Sentinel) -> None:
        """Repeat alone what was under way when the sentinel waited; a fault is what keeps others waiting again."""
        sentinel.look()
        found: dict[bytes, Call] = {}
        for began, ended, call in sorted(self.slow, key=lambda slow: slow[0] - slow[1]):
            if any(_meet(wait, began, ended) for wait in sentinel.waits):
                found.setdefault(call.data, call)
        for call in list(found.values())[:_MOST_SUSPECTS]:
            self.report.tried["suspects repeated alone"] += 1
            waited = kept_waiting(server.host, server.port, server.pid, call.data)
            if waited > self.report.longest_wait:
                self.fault(
                    f"waits {call.name}",
                    f"{call.name} keeps all others waiting {waited:.2f} s; sent {shown(call.data)}",
                )


def _meet(wait: Wait, began: float, ended: float) -> bool:
    return began < wait.ended and wait.began < ended


def _end(pipe: Pipe, process: Any) -> None:
    with suppress(OSError):
        pipe.send("over")
    deadline = time.monotonic() + 90
    while process.is_alive() and time.monotonic() < deadline:
        with suppress(EOFError, OSError):
            while pipe.poll():
                pipe.recv()
        process.join(0.05)
    if process.is_alive():
        process.kill()


def _asked(server: Target, path: str) -> Any:
    connection = Connection(server.host, server.port)
    connection.send(request("GET", path, "sk-ant-campaign"))
    told = connection.answer().json()
    connection.close()
    return told


def _answers(server: Target) -> bool:
    try:
        connection = Connection(server.host, server.port, 30.0)
        connection.send(request("GET", "/health"))
        connection.answer()
        connection.close()
    except (Lost, Hung, OSError):
        return False
    return True


def run(plan: Plan, report: Report) -> None:
    """Call until the time is over: in a long run two servers, as one keeps one core busy."""
    campaigns = [Campaign(plan, report) for _ in range(1 if plan.short else _LANES)]
    lanes = [threading.Thread(target=_lane, args=(campaign, lane)) for lane, campaign in enumerate(campaigns)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    known = sum((campaign.known for campaign in campaigns), Counter[str]())
    report.tried["kinds of faults seen again"] += sum(count - 1 for count in known.values())
    report.figures["most frequent faults"] = json.dumps(dict(known.most_common(5)))


def _lane(campaign: Campaign, lane: int) -> None:
    for number in range(lane, _LANES * _MOST_LIVES, _LANES):
        if campaign.plan.over:
            break
        campaign.life(number)
