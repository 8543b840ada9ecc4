"""The official SDK, through the recorder, against an upstream that has nothing of ours in it."""

import gzip
import json
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest

from mockbatch.core.cassette.redaction import Redaction
from mockbatch.fixtures.files import tape_of
from mockbatch.http.recording import with_results_here
from tests.builders import params, requests
from tests.recording.builders import KEY, Recorder, lines, recorded, recording, run_batch
from tests.upstream import Upstream
from tests.upstream.server import BATCHES, Cut, Hang, Slow, Status

FILE = Path(__file__).parents[2] / "fixtures" / "requests.jsonl"
ITEMS = [json.loads(line) for line in FILE.read_bytes().split(b"\n")[:40]]
TOOL: Any = {"name": "look", "input_schema": {"type": "object", "properties": {"name": {"type": "string"}}}}


def test_a_batch_is_recorded_whole(tmp_path: Path) -> None:
    """Each request with what the SDK read for it, how long the batch took, and no trace of polls."""
    with recording(tmp_path / "f.jsonl") as recorder:
        rows = {row.custom_id: row for row in run_batch(recorder.client(), ITEMS)}
    told = recorded(tmp_path / "f.jsonl")
    assert set(told) == {"batch_item"}
    assert {one.custom_id: one.request for one in told["batch_item"]} == {i["custom_id"]: i["params"] for i in ITEMS}
    for one in told["batch_item"]:
        seen = json.loads(rows[one.custom_id].result.model_dump_json(exclude_unset=True))
        assert {"type": one.outcome, "message": one.message} == seen
        assert one.duration == "4m11s995ms588us"  # of the upstream's own clock
    assert lines(tmp_path / "f.jsonl")[0] == {
        "mockbatch_fixture": 1,
        "interactions": 40,
        "upstream": recorder.upstream.url,
    }


def test_the_client_sees_what_the_upstream_sent(tmp_path: Path) -> None:
    """Byte for byte, but for the one URL."""
    with recording(tmp_path / "f") as recorder:
        client = recorder.client()
        run_batch(client, ITEMS)
        client.messages.batches.list()
        client.messages.create(**params("hello"))
        client.messages.count_tokens(model="claude-haiku-4-5", messages=[{"role": "user", "content": "hello"}])
        client.files.upload(file=("a.txt", b"hello"))
        with client.messages.stream(**params("hello", tools=[TOOL])) as stream:
            stream.get_final_message()
        sent = [(one.call, bytes(one.body)) for one in recorder.upstream.sent]
    here = [(call, body.replace(b"https://api.example.com", recorder.url.encode())) for call, body in sent]
    assert sorted(recorder.received) == sorted(here)
    assert here != sent


def test_heads_are_passed_on_as_well(tmp_path: Path) -> None:
    """Both ways: the key, versions and betas there, ids and waits back. Nothing compressed is asked for."""
    with recording(tmp_path / "f") as recorder:
        batch = recorder.client().beta.messages.batches.create(requests=requests("a"), betas=["b-1"])  # type: ignore[arg-type]
        answer = httpx2.get(f"{recorder.url}{BATCHES}/{batch.id}?beta=true", headers={"x-api-key": "k"})
    first, last = recorder.upstream.seen
    assert (first["authorization"], first["anthropic-beta"]) == (f"Bearer {KEY}", "b-1")
    assert (last["x-api-key"], last["accept-encoding"]) == ("k", "identity")
    assert answer.headers["retry-after"] == "0"
    assert answer.headers["request-id"] == "req_upstream"
    assert answer.headers.get_list("content-length") == [str(len(answer.content))]


def test_only_the_results_url_is_changed() -> None:
    """Whatever is around it, however it is escaped; one that leads elsewhere stays."""
    body = (
        rb'{"a": "\"results_url\": \"x\"", "results_url" : "https:\/\/h\/v1\/messages\/batches\/b\/results","b":[1.0]}'
    )
    shown = with_results_here(body, "http://localhost:1")
    assert shown == (
        rb'{"a": "\"results_url\": \"x\"", '
        rb'"results_url" : "http://localhost:1/v1/messages/batches/b/results","b":[1.0]}'
    )
    for other in (b'{"results_url":null}', b'{"results_url":"https://h/elsewhere"}', b'{"x":"results_url"}'):
        assert with_results_here(other, "http://localhost:1") == other


def test_messages_counts_and_files_are_recorded(tmp_path: Path) -> None:
    """Streamed or not; errors that would come again, with their status; files by their hash."""
    with recording(tmp_path / "f") as recorder:
        client = recorder.client()
        whole = client.messages.create(**params("hello"))
        with client.messages.stream(**params("hello", tools=[TOOL])) as stream:
            streamed = stream.get_final_message()
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(**params("[invalid]"))
        hello: Any = {"messages": [{"role": "user", "content": "hello"}], "model": "claude-haiku-4-5"}
        counted = client.messages.count_tokens(**hello)
        file = client.files.upload(file=("a.txt", b"hello"))
        client.files.retrieve_metadata(file.id)
        client.files.delete(file.id)
    told = recorded(tmp_path / "f")
    by_text = {json.dumps(one.request): one for one in told["message"]}
    assert by_text[key(params("hello"))].message == json.loads(whole.model_dump_json(exclude_unset=True))
    one = by_text[key(params("hello", tools=[TOOL]))]
    assert one.streamed
    assert one.message
    assert one.message["content"][1]["input"] == streamed.content[1].input  # type: ignore[union-attr]
    failed = by_text[key(params("[invalid]"))]
    assert (failed.outcome, failed.status) == ("errored", 400)
    assert failed.error
    assert failed.error["error"]["message"] == "messages: told to be invalid"
    assert [(one.request, one.answer) for one in told["count_tokens"]] == [
        (
            {"messages": [{"role": "user", "content": "hello"}], "model": "claude-haiku-4-5"},
            {"input_tokens": counted.input_tokens},
        )
    ]
    assert {one.call for one in told["file"]} == {"upload", "retrieve", "delete"}
    tape = tape_of(tmp_path / "f")
    found = tape.uploaded("a.txt", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    assert found
    assert found.answer
    assert found.answer["id"] == file.id


def key(request: dict[str, Any]) -> str:
    """A request as the SDK orders it."""
    return json.dumps(dict(sorted(request.items(), key=lambda pair: list(SDK_ORDER).index(pair[0]))))


SDK_ORDER = ("max_tokens", "messages", "model", "tools")


def test_a_tape_knows_what_was_recorded(tmp_path: Path) -> None:
    """Every request, in any order and under any custom_id; what was not asked is not there."""
    with recording(tmp_path / "f") as recorder:
        rows = {row.custom_id: row for row in run_batch(recorder.client(), ITEMS)}
    tape = tape_of(tmp_path / "f")
    for item in reversed(ITEMS):
        found = tape.find(item["params"], custom_id="another")
        assert found
        assert found.message == json.loads(rows[item["custom_id"]].result.message.model_dump_json(exclude_unset=True))
        assert found.duration == 251_995_588
    assert tape.find(params("never asked")) is None


def test_the_same_run_again_changes_nothing(tmp_path: Path) -> None:
    """Although ids, instants and spans are others; what did change is all that changes."""

    def run(text: str) -> bytes:
        with recording(tmp_path / "f") as recorder:
            client = recorder.client()
            for _ in text:  # so that ids differ
                recorder.upstream.number()
            run_batch(client, requests("a", "b", "c"))
            client.messages.create(**params("hello"))
            client.messages.create(**params(text))
        # the port is another one each time, and with it the head
        return (tmp_path / "f" / "recording.jsonl").read_bytes().partition(b"\n")[2]

    first, second, third = run("a"), run("a"), run("another")
    assert first == second
    changed = set(first.split(b"\n")) ^ set(third.split(b"\n"))
    assert 0 < len(changed) <= 4
    assert not any(b"batch_item" in line for line in changed)


def test_what_is_added_leaves_the_rest(tmp_path: Path) -> None:
    """With `add`; without, a recording is what the last run did."""
    for text in ("one", "two"):
        with recording(tmp_path / "f", add=True) as recorder:
            recorder.client().messages.create(**params(text))
    assert texts(tmp_path / "f") == {"one", "two"}
    with recording(tmp_path / "f") as recorder:
        recorder.client().messages.create(**params("three"))
    assert texts(tmp_path / "f") == {"three"}


def texts(path: Path) -> set[str]:
    return {one.request["messages"][0]["content"] for one in recorded(path)["message"] if one.request}


def test_keys_and_what_the_rules_name_are_never_written(tmp_path: Path) -> None:
    """Not the key of the run, wherever it is echoed; not in what is sent, not in what comes back."""
    redaction = Redaction(fields=("metadata.user_id",), patterns=("mail",), base64=True)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8gd29ybGQ="}}
    with recording(tmp_path / "f", redaction) as recorder:
        client = recorder.client(api_key="plain-looking-key")
        text = {"type": "text", "text": "plain-looking-key, bob@example.com"}
        secret = params() | {"messages": [{"role": "user", "content": [text, image]}], "metadata": {"user_id": "u-77"}}
        run_batch(client, [{"custom_id": "a", "params": secret}])
        client.messages.create(**secret)
    data = (tmp_path / "f" / "recording.jsonl").read_bytes()
    for hidden in (b"plain-looking", b"bob@", b"aGVsbG8", b"u-77"):
        assert hidden not in data
    tape = tape_of(tmp_path / "f", ("messages", "metadata"))
    secret["messages"][0]["content"][0]["text"] = "[redacted: key], bob@example.com"
    assert tape.find(secret)


@pytest.mark.parametrize(
    ("fault", "error", "reason"),
    [
        (Status(429), anthropic.RateLimitError, "returned 429 rate_limit_error"),
        (Status(529, "overloaded_error"), anthropic.InternalServerError, "returned 529 overloaded_error"),
        (Cut(40), Exception, "was cut off"),
        (Hang(), anthropic.InternalServerError, "got no response"),
    ],
)
def test_a_failure_is_passed_on_and_told(tmp_path: Path, fault: Any, error: type[Exception], reason: str) -> None:
    """The client has it, the fixture says so, and has whole lines only."""
    with recording(tmp_path / "f") as recorder:
        client = recorder.client()
        client.messages.create(**params("good"))
        recorder.upstream.misbehave("POST /v1/messages", fault)
        with pytest.raises(error):
            client.messages.create(**params("bad"))
    head, *rest = lines(tmp_path / "f" / "recording.jsonl")
    assert len(rest) == 1
    (told,) = head["partial"]
    assert told.startswith(("POST /v1/messages ", "the response to POST /v1/messages "))
    assert reason in told


@pytest.mark.parametrize("fault", [Status(429, headers=(("retry-after-ms", "1"),)), Status(500, "api_error"), Hang()])
def test_a_failure_that_was_made_good_is_none(tmp_path: Path, fault: Any) -> None:
    """The SDK tried again, and the recording is complete."""
    with recording(tmp_path / "f") as recorder:
        client = recorder.client(max_retries=1)
        for call in ("POST /v1/messages", f"POST {BATCHES}"):
            recorder.upstream.misbehave(call, fault)
        client.messages.create(**params("hello"))
        run_batch(client, requests("a", "b"))
    told = recorded(tmp_path / "f")
    assert (len(told["message"]), len(told["batch_item"])) == (1, 2)
    assert "partial" not in lines(tmp_path / "f" / "recording.jsonl")[0]


def test_results_that_break_off_are_kept_as_far_as_they_came(tmp_path: Path) -> None:
    """And a second download completes them."""

    def run(downloads: int) -> dict[str, Any]:
        with recording(tmp_path / f"f{downloads}") as recorder:
            client = recorder.client()
            batch = client.messages.batches.create(requests=requests(*range(50)))  # type: ignore[arg-type]
            client.messages.batches.retrieve(batch.id)
            recorder.upstream.misbehave(f"GET {BATCHES}/ID/results", Cut(9_000))
            with pytest.raises((httpx2.RemoteProtocolError, ValueError)):
                list(client.messages.batches.results(batch.id))
            for _ in range(downloads - 1):
                assert len(list(client.messages.batches.results(batch.id))) == 50
        return lines(tmp_path / f"f{downloads}" / "recording.jsonl")[0]

    cut = run(1)
    assert 0 < cut["interactions"] < 50
    (told,) = cut["partial"]
    assert f"{50 - cut['interactions']} of 50 requests have no result" in told
    assert run(2)["interactions"] == 50


def test_a_batch_that_was_not_waited_for_is_told(tmp_path: Path) -> None:
    """Its requests alone are of no use."""
    with recording(tmp_path / "f") as recorder:
        recorder.client().messages.batches.create(requests=requests("a", "b"))  # type: ignore[arg-type]
    (head,) = lines(tmp_path / "f" / "recording.jsonl")
    (told,) = head["partial"]
    assert told.endswith("2 of 2 requests have no result, because it had not ended")


def test_a_partial_recording_does_not_replace_a_complete_one(tmp_path: Path) -> None:
    with recording(tmp_path / "f") as recorder:
        recorder.client().messages.create(**params("hello"))
    complete = (tmp_path / "f" / "recording.jsonl").read_bytes()
    with recording(tmp_path / "f") as recorder:
        recorder.upstream.misbehave("POST /v1/messages", Status(500))
        with pytest.raises(anthropic.InternalServerError):
            recorder.client().messages.create(**params("hello"))
    assert (tmp_path / "f" / "recording.jsonl").read_bytes() == complete
    assert lines(tmp_path / "f" / "recording.jsonl.partial")[0]["partial"]
    assert len(tape_of(tmp_path / "f")) == 1


def test_slow_streams_come_through(tmp_path: Path) -> None:
    """A few bytes at a time, to the end."""
    with recording(tmp_path / "f") as recorder:
        recorder.upstream.misbehave("POST /v1/messages", Slow(piece=40, pause=0.001))
        with recorder.client().messages.stream(**params("hello")) as stream:
            text = stream.get_final_text()
    (one,) = recorded(tmp_path / "f")["message"]
    assert one.message
    assert one.message["content"][0]["text"] == text


def test_a_client_that_goes_away_leaves_nothing_half(tmp_path: Path) -> None:
    """A stream that it gave up is not recorded as if it were whole."""
    with recording(tmp_path / "f") as recorder:
        recorder.upstream.misbehave("POST /v1/messages", Slow(piece=40, pause=0.02))
        with recorder.client().messages.stream(**params("hello")) as stream:
            next(iter(stream))
    head, *rest = lines(tmp_path / "f" / "recording.jsonl")
    assert rest == []
    assert len(head["partial"]) == 1


def test_compressed_bodies_are_read(tmp_path: Path) -> None:
    """As they are passed on; in one that cannot be read nothing is recorded, and that is told."""
    body = json.dumps(params("hello")).encode()
    with recording(tmp_path / "f") as recorder:
        recorder.upstream.misbehave("POST /v1/messages", *[Status(400, "invalid_request_error")] * 3)
        for encoding, data in (("gzip", gzip.compress(body)), ("gzip", b"no gzip"), ("br", body)):
            headers = {"x-api-key": "k", "content-encoding": encoding}
            assert httpx2.post(f"{recorder.url}/v1/messages", content=data, headers=headers).status_code == 400
    head, *rest = lines(tmp_path / "f" / "recording.jsonl")
    assert [one["request"] for one in rest] == [params("hello")]
    assert len(head["partial"]) == 1


def test_only_calls_of_the_api_with_a_key_are_passed_on(tmp_path: Path) -> None:
    with recording(tmp_path / "f") as recorder:
        with httpx2.Client(base_url=recorder.url) as client:
            assert client.get("/health").json()["status"] == "recording"
            assert client.get("/v1/models").status_code == 401
            assert client.get("/elsewhere", headers={"x-api-key": "k"}).status_code == 404
        assert recorder.upstream.seen == []
        with pytest.raises(anthropic.AuthenticationError):
            recorder.client(api_key="wrong").messages.create(**params("hello"))


def test_an_upstream_that_is_not_there_is_told(tmp_path: Path) -> None:
    """In the API's own shape, so that clients try again."""
    with Upstream() as upstream:
        recorder = Recorder(upstream)
    with recorder.running(), pytest.raises(anthropic.InternalServerError, match="cannot be reached"):
        recorder.client().messages.create(**params("hello"))
    assert recorder.write(tmp_path / "f").partial == ("POST /v1/messages got no response",)
    recorder.spool.close()


def test_what_was_lost_while_the_upstream_was_down_is_counted(tmp_path: Path) -> None:
    """Small or large, though nothing of it could be sent; and the caller gets an answer."""
    with Upstream() as upstream:
        pass
    recorder = Recorder(upstream)
    with recorder.running():
        for items in (requests("a", "b"), requests(*range(3000), padding=300)):
            with pytest.raises(anthropic.APIStatusError) as caught:
                recorder.client().messages.batches.create(requests=items)  # type: ignore[arg-type]
            assert caught.value.status_code == 502
    _, partial = recorder.spool.finish()
    recorder.spool.close()
    assert [reason.partition(":")[0] for reason in partial] == [
        "a batch of 2 requests was not created",
        "a batch of 3,000 requests was not created",
    ]
