"""The process: how it starts, what it says, how it ends."""

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.builders import BATCHES, HEADERS, params, requests
from tests.processes import run, running, terminal_of


def test_the_ready_line_has_the_url_and_comes_when_calls_are_answered(tmp_path: Path) -> None:
    """One line on standard output; the ready file says the same for machines."""
    with running(tmp_path, "--seed", "7", "--speedup", "1000") as server:
        assert server.http.get("/health").json()["status"] == "ready"
        told = json.loads((tmp_path / "ready.json").read_text())
        code, out, err = server.stop()
    assert (told["url"], told["pid"]) == (server.url, server.process.pid)
    assert out == f"mockbatch 0.1.0 ready on {server.url} (seed 7, clock x1000, delays realistic)\n"
    assert (code, err) == (0, "")


def test_a_terminal_shows_what_to_do_next(tmp_path: Path) -> None:
    """Lines to paste, the dashboard, and how long a batch takes, after the ready line."""
    with terminal_of("serve", "--port", "0", "--delay-preset", "fast") as screen:
        head = screen.until("Ctrl-C")
        url = re.search(r"ready on (\S+) ", head[0])
        assert url
        assert [line.strip() for line in head[1:]] == [
            "",
            f"dashboard: {url[1]}/",
            "in the terminal of your program:",
            f"export ANTHROPIC_BASE_URL={url[1]}",
            "export ANTHROPIC_API_KEY=sk-ant-anything",
            "A batch of 100 requests takes about 3.5s.",
            "Ctrl-C stops it.",
        ]


RULE = ("--fault", "http.error,on=list,status=529,times=1")


def test_calls_are_logged_in_a_terminal() -> None:
    """What it was, of which batch, how it was answered and why; and for each batch when it ends."""
    with terminal_of("serve", "--port", "0", "--delay-preset", "fast", *RULE) as screen:
        url = re.search(r"ready on (\S+) ", screen.until("Ctrl-C")[0])
        assert url
        with httpx2.Client(base_url=url[1], headers=HEADERS) as client:
            batch = client.post(BATCHES, json={"requests": requests("a")}).json()["id"]
            client.get(f"{BATCHES}/{batch}")
            client.get(BATCHES)
            client.post(BATCHES, json={}, headers={"x-api-key": "another"})
        lines = screen.until("(session ")[1:]
    time_of_day = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    for line, pattern in zip(
        lines,
        (
            rf"{time_of_day} create   {batch} 200 \d+ms",
            rf"  ends {time_of_day}, in \S+s",
            rf"{time_of_day} retrieve {batch} 200 \d+ms",
            rf"{time_of_day} list +529 \d+ms  rule 'http.error'  Overloaded",
            rf"{time_of_day} create +400 \d+ms  requests: Field required  \(session \w+\)",
        ),
        strict=True,
    ):
        assert re.fullmatch(pattern, line), line


@pytest.mark.parametrize(("option", "logged"), [((), False), (("--log-requests",), True)])
def test_calls_are_logged_elsewhere_if_that_is_wanted(tmp_path: Path, option: tuple[str, ...], logged: bool) -> None:
    """On standard error, when it is no terminal."""
    with running(tmp_path, *option) as server:
        server.http.get(BATCHES)
        _, _, err = server.stop()
    assert (" list " in err) == logged


def test_ctrl_c_ends_it_within_a_second_even_during_a_download(tmp_path: Path) -> None:
    """With the exit code that a shell expects, and nothing on standard error."""
    with running(tmp_path, "--progression", "immediate") as server:
        batch = server.http.post(BATCHES, json={"requests": requests(*range(20_000))}).json()
        server.http.get(f"{BATCHES}/{batch['id']}")
        with server.http.stream("GET", f"{BATCHES}/{batch['id']}/results") as download:
            next(download.iter_bytes(1024))
            began = time.monotonic()
            server.process.send_signal(signal.SIGINT)
            code = server.process.wait(10)
            took = time.monotonic() - began
    assert code == 130
    assert took < 1.5


def test_a_call_that_is_abandoned_at_the_end_gets_no_response(tmp_path: Path) -> None:
    """Not a 500, which would claim that it failed: it may have taken effect."""
    body = json.dumps(params("wait")).encode()
    head = "".join(f"{name}: {text}\r\n" for name, text in {**HEADERS, "content-length": str(len(body))}.items())
    with running(tmp_path, "--replies", "tests.reply_functions:endless") as server:
        url = httpx2.URL(server.url)
        with socket.create_connection((url.host, url.port or 80)) as connection:
            connection.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n" + head.encode() + b"\r\n" + body)
            server.http.get("/health").raise_for_status()
            code, _, err = server.stop()
            assert (code, connection.recv(4096), err) == (0, b"", "")


def test_a_port_in_use_is_said_plainly(tmp_path: Path) -> None:
    """Exit code 3 and one sentence."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = run("serve", "--port", str(port))
    assert (code, out) == (3, "")
    assert err == f"mockbatch: port {port} on 127.0.0.1 is in use; choose another --port, or 0 for a free one\n"


def test_an_open_address_is_warned_about(tmp_path: Path) -> None:
    """Only on request does anything listen beyond loopback."""
    with running(tmp_path, "--host", "0.0.0.0") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.http.get("/health").status_code == 200
        _, _, err = server.stop()
    assert err == (
        "warning: 0.0.0.0 can be reached from other machines: any key opens a session and controls it; "
        "set --api-key to accept only those you name, --control-key to see all sessions and the dashboard from there\n"
    )


def test_health_finds_a_server_and_misses_none(tmp_path: Path) -> None:
    """Exit code 0 where one answers, 5 where none does, or another program."""
    with running(tmp_path) as server:
        code, out, _ = run("health", "--url", server.url)
        assert (code, out) == (0, f"mockbatch 0.1.0 is ready at {server.url}\n")
        port = server.url.rpartition(":")[2]
        assert run("health", environ={"MOCKBATCH_PORT": port})[0] == 0
    code, out, err = run("health", "--url", server.url)
    assert (code, out) == (5, "")
    assert err.startswith(f"mockbatch: no server at {server.url}: ")


def test_the_temporary_store_leaves_nothing_behind(tmp_path: Path) -> None:
    """Not even after kill -9."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    with running(tmp_path, environ={"SQLITE_TMPDIR": str(folder), "TMPDIR": str(folder)}) as server:
        server.http.post(BATCHES, json={"requests": requests(*range(5000), padding=500)})
        server.stop(signal.SIGKILL)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"this is no database, but long enough to be looked at as one" * 4, "file is not a database"),
        ("foreign", "is a database, but not a mockbatch database; choose another --db"),
        ("newer", "was written by a newer mockbatch (format 999, this one knows 5); upgrade mockbatch"),
    ],
)
def test_a_database_that_is_not_ours_is_refused_and_left_alone(
    tmp_path: Path, content: bytes | str, message: str
) -> None:
    """Exit code 6, one sentence, no ready line, the file as it was."""
    path = tmp_path / "state.db"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE t (a)")
            if content == "newer":
                db.execute(f"PRAGMA application_id = {0x6D6F636B}")
                db.execute("PRAGMA user_version = 999")
        db.close()
    before = path.read_bytes()
    code, out, err = run("serve", "--port", "0", "--db", str(path))
    assert (code, out) == (6, "")
    assert err.startswith(f"mockbatch: {path} ")
    assert message in err
    assert err.count("\n") == 1
    assert path.read_bytes() == before


def test_a_database_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Nothing is made on the way."""
    code, _, err = run("serve", "--port", "0", "--db", str(tmp_path / "none" / "state.db"))
    assert (code, err) == (6, f"mockbatch: {tmp_path}/none/state.db cannot be used: No such file or directory\n")
    assert list(tmp_path.iterdir()) == []


def test_a_second_server_on_the_same_database_is_refused(tmp_path: Path) -> None:
    """The first one is not disturbed."""
    path = str(tmp_path / "state.db")
    with running(tmp_path, "--db", path) as server:
        code, _, err = run("serve", "--port", "0", "--db", path)
        assert (code, err) == (6, f"mockbatch: {path} is in use by another mockbatch server\n")
        assert server.http.post(BATCHES, json={"requests": requests("a")}).status_code == 200


def test_a_wrong_option_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    """On the command line, in the environment, in a file; exit code 4 where it is not the command line."""
    assert "Did you mean" in run("serve", "--fail-rat", "1")[2]
    assert run("serve", "--fail-rat", "1")[0] == 2
    code, _, err = run("serve", environ={"MOCKBATCH_FAIL_RAT": "1"})
    assert (code, err) == (
        4,
        "mockbatch: environment: unknown option MOCKBATCH_FAIL_RAT. Did you mean MOCKBATCH_FAIL_RATE?\n",
    )
    (tmp_path / "mockbatch.toml").write_text("fail_rat = 1\n")
    code, _, err = run("serve", cwd=tmp_path)
    assert (code, err) == (4, "mockbatch: mockbatch.toml: unknown option fail_rat. Did you mean fail_rate?\n")
    assert run("serve", "--fail-rate", "2")[::2] == (4, "mockbatch: flag --fail-rate: 2 is not between 0 and 1\n")


@pytest.mark.parametrize(
    ("command", "after"), [("serve", []), ("run", ["--", sys.executable, "-c", ""])], ids=["serve", "run"]
)
def test_a_function_that_is_not_there_is_refused(command: str, after: list[str]) -> None:
    code, out, err = run(command, "--port", "0", "--replies", "no_such_module:answer", *after)
    assert (code, out) == (4, "")
    assert err.startswith("mockbatch: rule 'replies': no_such_module:answer cannot be imported: ModuleNotFoundError")


def test_what_was_armed_and_never_hit_is_told_at_the_end(tmp_path: Path) -> None:
    """So that no test passes for a fault that did not happen."""
    with running(tmp_path, "--fault", "list.short_pages", "--fault", "results.cut,after_items=1") as server:
        assert server.http.get(BATCHES).status_code == 200
        _, _, err = server.stop()
    assert "rules that never matched: results.cut\n" in err


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [("POST", "reset", {"scope": "all"}), ("DELETE", "rules", None), ("DELETE", "sessions/{id}", None)],
)
def test_what_was_hit_stays_hit(tmp_path: Path, method: str, path: str, content: object) -> None:
    """Also when the counters of the rule are gone: after a reset, or without the rule or its session."""
    with running(tmp_path, "--fault", "list.short_pages") as server:
        assert server.http.get(BATCHES).status_code == 200
        id = server.http.get("/_mockbatch/session").json()["id"]
        answer = server.http.request(method, f"/_mockbatch/{path.format(id=id)}", json=content)
        assert answer.status_code == 200, answer.text
        _, _, err = server.stop()
    assert "never matched" not in err


_HEAVY = {
    "faker",
    "genai_prices",
    "httpx2",
    "jinja2",
    "jsonschema_rs",
    "pydantic",
    "rich",
    "mockbatch.core.cassette.tape",
    "mockbatch.core.replies.kinds",
    "mockbatch.http.control",
}


def test_the_start_loads_nothing_that_it_does_not_need() -> None:
    """What only some requests need is imported when the first of them comes."""
    code = "import json, sys, mockbatch.server, mockbatch.cli.serve; print(json.dumps(list(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
    loaded = set(json.loads(told.stdout))
    assert "mockbatch.http.app" in loaded
    assert not _HEAVY & loaded
