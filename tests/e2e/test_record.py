"""`mockbatch record` and its kin as commands, in processes of their own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from signal import SIGTERM
from textwrap import dedent

import httpx2
import pytest

from mockbatch.core.money.prices import Prices
from mockbatch.fixtures.files import interactions, tape_of
from tests.builders import BATCHES, params
from tests.e2e.test_large import memory
from tests.processes import run, running
from tests.upstream import Upstream
from tests.upstream.server import Status

KEY = {"ANTHROPIC_API_KEY": "sk-ant-real"}
PROGRAM = dedent(
    """
    import sys, anthropic
    client = anthropic.Anthropic(max_retries=0)
    params = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    batch = client.messages.batches.create(requests=[{"custom_id": name, "params": params} for name in "ab"])
    while client.messages.batches.retrieve(batch.id).processing_status != "ended":
        pass
    print(len(list(client.messages.batches.results(batch.id))))
    client.messages.create(**params)
    sys.exit(3)
    """
)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


def record(upstream: Upstream, folder: Path, *more: str, program: str = PROGRAM) -> tuple[int, str, str]:
    command = ("record", "--upstream", upstream.url, "--out", "f", *more, "--", sys.executable, "-c", program)
    return run(*command, cwd=folder, environ=KEY)


def cost(folder: Path) -> str:
    """What it cost on Haiku 4.5: 1 and 5 USD per million tokens, half of that in a batch."""
    total = Decimal(0)
    for one in interactions(folder / "f"):
        told = (one.message or {}).get("usage") or {}
        factor = Decimal("0.5") if told.get("service_tier") == "batch" else Decimal(1)
        total += factor * (told.get("input_tokens", 0) * 1 + told.get("output_tokens", 0) * 5) / 1_000_000
    return f"{total.quantize(Decimal('0.000001'), ROUND_HALF_EVEN):f}"


def test_a_command_is_recorded(upstream: Upstream, tmp_path: Path) -> None:
    """Its output and its exit code are its own; what was written and what it cost is told on standard error."""
    code, out, err = record(upstream, tmp_path)
    assert (code, out) == (3, "2\n")
    assert err == (
        "f/recording.jsonl: 3 interactions\n"
        f"  claude-haiku-4-5: {sum(usage(tmp_path, 'input_tokens'))} input, "
        f"{sum(usage(tmp_path, 'output_tokens'))} output\n"
        f"  cost: ${cost(tmp_path)} at the prices of {Prices().as_of}\n"
    )
    assert [one.kind for one in interactions(tmp_path / "f")] == ["batch_item", "batch_item", "message"]
    before = (tmp_path / "f" / "recording.jsonl").read_bytes()
    upstream.reset()
    assert "3 interactions, 3 of them unchanged" in record(upstream, tmp_path)[2]
    assert (tmp_path / "f" / "recording.jsonl").read_bytes() == before


def usage(folder: Path, name: str) -> list[int]:
    return [one.message["usage"][name] for one in interactions(folder / "f") if one.message]


def test_nothing_is_called_without_a_key(upstream: Upstream, tmp_path: Path) -> None:
    """Nor is the command run."""
    code, out, err = run("record", "--upstream", upstream.url, "--out", "f", "--", "echo", "hi", cwd=tmp_path)
    assert (code, out) == (4, "")
    assert "which needs a key: set ANTHROPIC_API_KEY" in err
    assert upstream.seen == []


@pytest.mark.parametrize("name", ["MOCKBATCH_RECORD", "MOCKBATCH_UPSTREAM"])
def test_the_environment_cannot_ask_for_a_recording(tmp_path: Path, name: str) -> None:
    """Only this command line can."""
    code, _, err = run("config", cwd=tmp_path, environ={name: "x"})
    assert code == 4
    assert f"unknown option {name}" in err


def test_a_failing_upstream_leaves_a_partial_fixture(upstream: Upstream, tmp_path: Path) -> None:
    """The command sees the failure, and the summary says what is missing."""
    upstream.misbehave("POST /v1/messages", Status(529, "overloaded_error"))
    code, _, err = record(upstream, tmp_path)
    assert code == 1
    assert "  partial: POST /v1/messages returned 529 overloaded_error\n" in err
    assert run("fixtures", "verify", "f", cwd=tmp_path)[0] == 1
    assert len(tape_of(tmp_path / "f")) == 2


def test_a_command_that_is_not_there_is_told(upstream: Upstream, tmp_path: Path) -> None:
    code, _, err = run("record", "--upstream", upstream.url, "--out", "f", "--", "no-such", cwd=tmp_path, environ=KEY)
    assert code == 127
    assert "no-such: No such file or directory" in err


def test_a_pattern_that_is_none_is_refused_before_anything_is_called(upstream: Upstream, tmp_path: Path) -> None:
    code, _, err = record(upstream, tmp_path, "--redact", "(")
    assert code == 4
    assert "--redact: '(' is neither card nor mail nor a regular expression" in err
    assert upstream.seen == []


def test_the_rules_of_a_fixture_are_not_forgotten(upstream: Upstream, tmp_path: Path) -> None:
    """Recorded again without them, it is cleaned by them all the same."""
    program = PROGRAM.replace('"hello"', '"write to bob@example.com"')
    assert record(upstream, tmp_path, "--redact", "mail", program=program)[0] == 3
    assert record(upstream, tmp_path, "--redact-field", "user_id", program=program)[0] == 3
    head, *lines = (tmp_path / "f" / "recording.jsonl").read_text().splitlines()
    assert json.loads(head)["redaction"] == {"fields": ["user_id"], "patterns": ["mail"]}
    assert not any("bob@" in line for line in lines)
    assert tape_of(tmp_path / "f").find(params("write to bob@example.com"))


def test_a_place_that_cannot_be_written_is_told(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("a file where a folder should be")
    code, _, err = record(upstream, tmp_path)
    assert code == 7
    assert err.startswith("mockbatch: f: ")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--replay", "f", "--replay-mode", "once"), "set the fixture with --record PATH"),
        (("--replay", "f", "--record", "g"), "--record cannot be combined with --replay-mode none"),
        (("--replay", "f", "--replay-mode", "onec"), "Did you mean 'once'?"),
        (("--match-on", "mesages"), "Did you mean 'messages'?"),
    ],
)
def test_options_that_contradict_each_other_are_refused(tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    code, _, err = run("serve", "--port", "0", *options, cwd=tmp_path)
    assert code == 4
    assert reason in err


def test_a_recorder_in_the_foreground(upstream: Upstream, tmp_path: Path) -> None:
    """It writes when it is told to stop."""
    with running(tmp_path, "--record", str(tmp_path / "f.jsonl.gz"), "--upstream", upstream.url) as server:
        assert server.http.post("/v1/messages", json=params("hello")).status_code == 200
        code, out, err = server.stop(SIGTERM)
    assert code == 0
    assert f"recording {upstream.url} on {server.url}" in out
    assert "1 interaction" in err
    assert tape_of(tmp_path / "f.jsonl.gz").find(params("hello"), kind="message")


def test_fixtures_are_cared_for_from_the_command_line(upstream: Upstream, tmp_path: Path) -> None:
    """List, show, diff, verify, check and prune, with exit codes for scripts."""
    record(upstream, tmp_path)
    assert run("fixtures", "list", ".", cwd=tmp_path)[1].startswith(
        "f/recording.jsonl: 2 batch_item, 1 message (3 succeeded), "
    )
    (row,) = [json.loads(line) for line in run("fixtures", "list", "--json", ".", cwd=tmp_path)[1].splitlines()]
    assert row["kinds"] == {"batch_item": 2, "message": 1}
    shown = json.loads(run("fixtures", "show", "f", "--custom-id", "a", cwd=tmp_path)[1])
    assert shown["request"]["messages"][0]["content"] == "hello"
    assert run("fixtures", "show", "f", "--custom-id", "z", cwd=tmp_path)[0] == 7
    assert run("fixtures", "verify", "f", cwd=tmp_path)[:2] == (0, "1 fixture is in order: 3 interactions\n")
    assert run("fixtures", "check", "f", cwd=tmp_path)[0] == 0
    assert run("fixtures", "check", "f", "--pattern", "hello", cwd=tmp_path)[0] == 1
    assert run("fixtures", "check", "f", "--pattern", "(", cwd=tmp_path)[0] == 2
    edited = (tmp_path / "f" / "recording.jsonl").read_text().replace('"end_turn"', '"max_tokens"', 1)
    (tmp_path / "g.jsonl").write_text(edited)
    code, out, _ = run("fixtures", "diff", "f", "g.jsonl", cwd=tmp_path)
    assert (code, out) == (
        1,
        "~ batch item 'a' for claude-haiku-4-5, succeeded\n"
        '    message.stop_reason: old "end_turn", new "max_tokens"\n',
    )
    assert run("fixtures", "diff", "f", "f", cwd=tmp_path) == (0, "", "3 the same, 0 changed, 0 new, 0 gone\n")
    (tmp_path / "used").write_text("")
    code, _, err = run("fixtures", "prune", "f", "--used", "used", cwd=tmp_path)
    assert (code, err) == (7, "mockbatch: used: it is empty; expected a file that --replay-used wrote\n")
    assert "no such file" in run("fixtures", "verify", "nowhere.jsonl", cwd=tmp_path)[2]


def test_the_mock_answers_as_the_recorded_api_did(tmp_path: Path) -> None:
    """In shapes and errors; in tokens the small upstream counts otherwise. What is edited is found out."""
    fixtures = Path(__file__).parents[2] / "fixtures"
    for name, told in (
        ("nightly.jsonl", "16 as recorded, 0 not; 1 skipped"),
        ("failures.jsonl", "5 as recorded, 0 not"),
    ):
        code, out, err = run("diff", "--against", str(fixtures / name), "--bound", "1.5", cwd=tmp_path)
        assert (code, out) == (0, "")
        assert told in err
    edited = (fixtures / "failures.jsonl").read_text().replace("messages: Field required", "messages: missing")
    edited = edited.replace('"stop_sequence":null', '"stop_sequence":null,"new_field":1')
    (tmp_path / "f.jsonl").write_text(edited)
    with running(tmp_path) as server:
        code, out, _ = run("diff", "--against", "f.jsonl", "--bound", "1.5", "--url", server.url, cwd=tmp_path)
    assert code == 1
    assert "new_field: only in the recording" in out
    assert "error message: recorded 'messages: missing', answered 'messages: Field required'" in out
    assert run("diff", "--against", "f.jsonl", "--url", "http://127.0.0.1:1", cwd=tmp_path)[0] == 5


def test_many_rows_are_recorded_and_found(upstream: Upstream, tmp_path: Path) -> None:
    """Neither the recorder nor the tape grows with them: they are far larger than what memory grows by."""
    size = 30_000
    content = json.dumps(
        {"requests": [{"custom_id": f"row-{n}", "params": params(f"text {n} " * 200)} for n in range(size)]}
    )
    headers = {"x-api-key": "sk-ant-real"}
    with running(tmp_path, "--record", str(tmp_path / "f"), "--upstream", upstream.url) as server:
        server.http.post("/v1/messages", json=params("so that all is loaded"))
        before = memory(server.process.pid)
        batch = httpx2.post(f"{server.url}{BATCHES}", content=content, headers=headers, timeout=120).json()
        while True:
            shown = httpx2.get(f"{server.url}{BATCHES}/{batch['id']}", headers=headers, timeout=120).json()
            if shown["results_url"]:
                break
        with httpx2.stream("GET", shown["results_url"], headers=headers, timeout=120) as answer:
            received = sum(map(len, answer.iter_raw()))
        grown = memory(server.process.pid) - before
        server.http.close()
        server.process.send_signal(SIGTERM)
        _, err = server.process.communicate(timeout=120)
    assert f"{size + 1:,} interactions" in err
    assert "partial" not in err
    assert len(content) > 48 << 20
    assert received > 12 << 20
    assert grown < 32 << 20
    found, anonymous = run_finder(tmp_path / "f")
    assert found == size
    assert anonymous < 24 << 20


def run_finder(path: Path) -> tuple[int, int]:
    """How many requests of a fixture a tape of it finds, and by how much its process grew that no file backs."""
    program = dedent(
        """
        import sys
        from pathlib import Path
        from mockbatch.fixtures.files import interactions, tape_of

        def grown():
            with open("/proc/self/status") as status:
                return sum(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))

        before = grown()
        tape = tape_of(Path(sys.argv[1]))
        found = 0
        for told in interactions(Path(sys.argv[1])):
            recorded = tape.find(told.request, custom_id="x", kind=told.kind)
            found += told.kind == "batch_item" and recorded.message == told.message
        print(found, grown() - before)
        """
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    found, size = map(int, done.stdout.split())
    return found, size
