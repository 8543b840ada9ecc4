"""The commands for a running server, as they are typed, against a real one."""

import json
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import click
import httpx2
import pytest
from click.testing import CliRunner, Result

from mockbatch import __version__
from mockbatch.cli import main
from mockbatch.cli.counting import problems_counted
from mockbatch.config import resolve
from mockbatch.testing import Server, Session
from tests.builders import BATCHES, HEADERS, START, requests
from tests.processes import run

GROUPS = ["", "batch", "fixtures", "faults", "clock", "rules", "sessions", "snapshot"]
# each asks a server, and can be called as it is
REMOTE = [
    *("watch --once", "clock", "clock advance 25h", "clock freeze", "clock resume", "clock speedup 2"),
    *("rules", "rules add results.cut", "rules clear", "sessions", "sessions open", "requests", "problems"),
    *("verify create,at_least=0", "reset", "snapshot", "snapshot take", "open --no-browser", "cost", "synth --items 1"),
]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(frozen=True, clock_start=START) as server:
        yield server


@pytest.fixture
def session(server: Server) -> Session:
    """The only one of the server."""
    return server.session("nightly")


def called(server: Server, *words: str, **environ: str) -> Result:
    """What a command does, that is pointed to the server by the environment."""
    return CliRunner().invoke(main, list(words), env={"MOCKBATCH_URL": server.url, **environ})


def told(server: Server, *words: str, **environ: str) -> str:
    """What a command says that does what it should."""
    done = called(server, *words, **environ)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def found(server: Server, *words: str, **environ: str) -> Any:
    """What a command tells a program, and nobody else."""
    return json.loads(told(server, *words, "--json", **environ))


def refused(server: Server, *words: str, **environ: str) -> tuple[int, str]:
    done = called(server, *words, **environ)
    assert done.stdout == ""
    return done.exit_code, done.stderr


def created(session: Session, *custom_ids: str) -> str:
    headers = {**HEADERS, "x-api-key": session.api_key}
    answer = httpx2.post(f"{session.url}{BATCHES}", json={"requests": requests(*custom_ids)}, headers=headers)
    id: str = answer.json()["id"]
    return id


def test_the_clock_is_shown_and_moved(server: Server, session: Session) -> None:
    """By a span, to a time, past events, to the end of a batch; what happened on the way is told."""
    assert re.search(r"^next +nothing$", told(server, "clock"), re.MULTILINE)
    batch = created(session, "a")
    shown = told(server, "clock", "show")
    assert "2026-01-01 00:00:00 UTC" in shown
    assert "frozen (×1 when it runs)" in shown
    assert batch in shown
    assert found(server, "clock") == session.clock.view()
    (event,) = found(server, "clock", "advance", "--events", "1")["events"]
    assert (event["type"], event["batch"]) == ("batch.started", batch)
    moved = told(server, "clock", "advance", "--until-ended", batch)
    assert f"batch.ended  {batch}" in moved
    assert moved.endswith("1 event on the way\n")
    before = session.clock.now()
    told(server, "clock", "advance", "25h")
    assert session.clock.now() == before + timedelta(hours=25)
    told(server, "clock", "advance", "--to", "2026-02-01")
    assert session.clock.view()["now"].startswith("2026-02-01T00:00:00")
    assert "×1,000" in told(server, "clock", "speedup", "1000")
    assert "frozen" not in told(server, "clock", "resume")
    assert not session.clock.frozen
    assert "frozen" in told(server, "clock", "freeze")
    assert session.clock.frozen


def test_many_events_are_summed_up(server: Server, session: Session) -> None:
    for _ in range(15):
        created(session, "a")
    lines = told(server, "clock", "advance", "30h").splitlines()
    assert lines[-2:] == ["and 10 more; --json prints all", "2026-01-02 06:00:00 UTC, 30 events on the way"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("clock advance", "give one of: a SPAN like 25h, --to, --events, --until-ended"),
        ("clock advance 1h --events 1", "give one of: a SPAN like 25h, --to, --events, --until-ended"),
        ("clock advance soon", "'soon' is not a span of time; write it like 90s, 10m, 25h or 1d12h"),
        ("clock advance --to 2020-01-01", "the clock only moves forward"),
        ("rules add", "give a fault, --preset or --file; `mockbatch faults` lists the faults"),
        ("rules add --preset flaky", "Did you mean 'flaky-network'?"),
        ("rules add results.ctu", "Did you mean 'results.cut'?"),
        ("rules add item.cut_json", "cut_json is a kind of reply; write it like on=item,reply=cut_json"),
        ("rules add on=item,reply=cut_jsn", "Did you mean 'cut_json'?"),
        ("rules remove rule_9", "there is no rule 'rule_9'. `mockbatch rules` lists them"),
        ("requests req_none", "There is no call req_none"),
        ("verify creat,count=1", "Did you mean 'create'?"),
        ("verify create", "give one of count, at_least, at_most, min_gap"),
        ("verify create,cuont=1", "cuont: unknown key. Did you mean 'count'?"),
        ("verify create,count=some", "count: 'some' is not a number"),
        ("verify create,,count=1", "'' is not a key; write it like count=1"),
        ("snapshot delete snap_none", "Snapshot snap_none not found."),
        ("clock --session nigthly", "there is no session 'nigthly'. Did you mean 'nightly'?"),
        ("sessions delete none", "there is no session 'none'. `mockbatch sessions` lists them"),
        ("sessions open --seed x", "'x' is not an integer"),
        ("reset --scope stat", "'stat' is not one of"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(server: Server, session: Session, words: str, message: str) -> None:
    """And nothing is changed."""
    code, said = refused(server, *words.split())
    assert code == 2
    assert message in said
    assert list(session.rules) == []
    assert len(server.sessions()) == 1


def test_rules_are_added_listed_and_removed(server: Server, session: Session, tmp_path: Path) -> None:
    """From texts like those of --fault, from a file, from a preset; by id or by name."""
    assert told(server, "rules") == "no rules: no faults are injected\n"
    told(server, "rules", "add", "results.cut,after_items=73,times=1", "on=item,custom_id=row-1,reply=refusal")
    _, cut, reply = told(server, "rules").splitlines()
    assert re.split(r"\s{2,}", cut) == ["rule_1", "results.cut", "results", "times=1 after_items=73", "0", "1"]
    assert re.split(r"\s{2,}", reply.rstrip()) == ["rule_2", "reply", "item", "reply=refusal custom_id=row-1", "0"]
    file = tmp_path / "rules.toml"
    file.write_text('seed = 3\n[[rules]]\nname = "mine"\non = "create"\nnth = 1\nhttp = { status = 529 }\n')
    (added,) = found(server, "rules", "add", "--file", str(file))
    assert (added["name"], added["rule"]["http"]["status"]) == ("mine", 529)
    assert "errored=overloaded_error" in told(server, "rules", "add", "--preset", "overloaded")
    assert found(server, "rules") == session.rules.views()
    assert told(server, "rules", "remove", "mine", "rule_1") == "removed rule_3, rule_1\n"
    assert told(server, "rules", "clear") == "removed 4 rules\n"
    assert session.rules.views() == []


def test_a_preset_brings_its_options(server: Server, session: Session) -> None:
    """Which hold for batches from then on."""
    assert told(server, "rules", "add", "--preset", "happy") == "from now on: delay_preset = immediate, fail_rate = 0\n"
    created(session, "a")
    assert session.batches.last.status == "ended"
    assert found(server, "rules", "add", "--preset", "cache-cold") == []
    assert found(server, "sessions")[0]["options"]["cache_hits"] == "none"


def test_several_sessions_are_told_apart(server: Server, session: Session) -> None:
    """By label, id, the beginning of an id, or key."""
    other = server.session("other")
    code, said = refused(server, "clock")
    assert code == 2
    assert said.startswith("mockbatch: there are 2 sessions: nightly (")
    assert said.endswith("choose one with --session or --api-key\n")
    told(server, "clock", "advance", "1h", "--session", "other")
    told(server, "clock", "advance", "1h", "--session", other.id[:6])
    told(server, "clock", "advance", "1h", "--api-key", other.api_key)
    told(server, "clock", "advance", "1h", ANTHROPIC_API_KEY=other.api_key)
    told(server, "clock", "advance", "1h", MOCKBATCH_API_KEY=f"{other.api_key},sk-ant-more")
    assert other.clock.now() - session.clock.now() == timedelta(hours=5)


def test_sessions_are_opened_and_deleted(server: Server) -> None:
    """With options of their own; what is printed points a shell there."""
    assert told(server, "sessions") == "no sessions yet: the first call of a program opens one\n"
    code, said = refused(server, "clock")
    assert (code, "has no sessions yet" in said) == (1, True)
    opened = told(server, "sessions", "open", "--label", "mine", "--seed", "7", "--extra-models", "a=claude-opus-5")
    view = found(server, "sessions")[0]
    head, url, key = opened.splitlines()
    assert head == f"# session {view['id']} (mine)"
    assert url == f"export ANTHROPIC_BASE_URL={server.url}"
    assert view["options"] == {"seed": "7", "extra_models": "a=claude-opus-5"}
    assert told(server, "clock", "--api-key", key.partition("API_KEY=")[2])
    fresh = called(server, "clock", "--api-key", "sk-ant-fresh", "--json")
    assert fresh.stderr == "mockbatch: this key had no session; opened a new one\n"
    assert json.loads(fresh.stdout)["frozen"]
    told(server, "clock", "--api-key", "sk-ant-fresh")
    assert found(server, "sessions", "open", "--api-key", "sk-ant-chosen")["api_key"] == "sk-ant-chosen"
    assert "seed=7, extra_models=a=claude-opus-5" in told(server, "sessions", "list")
    assert told(server, "sessions", "delete", "mine") == "deleted mine with 0 batches and 0 requests\n"
    assert len(server.sessions()) == 2


def test_a_key_in_the_environment_does_not_name_a_new_session(server: Server, session: Session) -> None:
    """The variable has the key of the program, whose session may be there already."""
    assert found(server, "sessions", "open", ANTHROPIC_API_KEY=session.api_key)["api_key"] != session.api_key


def test_the_calls_that_came(server: Server, session: Session) -> None:
    """In a table, or one with all that was sent; and those that went nowhere."""
    assert told(server, "requests") == "no calls yet\n"
    batch = created(session, "a")
    session.on("retrieve").http(529)
    headers = {**HEADERS, "x-api-key": session.api_key}
    with httpx2.Client(base_url=server.url, headers=headers) as client:
        client.get(f"{BATCHES}/{batch}")
        client.get("/v1/nowhere")
    lines = told(server, "requests").splitlines()
    assert re.split(r"\s{2,}", lines[1])[1:3] == ["create", "200"]
    assert re.split(r"\s{2,}", lines[2])[1:4] == ["retrieve", "529", batch]
    assert "by rule 'http.error'" in lines[2]
    assert [call["op"] for call in found(server, "requests", "--op", "create")] == ["create"]
    assert [call["op"] for call in found(server, "requests", "--limit", "1", "--batch", batch)] == ["retrieve"]
    (create,) = session.requests.find("create")
    one = told(server, "requests", create.view["request_id"])
    assert "POST /v1/messages/batches" in one
    assert '"custom_id": "a"' in one
    assert "anthropic-version: 2023-06-01" in one
    assert found(server, "requests", create.view["request_id"]) == create.view
    assert "/v1/nowhere" in told(server, "requests", "--unmatched")


def test_calls_are_followed(server: Server, session: Session) -> None:
    """Those that were there, then each as it comes, until Ctrl-C, which is no failure to talk about."""
    command = [sys.executable, "-m", "mockbatch", "requests", "-f", "--interval", "0.1", "--url", server.url]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    for more, read in (([], str), (["--json"], lambda line: json.loads(line)["op"])):
        created(session, "a")
        with subprocess.Popen([*command, *more], **pipes) as following:
            assert following.stdout
            for _ in session.requests.find():
                assert "create" in read(following.stdout.readline())
            created(session, "b")
            assert "create" in read(following.stdout.readline())
            following.send_signal(signal.SIGINT)
            _, err = following.communicate(timeout=60)
        assert (following.returncode, err) == (130, "")


def test_calls_are_verified(server: Server, session: Session) -> None:
    """As the control plane does; the exit code tells, and the closest calls are named."""
    code, said = refused(server, "verify", "create,count=0")
    assert (code, "nothing was compared: the session has received no calls" in said) == (1, True)
    created(session, "a")
    assert told(server, "verify", "create,count=1") == "1 expectation is met\n"
    assert (
        told(server, "verify", 'create,at_least=1,body=1024,"messages', "status=200,at-most=1")
        == "2 expectations are met\n"
    )
    assert found(server, "verify", "create,count=1") == {"verified": 1, "failures": []}
    code, said = refused(server, "verify", "create,count=1", "cancel,at_least=1")
    assert code == 1
    assert said.startswith("op=cancel: expected at least 1 call, found 0; closest:\n")
    failed = called(server, "verify", "create,count=1", "cancel,at_least=1", "--json")
    assert (failed.exit_code, failed.stderr) == (1, "")
    verdict = json.loads(failed.stdout)
    assert (verdict["verified"], verdict["failures"][0]["expectation"]) == (1, 1)


def test_problems_are_told_and_counted(server: Server, session: Session) -> None:
    """With an exit code where that is asked for."""
    assert told(server, "problems", "--strict") == "no problems\n"
    for name in ("a", "b"):
        session.clock.advance(until="batch.ended", batch=created(session, name))
    lines = told(server, "problems").splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["orphan", "orphan"]
    assert lines[-1] == "2 orphans"
    assert found(server, "problems") == session.problems()
    strict = called(server, "problems", "--strict")
    assert (strict.exit_code, strict.stderr) == (10, "")
    assert told(server, "problems", "--strict", "--ignore", "orphan") == "no problems\n"


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ([], "no problems"),
        (["orphan"], "1 orphan"),
        (["orphan"] * 6, "6 orphans"),
        (["identical_retry"] * 2, "2 identical retries"),
        (["rule_never_hit"] * 1200, "1,200 rules never hit"),
        (["unfinished", "unfinished", "duplicate"], "2 unfinished, 1 duplicate"),
        (["deleted_before_download"] * 2, "2 deleted before download"),
    ],
)
def test_problems_have_plurals(kinds: list[str], words: str) -> None:
    assert problems_counted(kinds) == words


def test_a_session_begins_anew(server: Server, session: Session) -> None:
    """All of it, or a part."""
    created(session, "a")
    session.on("item").outcome("expired")
    assert told(server, "reset", "--scope", "rules") == "reset rules: the rules are the session's initial ones\n"
    assert (len(session.rules), len(session.batches)) == (0, 1)
    assert found(server, "reset") == {"status": "done", "scope": "all"}
    assert (len(session.batches), len(session.requests)) == (0, 0)


def test_a_session_goes_back_to_a_snapshot(server: Server, session: Session) -> None:
    """To the last one unless another is named."""
    assert told(server, "snapshot") == "no snapshots yet\n"
    code, said = refused(server, "snapshot", "restore")
    assert (code, said) == (1, "mockbatch: there are no snapshots yet: take one with `mockbatch snapshot take`\n")
    empty = found(server, "snapshot", "take")["id"]
    created(session, "a")
    taken = told(server, "snapshot", "take")
    assert re.fullmatch(r"taken snap_\w+: 1 batch at 2026-01-01 00:00:00 UTC\n", taken)
    created(session, "b")
    assert told(server, "snapshot", "restore").startswith("restored ")
    assert len(session.batches) == 1
    told(server, "snapshot", "restore", empty)
    assert len(session.batches) == 0
    assert told(server, "snapshot", "delete", empty) == f"deleted {empty}\n"
    assert len(told(server, "snapshot", "list").splitlines()) == 2


def test_the_dashboard_is_opened(server: Server, session: Session, tmp_path: Path) -> None:
    """In the browser that there is; where there is none, the address helps."""
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho \"$1\" > '{seen}'\n")
    browser.chmod(0o755)
    environ = {"MOCKBATCH_URL": server.url, "BROWSER": f"{browser} %s"}
    assert run("open", environ=environ) == (0, f"{server.url}/\n", "")
    assert seen.read_text() == f"{server.url}/\n"
    assert told(server, "open", "--no-browser", "--session", "nightly") == f"{server.url}/?session={session.id}\n"
    assert found(server, "open", "--no-browser") == {"url": f"{server.url}/", "opened": False}


def test_json_is_all_that_is_printed(server: Server, session: Session) -> None:
    """On standard output; nothing on standard error."""
    batch = created(session, "a")
    assert found(server, "watch", "--once")["id"] == batch
    for words in ("health", *REMOTE):
        assert found(server, *words.split(), ANTHROPIC_API_KEY=session.api_key) is not None


@pytest.mark.parametrize("words", [["faults"], ["faults", "explain", "results.cut"], ["prices"], ["config"]])
def test_json_without_a_server(words: list[str]) -> None:
    done = CliRunner().invoke(main, [*words, "--json"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)


@pytest.fixture
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of something that answers everything with this text."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(request.param.encode())

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


@pytest.mark.parametrize(
    ("stranger", "message"),
    [
        ("<html>It works!</html>", "is not a mockbatch server; start one with `mockbatch serve`"),
        ('{"name": "mockbatch", "version": "0.0.1"}', f"is mockbatch 0.0.1, and this is {__version__}: use the same"),
    ],
    indirect=["stranger"],
)
def test_a_server_that_is_another_is_told(stranger: str, message: str) -> None:
    """In one sentence, by every command."""
    for words in REMOTE:
        done = CliRunner().invoke(main, [*words.split(), "--url", stranger])
        assert (done.exit_code, done.stdout) == (5, ""), words
        assert done.stderr.startswith(f"mockbatch: the server at {stranger} {message}")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "code", "message"),
    [
        ("http://127.0.0.1:9", 5, "no server at http://127.0.0.1:9: Connection refused; start one with"),
        ("localhost:8787", 2, "'localhost:8787' is not a URL; write it like http://127.0.0.1:8787"),
        ("http://127.0.0.1:eighty", 2, "'http://127.0.0.1:eighty' is not a URL"),
    ],
)
def test_a_server_that_is_not_there_is_told(url: str, code: int, message: str) -> None:
    """With what to do, by every command."""
    for words in (*REMOTE, "health"):
        done = CliRunner().invoke(main, words.split(), env={"MOCKBATCH_URL": url})
        assert (done.exit_code, done.stdout) == (code, ""), words
        assert message in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_server_with_keys_wants_one() -> None:
    """A key of its own, or one that reaches beyond it."""
    with Server(api_key="sk-ant-a,sk-ant-b", control_key="ctl") as server:
        code, said = refused(server, "sessions")
        assert (code, said.startswith(f"mockbatch: {server.url} returned 401: This call needs a key")) == (2, True)
        assert refused(server, "clock")[0] == 2
        assert called(server, "clock", "--api-key", "sk-ant-a").exit_code == 0
        assert len(found(server, "sessions", MOCKBATCH_CONTROL_KEY="ctl")) == 1
        assert told(server, "clock", "--control-key", "ctl")
        assert "a key consists of printable ASCII" in refused(server, "clock", "--api-key", "clé")[1]


def test_a_broken_pipe_is_no_error(server: Server, session: Session) -> None:
    """Whoever reads a line and goes has what they wanted."""
    environ = {"MOCKBATCH_URL": server.url}
    for words in ("faults", "faults --json", "synth --batches 300 --items 1", "requests -f --interval 0.1", "prices"):
        command = [sys.executable, "-m", "mockbatch", *words.split()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as done:
            assert done.stdout
            done.stdout.close()
            if "-f" in words:
                created(session, "a")
            assert done.stderr
            assert (done.stderr.read(), done.wait(60)) == ("", 0), words


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_told_in_a_sentence(server: Server, session: Session) -> None:
    """Whether a table is written or JSON."""
    for more in ("", "--json"):
        command = f"{sys.executable} -m mockbatch sessions {more} --url {server.url} > /dev/full"
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (1, "mockbatch: No space left on device\n")


@pytest.mark.parametrize("name", GROUPS)
def test_help_is_not_cut(name: str) -> None:
    """Where a terminal has 80 columns, each command is explained to the end, and is there."""
    done = CliRunner().invoke(main, [*name.split(), "--help"], terminal_width=80)
    assert done.exit_code == 0
    assert "..." not in done.stdout.partition("Options:")[2]
    context = click.Context(main)
    group = main.get_command(context, name) if name else main
    assert isinstance(group, click.Group)
    for one in group.list_commands(context):
        assert re.search(rf"^  {one} +\S.*\.$", done.stdout, re.MULTILINE), one


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("clock advnce", " Did you mean 'advance'?"),
        ("wach", " Did you mean 'watch'?"),
        ("snap", " Did you mean 'snapshot'?"),
        ("advance 25h", " Did you mean 'clock advance'?"),
        ("advnce 25h", " Did you mean 'clock advance'?"),
        ("journl", " Did you mean 'requests'?"),
        ("journal", " Did you mean 'requests'?"),
        ("dashboard", " Did you mean 'open'?"),
        ("batch sumbit", " Did you mean 'submit'?"),
        ("fixtures chek", " Did you mean 'check'?"),
        ("rules ad", " Did you mean 'add'?"),
        ("zzz", ""),
    ],
)
def test_unknown_commands_name_the_nearest(words: str, near: str) -> None:
    done = CliRunner().invoke(main, words.split())
    wrong = next(word for word in words.split() if word not in GROUPS)
    assert done.exit_code == 2
    assert done.stderr.endswith(f"Error: No such command {wrong!r}.{near}\n")


def test_run_names_no_port_that_it_does_not_take() -> None:
    for name, default in (("run", "a free one"), ("serve", "8787")):
        done = CliRunner().invoke(main, [name, "--help"], terminal_width=200)
        (line,) = (line for line in done.stdout.splitlines() if line.strip().startswith("--port"))
        assert f"[default {default}]" in line


def test_watching_ends_quietly(server: Server, session: Session) -> None:
    """At Ctrl-C."""
    created(session, "a")
    command = [sys.executable, "-m", "mockbatch", "watch", "--url", server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        assert "1 processing" in watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        out, err = watching.communicate(timeout=60)
    assert (watching.returncode, out, err) == (130, "", "")


def test_a_project_begins(tmp_path: Path) -> None:
    """The first test passes as it is written, and what is there already is kept."""
    code, out, err = run("init", cwd=tmp_path)
    assert (code, err) == (0, "")
    written = "wrote mockbatch.toml\nwrote tests/test_mockbatch.py\n"
    assert out == f"{written}Run the test with: python -m pytest tests/test_mockbatch.py\n"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/test_mockbatch.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "2 passed" in ran.stdout, ran.stdout + ran.stderr
    (tmp_path / "mockbatch.toml").write_text("seed = 7\n")
    (tmp_path / "tests" / "test_mockbatch.py").unlink()
    code, out, _ = run("init", "--json", cwd=tmp_path)
    assert json.loads(out) == {"folder": ".", "written": ["tests/test_mockbatch.py"], "kept": ["mockbatch.toml"]}
    assert (tmp_path / "mockbatch.toml").read_text() == "seed = 7\n"
    (tmp_path / "file").write_text("")
    code, _, err = run("init", "file", cwd=tmp_path)
    assert (code, err) == (1, "mockbatch: file: File exists\n")


def test_the_options_of_a_new_project_are_right(tmp_path: Path) -> None:
    """None is in force; each that is taken out of its comment is understood, and so is each rule."""
    assert run("init", cwd=tmp_path)[0] == 0
    file = tmp_path / "mockbatch.toml"
    assert tomllib.loads(file.read_text()) == {}
    lines = re.findall(r"^# (\[\[rules\]\]|[\w-]+ = .*)$", file.read_text(), re.MULTILINE)
    file.write_text("\n".join(lines))
    config, sources = resolve({}, {}, None, tmp_path)
    assert len(config.rules) == 3
    assert {name for name, source in sources.items() if source.origin == "mockbatch.toml"} == {
        *("speedup", "progression", "seed", "fail_rate", "preset", "extra_models"),
    }
