"""Replay, end to end: what was recorded comes back without the upstream. For `tests/recording/test_replay.py`.

Waits for the hub to take recorded outcomes (`--replay`, `--replay-mode`, `--match-on`).
"""

import json
from pathlib import Path
from typing import Any

import anthropic
import pytest

from mockbatch.core.cassette.redaction import Redaction
from mockbatch.fixtures.spool import Spool
from mockbatch.fixtures.writing import write_fixture
from tests.builders import BATCHES, params, requests
from tests.processes import running
from tests.recording.builders import recording, run_batch
from tests.tools.make_recordings import FIXTURES

FILE = FIXTURES / "requests.jsonl"
ITEMS = [json.loads(line) for line in FILE.read_bytes().split(b"\n")[:40]]


def results(http: Any, items: list[Any]) -> dict[str, bytes]:
    """The result lines of a batch, to the byte, by custom_id."""
    batch = http.post(BATCHES, json={"requests": items}).json()
    http.post("/_mockbatch/clock/advance", json={"until": "batch.ended", "batch": batch["id"]})
    lines = http.get(f"{BATCHES}/{batch['id']}/results").content.split(b"\n")[:-1]
    return {json.loads(line)["custom_id"]: line for line in lines}


def test_the_client_sees_what_the_upstream_sent(tmp_path: Path) -> None:
    """Line by line what was downloaded from the upstream, in another order and another split."""
    with recording(tmp_path / "f") as recorder:
        run_batch(recorder.client(), ITEMS)
        (sent,) = [one.body for one in recorder.upstream.sent if one.call.endswith("/results")]
    lines = {json.loads(line)["custom_id"]: bytes(line) for line in sent.split(b"\n")[:-1]}
    with running(tmp_path, "--frozen", "--replay", str(tmp_path / "f")) as server:
        seen = {**results(server.http, ITEMS[25:]), **results(server.http, ITEMS[24::-1])}
        assert seen == lines
        renamed = [{**item, "custom_id": f"n{number}"} for number, item in enumerate(ITEMS)]
        for name, line in results(server.http, renamed).items():
            told = json.loads(line)["result"]
            assert told == json.loads(lines[ITEMS[int(name[1:])]["custom_id"]])["result"]


def test_every_kind_of_failed_row_comes_back(tmp_path: Path) -> None:
    """As it was recorded: errors, cancellations, expiries."""
    recorded = {
        told["custom_id"]: told
        for told in map(json.loads, (FIXTURES / "failures.jsonl").read_bytes().split(b"\n")[1:-1])
    }
    items = [{"custom_id": name, "params": told["request"]} for name, told in recorded.items()]
    with running(tmp_path, "--frozen", "--replay", str(FIXTURES / "failures.jsonl")) as server:
        for name, line in results(server.http, items).items():
            told, result = recorded[name], json.loads(line)["result"]
            assert result["type"] == told["outcome"]
            assert result.get("error") == told.get("error")
            assert result.get("message") == told.get("message")


def test_messages_and_counts_come_back(tmp_path: Path) -> None:
    """Whole and streamed, and what is uploaded has the id that requests name."""
    with (
        running(tmp_path, "--replay", str(FIXTURES / "nightly.jsonl")) as server,
        anthropic.Anthropic(base_url=server.url, api_key="sk-ant-x", max_retries=0) as client,
    ):
        turn: Any = {"role": "user", "content": "Is 1 a prime number?"}
        with client.messages.stream(model="claude-haiku-4-5", max_tokens=64, messages=[turn]) as stream:
            streamed = stream.get_final_message()
        whole = client.messages.create(model="claude-haiku-4-5", max_tokens=64, messages=[turn])
        assert streamed.content[0].text == whole.content[0].text  # type: ignore[union-attr]
        assert streamed.usage.output_tokens == whole.usage.output_tokens
        count = client.messages.count_tokens(model="claude-haiku-4-5", messages=[turn])
        assert count.input_tokens == 22
        file = client.files.upload(file=("terms.txt", b"Goods may be returned within 30 days.\n", "text/plain"))
        assert file.id.startswith("file_011Upstream")


def test_the_queue_follows_the_recorded_durations(tmp_path: Path) -> None:
    """A row takes as long as it took."""
    with recording(tmp_path / "f") as recorder:
        run_batch(recorder.client(), requests("a"))
    with running(tmp_path, "--frozen", "--replay", str(tmp_path / "f")) as server:
        batch = server.http.post(BATCHES, json={"requests": requests("a")}).json()
        for by, status in (("4m11s", "in_progress"), ("2s", "ended")):
            server.advance(by=by)
            assert server.http.get(f"{BATCHES}/{batch['id']}").json()["processing_status"] == status


@pytest.mark.parametrize("mode", ["none", "fake"])
def test_a_miss(tmp_path: Path, mode: str) -> None:
    """An error that shows the nearest recording and what differs; or a reply that is made up."""
    with recording(tmp_path / "f") as recorder:
        run_batch(recorder.client(), requests("a"))
    with running(tmp_path, "--frozen", "--replay", str(tmp_path / "f"), "--replay-mode", mode) as server:
        (line,) = results(server.http, [{"custom_id": "a", "params": params("request b")}]).values()
        result = json.loads(line)["result"]
        if mode == "fake":
            assert result["type"] == "succeeded"
        else:
            assert result["type"] == "errored"
            message = result["error"]["error"]["message"]
            assert "batch item 'a'" in message
            assert 'messages.0.content: recorded "request a", asked "request b"' in message


def test_a_broken_fixture_stops_the_start(tmp_path: Path) -> None:
    """With file, line and reason."""
    from tests.processes import run

    (tmp_path / "f.jsonl").write_text('{"mockbatch_fixture":1,"interactions":1}\n{"kind":"batch_item"}\n')
    code, _, err = run("serve", "--port", "0", "--replay", "f.jsonl", cwd=tmp_path)
    assert code == 7
    assert "f.jsonl: line 2: " in err


def test_what_no_run_has_played_is_pruned(tmp_path: Path) -> None:
    """The server notes what was played when it stops."""
    from tests.processes import run

    with recording(tmp_path / "f.jsonl") as recorder:
        run_batch(recorder.client(), requests("a", "b"))
    used = tmp_path / "used"
    options = ("--frozen", "--replay", str(tmp_path / "f.jsonl"), "--replay-used", str(used))
    with running(tmp_path, *options) as server:
        assert set(results(server.http, requests("a"))) == {"a"}
        server.stop()
    code, _, err = run("fixtures", "prune", str(tmp_path / "f.jsonl"), "--used", str(used))
    assert code == 0, err
    lines = (tmp_path / "f.jsonl").read_text().split("\n")[1:-1]
    assert [json.loads(line)["custom_id"] for line in lines] == ["a"]


def test_what_is_played_is_billed_as_it_was_recorded(tmp_path: Path) -> None:
    """Usage in the ledger is usage in the results."""
    with recording(tmp_path / "f") as recorder:
        run_batch(recorder.client(), ITEMS[:10])
    with running(tmp_path, "--frozen", "--replay", str(tmp_path / "f")) as server:
        lines = results(server.http, ITEMS[:10])
        told = [json.loads(line)["result"] for line in lines.values()]
        output = sum(one["message"]["usage"]["output_tokens"] for one in told if one["type"] == "succeeded")
        total = server.http.get("/_mockbatch/ledger").json()["total"]
        assert total["quantities"]["output"] == output > 0


def test_a_row_that_is_sent_again_is_played_in_its_turn(tmp_path: Path) -> None:
    """First as it ended first, whatever the batches are called."""
    spool = Spool(Redaction())
    asked = {item["custom_id"]: item for item in requests("a", "b")}
    done = {"type": "succeeded", "message": {"id": "msg_1", "type": "message", "role": "assistant", "content": []}}
    expired = {"type": "expired"}
    for batch, label, rows in (("1", "ffffffff", {"a": expired, "b": expired}), ("2", "00000000", {"a": done})):
        spool.add_requests(batch, [(name, asked[name]["params"]) for name in rows])
        spool.adopt(batch, batch, label, len(rows), "")
        spool.add_outcomes(batch, rows.items())
    write_fixture(tmp_path / "f.jsonl", spool)
    spool.close()
    with running(tmp_path, "--frozen", "--replay", str(tmp_path / "f.jsonl")) as server:
        told = [results(server.http, [asked[name] for name in names]) for names in ("ab", "a", "a")]
    outcomes = [{name: json.loads(line)["result"]["type"] for name, line in rows.items()} for rows in told]
    assert outcomes == [{"a": "expired", "b": "expired"}, {"a": "succeeded"}, {"a": "succeeded"}]
