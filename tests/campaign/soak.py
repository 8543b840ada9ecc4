"""Use two servers like test suites do, for an hour: memory, files, threads and latencies stay level.

One server has a --db, the other has none.

Sessions are opened, used and deleted, some keys stay. Half of those that stay are reset again and again, as a suite
does between its runs. The others never are, so that all that a session has to remember adds up there. Calls are paced,
so that one core is left free on average.
"""

import statistics
import threading
import time
from collections import Counter, deque
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.builders import BATCHES, params, requests
from tests.campaign.calling import BROKEN, Answer, Caller
from tests.campaign.plan import Plan
from tests.campaign.report import Report
from tests.campaign.servers import Server, serving

_LIVES_A_SECOND = 1.0
# keys opened in a life; only the first is used in full
_KEYS_OF_A_LIFE = 4
_OPEN_AT_ONCE = 20
_STAYING = 4
# uses of a key between two resets
_USES_OF_A_RUN = 25
# enough to fill the journal of a key
_USES_AT_FIRST = 100
_SAMPLE_SECONDS = 5.0
_WARM_SECONDS = 300.0
_GROWTH = 0.05
_SHOWN = 10
# with less time than this the memory at the end says little
_JUDGED_SECONDS = 2 * _WARM_SECONDS


@dataclass(frozen=True)
class Sample:
    """A server at a moment, and how long its calls took since the sample before, in milliseconds."""

    second: float
    rss: float
    fds: int
    threads: int
    p50: float
    p99: float


class Soak:
    """The use of one server."""

    def __init__(self, plan: Plan, report: Report, name: str, server: Server) -> None:
        self._plan, self._report, self._name, self._server = plan, report, name, server
        self._luck = plan.luck("soak", name)
        self._times: list[float] = []
        self._open: deque[tuple[str, str]] = deque()
        self._uses: Counter[int] = Counter()
        self.samples: list[Sample] = []

    def run(self) -> None:
        """Live one life after the other until the time is over."""
        begun = sampled = time.monotonic()
        lives = 0
        with closing(self._server.caller()) as caller:
            if self._plan.seconds >= _JUDGED_SECONDS:
                self._begin(caller)
            began = time.monotonic()
            while not self._plan.over:
                try:
                    self._live(caller, lives)
                except BROKEN as error:
                    self._report.fault(f"{self._name}, life {lives}: {type(error).__name__}: {error}")
                    if self._server.process.poll() is not None:
                        return
                lives += 1
                now = time.monotonic()
                if now - sampled >= _SAMPLE_SECONDS:
                    self._sample(now - begun)
                    sampled = now
                time.sleep(max(0.0, began + lives / _LIVES_A_SECOND - now))
        self._sample(time.monotonic() - begun)

    def _call(self, caller: Caller, key: str, method: str, path: str, content: Any = None) -> Answer:
        begun = time.perf_counter()
        answer = caller.call(method, path, content, **({"x_api_key": key} if key else {}))
        self._times.append(1000 * (time.perf_counter() - begun))
        self._report.tried[f"calls, {self._name}"] += 1
        if answer.status >= 500:
            self._report.fault(f"{self._name}: {method} {path}: {answer.status} {answer.body[:200]!r}")
        return answer

    def _begin(self, caller: Caller) -> None:
        """Use the keys that stay until their journals are full, which is part of the warm-up."""
        for number in range(_STAYING * _USES_AT_FIRST):
            self._stay(caller, number % _STAYING)

    def _live(self, caller: Caller, number: int) -> None:
        """Open sessions and use them, and a key that stays; delete the oldest sessions."""
        for nth in range(_KEYS_OF_A_LIFE):
            key = f"sk-ant-soak-{number}-{nth}"
            content = {"label": key, "api_key": key, "options": {"seed": number % 7}}
            opened = self._call(caller, "", "POST", "/_mockbatch/sessions", content)
            if opened.ok:
                self._report.tried[f"keys opened, {self._name}"] += 1
                self._open.append((opened.json()["id"], key))
            if nth == 0:
                self._use(caller, key)
            else:
                self._call(caller, key, "POST", BATCHES, {"requests": requests(nth, padding=200)})
        self._stay(caller, self._luck.randrange(_STAYING))
        while len(self._open) > _OPEN_AT_ONCE:
            id, oldest = self._open.popleft()
            self._call(caller, oldest, "GET", BATCHES)
            if self._call(caller, "", "DELETE", f"/_mockbatch/sessions/{id}").ok:
                self._report.tried[f"keys deleted, {self._name}"] += 1
        if number % 20 == 0:
            for path in ("/_mockbatch/summary", "/_mockbatch/sessions", "/_mockbatch/metrics", "/_mockbatch/problems"):
                self._call(caller, self._open[0][1] if self._open else "", "GET", path)

    def _stay(self, caller: Caller, number: int) -> None:
        """Use a key that stays. The odd ones are reset after each run."""
        key = f"sk-ant-stays-{number}"
        self._use(caller, key)
        self._uses[number] += 1
        if number % 2 == 0:
            self._report.tried[f"batches of keys that are never reset, {self._name}"] += 1
        elif self._uses[number] % _USES_OF_A_RUN == 0:
            self._call(caller, key, "POST", "/_mockbatch/reset", {"scope": "all"})
            self._report.tried[f"resets, {self._name}"] += 1

    def _use(self, caller: Caller, key: str) -> None:
        """Act like a test: a batch from creation to results, and a few other calls."""
        size = self._luck.choices((1, 10, 200), (10, 10, 1))[0]
        rule = {"name": "soaked", "on": "item", "errored": "api_error", "match": {"custom_id": "0"}, "times": 1}
        self._call(caller, key, "PUT", "/_mockbatch/rules", [rule] * (self._luck.random() < 0.3))
        created = self._call(caller, key, "POST", BATCHES, {"requests": requests(*range(size), padding=200)})
        if not created.ok:
            return
        path = f"{BATCHES}/{created.json()['id']}"
        self._call(caller, key, "GET", path)
        if self._luck.random() < 0.2:
            self._call(caller, key, "POST", f"{path}/cancel")
        self._call(caller, key, "POST", "/v1/messages", params("hello"))
        self._side(caller, key)
        self._call(caller, key, "POST", "/_mockbatch/clock/advance", {"by": "25h"})
        for look in (path, f"{path}/results", "/_mockbatch/ledger", f"{BATCHES}?limit=20", "/_mockbatch/requests"):
            self._call(caller, key, "GET", look)
        self._call(caller, key, "DELETE", path)

    def _side(self, caller: Caller, key: str) -> None:
        match self._luck.randrange(4):
            case 0:
                taken = self._call(caller, key, "POST", "/_mockbatch/snapshots")
                if taken.ok:
                    self._call(caller, key, "DELETE", f"/_mockbatch/snapshots/{taken.json()['id']}")
            case 1:
                self._call(caller, key, "POST", "/v1/messages/count_tokens", {"model": "m", "messages": []})
                self._call(caller, key, "POST", "/v1/messages", {**params("hello"), "stream": True})
            case 2:
                self._call(caller, key, "POST", BATCHES, b"{bad")
                self._call(caller, key, "GET", f"{BATCHES}/msgbatch_none")
            case _:
                self._call(caller, key, "GET", "/v1/models")

    def _sample(self, second: float) -> None:
        process = Path("/proc") / str(self._server.process.pid)
        told = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        times = sorted(self._times) or [0.0]
        self._times.clear()
        fds = len(list((process / "fd").iterdir()))
        rss = int(told["VmRSS"].split()[0]) / 1024
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        self.samples.append(Sample(second, rss, fds, int(told["Threads"]), p50, p99))


def run(plan: Plan, report: Report) -> None:
    """Use both servers at once, and judge how they were at the end."""
    with TemporaryDirectory(prefix="mockbatch-soak-") as name:
        soaks = []
        for kind, options in (("with --db", ("--db", "x.db")), ("without --db", ())):
            folder = Path(name) / kind.partition(" ")[0]
            folder.mkdir()
            soaks.append((kind, Server(folder, "--frozen", *options)))
        with serving(soaks[0][1]), serving(soaks[1][1]):
            running = [Soak(plan, report, kind, server) for kind, server in soaks]
            threads = [threading.Thread(target=soak.run) for soak in running]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = sum(_cpu_seconds(server.process.pid) for _, server in soaks) + time.process_time()
            report.figures["cores used, servers and callers"] = f"{seconds / max(plan.seconds, 1):.2f}"
            for soak, (kind, server) in zip(running, soaks, strict=True):
                _judge(plan, report, kind, soak.samples)
                if (code := server.stop()) != 0:
                    report.fault(f"{kind}: exit code {code} at SIGTERM")
                if found := server.traceback():
                    report.fault(f"{kind}: traceback in the log: {found}")


def _judge(plan: Plan, report: Report, kind: str, samples: list[Sample]) -> None:
    """Compare the last minute with the one that the warm-up ends with."""
    judged = plan.seconds >= _JUDGED_SECONDS
    warm = _WARM_SECONDS if judged else plan.seconds / 2
    spread = min(30.0, plan.seconds / 5)
    early = [sample for sample in samples if abs(sample.second - warm) <= spread] or samples[:1]
    late = [sample for sample in samples if sample.second > samples[-1].second - spread]
    before, after = (statistics.median(sample.rss for sample in part) for part in (early, late))
    growth = after / before - 1
    course = samples[:: max(len(samples) // _SHOWN, 1)]
    report.figures[f"RSS over time {kind}"] = ", ".join(
        f"{one.rss:.0f} MB at {one.second / 60:.0f} min" for one in course
    )
    note = "" if judged else ", not judged: the warm-up is as long"
    report.figures[f"RSS {kind}"] = f"{samples[0].rss:.1f} -> {before:.1f} -> {after:.1f} MB ({growth:+.1%}{note})"
    for name in ("fds", "threads"):
        figures = [getattr(sample, name) for sample in samples]
        report.figures[f"{name} {kind}"] = f"{figures[0]} -> {figures[-1]}, at most {max(figures)}"
        if min(getattr(sample, name) for sample in late) > max(getattr(sample, name) for sample in early) + 5:
            report.fault(f"{kind}: {name} grow: {figures[0]} -> {figures[-1]}")
    for name in ("p50", "p99"):
        times = [statistics.median(getattr(sample, name) for sample in part) for part in (early, late)]
        report.figures[f"{name} {kind}"] = f"{times[0]:.1f} -> {times[1]:.1f} ms"
    if judged and growth > _GROWTH:
        report.fault(f"{kind}: RSS grew by {growth:.1%} after the first five minutes: {before:.1f} -> {after:.1f} MB")


def _cpu_seconds(pid: int) -> float:
    told = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / 100
