"""Restart one of two servers between any two calls: every answer of both is the same, to the byte.

The calls and the comparison are those of `tests/stateful/test_restart.py`, here over processes and sockets. Left out is
what only a single run of a server knows: the journal of calls (`/_mockbatch/requests`, `/_mockbatch/verify`,
`/_mockbatch/problems`, the `calls` and `polls` of summaries) and real times (`date`, `real_seconds`). `--public-url`
keeps ports out of the answers.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx2

from tests.builders import params
from tests.campaign.plan import Plan
from tests.campaign.report import Report
from tests.campaign.servers import NotReady, Server
from tests.stateful.test_restart import KEYS, LOOKS, OPTIONS, RULES, VERSION, Restarts, differing, seen

_OPTIONS = ("--frozen", "--clock-start", "2026-01-01", "--delay-preset", "fast", "--public-url", "http://mockbatch")
_STEPS = 300
_LOOKS = (
    "/_mockbatch/batches?limit=1",
    "/_mockbatch/faults",
    "/_mockbatch/ledger?group_by=model",
    "/_mockbatch/info",
    "/_mockbatch/openapi.json",
    "/_mockbatch/summary",
    "/health",
    "/v1/models/claude-haiku-4-5",
    "/v1/organizations/rate_limits",
)


class ProcessTwin:
    """A server process over a file, which may be restarted."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._folder = Path(mkdtemp(prefix="mockbatch-twin-"))
        self.server = Server(self._folder, *_OPTIONS, "--db", "x.db")
        self.server.launch()
        self._api: httpx2.Client | None = None

    @property
    def api(self) -> httpx2.Client:
        """A client of the server, which has become ready by then."""
        if self._api is None:
            self.server.wait()
            self._api = httpx2.Client(base_url=f"http://127.0.0.1:{self.server.port}", timeout=30)
        return self._api

    def restart(self, *, killed: bool) -> None:
        """Kill or stop the process, and start it again."""
        self.api.close()
        self._api = None
        if killed:
            self.server.kill()
        elif (code := self.server.stop()) != 0:
            self._report.fault(f"exit code {code} at SIGTERM")
        self._report.tried["restarts after kill -9" if killed else "restarts after SIGTERM"] += 1
        self.server.launch()

    def close(self) -> None:
        if self._api is not None:
            self._api.close()
        self.server.kill()
        if found := self.server.traceback():
            self._report.fault(f"traceback in the log: {found}")
        shutil.rmtree(self._folder, ignore_errors=True)


class Pair(Restarts):
    """Two processes, and the calls of the test with values drawn from `luck`."""

    def __init__(self, report: Report, luck: random.Random) -> None:
        self._report, self._luck = report, luck
        super().__init__()

    def make_twin(self) -> Any:
        return ProcessTwin(self._report)

    def call(self, method: str, path: str, key: str | None = None, **more: Any) -> Any:
        self._report.tried["calls compared"] += 1
        return super().call(method, path, key, **more)

    # a process cannot be told that its disk is full; the campaign "disk" fills a real one
    def fill_disk(self, *, full: bool) -> None:
        """Nothing."""

    def step(self) -> str:
        """Do one thing; answers what. Raises AssertionError where the answers differ."""
        luck, key = self._luck, self._luck.choice(KEYS)
        at, text, cached = luck.randrange(10), luck.choice(("hello", "cached", "yes or no")), luck.random() < 0.5
        done: dict[str, Callable[[], Any]] = {
            "create": lambda: self.create(key, luck.sample("abcde", luck.randint(1, 4)), text, cached),
            "message": lambda: self.message(key, text, cached),
            "look at batch": lambda: self.look_at_batch(key, at, luck.choice(("", "/results", "/items"))),
            "change batch": lambda: self.change_batch(key, at, luck.choice(("cancel", "DELETE"))),
            "act": lambda: self.act(
                key, at, luck.choice(("cancel", "end", "expire", "stick", "archive", "again", "fail"))
            ),
            "look": lambda: self.look(key, luck.choice(LOOKS)),
            "look further": lambda: self.look(key, luck.choice(_LOOKS)),
            "advance": lambda: self.advance(
                key, luck.choice(({"by": "1h"}, {"by": "30s"}, {"events": 1}, {"by": "25h"}))
            ),
            "arm": lambda: self.arm(key, luck.choice(("POST", "POST", "PUT", "PATCH")), luck.choice(RULES)),
            "change rule": lambda: self.change_rule(key, at, luck.choice(("GET", "PUT", "PATCH", "DELETE"))),
            "upload": lambda: self.upload(key, luck.choice((b"one", b"two")), at % 4),
            "open session": lambda: self.open_session(luck.choice((*KEYS, "sk-ant-three")), luck.choice(OPTIONS)),
            "change session": lambda: self.change_session(
                at % 4, luck.choice(("GET", "PATCH", "PATCH", "DELETE")), luck.choice(OPTIONS)
            ),
            "reset": lambda: self.reset(key, luck.choice(("all", "state", "clock", "rules"))),
            "take": lambda: self.take(key),
            "snapshot": lambda: self.snapshot(key, at, luck.choice(("/restore", "/put_back", "DELETE"))),
            "stream": lambda: self.call("POST", "/v1/messages", key, json={**params(text), "stream": True}),
            "count tokens": lambda: self.call("POST", "/v1/messages/count_tokens", key, json=_counted(text)),
            "read file": lambda: self.read_file(key, at),
        }
        # a restart costs as much as many calls
        name = "restart" if luck.random() < 0.05 else luck.choice(list(done))
        done.get(name, lambda: self.restart(luck.random() < 0.5))()
        return name

    def read_file(self, key: str, at: int) -> None:
        headers = {**VERSION, "x-api-key": key, "anthropic-beta": "files-api-2025-04-14"}
        path = f"/v1/files/{self.one(self.files, at)}"
        first, second = (seen(twin.api.get(path, headers=headers)) for twin in self.twins)
        assert first == second, f"GET {path}: {differing(first, second)}"


def _counted(text: str) -> dict[str, Any]:
    return {name: value for name, value in params(text).items() if name != "max_tokens"}


def run(plan: Plan, report: Report) -> None:
    """Compare pairs of servers until the time is over."""
    number = 0
    while not plan.over:
        pair = Pair(report, plan.luck("restart", number))
        steps: list[str] = []
        try:
            pair.begin()
            while len(steps) < _STEPS and not plan.over:
                steps.append(pair.step())
        except (AssertionError, NotReady, httpx2.HTTPError) as error:
            last = ", ".join(steps[-8:])
            report.fault(f"pair {number}, step {len(steps)}, after {last}: {type(error).__name__}: {str(error)[:800]}")
        finally:
            pair.teardown()
        report.tried["pairs of servers"] += 1
        number += 1
