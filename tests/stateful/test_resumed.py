"""What is counted from call to call goes on after a restart: a scenario for each counter."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import BATCHES, params
from tests.stateful.test_restart import VERSION, Twin, messages, seen

KEY = "sk-ant-one"
HEADERS = {**VERSION, "x-api-key": KEY}
Call = Callable[..., Any]
Scenario = Iterator[Any]


def requests(*names: str, **more: Any) -> dict[str, Any]:
    return {"requests": [{"custom_id": name, "params": params(f"ask {name}", **more)} for name in names]}


def attempts(call: Call) -> Scenario:
    """A request that fails twice when it is sent again succeeds at the third time, though its batches were deleted."""
    call("POST", "/_mockbatch/rules", json={"on": "item", "errored": "api_error", "fail_attempts": 2})
    for _ in range(3):
        batch = call("POST", BATCHES, json=requests("a", "b"))["id"]
        yield
        call("POST", "/_mockbatch/clock/advance", json={"until": "batch.ended", "batch": batch})
        yield call("GET", f"{BATCHES}/{batch}/results")
        call("DELETE", f"{BATCHES}/{batch}")


def limit(call: Call) -> Scenario:
    """What is left of a rate limit."""
    call("POST", "/_mockbatch/sessions", json={"api_key": KEY, "options": {"requests_per_minute": 3}})
    for _ in range(5):
        yield call("GET", BATCHES)


def times(call: Call) -> Scenario:
    """How often a rule has struck, and which call it is of which batch."""
    call("POST", "/_mockbatch/rules", json={"on": "list", "http": {"status": 529}, "times": 2})
    call("POST", "/_mockbatch/rules", json={"fault": "retrieve.not_found_flap", "first_n": 2})
    batch = call("POST", BATCHES, json=requests("a"))["id"]
    for _ in range(3):
        yield call("GET", BATCHES)
        yield call("GET", f"{BATCHES}/{batch}")
    yield call("GET", "/_mockbatch/rules")


def rule_ids(call: Call) -> Scenario:
    """No id is given out twice, nor one that a caller has chosen."""
    call("POST", "/_mockbatch/rules", json={"id": "rule_2", "on": "list", "http": {"status": 529}, "times": 1})
    for status in (500, 502, 503, 504):
        yield call("POST", "/_mockbatch/rules", json={"on": "cancel", "http": {"status": status}, "times": 1})
    ids = [rule["id"] for rule in call("GET", "/_mockbatch/rules")["rules"]]
    assert ids == ["rule_2", "rule_1", "rule_3", "rule_4", "rule_5"]


def snapshots(call: Call) -> Scenario:
    """A snapshot that was dropped leaves its name unused; one that was not can be gone back to."""
    kept = call("POST", BATCHES, json=requests("kept"))["id"]
    first, second = (call("POST", "/_mockbatch/snapshots")["id"] for _ in range(2))
    yield call("DELETE", f"/_mockbatch/snapshots/{first}")
    third = call("POST", "/_mockbatch/snapshots")["id"]
    assert len({first, second, third}) == 3
    yield call("DELETE", f"/_mockbatch/batches/{kept}")
    yield call("POST", f"/_mockbatch/snapshots/{second}/restore")
    call("POST", "/_mockbatch/clock/advance", json={"until": "batch.ended", "batch": kept})
    yield call("GET", f"{BATCHES}/{kept}/results")


def recreated(call: Call) -> Scenario:
    """A batch that was sent again after a snapshot has the same id, and gives way to the one of the snapshot."""
    first = call("POST", BATCHES, json=requests("a"))
    snapshot = call("POST", "/_mockbatch/snapshots")["id"]
    call("DELETE", f"/_mockbatch/batches/{first['id']}")
    call("POST", "/_mockbatch/clock/advance", json={"by": "1h"})
    again = call("POST", BATCHES, json=requests("a"))
    assert again["id"] == first["id"]
    assert again["created_at"] != first["created_at"]
    yield
    for _ in range(2):
        assert call("POST", f"/_mockbatch/snapshots/{snapshot}/restore")
        yield
        (listed,) = call("GET", BATCHES)["data"]
        assert listed["created_at"] == first["created_at"]
    assert call("DELETE", f"/_mockbatch/batches/{first['id']}")
    yield call("GET", BATCHES)


def message_ids(call: Call) -> Scenario:
    """The same message has another id each time; all begin anew after a reset."""
    ids = []
    for _ in range(3):
        ids.append(call("POST", "/v1/messages", json=params("again"))["id"])
        yield
    assert len(set(ids)) == 3
    call("POST", "/_mockbatch/reset", json={"scope": "all"})
    assert call("POST", "/v1/messages", json=params("again"))["id"] == ids[0]


def cache(call: Call) -> Scenario:
    """What a message wrote into the prompt cache the next one reads."""
    assert call("POST", "/v1/messages", json=messages("one", cached=True))["usage"]["cache_creation_input_tokens"]
    yield
    assert call("POST", "/v1/messages", json=messages("two", cached=True))["usage"]["cache_read_input_tokens"]


def queue(call: Call) -> Scenario:
    """What is in a queue of limited capacity delays what comes after it."""
    options = {"capacity": 1, "delay": "1h", "wait": "0s"}
    call("POST", "/_mockbatch/sessions", json={"api_key": KEY, "options": options})
    for name in ("a", "b", "c"):
        yield call("POST", BATCHES, json=requests(name))
    yield call("GET", "/_mockbatch/batches")


def deliveries(call: Call) -> Scenario:
    """Which rows reached a caller, in several downloads that each lacked one."""
    call("POST", "/_mockbatch/rules", json={"fault": "results.omit", "rows": 1, "times": 1})
    batch = call("POST", BATCHES, json=requests("a", "b", "c"))["id"]
    call("POST", "/_mockbatch/clock/advance", json={"until": "batch.ended", "batch": batch})
    yield call("GET", f"{BATCHES}/{batch}/results")
    yield call("GET", "/_mockbatch/problems")
    yield call("GET", f"{BATCHES}/{batch}/results")
    yield call("GET", "/_mockbatch/problems")


def gone(call: Call) -> Scenario:
    """What a session came to that was deleted counts in the summary of the server."""
    call("POST", "/v1/messages", json=params("counted"))
    id = call("GET", "/_mockbatch/sessions")["sessions"][0]["id"]
    call("DELETE", f"/_mockbatch/sessions/{id}")
    yield
    assert call("GET", "/_mockbatch/summary", key=None)["sessions"] == 1


SCENARIOS = (attempts, limit, times, rule_ids, snapshots, recreated, message_ids, cache, queue, deliveries, gone)


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_a_restart_between_any_two_calls_changes_nothing(scenario: Callable[[Call], Scenario], killed: bool) -> None:
    """The scenario checks what its answers say; here they are compared."""
    transcripts = [transcript(scenario, restarts=None), transcript(scenario, restarts=killed)]
    assert transcripts[0] == transcripts[1]


def transcript(scenario: Callable[[Call], Scenario], restarts: bool | None) -> list[Any]:
    twin, heard = Twin(), []

    def call(method: str, path: str, key: str | None = KEY, **more: Any) -> Any:
        headers = {**VERSION, **({"x-api-key": key} if key else {})}
        answer = twin.api.request(method, path, headers=headers, **more)
        heard.append((method, path, seen(answer)))
        is_json = answer.headers["content-type"] == "application/json"
        return answer.json() if is_json and answer.status_code == 200 else {}

    try:
        for _ in scenario(call):
            if restarts is not None:
                twin.restart(killed=restarts)
    finally:
        twin.close()
    return heard


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_a_recording_is_played_on_where_it_was(tmp_path: Path, killed: bool) -> None:
    """The second time a request comes, it gets what was recorded the second time."""
    fixture = tmp_path / "fixture.jsonl"
    head = {"mockbatch_fixture": 1, "interactions": 3, "upstream": "https://upstream.example"}
    lines = [head, *(recorded(number) for number in range(3))]
    fixture.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    twin = Twin(replay=str(fixture))
    try:
        for number in range(3):
            batch = twin.api.post(BATCHES, headers=HEADERS, json=requests("a")).json()["id"]
            how = {"until": "batch.ended", "batch": batch}
            twin.api.post("/_mockbatch/clock/advance", headers=HEADERS, json=how)
            assert f"answer {number}" in twin.api.get(f"{BATCHES}/{batch}/results", headers=HEADERS).text
            twin.restart(killed=killed)
    finally:
        twin.close()


def recorded(number: int) -> dict[str, Any]:
    """A line of a fixture: the same request each time, and another answer."""
    message = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": f"answer {number}"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return {
        "kind": "batch_item",
        "batch": str(number),
        "custom_id": f"recorded-{number}",
        "request": params("ask a"),
        "outcome": "succeeded",
        "message": message,
    }
