"""Fixtures on disk: whole or not at all, plain or compressed, and told in one sentence when they are broken."""

from pathlib import Path
from typing import Any

import pytest

from mockbatch.core.cassette.redaction import Redaction
from mockbatch.fixtures import FixtureError
from mockbatch.fixtures.files import interactions, tape_of, write_lines
from mockbatch.fixtures.inspection import differences, findings, problems
from mockbatch.fixtures.spool import Spool
from mockbatch.fixtures.usage_log import log_use, read_log
from mockbatch.fixtures.writing import prune, write_fixture
from tests import zstandard as zstd
from tests.builders import params
from tests.unit.test_cassette import fixture, item


def written(path: Path, *texts: str, redaction: Redaction | None = None) -> Path:
    """A fixture with a message for each text."""
    spool = Spool(redaction or Redaction())
    for text in texts:
        spool.add(item("", text, kind="message", batch=""))
    try:
        return write_fixture(path, spool).path
    finally:
        spool.close()


@pytest.mark.parametrize("name", ["f.jsonl", "f.jsonl.gz", "f.jsonl.zst", "folder"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    """However it is kept; written again it is the same to the byte."""
    path = written(tmp_path / name, "one", "two")
    first = path.read_bytes()
    tape = tape_of(tmp_path / name)
    assert len(tape) == 2
    assert tape.find(params("one"), kind="message")
    assert written(tmp_path / name, "two", "one") == path
    assert path.read_bytes() == first
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_folder_may_hold_several(tmp_path: Path) -> None:
    """All are read; what is recorded goes into the one that is called recording, compressed as it is."""
    written(tmp_path / "f" / "a.jsonl", "one")
    written(tmp_path / "f" / "recording.jsonl.gz", "two")
    (tmp_path / "f" / "notes.md").write_text("not a fixture")
    assert len(tape_of(tmp_path / "f")) == 2
    assert written(tmp_path / "f", "three").name == "recording.jsonl.gz"
    assert len(tape_of(tmp_path / "f")) == 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("f.jsonl", b"", "line 1: it is empty"),
        ("f.jsonl", fixture(item()) + b"{", "line 3: not JSON"),
        ("f.jsonl", fixture(item()) + b'{"kind":"batch"}\n', "line 3: Invalid enum value 'batch'"),
        ("f.jsonl", fixture(item())[:-30], "line 2: not JSON"),
        ("f.jsonl.gz", b"no gzip", "this is text that is not JSON; expected a recording"),
        ("f.jsonl.zst", zstd.compress(fixture(item()))[:-3], "cannot be read"),
        ("f.jsonl", b'{"custom_id": "a", "params": {}}\n', "line 1: this is requests of Message Batches; expected a"),
        ("f.jsonl", b"%PDF-1.7", "this is a PDF"),
    ],
)
def test_a_broken_file_is_told_with_its_name(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FixtureError) as caught:
        tape_of(path)
    assert str(caught.value).startswith(str(path))
    assert reason in str(caught.value)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none", "no such file"), (tmp_path, "there are no fixtures in it")):
        with pytest.raises(FixtureError, match=reason):
            tape_of(path)


def test_every_problem_is_told(tmp_path: Path) -> None:
    """Not only the first."""
    path = tmp_path / "f.jsonl"
    path.write_bytes(fixture(item(), item("b"), partial=("half",)) + b"{}\n[]\n")
    assert [problem.partition(":")[0] for problem in problems(path)] == ["line 4", "line 5", "line 1", "partial"]
    path.write_bytes(fixture(item()))
    assert problems(path) == []
    path.write_bytes(fixture())
    assert problems(path) == ["it has no interactions"]


INNER = {"type": "overloaded_error", "message": "Overloaded"}


@pytest.mark.parametrize(
    ("error", "status", "problem"),
    [
        ({"type": "error", "error": INNER, "request_id": "req_1"}, 0, ""),
        ({"type": "error", "error": INNER, "request_id": None}, 529, ""),
        ({"type": "error", "error": {**INNER, "type": "api_error"}}, 502, ""),
        ({"type": "error", "error": {**INNER, "details": {"error_code": "x"}}}, 529, ""),
        ({"error": "bad gateway"}, 0, "the API sends errors as"),
        (INNER, 0, "the API sends errors as"),
        ({"type": "error", "error": {"type": "api_error"}}, 0, "has a `type` and a `message`"),
        ({"type": "error", "error": {**INNER, "code": 3}}, 0, "an API error has no `code`"),
        ({"type": "error", "error": INNER, "status": 3}, 0, "an API error has no `status`"),
        ({"type": "error", "error": INNER, "request_id": 3}, 0, "`request_id` of an error is a string"),
        ({"type": "error", "error": {**INNER, "type": "overload_error"}}, 0, "Did you mean 'overloaded_error'?"),
        ({"type": "error", "error": INNER}, 400, "overloaded_error has status 529, not 400"),
    ],
)
def test_an_error_that_the_api_never_sends_is_a_problem(
    tmp_path: Path, error: dict[str, Any], status: int, problem: str
) -> None:
    """In shape, type or status."""
    path = tmp_path / "f.jsonl"
    path.write_bytes(fixture(item(outcome="errored", message=None, error=error, status=status)))
    told = problems(path)
    assert len(told) == bool(problem)
    assert problem in "".join(told)


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path: Path) -> None:
    """And nothing beside it."""
    path = written(tmp_path / "f.jsonl", "one")
    before = path.read_bytes()

    def lines() -> Any:
        yield b"x" * 100_000
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_lines(path, lines())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_tape_in_use_stays_as_it_was(tmp_path: Path) -> None:
    """While its file is written anew."""
    path = written(tmp_path / "f.jsonl", "one", "two")
    tape = tape_of(path)
    written(path, "three")
    assert tape.find(params("two"), kind="message")
    assert len(tape_of(path)) == 1


def test_prune_leaves_what_was_used(tmp_path: Path) -> None:
    """By any of the runs that wrote it down."""
    path = written(tmp_path / "f.jsonl", "one", "two", "three")
    tape = tape_of(path)
    for text in ("one", "two"):
        found = tape.find(params(text), kind="message")
        assert found
        log_use(tmp_path / "used", tape.keys([found.place]))
    assert prune(path, read_log(tmp_path / "used")) == (2, 1)
    left = tape_of(path)
    assert [text for text in ("one", "two", "three") if left.find(params(text), kind="message")] == ["one", "two"]
    assert prune(path, read_log(tmp_path / "used")) == (2, 0)
    assert prune(path, {"none of these"}) == (0, 2)
    assert len(tape_of(path)) == 2


def test_a_difference_names_what_came_what_went_and_what_changed(tmp_path: Path) -> None:
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_bytes(fixture(item("a"), item("b"), item("c"), item("c")))
    new.write_bytes(fixture(item("a", duration="9s"), item("b", reply="hello"), item("d"), item("c")))
    assert list(differences(old, new)) == [
        '~ batch item \'b\' for claude-haiku-4-5, succeeded\n    message.content.0.text: old "hi", new "hello"',
        "+ batch item 'd' for claude-haiku-4-5, succeeded",
        "- batch item 'c' for claude-haiku-4-5, succeeded",
    ]
    assert list(differences(old, old)) == []


def test_secrets_that_slipped_in_are_found(tmp_path: Path) -> None:
    """In fixtures and in any other text; what the fixture's own rules name as well; told by their first characters."""
    key = "sk-ant-" + "api03-abcdefgh"
    path = tmp_path / "f.jsonl"
    row = item(request=params(f"my key is {key}") | {"metadata": {"user_id": "bob@example.com"}})
    path.write_bytes(fixture(item("b"), row))
    found = [(one.line, one.place, one.name, one.shown) for one in findings(path)]
    assert found == [(3, "request.messages.0.content", "key", "sk-a...")]
    assert len(list(findings(path, ("mail",)))) == 2
    path.write_bytes(fixture(row, redaction=Redaction(patterns=("mail", r"sk-\w+"))))
    assert {one.place for one in findings(path)} == {"request.messages.0.content", "request.metadata.user_id"}
    other = tmp_path / "notes.txt"
    other.write_text(f"line\nkey={key}\n")
    assert [(one.line, one.name) for one in findings(other)] == [(2, "key")]


def test_what_was_redacted_is_no_secret(tmp_path: Path) -> None:
    path = written(tmp_path / "f.jsonl", "write to bob@example.com", redaction=Redaction(patterns=("mail", r"\w+@\w+")))
    assert list(findings(path)) == []
    (told,) = interactions(path)
    assert told.request
    assert told.request["messages"][0]["content"] == "write to [redacted: mail]"
