"""What was recorded once makes no further call; what is new is recorded."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anthropic
import httpx2
import pytest

from mockbatch.fixtures.files import interactions
from tests.builders import BATCHES, params, requests
from tests.processes import Process, running
from tests.recording.builders import recording, run_batch
from tests.upstream import Upstream


@pytest.fixture
def fixture(tmp_path: Path) -> Path:
    """A batch of a and b, a message and a count."""
    path = tmp_path / "f"
    with recording(path) as recorder:
        client = recorder.client()
        run_batch(client, requests("a", "b"))
        client.messages.create(**params("known"))
        client.messages.count_tokens(model="claude-haiku-4-5", messages=[{"role": "user", "content": "known"}])
    return path


@contextmanager
def serving(folder: Path, fixture: Path, upstream: Upstream, mode: str) -> Iterator[Process]:
    options = ("--replay", str(fixture), "--replay-mode", mode, "--record", str(fixture), "--upstream", upstream.url)
    with running(folder, "--progression", "immediate", *options) as process:
        yield process
        if process.process.poll() is None:
            code, _, err = process.stop()
            assert code == 0, err


def texts(path: Path) -> set[str]:
    return {json.dumps(one.request) for one in interactions(path)}


def test_what_is_on_the_tape_makes_no_call(tmp_path: Path, fixture: Path) -> None:
    """Not a batch, in another split; not a message; not a count; and nothing that is wrong."""
    before = texts(fixture)
    with Upstream() as upstream, serving(tmp_path, fixture, upstream, "new_episodes") as server:
        http = server.http
        batch = http.post(BATCHES, json={"requests": requests("b")}).json()
        assert http.get(f"{BATCHES}/{batch['id']}").json()["processing_status"] == "ended"
        assert http.post("/v1/messages", json=params("known")).status_code == 200
        known = {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "known"}]}
        assert http.post("/v1/messages/count_tokens", json=known).status_code == 200
        assert http.post(BATCHES, json={"requests": []}).status_code == 400
        assert http.post("/v1/messages", content=b"{").status_code == 400
        assert http.get("/v1/models").status_code == 200
        assert upstream.seen == []
    assert texts(fixture) == before


def test_what_is_new_is_recorded_beside_it(tmp_path: Path, fixture: Path) -> None:
    """A batch with one new request goes to the upstream whole, and is polled there."""
    before = texts(fixture)
    with Upstream() as upstream, serving(tmp_path, fixture, upstream, "new_episodes") as server:
        with anthropic.Anthropic(base_url=server.url, api_key="sk-ant-real", max_retries=0) as client:
            rows = run_batch(client, requests("a", "new"))
            assert {row.custom_id for row in rows} == {"a", "new"}
            client.messages.create(**params("new, too"))
        assert len(upstream.seen) == 6
    added = texts(fixture) - before
    assert len(added) == 2
    assert before < texts(fixture)


@pytest.mark.parametrize("mode", ["once", "new_episodes", "all"])
def test_where_nothing_was_recorded_all_is(tmp_path: Path, mode: str) -> None:
    with Upstream() as upstream, serving(tmp_path, tmp_path / "new.jsonl", upstream, mode) as server:
        assert server.http.post("/v1/messages", json=params("hello")).status_code == 200
    assert len(texts(tmp_path / "new.jsonl")) == 1


def test_once_is_once(tmp_path: Path, fixture: Path) -> None:
    """Where there is a fixture, nothing is called and nothing written."""
    before = (fixture / "recording.jsonl").read_bytes()
    with Upstream() as upstream, serving(tmp_path, fixture, upstream, "once") as server:
        server.http.post("/v1/messages", json=params("another"))
        assert upstream.seen == []
    assert (fixture / "recording.jsonl").read_bytes() == before


def test_a_fixture_that_cannot_be_read_is_told_before_anything_is_called(tmp_path: Path) -> None:
    from tests.processes import run

    (tmp_path / "f.jsonl").write_text("{")
    options = ("--replay", "f.jsonl", "--replay-mode", "new_episodes", "--record", "f.jsonl")
    code, _, err = run("serve", "--port", "0", *options, cwd=tmp_path)
    assert code == 7
    assert err.startswith("mockbatch: f.jsonl: line 1: not JSON")


def test_a_compressed_body_is_looked_at_too(tmp_path: Path, fixture: Path) -> None:
    import gzip

    body = gzip.compress(json.dumps(params("known")).encode())
    with Upstream() as upstream, serving(tmp_path, fixture, upstream, "new_episodes") as server:
        headers = {"content-encoding": "gzip", "content-type": "application/json"}
        answer: httpx2.Response = server.http.post("/v1/messages", content=body, headers=headers)
        assert answer.status_code == 200
        assert upstream.seen == []
