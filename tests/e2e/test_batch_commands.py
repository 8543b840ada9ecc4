"""`mockbatch batch` in processes of its own, against servers that die and connections that break."""

import csv
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.builders import BATCHES, HEADERS, params, requests
from tests.cutting import cutting
from tests.processes import Process, run, running

FIXTURE = Path(__file__).parents[2] / "fixtures" / "requests.jsonl"
_PATIENCE = 30


def batch(url: str, *arguments: str, code: int = 0) -> tuple[str, str]:
    """The command, as the caller that the tests are; standard output and standard error."""
    got, out, err = run("batch", *arguments, environ=environ(url))
    assert got == code, (out, err)
    return out, err


def environ(url: str) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": HEADERS["x-api-key"]}


def started(url: str, *arguments: str, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mockbatch", "batch", *arguments],
        env={**os.environ, **environ(url)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    )


def submitted(url: str, *arguments: str) -> list[str]:
    out, _ = batch(url, "submit", *arguments)
    return out.split()


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def by_id(path: Path) -> dict[str, Any]:
    found = {row["custom_id"]: row for row in rows(path)}
    assert len(found) == len(rows(path))
    return found


def test_from_a_file_to_its_results_through_a_kill_and_a_cut(tmp_path: Path) -> None:
    """The server dies while it is watched; the download breaks twice, then for good, and is taken up again."""
    options = ("--db", str(tmp_path / "state.db"), "--frozen", "--fail-rate", "0.2", "--delay", "uniform:1h,30h")
    with running(tmp_path, *options) as server:
        ids = submitted(server.url, str(FIXTURE), "--max-requests", "200")
        port = server.url.rpartition(":")[2]
        watching = started(server.url, "watch", *ids, "--interval", "20ms")
        assert watching.stdout
        assert watching.stderr
        assert [watching.stdout.readline() for _ in ids] == [
            f"{ids[0]} in_progress: 200 processing\n",
            f"{ids[1]} in_progress: 100 processing\n",
        ]
        server.stop(signal.SIGKILL)
        assert "retrying" in watching.stderr.readline()
    with running(tmp_path, *options, "--port", port) as server:
        server.advance(by="25h")
        out, _ = watching.communicate(timeout=_PATIENCE)
        assert watching.returncode == 0
        assert [line.split()[:2] for line in sorted(out.splitlines())] == [[name, "ended:"] for name in sorted(ids)]

        path, name = tmp_path / "out.jsonl", ids[0]
        with cutting(server.url, 9_000, 30_000) as way:
            batch(way.url, "results", name, "-o", str(path))
            assert way.cuts == []
        whole = path.read_bytes()
        assert whole == server.http.get(f"{BATCHES}/{name}/results").content

        path.unlink()
        with cutting(server.url, *[20_000] * 50) as way:
            getting = started(way.url, "results", name, "-o", str(path))
            assert getting.stderr
            assert "continuing after" in getting.stderr.readline()
            getting.send_signal(signal.SIGINT)
            _, told = getting.communicate(timeout=_PATIENCE)
            assert getting.returncode == 130
            assert "run the same command again to resume" in told
        assert not path.exists()
        assert whole.startswith((tmp_path / f"out.jsonl.{name}.part").read_bytes())
        batch(server.url, "results", name, "-o", str(path))
        assert path.read_bytes() == whole

        sent = {item["custom_id"] for item in rows(FIXTURE)[:200]}
        assert by_id(path).keys() == sent


def test_files_are_written_though_nobody_reads_the_summary(tmp_path: Path) -> None:
    """As when it is piped into `head`, which leaves after a line."""
    with running(tmp_path, "--progression", "immediate", "--fail-rate", "0.3") as server:
        (name,) = submitted(server.url, str(FIXTURE))
        retry = tmp_path / "retry.jsonl"
        files = ("-o", str(tmp_path / "out.jsonl"), "--requests", str(FIXTURE), "--retry-file", str(retry))
        with started(server.url, "results", name, *files) as getting:
            assert getting.stdout
            getting.stdout.close()
            getting.wait(timeout=_PATIENCE)
        assert rows(retry)


def test_what_failed_is_written_down_and_can_be_sent_again(tmp_path: Path) -> None:
    """The retry file has the requests as they were, of rows that expired or erred by no fault of their own."""
    with running(tmp_path, "--frozen", "--fail-rate", "0.3", "--delay", "uniform:1h,30h") as server:
        items = [*requests(*range(100)), {"custom_id": "hopeless", "params": params(model="claude-nope")}]
        source = tmp_path / "requests.jsonl"
        source.write_text("".join(json.dumps(item) + "\n" for item in items))
        (name,) = submitted(server.url, str(source), "--models", "any")
        server.advance(by="25h")
        path, retry, table = tmp_path / "failed.jsonl", tmp_path / "retry.jsonl", tmp_path / "failed.csv"
        out, _ = batch(
            server.url,
            *("results", name, "-o", str(path), "--failed-only", "--json"),
            *("--requests", str(source), "--retry-file", str(retry), "--csv", str(table)),
        )
        expected = {
            row["custom_id"]: row["result"]
            for row in map(json.loads, server.http.get(f"{BATCHES}/{name}/results").content.splitlines())
        }
        failed = {key: result for key, result in expected.items() if result["type"] != "succeeded"}
        assert {key: row["result"] for key, row in by_id(path).items()} == failed
        transient = {
            key
            for key, result in failed.items()
            if result["type"] == "expired"
            or result["error"]["error"]["type"] != "invalid_request_error"
            or "try again later" in result["error"]["error"]["message"]
        }
        assert 10 < len(transient) < len(failed)
        assert rows(retry) == [item for item in items if item["custom_id"] in transient]

        summary = json.loads(out)
        assert summary["outcomes"] == {
            kind: sum(result["type"] == kind for result in expected.values()) for kind in summary["outcomes"]
        }
        assert summary["rows"] == 101
        assert summary["worth_a_retry"] == len(transient)
        usages = [result["message"]["usage"] for result in expected.values() if result["type"] == "succeeded"]
        assert summary["tokens"]["claude-haiku-4-5-20251001"]["output"] == sum(one["output_tokens"] for one in usages)
        # half of 1 and 5 dollars for a million tokens
        dollars = sum(Decimal(one["input_tokens"] + 5 * one["output_tokens"]) for one in usages) / 2 / 1_000_000
        assert Decimal(summary["cost"]) == dollars
        assert {row["custom_id"]: row["outcome"] for row in csv.DictReader(table.read_text().splitlines())} == {
            key: result["type"] for key, result in failed.items()
        }
        assert len(submitted(server.url, str(retry), "--models", "any")) == 1


def test_which_rows_are_sent_again_can_be_chosen(tmp_path: Path) -> None:
    """By outcome or type of error; what is left out is told, and nothing at all is a failure."""
    items = [*requests("a", "b"), {"custom_id": "c", "params": params(model="claude-nope")}]
    source, path, retry = tmp_path / "requests.json", tmp_path / "out.jsonl", tmp_path / "retry.jsonl"
    source.write_text(json.dumps({"requests": items}, indent=2))
    with running(tmp_path, "--progression", "immediate") as server:
        (name,) = submitted(server.url, str(source), "--models", "any")
        words = ("results", name, "-o", str(path), "--requests", str(source), "--retry-file", str(retry))
        _, err = batch(server.url, *words, code=1)
        assert "1 row that did not succeed is not among them: 1 not_found_error" in err
        assert "there is nothing to send again" in err
        for kinds in ("errored", "expired,not_found_error"):
            batch(server.url, *words, "--retry-on", kinds)
            assert rows(retry) == items[2:]
        assert "Did you mean 'errored'?" in batch(server.url, *words, "--retry-on", "eror", code=2)[1]


def test_a_disk_that_is_full_leaves_what_the_same_command_goes_on_from(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk."""

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    with running(tmp_path, "--progression", "immediate") as server:
        (name,) = submitted(server.url, str(FIXTURE))
        path = tmp_path / "out.jsonl"
        getting = started(server.url, "results", name, "-o", str(path), before=little_room)
        _, err = getting.communicate(timeout=_PATIENCE)
        assert getting.returncode == 1
        assert "File too large" in err
        assert "run the same command again" in err
        assert (tmp_path / f"out.jsonl.{name}.part").stat().st_size == 30_000
        batch(server.url, "results", name, "-o", str(path))
        assert path.read_bytes() == server.http.get(f"{BATCHES}/{name}/results").content


def test_nothing_is_sent_when_anything_is_wrong(tmp_path: Path) -> None:
    """Each line is named; the wrong ones can be set aside, in the order in which they were."""
    good = [json.dumps(item) for item in requests("a", "b", "c")]
    wrong = ['{"custom_id": "x y", "params": {}}', "no JSON"]
    source = tmp_path / "requests.jsonl"
    source.write_text("\n".join([good[0], wrong[0], good[1], wrong[1], good[2]]))
    with running(tmp_path) as server:
        out, err = batch(server.url, "check", str(source), code=1)
        assert [line.split(": ")[0] for line in out.splitlines()[:2]] == [f"{source}:2", f"{source}:4"]
        assert "3 good requests" in out
        assert "2 lines are wrong" in out
        _, err = batch(server.url, "submit", str(source), code=1)
        assert f"{source}:2:" in err
        assert "nothing was sent" in err
        assert server.http.get(BATCHES).json()["data"] == []
        skipped = tmp_path / "skipped.jsonl"
        submitted(server.url, str(source), "--skip-invalid", str(skipped))
        assert skipped.read_text().splitlines() == wrong
        (created,) = server.http.get(BATCHES).json()["data"]
        assert created["request_counts"]["processing"] == 3


def test_retired_models_are_wrong_in_a_file(tmp_path: Path) -> None:
    """The API answers requests to them with not_found_error, whoever still has their names in a configuration."""
    source = tmp_path / "requests.jsonl"
    source.write_text("".join(json.dumps(item) + "\n" for item in requests("a", model="claude-3-5-sonnet-latest")))
    out, _ = batch("", "check", str(source), code=1)
    assert out.startswith(f"{source}:1: [a] model: claude-3-5-sonnet-latest\n")
    out, _ = batch("", "check", str(source), "--models", "known")
    assert "1 good request," in out


def test_a_submission_that_breaks_off_tells_from_where_to_go_on(tmp_path: Path) -> None:
    """The queue is full for long, and somebody loses patience. What is named then sends the rest, and nothing twice."""
    source = tmp_path / "requests.jsonl"
    source.write_text("".join(json.dumps(item) + "\n" for item in requests(*range(6))))
    with running(tmp_path, "--queue-limit", "4", "--frozen") as server:
        sending = started(server.url, "submit", str(source), "--max-requests", "4")
        assert sending.stdout
        assert sending.stderr
        assert sending.stdout.readline().startswith("msgbatch_")
        assert "lines 1 to 4" in sending.stderr.readline()
        assert "429 rate_limit_error" in sending.stderr.readline()
        sending.send_signal(signal.SIGINT)
        out, err = sending.communicate(timeout=_PATIENCE)
        assert (sending.returncode, out) == (130, "")
        assert "resume with --from-line 5" in err
        server.advance(by="25h")
        submitted(server.url, str(source), "--from-line", "5")
        sizes = [sum(one["request_counts"].values()) for one in server.http.get(BATCHES).json()["data"]]
        assert sizes == [2, 4]


def test_standard_input_and_output(tmp_path: Path) -> None:
    """Requests through a pipe, results to a pipe."""
    with running(tmp_path, "--progression", "immediate") as server:
        done = subprocess.run(
            [sys.executable, "-m", "mockbatch", "batch", "submit", "-", "--json"],
            input=FIXTURE.read_bytes(),
            env={**os.environ, **environ(server.url)},
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
        told = json.loads(done.stdout)
        assert (told["requests"], told["first_line"], told["last_line"]) == (300, 1, 300)
        out, _ = batch(server.url, "results", told["id"], "-o", "-")
        assert out.encode() == server.http.get(f"{BATCHES}/{told['id']}/results").content


def test_list_show_cancel_delete(tmp_path: Path) -> None:
    """As a person and as a program read them."""
    source = tmp_path / "requests.jsonl"
    with running(tmp_path, "--frozen") as server:
        source.write_text(json.dumps(requests("a")[0]))
        first, second = submitted(server.url, str(source)) + submitted(server.url, str(source))
        out, _ = batch(server.url, "list")
        assert [line.split()[0] for line in out.splitlines()] == ["id", second, first]
        out, _ = batch(server.url, "list", "--json", "--all")
        assert [json.loads(line) for line in out.splitlines()] == server.http.get(BATCHES).json()["data"]
        out, _ = batch(server.url, "show", first)
        assert "processing_status    in_progress\n" in out
        assert batch(server.url, "cancel", first)[0] == f"{first} is canceling\n"
        _, err = batch(server.url, "delete", first, code=1)
        assert "In progress batches cannot be deleted" in err
        _, err = batch(server.url, "results", first, code=1)
        assert f"wait with: mockbatch batch watch {first}" in err
        server.advance(by="1m")
        assert batch(server.url, "delete", first)[0] == f"{first} is deleted\n"
        out, _ = batch(server.url, "list", "--json")
        assert [json.loads(line)["id"] for line in out.splitlines()] == [second]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("submit", "nowhere.jsonl"), 1, "nowhere.jsonl: No such file or directory"),
        (("results", "msgbatch_01a", "--retry-file", "x"), 2, "--retry-file needs --requests"),
        (("list", "--base-url", "https://api.anthropic.com"), 2, "needs a key"),
        (("list", "--base-url", "nonsense", "--api-key", "k"), 1, "is not a URL"),
        (("check", str(FIXTURE), "--max-bytes", "many"), 2, "is not a size"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(arguments: tuple[str, ...], code: int, told: str) -> None:
    """And an exit code; nobody is called."""
    got, _, err = run("batch", *arguments)
    assert got == code
    assert told in err


def test_the_server_may_be_that_of_the_other_commands(tmp_path: Path) -> None:
    """MOCKBATCH_URL names it, unless ANTHROPIC_BASE_URL names another."""
    key = HEADERS["x-api-key"]
    with running(tmp_path, "--frozen") as server:
        (id,) = submitted(server.url, str(FIXTURE))
        there = {"MOCKBATCH_URL": server.url, "ANTHROPIC_BASE_URL": "", "ANTHROPIC_API_KEY": key}
        assert id in run("batch", "list", environ=there)[1]


def test_nobody_there_is_an_exit_code_of_its_own(tmp_path: Path) -> None:
    """As for `mockbatch health`; after some patience."""
    with running(tmp_path) as server:
        url = server.url
    watching = started(url, "watch", "msgbatch_01a", "--interval", "10ms", "--timeout", "100ms")
    _, err = watching.communicate(timeout=_PATIENCE)
    assert watching.returncode == 124
    assert "no connection" in err


def test_a_large_file_is_checked_and_sent_in_little_memory(tmp_path: Path) -> None:
    """A hundred megabytes and more, while the process stays below sixty-four above what it starts with."""
    source = tmp_path / "requests.jsonl"
    with source.open("w") as file:
        for number in range(30_000):
            file.write(json.dumps(requests(number, padding=4000)[0]) + "\n")
    assert source.stat().st_size > 120_000_000
    with running(tmp_path) as server:
        idle = _peak(server, "list")
        assert _peak(server, "check", str(source)) < idle + 64_000
        assert _peak(server, "submit", str(source)) < idle + 64_000


def _peak(server: Process, *arguments: str) -> int:
    """The most memory that the command had, in kilobytes."""
    process = started(server.url, *arguments)
    assert process.stdout
    assert process.stderr
    with process.stdout, process.stderr:
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss
