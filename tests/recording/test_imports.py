"""Files that people have already become fixtures; those that are broken are told by line."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockbatch.core.cassette.redaction import Redaction
from mockbatch.fixtures import FixtureError
from mockbatch.fixtures.files import tape_of
from mockbatch.fixtures.sources import import_cassette, import_results
from mockbatch.fixtures.spool import Spool
from mockbatch.fixtures.writing import Written, write_fixture
from tests.builders import params, requests

REPLY = {"id": "msg_1", "type": "message", "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 3}}
RESULTS: list[Any] = [
    {"custom_id": "b", "result": {"type": "succeeded", "message": REPLY}},
    {"custom_id": "a", "result": {"type": "expired"}},
]


def imported(folder: Path, *sources: Path) -> Written:
    spool = Spool(Redaction())
    try:
        if len(sources) == 1 and sources[0].suffix != ".jsonl":
            import_cassette(spool, sources[0])
        else:
            import_results(spool, sources[0], sources[1] if sources[1:] else None)
        return write_fixture(folder / "f", spool)
    finally:
        spool.close()


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
    assert told.endswith("1 of 3 requests have no result, since the results do not have them")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([RESULTS[0], {"custom_id": "a"}], "line 2: a line of results has a `custom_id` and a `result`"),
        ([{"custom_id": "a", "result": {"type": "done"}}], "line 1: the result type 'done' is not one of succeeded"),
        ([{"custom_id": "a", "result": {"type": "succeeded"}}], "line 1: a result that succeeded has `message`"),
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
        ([{"custom_id": "a", "params": 1}], "line 1: its `params` are no object"),
    ],
)
def test_wrong_requests_are_told_by_line(tmp_path: Path, rows: list[Any], reason: str) -> None:
    with pytest.raises(FixtureError) as caught:
        imported(tmp_path, file(tmp_path / "results.jsonl", RESULTS), file(tmp_path / "r.jsonl", rows))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a: [", "while parsing"),
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


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    for name in ("none.jsonl", "none.yaml"):
        with pytest.raises(FixtureError, match="No such file"):
            imported(tmp_path, tmp_path / name)
