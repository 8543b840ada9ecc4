"""Kill a server at random moments under load: what was acknowledged is there after the restart, and nothing half.

Four callers with sessions of their own act at once. An act that was under way at the kill may have happened or not,
but wholly. Two servers take turns on the two cores: one starts while the other works.
"""

import copy
import hashlib
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.builders import BATCHES
from tests.campaign.acts import Act, Actor, World, look
from tests.campaign.calling import BROKEN, Answer, Caller
from tests.campaign.plan import Plan
from tests.campaign.report import Report
from tests.campaign.servers import NotReady, Server
from tests.receiver import Called, receiving

_LANES = 2
_ROUNDS = 25
_ACTORS = 4
_PATIENCE = 20.0
_OPTIONS = ("--frozen", "--clock-start", "2026-01-01", "--delay", "uniform:1m,20h", "--fail-rate", "0.1")


def run(plan: Plan, report: Report) -> None:
    """Kill servers until the time is over."""
    lanes = [threading.Thread(target=_lane, args=(plan, report, number)) for number in range(_LANES)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    report.figures["kills each minute"] = f"{60 * report.tried['kills'] / max(plan.seconds, 1):.0f}"


def _lane(plan: Plan, report: Report, lane: int) -> None:
    life = 0
    while not plan.over:
        with _folder() as folder:
            try:
                Life(plan, report, folder, f"{lane}.{life}").live()
            except (NotReady, ValueError, *BROKEN) as error:
                report.fault(f"life {lane}.{life}: {type(error).__name__}: {error}")
        life += 1
        report.tried["databases"] += 1


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(mkdtemp(prefix="mockbatch-kill-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Life:
    """The life of a database, over many kills."""

    def __init__(self, plan: Plan, report: Report, folder: Path, name: str) -> None:
        self._plan, self._report, self._folder, self._name = plan, report, folder, name
        self._luck = plan.luck("kill", name)
        self._actors: list[Actor] = []
        self._pending: dict[str, Act] = {}
        # the facts of batches whose results were read, and the hash of these
        self._results: dict[str, tuple[Any, str]] = {}
        self._hooked: set[str] = set()
        self._round = 0

    def live(self) -> None:
        """Kill and check, round by round; then see that every webhook came."""
        with receiving(look=self._heard) as receiver:
            options = (*_OPTIONS, "--db", str(self._folder / "x.db"), "--webhook", receiver.url)
            self._server = Server(self._folder, *options)
            try:
                while self._round < _ROUNDS and not self._plan.over:
                    self._play()
                    self._round += 1
                self._server.start()
                self._check_all()
                self._check_webhooks()
            finally:
                self._server.kill()

    def _fault(self, what: str) -> None:
        self._report.fault(f"life {self._name}, round {self._round}: {what}")

    def _heard(self, called: Called) -> None:
        with suppress(ValueError):  # a server that is killed may leave half a call
            self._hooked.add(json.loads(called.body)["data"]["id"])

    def _play(self) -> None:
        if self._round and self._luck.random() < 0.05:
            self._kill_at_start()
        self._server.start()
        if self._round == 0:
            self._begin()
        else:
            self._check_all()
        stopped = threading.Event()
        threads = [threading.Thread(target=self._act, args=(actor, stopped)) for actor in self._actors]
        for thread in threads:
            thread.start()
        time.sleep(0.02 + self._luck.random() * 0.6)
        self._end()
        stopped.set()
        for thread in threads:
            thread.join()
        if found := self._server.traceback():
            self._fault(f"traceback in the log: {found}")
        if self._round % 5 == 0:
            self._check_integrity()

    def _kill_at_start(self) -> None:
        self._server.launch()
        time.sleep(self._luck.random())
        self._server.kill()
        self._report.tried["kills"] += 1
        self._report.tried["kills of a server that starts"] += 1

    def _end(self) -> None:
        if self._luck.random() > 0.1:
            self._server.kill()
            self._report.tried["kills"] += 1
        else:
            code = self._server.stop()
            self._report.tried["SIGTERMs"] += 1
            if code != 0:
                self._fault(f"exit code {code} at SIGTERM")

    def _begin(self) -> None:
        with closing(self._server.caller()) as caller:
            for number in range(_ACTORS):
                name = f"{self._name}-{number}"
                answer = caller.call("POST", "/_mockbatch/sessions", {"api_key": name})
                opened = answer.json()
                actor = Actor(name, opened["id"], World(clock=opened["now"]), self._plan.luck(name))
                caller.call("POST", "/v1/messages/count_tokens", {}, x_api_key=f"{name}-messages")
                self._actors.append(actor)

    def _act(self, actor: Actor, stopped: threading.Event) -> None:
        """Act until the server is gone. The act that was not answered stays pending."""
        with closing(self._server.caller(actor.name)) as caller, suppress(*BROKEN):
            while not stopped.is_set():
                act = actor.draw()
                self._pending[actor.name] = act
                answer = act.send(caller)
                self._pending.pop(actor.name)
                self._note(actor, act, answer)
                if actor.luck.random() < 0.05:
                    self._download(caller, actor)

    def _note(self, actor: Actor, act: Act, answer: Answer) -> None:
        if answer.ok:
            act.learn(actor.world, answer.json())
            self._report.tried[f"acknowledged {act.name}"] += 1
        elif answer.status >= 500 and b"stopping" not in answer.body:
            self._fault(f"{act.name}: {answer.status} {answer.body[:200]!r}")
        else:
            self._report.tried["refused"] += 1

    def _download(self, caller: Caller, actor: Actor) -> None:
        if actor.world.batches:
            id = actor.luck.choice(list(actor.world.batches))
            answer = caller.call("GET", f"{BATCHES}/{id}/results")
            if answer.ok:
                self._results[id] = actor.world.batches[id], hashlib.sha256(answer.body).hexdigest()

    def _check_all(self) -> None:
        for actor in self._actors:
            with closing(self._server.caller(actor.name)) as caller:
                self._check(actor, look(caller, actor))
                self._check_results(caller, actor)
        self._pending.clear()

    def _check(self, actor: Actor, seen: World) -> None:
        """The world is as it was told, or as the act that was under way would have made it."""
        self._report.tried["worlds checked"] += 1
        possible = [actor.world]
        if act := self._pending.get(actor.name):
            answer = act.guess(actor.world, seen)
            if answer is not None:
                after = copy.deepcopy(actor.world)
                with suppress(KeyError):
                    act.learn(after, answer)
                possible.append(after)
        if seen in possible:
            self._report.tried["acts under way that had happened"] += seen != actor.world
        else:
            under_way = f", {act.name} under way" if act else ""
            self._fault(f"{actor.name}{under_way}: {_difference(actor.world, seen)}")
        actor.world = seen
        for id in seen.snapshots:
            actor.kept.setdefault(id, copy.deepcopy(seen))

    def _check_results(self, caller: Caller, actor: Actor) -> None:
        known = [id for id in actor.world.batches if id in self._results]
        for id in self._luck.sample(known, min(1, len(known))):
            answer = caller.call("GET", f"{BATCHES}/{id}/results")
            facts, before = self._results[id]
            # a snapshot may go back to before its end or its cancel, and it may have been archived meanwhile
            if not answer.ok or actor.world.batches[id] != facts:
                self._results.pop(id)
                continue
            self._report.tried["results compared"] += 1
            if hashlib.sha256(answer.body).hexdigest() != before:
                self._fault(f"the results of {id} have changed")

    def _check_integrity(self) -> None:
        copied = self._folder / "copy"
        copied.mkdir()
        for name in ("x.db", "x.db-wal"):
            if (self._folder / name).exists():
                shutil.copy(self._folder / name, copied)
        with closing(sqlite3.connect(copied / "x.db")) as database:
            found = database.execute("PRAGMA integrity_check").fetchall()
        shutil.rmtree(copied)
        self._report.tried["integrity checks"] += 1
        if found != [("ok",)]:
            self._fault(f"integrity_check: {found[:3]}")

    def _check_webhooks(self) -> None:
        expected = {id for actor in self._actors for id in actor.world.batches}
        deadline = time.monotonic() + _PATIENCE
        while not expected <= self._hooked and time.monotonic() < deadline:
            # again and again: a call that the receiver was too busy for is repeated as the virtual time passes
            for actor in self._actors:
                self._call(actor, "POST", "/_mockbatch/clock/advance", {"by": "30h"})
            time.sleep(1.0)
        self._report.tried["webhooks expected"] += len(expected)
        if missing := expected - self._hooked:
            self._fault(f"{len(missing)} webhooks never came: {self._told(min(missing))}")

    def _told(self, id: str) -> str:
        """What the server tells of the webhook of a batch."""
        actor = next(actor for actor in self._actors if id in actor.world.batches)
        listed = self._call(actor, "GET", "/_mockbatch/webhooks").json()["webhooks"]
        return f"{id}: {json.dumps([webhook for webhook in listed if webhook['batch'] == id])}"

    def _call(self, actor: Actor, method: str, path: str, content: Any = None) -> Answer:
        with closing(self._server.caller(actor.name)) as caller:
            return caller.call(method, path, content)


def _difference(told: World, seen: World) -> str:
    parts = []
    for name in (field.name for field in fields(World)):
        before, after = getattr(told, name), getattr(seen, name)
        if before != after:
            if isinstance(before, dict):
                lost = {key: value for key, value in before.items() if after.get(key) != value}
                new = {key: value for key, value in after.items() if before.get(key) != value}
                before, after = lost, new
            parts.append(f"{name} {str(before)[:200]} -> {str(after)[:200]}")
    return "; ".join(parts)
