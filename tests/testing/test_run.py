"""`mockbatch run -- CMD`: the command as it is, and what is told of it afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import run

PROGRAM = """
import os, sys
import anthropic

requests = [
    {"custom_id": name, "params": {"model": "claude-haiku-4-5", "max_tokens": 8,
                                   "messages": [{"role": "user", "content": name}]}} for name in "abc"
]
with anthropic.Anthropic() as client:
    batch = client.messages.batches.create(requests=requests)
    while client.messages.batches.retrieve(batch.id).processing_status != "ended":
        pass
    if "--read" in sys.argv:
        print(sorted(row.custom_id for row in client.messages.batches.results(batch.id)))
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return str(path)


def test_a_command_runs_as_it_is_and_is_summed_up(program: str, tmp_path: Path) -> None:
    """Its output is its own; the summary goes to standard error, and to a file for machines."""
    told = tmp_path / "summary.json"
    command = [sys.executable, program, "--read"]
    options = ["--progression", "polls:2", "--fail-rate", "1", "--strict", "--summary-json", str(told)]
    code, out, err = run("run", *options, "--", *command, environ={"ANTHROPIC_AUTH_TOKEN": "real"})
    assert (code, out) == (0, "['a', 'b', 'c']\n")
    assert err.startswith("mockbatch: 1 batch, 3 requests (3 errored), 3 polls, ")
    summary_line, reasons, rest = err.split("\n")
    assert (summary_line.endswith(", no problems"), reasons.startswith("mockbatch: 3 errored: "), rest) == (
        True,
        True,
        "",
    )
    summary = json.loads(told.read_text())
    assert (summary["command"], summary["exit_code"], summary["rows"]["errored"]) == (command, 0, 3)


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--strict"], 10)])
def test_problems_are_told_and_fail_a_strict_run(program: str, tmp_path: Path, arguments: list[str], code: int) -> None:
    """In the log, and on the page of GitHub Actions, below what was there."""
    page = tmp_path / "page.md"
    page.write_text("before\n")
    ran = run(
        *("run", "--progression", "polls:1", "--github-summary", *arguments, "--", sys.executable, program),
        environ={"GITHUB_STEP_SUMMARY": str(page)},
    )
    assert ran[0] == code
    assert "mockbatch: orphan: msgbatch_" in ran[2]
    assert page.read_text().startswith("before\n### mockbatch\n\n| batches | succeeded |")
    assert "\n- orphan: msgbatch_" in page.read_text()


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (["sh", "-c", "exit 7"], 7, "0 batches"),
        (["sh", "-c", "kill -9 $$"], 137, "0 batches"),
        (["no-such-command"], 127, "command not found: no-such-command"),
        (["/"], 126, "cannot run /: "),
    ],
)
def test_the_exit_code_is_that_of_the_command(command: list[str], code: int, message: str) -> None:
    """As a shell tells it, strict or not."""
    ran = run("run", "--strict", "--", *command)
    assert ran[0] == code
    assert message in ran[2]


def test_a_command_that_takes_too_long_is_ended() -> None:
    """And what happened until then is told."""
    code, _, err = run("run", "--timeout", "100ms", "--", sys.executable, "-c", "import time; time.sleep(60)")
    assert code == 124
    assert "was terminated after 0.1 s\nmockbatch: 0 batches" in err


def test_an_interrupt_ends_the_command_and_is_summed_up(tmp_path: Path) -> None:
    """Sent to both, as a terminal does."""
    started = tmp_path / "started"
    code = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-m", "mockbatch", "run", "--", sys.executable, "-c", code, str(started)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not started.exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    err = process.communicate(timeout=20)[1]
    assert process.returncode == 130
    assert "mockbatch: 0 batches" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--seed", "x", "--", "true"], 4, "flag --seed: 'x' is not an integer"),
        (["--timeout", "soon", "--", "true"], 4, "--timeout: 'soon' is not a span of time"),
        (["--github-summary", "--", "true"], 4, "GITHUB_STEP_SUMMARY is not set"),
        ([], 2, "Missing argument"),
        (["--strickt", "--", "true"], 2, "Did you mean '--strict'?"),
    ],
)
def test_wrong_use_is_refused_before_anything_runs(arguments: list[str], code: int, message: str) -> None:
    """In one sentence."""
    ran = run("run", *arguments, environ={"GITHUB_STEP_SUMMARY": ""})
    assert ran[0] == code
    assert message in ran[2]


def test_the_commands_tests_are_counted_though_their_sessions_are_gone(tmp_path: Path) -> None:
    """The plugin uses the server of the run, so the whole suite is summed up."""
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('n', range(3))\n"
        "def test_it(mockbatch, anthropic_client, n):\n"
        "    anthropic_client.messages.batches.create(requests=[{'custom_id': 'a', 'params': {}}])\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:asyncio", str(tmp_path)]
    code, out, err = run("run", "--", *command)
    assert (code, "3 passed" in out) == (0, True)
    assert "mockbatch: 3 batches, 3 requests (3 unfinished)" in err
    assert "3 unfinished\n" in err


PRESET = """
import json, os, urllib.request
options = json.load(urllib.request.urlopen(os.environ["MOCKBATCH_URL"] + "/_mockbatch/info"))["options"]
print(options["delay_preset"])
"""


@pytest.mark.parametrize(
    ("options", "environ", "preset"),
    [
        ([], {}, "fast"),
        (["--speedup", "1000", "--preset", "cache-cold"], {}, "fast"),
        (["--delay-preset", "realistic"], {}, "realistic"),
        (["--wait", "2h"], {}, "realistic"),
        (["--poll-advances", "5m"], {}, "realistic"),
        (["--preset", "happy"], {}, "immediate"),
        ([], {"MOCKBATCH_NEVER": "0.5"}, "realistic"),
        (["--config", "slow.toml"], {}, "realistic"),
    ],
)
def test_batches_take_seconds_unless_something_says_how_long(
    options: list[str], environ: dict[str, str], preset: str, tmp_path: Path
) -> None:
    """Be it a flag, the environment, a file or a preset."""
    (tmp_path / "slow.toml").write_text('delay = "1h"\n')
    code, out, err = run("run", *options, "--", sys.executable, "-c", PRESET, environ=environ, cwd=tmp_path)
    assert (code, out) == (0, f"{preset}\n"), err
    assert err.startswith("mockbatch: options from slow.toml (--delay)\n") == ("--config" in options)


CALLS = """
import os, sys, json, urllib.request

def call(path, body=None):
    head = {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"}
    data = None if body is None else json.dumps(body).encode()
    try:
        return json.load(urllib.request.urlopen(urllib.request.Request(
            os.environ["ANTHROPIC_BASE_URL"] + path, data, head)))
    except urllib.error.HTTPError as error:
        error.close()
        return {}

GOOD = {"model": "claude-haiku-4-5", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]}
for word in sys.argv[1:]:
    if word in ("good", "bad"):
        params = GOOD if word == "good" else {"max_tokens": 8, "messages": []}
        batch = call("/v1/messages/batches", {"requests": [{"custom_id": "a", "params": params}]})["id"]
        call(f"/v1/messages/batches/{batch}")
        urllib.request.urlopen(urllib.request.Request(
            os.environ["ANTHROPIC_BASE_URL"] + f"/v1/messages/batches/{batch}/results",
            headers={"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"})).read()
    elif word == "message":
        call("/v1/messages", GOOD)
    else:
        call(word)
"""


@pytest.mark.parametrize(
    ("calls", "code", "told"),
    [
        (["good"], 0, ["1 batch, 1 request (1 succeeded), ", ", no problems"]),
        ([], 10, ["nothing called\n", "nothing has called the API"]),
        (["/v1/nowhere"], 10, ["1 other call, 1 call refused (1 x 404)", ", all refused\n", "GET /v1/nowhere 404 "]),
        (["bad"], 10, ["1 errored: 1 x invalid_request_error: model: Field required\n", "refused all 1 request\n"]),
        (["bad", "good"], 0, ["2 batches, 2 requests (1 succeeded, 1 errored)", "mockbatch: 1 errored: 1 x invalid"]),
        (["message", "/v1/models"], 0, ["1 message, 1 other call, would have cost $0.0", ", no problems\n"]),
    ],
)
def test_a_strict_run_wants_something_to_come_of_it(calls: list[str], code: int, told: list[str]) -> None:
    """And the summary says what was called, and why rows err."""
    ran = run("run", "--strict", "--progression", "polls:1", "--", sys.executable, "-c", CALLS, *calls)
    assert ran[0] == code, ran
    assert [line for line in told if line not in ran[2]] == [], ran[2]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--replies", "tests.reply_functions:shout"], 0),
        (["--mix", "97/1/1/1"], 0),
        (["--preset", "truncated"], 0),
        (["--fault", "cancel.lost"], 10),
    ],
)
def test_rules_that_follow_from_an_option_need_not_strike(options: list[str], code: int) -> None:
    """Only those that somebody wrote."""
    command = [sys.executable, "-c", CALLS, "message"]
    ran = run("run", "--strict", *options, "--", *command)
    assert ran[0] == code, ran
    assert ("rule_never_hit" in ran[2]) == bool(code)


OTHER_KEYS = """
import os, urllib.request

for key, path in ("a", "/v1/messages/batches"), ("b", "/v1/models"):
    head = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    try:
        urllib.request.urlopen(urllib.request.Request(os.environ["ANTHROPIC_BASE_URL"] + path, headers=head)).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        pass
"""


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("http.error,on=list,status=529", 0),
        ("connection.reset,on=list", 0),
        ("connection.refuse,times=1", 0),
        ("connection.refuse,skip=99", 10),
        ("http.error,on=create", 10),
    ],
)
def test_a_rule_that_matches_in_any_session_has_matched(fault: str, code: int) -> None:
    """Whichever key the program uses; one that matches nowhere is a single problem. Our own calls are exempt."""
    ran = run("run", "--strict", "--fault", fault, "--", sys.executable, "-c", OTHER_KEYS)
    assert ran[0] == code, ran
    assert ran[2].count("rule_never_hit") == bool(code)


SLEEPY = """
import asyncio, multiprocessing, subprocess, sys, time
import anthropic

def works(seconds):
    time.sleep(seconds)

async def looked_at(batch):
    async with anthropic.AsyncAnthropic() as client:
        await client.messages.batches.retrieve(batch)
        await asyncio.sleep(600)

if __name__ == "__main__":
    began, monotonic = time.time(), time.monotonic()
    params = {"model": "claude-haiku-4-5", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]}
    with anthropic.Anthropic() as client:
        batch = client.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
        while client.messages.batches.retrieve(batch.id).processing_status != "ended":
            time.sleep(600)
        print(len(list(client.messages.batches.results(batch.id))))
    assert 7200 <= time.time() - began < 9000, time.time() - began
    assert abs(time.time() - began - time.monotonic() + monotonic) < 1
    asyncio.run(looked_at(batch.id))
    for how in ("fork", "spawn"):
        process = multiprocessing.get_context(how).Process(target=works, args=(3600,))
        process.start()
        process.join()
        assert process.exitcode == 0
    subprocess.run([sys.executable, "-c", "import time; time.sleep(3600)"], check=True)
    time.sleep(1)
    print(f"{(time.time() - began) / 3600:.0f} hours")
"""


def test_pythons_sleep_without_waiting(tmp_path: Path) -> None:
    """In forked processes, spawned ones and others too, and where the SDK waits before it tries again."""
    (tmp_path / "sleepy.py").write_text(SLEEPY)
    (tmp_path / "sitecustomize.py").write_text("print('its own')\n")
    options = ["--virtual-time", "--wait", "2h", "--fault", "http.error,on=retrieve,status=429,retry_after=60,nth=2"]
    environ = {"PYTHONPATH": str(tmp_path)}
    code, out, err = run("run", *options, "--", sys.executable, str(tmp_path / "sleepy.py"), environ=environ)
    assert code == 0, err
    assert [line for line in out.splitlines() if line != "its own"] == ["1", "5 hours"]
    assert out.startswith("its own\n")
    assert "5h1" in err


def test_a_suite_has_its_own_virtual_time(tmp_path: Path) -> None:
    """The fixture is not in the way of that of the run."""
    (tmp_path / "test_it.py").write_text(
        "import time\n"
        "def test_it(mockbatch, virtual_time):\n    time.sleep(3600)\n    assert virtual_time.elapsed == 3600\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:asyncio", str(tmp_path)]
    code, out, err = run("run", "--virtual-time", "--", *command)
    assert (code, "1 passed" in out) == (0, True), out + err


def test_a_python_that_cannot_says_so(tmp_path: Path) -> None:
    """And goes on in real time."""
    (tmp_path / "time_machine.py").write_text("raise ImportError('it is broken')\n")
    environ = {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", "import time; time.sleep(0.01); print('done')"]
    code, out, err = run("run", "--virtual-time", "--", *command, environ=environ)
    assert (code, out) == (0, "done\n")
    assert f"mockbatch: no virtual time in {sys.executable}: virtual time needs the package time-machine" in err
