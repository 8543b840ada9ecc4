"""Every block of the README is tried: programs run and print what is shown, lines of shell do what they say."""

import json
import os
import pty
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anthropic
import pytest
import yaml
from anthropic.types import Message

from mockbatch.config import resolve
from tests.docs.readme import BLOCKS, ROOT, Block, named, of
from tests.processes import Process, running
from tests.upstream import Upstream

LANGUAGES = {"sh", "python", "toml", "yaml", "json", "console", "screen"}
INSTALLING, TESTING = of("sh")[:2]
TESTS = [block for block in of("python") if block.name.startswith("test_")]
PROGRAMS = ["first.py", "replies.py", "tracked.py", "without_pytest.py"]
# not a program by itself: what the rules of a file call, what is called by webhooks, and what needs Docker
OTHERS = ["fake_model.py", "receiver.py", "container.py"]
CI = ROOT / "tests" / "examples" / "ci"
# what is not zero
EXIT_CODES = {"mockbatch fixtures diff": 1}
LINES = [
    (block, line)
    for block in of("sh")
    if block not in (INSTALLING, TESTING)
    for line in block.lines
    if not line.startswith(("docker ", "pip ", "python -m pytest"))
]


def shell(line: str, folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A line of shell; whoever it calls at the usual port is the server of the tests."""
    line = line.replace("localhost:8787", environ["MOCKBATCH_URL"].removeprefix("http://"))
    command = ["bash", "-c", line]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120)


def plain(text: str) -> str:
    """Without what differs each time: ids, ports, how long it took; and without spaces at ends of lines."""
    text = re.sub(r"msgbatch_\w+", "msgbatch_...", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8787", text)
    text = re.sub(r"\w+ virtual in [\d.]+ s", "... virtual in ... s", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_every_block_is_of_a_kind_that_is_tried() -> None:
    """And none is forgotten by name."""
    assert {block.language for block in BLOCKS} == LANGUAGES
    assert {block.name for block in of("python")} == {*PROGRAMS, *OTHERS, *(block.name for block in TESTS)}
    assert all(block.name for block in [*of("yaml"), *of("python")])


def test_the_first_two_lines_are_those_of_ci() -> None:
    """`.ci/run` runs them as they are, in an empty environment, so they are not run here."""
    readme = (ROOT / "README.md").read_text().splitlines()
    assert INSTALLING.code.strip() == next(line for line in readme if "mockbatch serve" in line)
    assert TESTING.code.strip() == next(line for line in readme if "-m pytest" in line)
    script = (ROOT / ".ci" / "run").read_text()
    assert "line '-m pytest'" in script
    assert "line 'mockbatch serve'" in script


def test_the_ready_line_is_the_one_shown(server: Process) -> None:
    """But for the port."""
    assert server.process.stdout
    assert plain(server.process.stdout.readline()) == plain(TESTING.output)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_print_what_is_shown(name: str, folder: Path, environ: dict[str, str]) -> None:
    """To the number, since everything is drawn by hash; in a session that nobody else uses."""
    environ |= {"ANTHROPIC_API_KEY": f"sk-ant-{name}"}
    done = shell(f"python {name}", folder, environ)
    assert (done.stdout, done.stderr) == (named(name).output, "")
    assert done.stdout


@pytest.mark.parametrize("block", TESTS, ids=lambda block: block.name)
def test_tests_pass(block: Block, tmp_path: Path, environ: dict[str, str]) -> None:
    """As a newcomer would run them: a file in an empty folder."""
    (tmp_path / block.name).write_text(block.code)
    (line,) = (line for sh in of("sh", "A first test") for line in sh.lines if "pytest -q" in line)
    command = line.replace("test_nightly.py", block.name)
    done = shell(f"unset MOCKBATCH_URL; {command}", tmp_path, environ)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_what_is_installed_has_these_extras() -> None:
    """Nothing is installed here: it would come from the network."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named_extras = set(re.findall(r"mockbatch\[(\w+)\]", (ROOT / "README.md").read_text()))
    assert named_extras == {"pytest", "vcr"}
    assert named_extras <= extras.keys()


@pytest.mark.parametrize(("block", "line"), LINES, ids=[line[:60] for _, line in LINES])
def test_lines_of_shell(block: Block, line: str, server: Process, folder: Path, environ: dict[str, str]) -> None:
    """Servers get ready, calls are answered, commands end as they should, and print what is shown."""
    if line.startswith("mockbatch serve"):
        serves(line, folder, environ)
        return
    if "reconcile" in line:
        environ["ANTHROPIC_API_KEY"] = "sk-ant-tracked"
    with recorded(line) as told:
        done = shell(told, folder, environ)
    expected = next((code for command, code in EXIT_CODES.items() if line.startswith(command)), 0)
    assert done.returncode == expected, done.stdout + done.stderr
    if line.startswith("curl"):
        answer = json.loads(done.stdout)
        assert answer.get("type") != "error", answer
    elif "mockbatch run" in line:
        assert plain(block.output) in plain(done.stderr)
    elif block.output and line != TESTING.code.strip():
        assert plain(done.stdout) == plain(block.output)
    if "reconcile" in line:
        assert "5 rows agree, none differs" in done.stdout


def serves(line: str, folder: Path, environ: dict[str, str]) -> None:
    """The options are understood, from where the files are that they name."""
    options = shlex.split(line)[2:]
    with running(folder, *options, environ={"PYTHONPATH": str(folder)}, cwd=folder) as process:
        assert process.http.get("/health").status_code == 200


@contextmanager
def recorded(line: str) -> Iterator[str]:
    """The line, with an upstream of the tests where it would record the real API."""
    if "mockbatch record" not in line:
        yield line
        return
    with Upstream() as upstream:
        yield line.replace("mockbatch record", f"mockbatch record --upstream {upstream.url}")
        assert upstream.seen


@pytest.mark.parametrize("block", [block for block in of("toml") if not block.name])
def test_options_and_rules_in_files_are_understood(block: Block, tmp_path: Path) -> None:
    """Each key is an option, each rule one that can match."""
    (tmp_path / "mockbatch.toml").write_text(block.code)
    config, sources = resolve({}, {}, None, tmp_path)
    told = tomllib.loads(block.code)
    assert len(config.rules) == len(told.pop("rules", []))
    assert {name for name, source in sources.items() if source.origin == "mockbatch.toml"} == {
        key.replace("-", "_") for key in told
    }


ANSWERS: dict[str, tuple[str, str, Callable[[str], bool]]] = {
    "greeting-1": ("claude-haiku-4-5", "Hello", lambda text: text == "Good morning."),
    "opinion": ("claude-haiku-4-5", "Which sentiment?", lambda text: json.loads(text)["row"] == "opinion"),
    "said": ("claude-sonnet-5", "Say this.", lambda text: text == "Say this."),
    "invoice-1": ("claude-haiku-4-5", "How much?", lambda text: isinstance(json.loads(text)["total"], int | float)),
    "fake-1": ("claude-haiku-4-5", "shout", lambda text: text == "fake-1: SHOUT"),
}


def test_it_answers_x(tmp_path: Path) -> None:
    """Each rule of the section makes the reply that it says."""
    (rules,) = of("toml", "Make it answer X")
    (tmp_path / "mockbatch.toml").write_text(rules.code)
    (tmp_path / "fake_model.py").write_text(named("fake_model.py").code)
    requests = [request(name, model, text) for name, (model, text, _) in ANSWERS.items()]
    requests += [request("forbidden-1", "claude-haiku-4-5", "Hello")]
    requests += [request(f"row-{number}", "claude-haiku-4-5", "Hello") for number in range(500)]
    with running(tmp_path, "--progression", "polls:1", cwd=tmp_path) as process:
        messages = answered(process, requests)
    for name, (_, _, right) in ANSWERS.items():
        (content,) = messages[name].content
        assert content.type == "text"
        assert right(content.text), content.text
    refused = messages["forbidden-1"]
    assert refused.stop_reason == "refusal"
    assert refused.stop_details
    assert refused.stop_details.category == "cyber"
    cut = [name for name, message in messages.items() if message.content and is_cut(message.content[0].text)]  # type: ignore[union-attr]
    assert 2 <= len(cut) <= 25
    assert all(messages[name].stop_reason == "max_tokens" for name in cut)


def answered(process: Process, requests: list[Any]) -> dict[str, Message]:
    """The messages of a batch of these requests, all of which succeed."""
    with anthropic.Anthropic(base_url=process.url, api_key="sk-ant-x") as client:
        batch = client.messages.batches.create(requests=requests)
        client.messages.batches.retrieve(batch.id)
        results = {row.custom_id: row.result for row in client.messages.batches.results(batch.id)}
    assert {result.type for result in results.values()} == {"succeeded"}
    return {name: result.message for name, result in results.items() if result.type == "succeeded"}


def request(custom_id: str, model: str, text: str) -> dict[str, object]:
    params = {"model": model, "max_tokens": 200, "messages": [{"role": "user", "content": text}]}
    return {"custom_id": custom_id, "params": params}


def is_cut(text: str) -> bool:
    """JSON that ends inside of itself."""
    return text.startswith("{") and not text.endswith("}")


def test_prices_of_ones_own(folder: Path, environ: dict[str, str]) -> None:
    """The file of the README, as the command reads it."""
    done = shell("mockbatch prices --prices prices.toml --model house-model --json", folder, environ)
    assert done.returncode == 0, done.stderr
    assert "house-model" in done.stdout
    assert named("prices.toml").heading == "Count money"


def test_the_receiver_of_webhooks(tmp_path: Path, environ: dict[str, str]) -> None:
    """The receiver prints what arrives, once it is verified; on a port that is free."""
    code = named("receiver.py").code
    assert code.count('("127.0.0.1", 9000)') == 1
    code = (
        code.replace("9000", "0")
        .replace("HTTPServer((", "server = HTTPServer((")
        .replace(
            ", Receiver).serve_forever()", ", Receiver)\nprint(server.server_port, flush=True)\nserver.serve_forever()"
        )
    )
    (tmp_path / "receiver.py").write_text(code)
    secret = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
    environ |= {"ANTHROPIC_WEBHOOK_SIGNING_KEY": secret}
    receiver = subprocess.Popen(
        [sys.executable, "receiver.py"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert receiver.stdout
    try:
        port = receiver.stdout.readline().strip()
        options = ["--webhook", f"http://127.0.0.1:{port}/hook", "--webhook-secret", secret, "--frozen"]
        with running(tmp_path, *options) as process:
            body = {"requests": [request("a", "claude-haiku-4-5", "Hello")]}
            batch = process.http.post("/v1/messages/batches", json=body).json()["id"]
            process.advance(by="25h")
            assert receiver.stdout.readline() == f"message_batch.ended {batch}\n"
    finally:
        receiver.kill()
        receiver.wait()
        receiver.stdout.close()


def test_the_container_of_testcontainers() -> None:
    """Its code compiles; whether the image starts is tested where Docker is, in tests/testing/test_containers.py."""
    code = named("container.py").code
    compile(code, "container.py", "exec")
    assert "def test" in (ROOT / "tests" / "testing" / "test_containers.py").read_text()


def test_the_line_of_docker_names_what_is_there() -> None:
    """There is no Docker here: the port is that of the image, the variable an option."""
    (line,) = (line for block in of("sh") for line in block.lines if line.startswith("docker"))
    variables = dict(pair.split("=") for pair in re.findall(r"-e (\S+)", line))
    resolve({}, variables, None, ROOT / "tests")
    assert line.count(":8787:8787") == 1
    assert "EXPOSE 8787\n" in (ROOT / "Dockerfile").read_text()


def test_the_ways_of_ci_are_the_examples() -> None:
    """Which tests/testing/test_examples.py tries."""
    shown = {block.name: block.code.partition("\n")[2] for block in of("yaml", "CI")}
    assert shown.keys() == {"github-actions.yml", "github-actions-run.yml", "compose.yaml"}
    for name, code in shown.items():
        assert code == (CI / name).read_text()
    (package,) = of("json")
    assert package.code == (CI / "package.json").read_text()


def test_the_hook_of_pre_commit(folder: Path, environ: dict[str, str]) -> None:
    """Its command runs on the files that it names."""
    (repository,) = yaml.safe_load(named(".pre-commit-config.yaml").code)["repos"]
    (hook,) = repository["hooks"]
    files = [f"fixtures/{name}" for name in os.listdir(folder / "fixtures")]
    matching = [file for file in files if re.search(hook["files"], file)]
    assert "fixtures/nightly.jsonl" in matching
    assert "fixtures/README.md" not in matching
    assert shell(f"{hook['entry']} {' '.join(matching)}", folder, environ).returncode == 0


def test_files_at_a_console_and_in_a_terminal(folder: Path, environ: dict[str, str]) -> None:
    """Each command prints what is shown, on standard error or after it on standard output; a terminal shows it too."""
    (console,), (screen,) = of("console"), of("screen")
    started, *commands = dialogue(console)
    options = started[0].removeprefix("mockbatch serve ").removesuffix(" &").split()
    with running(folder, *options) as process:
        assert process.process.stdout
        assert plain(process.process.stdout.readline()) == plain(started[1])
        environ |= {"MOCKBATCH_URL": process.url, "ANTHROPIC_BASE_URL": process.url}
        for command, shown in commands:
            done = shell(command, folder, environ)
            assert done.returncode == 0, done.stderr
            assert plain(done.stderr + done.stdout) == plain(shown)
        for command, shown in dialogue(screen):
            seen = {drawn(line) for line in terminal(command, folder, environ)}
            assert {drawn(line) for line in shown.splitlines()} <= seen


def dialogue(block: Block) -> list[tuple[str, str]]:
    """Commands, and what each of them prints."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.code, re.MULTILINE)


def terminal(command: str, folder: Path, environ: dict[str, str]) -> list[str]:
    """All lines that were on the screen at some time while a command ran there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env={**environ, "TERM": "xterm"}, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        written = b""
        with suppress(OSError):  # which ends it on Linux
            while part := os.read(ours, 65536):
                written += part
    os.close(ours)
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.decode()))


def drawn(line: str) -> str:
    """A line without what is as wide, as long or as fast as it happens to be."""
    return re.sub(r"━+", "━", re.sub(r"[\d.]+ [kMG]?B/s", "... MB/s", plain(line)))
