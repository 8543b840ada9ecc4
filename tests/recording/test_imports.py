"""Files that people have already become fixtures; those that are broken are told by line."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockbatch.core.cassette.redaction import Redaction
from mockbatch.fixtures import FixtureError
from mockbatch.fixtures.files import tape_of
from mockbatch.fixtures.sources import Imported, import_files
from mockbatch.fixtures.spool import Spool
from mockbatch.fixtures.writing import Written, write_fixture
from tests.builders import params, requests

REPLY = {"id": "msg_1", "type": "message", "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 3}}
RESULTS: list[Any] = [
    {"custom_id": "b", "result": {"type": "succeeded", "message": REPLY}},
    {"custom_id": "a", "result": {"type": "expired"}},
]


def taken(folder: Path, *sources: Path) -> tuple[Imported, Written]:
    spool = Spool(Redaction())
    try:
        source, requests = (*map(str, sources), None, None)[:2]
        assert source
        found = import_files(spool, source, requests)
        return found, write_fixture(folder / "f", spool)
    finally:
        spool.close()


def imported(folder: Path, *sources: Path) -> Written:
    return taken(folder, *sources)[1]


def file(path: Path, rows: list[Any], *, whole: bool = False) -> Path:
    path.write_text(
        json.dumps({"requests": rows}, indent=1) if whole else "".join(json.dumps(row) + "\n" for row in rows)
    )
    return path


@pytest.mark.parametrize(("name", "whole"), [("requests.jsonl", False), ("requests.json", True)])
def test_results_and_requests_are_brought_together(tmp_path: Path, name: str, whole: bool) -> None:
    """Lines of requests, or the body of the create that they were sent with."""
    source = file(tmp_path / "results.jsonl", RESULTS)
    assert imported(tmp_path, source, file(tmp_path / name, requests("a", "b"), whole=whole)).partial == ()
    tape = tape_of(tmp_path / "f")
    for one in requests("a", "b"):
        found = tape.find(one["params"])
        assert found
        assert (found.outcome, found.message) == (
            ("expired", None) if one["custom_id"] == "a" else ("succeeded", REPLY)
        )


def test_results_alone_are_known_by_their_custom_id(tmp_path: Path) -> None:
    imported(tmp_path, file(tmp_path / "results.jsonl", RESULTS))
    found = tape_of(tmp_path / "f").find(params("anything"), custom_id="b")
    assert found
    assert found.message == REPLY


def test_requests_without_a_result_are_told(tmp_path: Path) -> None:
    written = imported(
        tmp_path, file(tmp_path / "results.jsonl", RESULTS), file(tmp_path / "r.jsonl", requests("a", "b", "c"))
    )
    (told,) = written.partial
    assert told.endswith("1 of 3 requests have no result, because they are missing from the results")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([RESULTS[0], {"custom_id": "a"}], "line 2: a result line has a `custom_id` and a `result`"),
        ([{"custom_id": "a", "result": {"type": "done"}}], "line 1: the result type 'done' is not one of succeeded"),
        ([{"custom_id": "a", "result": {"type": "succeeded"}}], "line 1: a result of type succeeded has `message`"),
    ],
)
def test_wrong_results_are_told_by_line(tmp_path: Path, rows: list[Any], reason: str) -> None:
    with pytest.raises(FixtureError) as caught:
        imported(tmp_path, file(tmp_path / "results.jsonl", rows))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([*requests("a"), {"params": {}}], "line 2: a request has a `custom_id` and `params`"),
        ([{"custom_id": "a", "params": 1}], "line 1: its `params` are not an object"),
    ],
)
def test_wrong_requests_are_told_by_line(tmp_path: Path, rows: list[Any], reason: str) -> None:
    with pytest.raises(FixtureError) as caught:
        imported(tmp_path, file(tmp_path / "results.jsonl", RESULTS), file(tmp_path / "r.jsonl", rows))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a: [", "while parsing a flow"),
        ("a: 1", "neither `interactions` nor `http_interactions`"),
        ("interactions: [{request: {method: GET}}]", "interaction 1: 'response' is missing"),
    ],
)
def test_a_wrong_cassette_is_told(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(content)
    with pytest.raises(FixtureError) as caught:
        imported(tmp_path, path)
    assert reason in str(caught.value)


CREATED = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "created_at": "2026-11-01T10:00:00Z",
    "processing_status": "in_progress",
}
ROW = {"custom_id": "a", "result": {"type": "succeeded", "message": REPLY}}
ASKED: dict[str, Any] = params("Hello")
URL = "https://api.anthropic.com/v1/messages"
CALLS: list[tuple[str, str, Any, Any]] = [
    ("POST", f"{URL}/batches", {"requests": requests("a")}, CREATED),
    ("GET", f"{URL}/batches/msgbatch_1/results", None, ROW),
    ("POST", URL, ASKED, REPLY),
    ("GET", "https://example.com/weather", None, {"sunny": True}),
]


def text(value: Any) -> str:
    return "" if value is None else json.dumps(value)


def vcrpy_parsed() -> Any:
    """As pydantic-ai writes them."""
    calls = [
        {
            "request": {"method": method, "uri": url, "headers": {"a": ["b"]}, "parsed_body": sent},
            "response": {"headers": {}, "parsed_body": got, "status": {"code": 200, "message": "OK"}},
        }
        for method, url, sent, got in CALLS
    ]
    return {"interactions": calls, "version": 1}


def go_vcr(version: int = 2) -> Any:
    calls = [
        {
            "id": number,
            "request": {"body": text(sent), "form": {}, "headers": {"Accept": ["*/*"]}, "url": url, "method": method},
            "response": {"body": text(got), "headers": {}, "status": "200 OK", "code": 200, "duration": "1.2s"},
        }
        for number, (method, url, sent, got) in enumerate(CALLS)
    ]
    return {"version": version, "interactions": calls}


def php_vcr() -> Any:
    return [
        {
            "request": {"method": method, "url": url, "headers": {"Host": "api.anthropic.com"}, "body": text(sent)},
            "response": {
                "status": {"http_version": "1.1", "code": "200", "message": "OK"},
                "headers": {"Content-Type": "application/json"},
                "body": text(got),
            },
            "index": 0,
        }
        for method, url, sent, got in CALLS
    ]


def ruby_vcr() -> Any:
    calls = [
        {
            "request": {"method": method.lower(), "uri": url, "body": {"encoding": "UTF-8", "string": text(sent)}},
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Encoding": ["gzip"]},
                "body": {"encoding": "ASCII-8BIT", "base64_string": packed(got)},
            },
            "recorded_at": "Sun, 01 Nov 2026 10:00:00 GMT",
        }
        for method, url, sent, got in CALLS
    ]
    return {"http_interactions": calls, "recorded_with": "VCR 6.3.1"}


def har(*, polly: bool = False) -> Any:
    def content(value: Any) -> dict[str, Any]:
        if polly:
            return {"mimeType": "application/json", "encoding": "base64", "text": json.dumps([packed(value)])}
        return {"mimeType": "application/json", "size": 1, "text": text(value)}

    entries = [
        {
            "request": {"method": method, "url": url, "headers": [], "postData": {"text": text(sent)}},
            "response": {
                "status": 200,
                "headers": [{"name": "Content-Encoding", "value": "gzip"}],
                "content": content(got),
            },
        }
        for method, url, sent, got in CALLS
    ]
    return {"log": {"version": "1.2", "creator": {"name": "Polly.JS"}, "entries": entries}}


def nock() -> Any:
    return [
        {
            "scope": "/".join(url.split("/")[:3]) + ":443",
            "method": method,
            "path": "/" + "/".join(url.split("/")[3:]),
            "body": "" if sent is None else sent,
            "status": 200,
            "response": [gzip.compress(text(got).encode()).hex()],
            "rawHeaders": ["Content-Encoding", "gzip"],
        }
        for method, url, sent, got in CALLS
    ]


def packed(value: Any) -> str:
    return base64.b64encode(gzip.compress(text(value).encode())).decode()


def as_yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False)


@pytest.mark.parametrize("name", ["cassette.yaml", "cassette.json", "cassette"])
@pytest.mark.parametrize(
    "content",
    [
        as_yaml(vcrpy_parsed()),
        json.dumps(vcrpy_parsed()),
        "---\n" + as_yaml(go_vcr()),
        as_yaml(go_vcr(1)),
        "\n" + as_yaml(php_vcr()),
        json.dumps(php_vcr()),
        "---\n" + as_yaml(ruby_vcr()),
        json.dumps(har(), indent=2),
        json.dumps(har(polly=True)),
        json.dumps(nock(), indent=1),
    ],
    ids=["vcrpy", "vcrpy json", "go-vcr", "go-vcr 1", "php-vcr", "php-vcr json", "ruby", "har", "polly", "nock"],
)
def test_cassettes_of_all_relatives_are_read(tmp_path: Path, name: str, content: str) -> None:
    """By what is in them, and not by their names; what is none of ours is told."""
    path = tmp_path / name
    path.write_text(content)
    found, written = taken(tmp_path, path)
    assert (written.interactions, written.partial, found.leftovers) == (2, (), [])
    assert found.passed_over == ["GET example.com/weather"]
    tape = tape_of(tmp_path / "f")
    for told in (tape.find(requests("a")[0]["params"], custom_id="a"), tape.find(ASKED, kind="message")):
        assert told
        assert told.message == REPLY


def test_a_call_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """The others are taken all the same."""
    cassette = vcrpy_parsed()
    cassette["interactions"][2]["response"] = {"body": {"string": "<html>"}, "status": {"code": 200}}
    path = tmp_path / "c.json"
    path.write_text(json.dumps(cassette))
    found, written = taken(tmp_path, path)
    assert written.interactions == 1
    assert found.leftovers == ["interaction 3: POST /v1/messages: its body or its response is not a JSON object"]


def test_a_second_outcome_is_kept_and_played_in_its_turn(tmp_path: Path) -> None:
    """Of results that were put together; the same one twice is one."""
    first = {"custom_id": "a", "result": {"type": "expired"}}
    other = {"custom_id": "b", "result": {"type": "succeeded", "message": REPLY}}
    found, written = taken(
        tmp_path,
        file(tmp_path / "results.jsonl", [first, other, other, ROW]),
        file(tmp_path / "requests.jsonl", requests("a", "b")),
    )
    assert (found.read, found.leftovers, written.interactions, written.partial) == (3, [], 3, ())
    assert found.passed_over == ["1 result that occurred twice, byte for byte"]
    tape = tape_of(tmp_path / "f")
    asked = requests("a")[0]["params"]
    outcomes = [told.outcome for n in range(3) if (told := tape.find(asked, custom_id="a", turn=n, own_turn=n))]
    assert outcomes == ["expired", "succeeded", "succeeded"]


def test_a_second_outcome_without_requests_is_kept_as_well(tmp_path: Path) -> None:
    first = {"custom_id": "a", "result": {"type": "expired"}}
    assert imported(tmp_path, file(tmp_path / "results.jsonl", [first, ROW])).interactions == 2
    tape = tape_of(tmp_path / "f")
    outcomes = [told.outcome for n in range(2) if (told := tape.find(params("x"), custom_id="a", own_turn=n))]
    assert outcomes == ["expired", "succeeded"]


def test_what_is_left_over_on_either_side_is_named(tmp_path: Path) -> None:
    found, written = taken(
        tmp_path, file(tmp_path / "results.jsonl", RESULTS), file(tmp_path / "r.jsonl", requests("a", "c"))
    )
    assert found.leftovers == ["1 result has no request and was dropped: b", "1 request has no result: c"]
    assert written.interactions == 1


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    for name in ("none.jsonl", "none.yaml"):
        with pytest.raises(FixtureError, match="No such file"):
            imported(tmp_path, tmp_path / name)
