"""A server that is restarted at any moment gives the same answers, to the byte, as one that never is.

Only what a single run of the server knows is left out: the journal of calls, and what is made of it.
"""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from mockbatch.core.time.spans import parse_instant
from mockbatch.http.app import create_app
from tests.builders import BATCHES, HERE, START, Api, config, params, reached_from

KEYS = ("sk-ant-one", "sk-ant-two")
VERSION = {"anthropic-version": "2023-06-01"}
LOOKS = (
    BATCHES,
    "/v1/models?limit=2",
    "/v1/files",
    "/v1/organizations/cost_report?starting_at=2025-12-01T00:00:00Z",
    "/v1/organizations/usage_report/messages?starting_at=2025-12-01T00:00:00Z",
    "/_mockbatch/clock",
    "/_mockbatch/batches",
    "/_mockbatch/ledger",
    "/_mockbatch/rules",
    "/_mockbatch/sessions",
    "/_mockbatch/snapshots",
    "/_mockbatch/webhooks",
    "/_mockbatch/nothing",
)
RULES: tuple[dict[str, Any], ...] = (
    {"name": "twice", "on": "retrieve", "http": {"status": 529}, "times": 2},
    {"name": "every third", "on": "http", "http": {"status": 500}, "every": 3},
    {"name": "at times", "on": "list", "http": {"status": 429}, "probability": 0.5},
    {"name": "flaps", "fault": "retrieve.not_found_flap", "first_n": 2},
    {"name": "second", "on": "create", "http": {"status": 503}, "match": {"nth": 2}},
    {"name": "again", "on": "item", "errored": "overloaded_error", "fail_attempts": 2},
    {"name": "third time", "on": "item", "errored": "api_error", "match": {"attempt": 3}},
    {"name": "one", "on": "item", "outcome": "expired", "exactly": 1},
    {"name": "echo", "on": "item", "reply": "echo", "match": {"prompt": "cached"}},
    {"name": "said", "on": "messages", "reply": {"static": "no"}, "every": 2},
    {"name": "counts", "fault": "batch.progressive_counts"},
    {"name": "cut", "fault": "results.omit", "rows": 1, "times": 1},
    {"id": "rule_2", "name": "chosen", "on": "cancel", "http": {"status": 500}, "times": 1},
)
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"seed": 7, "fail_rate": 0.5},
    {"delay": "uniform:1m,30h", "capacity": 2},
    {"requests_per_minute": 6},
    {"progression": "polls:2"},
    {"poll_advances": "10m"},
    {"mix": "50/20/20/10"},
    {"cache_scope": "shared"},
)
# what differs from call to call by nature, and not by what was saved
_VOLATILE = frozenset({"date", "transfer-encoding"})
# what a summary makes of the journal, and real time
_OF_THE_RUN = ("calls", "polls", "refused", "refusal", "real_seconds")
Do = Callable[[Api], Any]


class Twin:
    """A server over a file, which may be restarted."""

    def __init__(self, **options: str) -> None:
        self._options = {"delay_preset": "fast", **options}
        self._folder = Path(mkdtemp(prefix="mockbatch-twin-"))
        self._life = 0
        self._start()

    def _start(self) -> None:
        options = {**self._options, "db": str(self._home / "state.db")}
        app = create_app(config(**options), wall=lambda: parse_instant(START))
        self.api = Api(reached_from(HERE, app), base_url="http://mockbatch")
        self.api.__enter__()

    @property
    def _home(self) -> Path:
        home = self._folder / str(self._life)
        home.mkdir(exist_ok=True)
        return home

    def restart(self, *, killed: bool) -> None:
        """Start once more, from what is on the disk now, or when the server has stopped."""
        if not killed:
            self.api.__exit__(None, None, None)
        before = self._home
        self._life += 1
        for file in before.iterdir():
            shutil.copy(file, self._home)
        if killed:
            self.api.__exit__(None, None, None)
        shutil.rmtree(before)
        self._start()

    def fill_disk(self, *, full: bool) -> None:
        """Let nothing more be written, or let it be written again."""
        store = self.api.app_state["mock"]._store
        assert self.api.portal is not None
        self.api.portal.call(store._writer.execute_fetchall, f"PRAGMA query_only = {int(full)}")

    def close(self) -> None:
        self.api.__exit__(None, None, None)
        shutil.rmtree(self._folder)


def seen(answer: Any) -> tuple[int, dict[str, str], Any]:
    headers = {name: value for name, value in answer.headers.items() if name not in _VOLATILE}
    if b'"polls":' in answer.content:  # a summary, which counts the calls of the journal, and real time
        del headers["content-length"]
        return answer.status_code, headers, {**answer.json(), **dict.fromkeys(_OF_THE_RUN)}
    return answer.status_code, headers, answer.content


def differing(first: Any, second: Any) -> str:
    """Where two answers begin to differ."""
    texts = repr(first), repr(second)
    at = next((at for at, pair in enumerate(zip(*texts, strict=False)) if pair[0] != pair[1]), 0)
    return " / ".join(text[max(at - 100, 0) : at + 100] for text in texts)


def messages(text: str, *, cached: bool = False) -> dict[str, Any]:
    """Params, with a long system prompt to be cached."""
    system = [{"type": "text", "text": "word " * 6000, "cache_control": {"type": "ephemeral"}}]
    return params(text, **({"system": system} if cached else {}))


class Restarts(RuleBasedStateMachine):
    """Sends the same calls to two servers, of which one is restarted."""

    def __init__(self) -> None:
        super().__init__()
        self.twins = self.make_twin(), self.make_twin()
        self.full = False
        self.ids: list[str] = []
        self.sessions: list[str] = []
        self.snapshots: list[str] = []
        self.rule_ids: list[str] = []
        self.files: list[str] = []

    def make_twin(self) -> Twin:
        return Twin()

    def teardown(self) -> None:
        for twin in self.twins:
            twin.close()

    def call(self, method: str, path: str, key: str | None = None, **more: Any) -> Any:
        headers = {**VERSION, **({"x-api-key": key} if key else {})}
        answers = [twin.api.request(method, path, headers=headers, **more) for twin in self.twins]
        first, second = map(seen, answers)
        assert first == second, f"{method} {path}: {differing(first, second)}"
        failed = answers[0].status_code == 500 and "x-mockbatch-fault" not in answers[0].headers
        assert not failed or (self.full and "cannot be used" in answers[0].text), answers[0].text
        ok = answers[0].status_code == 200 and answers[0].headers["content-type"] == "application/json"
        return answers[0].json() if ok else {}

    @initialize()
    def begin(self) -> None:
        for key in KEYS:
            self.call("GET", BATCHES, key)

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        self.fill_disk(full=False)
        self.twins[1].restart(killed=killed)

    @rule(full=st.booleans())
    def fill_disk(self, full: bool) -> None:
        """What cannot be saved is refused, and leaves nothing in memory that a restart would not bring back."""
        for twin in self.twins:
            twin.fill_disk(full=full)
        if self.full and not full:  # what was only counted meanwhile is saved with the next call
            for key in (*KEYS, "sk-ant-three"):
                self.call("GET", BATCHES, key)
        self.full = full

    @rule(
        key=st.sampled_from(KEYS),
        names=st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True),
        text=st.sampled_from(["hello", "cached", "classify as yes or no"]),
        cached=st.booleans(),
    )
    def create(self, key: str, names: list[str], text: str, cached: bool) -> None:
        body = {
            "requests": [{"custom_id": name, "params": messages(f"{text} {name}", cached=cached)} for name in names]
        }
        self.remember(self.ids, self.call("POST", BATCHES, key, json=body))

    @rule(key=st.sampled_from(KEYS), text=st.sampled_from(["hello", "cached"]), cached=st.booleans())
    def message(self, key: str, text: str, cached: bool) -> None:
        self.call("POST", "/v1/messages", key, json=messages(text, cached=cached))

    @rule(
        key=st.sampled_from(KEYS), at=st.integers(0, 9), how=st.sampled_from(["", "", "/results", "/items", "/results"])
    )
    def look_at_batch(self, key: str, at: int, how: str) -> None:
        base = "/_mockbatch/batches" if how == "/items" else BATCHES
        self.call("GET", f"{base}/{self.one(self.ids, at)}{how}", key)

    @rule(key=st.sampled_from(KEYS), at=st.integers(0, 9), method=st.sampled_from(["cancel", "DELETE"]))
    def change_batch(self, key: str, at: int, method: str) -> None:
        path = f"{BATCHES}/{self.one(self.ids, at)}"
        self.call("POST", f"{path}/cancel", key) if method == "cancel" else self.call("DELETE", path, key)

    @rule(
        key=st.sampled_from(KEYS),
        at=st.integers(0, 9),
        action=st.sampled_from(["cancel", "end", "expire", "stick", "archive", "again", "fail", "DELETE"]),
    )
    def act(self, key: str, at: int, action: str) -> None:
        path = f"/_mockbatch/batches/{self.one(self.ids, at)}"
        if action == "DELETE":
            self.call("DELETE", path, key)
            return
        body = {"json": {"custom_ids": ["a", "b"]}} if action in ("again", "fail") else {}
        self.remember(self.ids, self.call("POST", f"{path}/{action}", key, **body))

    @rule(key=st.sampled_from(KEYS), path=st.sampled_from(LOOKS))
    def look(self, key: str, path: str) -> None:
        self.call("GET", path, "sk-ant-admin-1" if "organizations" in path else key)

    @rule(key=st.sampled_from(KEYS), how=st.sampled_from([{"by": "1h"}, {"by": "30s"}, {"events": 1}, {"by": "25h"}]))
    def advance(self, key: str, how: dict[str, Any]) -> None:
        self.call("POST", "/_mockbatch/clock/advance", key, json=how)

    @rule(
        key=st.sampled_from(KEYS),
        method=st.sampled_from(["POST", "POST", "PUT", "PATCH"]),
        armed=st.sampled_from(RULES),
    )
    def arm(self, key: str, method: str, armed: dict[str, Any]) -> None:
        found = self.call(method, "/_mockbatch/rules", key, json=[armed] if method == "PUT" else armed)
        self.rule_ids += [one["id"] for one in found.get("rules", [])]

    @rule(key=st.sampled_from(KEYS), at=st.integers(0, 9), method=st.sampled_from(["GET", "PUT", "PATCH", "DELETE"]))
    def change_rule(self, key: str, at: int, method: str) -> None:
        body = {"json": {"enabled": False} if method == "PATCH" else RULES[at % len(RULES)]} if method[0] == "P" else {}
        self.call(method, f"/_mockbatch/rules/{self.one(self.rule_ids, at)}", key, **body)

    @rule(key=st.sampled_from(KEYS), content=st.sampled_from([b"one", b"two"]), at=st.integers(0, 3))
    def upload(self, key: str, content: bytes, at: int) -> None:
        headers = {"anthropic-beta": "files-api-2025-04-14", **VERSION, "x-api-key": key}
        answers = [
            twin.api.post("/v1/files", headers=headers, files={"file": ("a.txt", content, "text/plain")})
            for twin in self.twins
        ]
        assert seen(answers[0]) == seen(answers[1])
        self.remember(self.files, answers[0].json())
        if at == 0:
            self.call("DELETE", f"/v1/files/{self.one(self.files, at)}", key)

    @rule(key=st.sampled_from((*KEYS, "sk-ant-three")), options=st.sampled_from(OPTIONS))
    def open_session(self, key: str, options: dict[str, Any]) -> None:
        body = {"label": "twin", "api_key": key, "options": options}
        self.remember(self.sessions, self.call("POST", "/_mockbatch/sessions", json=body))

    @rule(
        at=st.integers(0, 3),
        method=st.sampled_from(["GET", "PATCH", "PATCH", "DELETE"]),
        options=st.sampled_from(OPTIONS),
    )
    def change_session(self, at: int, method: str, options: dict[str, Any]) -> None:
        answer = self.call("GET", "/_mockbatch/sessions")
        ids = [session["id"] for session in answer["sessions"]]
        path = f"/_mockbatch/sessions/{self.one(ids, at)}"
        self.call(method, path, json={"options": options} if method == "PATCH" else None)

    @rule(key=st.sampled_from(KEYS), scope=st.sampled_from(["all", "state", "clock", "rules"]))
    def reset(self, key: str, scope: str) -> None:
        self.call("POST", "/_mockbatch/reset", key, json={"scope": scope})

    @rule(key=st.sampled_from(KEYS))
    def take(self, key: str) -> None:
        self.remember(self.snapshots, self.call("POST", "/_mockbatch/snapshots", key))

    @rule(key=st.sampled_from(KEYS), at=st.integers(0, 9), how=st.sampled_from(["/restore", "/put_back", "DELETE"]))
    def snapshot(self, key: str, at: int, how: str) -> None:
        path = f"/_mockbatch/snapshots/{self.one(self.snapshots, at)}"
        self.call("DELETE", path, key) if how == "DELETE" else self.call("POST", f"{path}{how}", key)

    @staticmethod
    def remember(known: list[str], answer: dict[str, Any]) -> None:
        if "id" in answer and answer["id"] not in known:
            known.append(answer["id"])

    @staticmethod
    def one(known: list[str], at: int) -> str:
        return known[-1 - at % len(known)] if known else "none"


def test_a_restart_changes_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Whenever it comes, and whether the server was stopped or killed."""
    caplog.set_level(logging.CRITICAL, "mockbatch")  # it names each call that the full disk fails
    run_state_machine_as_test(Restarts, settings=settings(max_examples=25, stateful_step_count=40))
