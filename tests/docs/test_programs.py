"""The Python programs and tests of all pages: they run, and print what is shown."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import requests
from tests.docs.pages import ROOT, Block, in_shell, named, of
from tests.processes import Process, running

PROGRAMS = [block for block in of("python") if block.output]
TESTS = [block for block in of("python") if block.name.startswith("test_")]
# not programs by themselves: what rules call, what webhooks call, what needs Docker, what a console runs
OTHERS = {
    ("docs/replies.md", "fake_model.py"),
    ("docs/webhooks.md", "receiver.py"),
    ("docs/ci.md", "container.py"),
    ("docs/intercept.md", "hard_coded.py"),
}


def test_every_python_block_is_tried() -> None:
    tried = {(block.page, block.name) for block in [*PROGRAMS, *TESTS]}
    assert {(block.page, block.name) for block in of("python")} == tried | OTHERS
    assert not tried & OTHERS


def test_the_ready_line_is_the_one_shown(server: Process) -> None:
    """Except for the port."""
    _, testing = of("sh", page="README.md")[:2]
    assert server.process.stdout
    printed = server.process.stdout.readline()
    assert re.sub(r":\d+ ", ":8787 ", printed) == testing.output


@pytest.mark.parametrize("block", PROGRAMS, ids=lambda block: block.name)
def test_programs_print_what_is_shown(block: Block, folder_of: Callable[[str], Path], environ: dict[str, str]) -> None:
    """To the digit, since everything is drawn by hash, in a session of the program's own."""
    environ |= {"ANTHROPIC_API_KEY": f"sk-ant-{block.name}"}
    done = in_shell(f"python {block.name}", folder_of(block.page), environ)
    assert (done.stdout, done.stderr) == (block.output, "")


@pytest.mark.parametrize("block", TESTS, ids=lambda block: block.name)
def test_tests_pass(block: Block, tmp_path: Path, environ: dict[str, str]) -> None:
    """As a newcomer would run them: a file in an empty folder, with the command of the README."""
    (tmp_path / block.name).write_text(block.code)
    (line,) = (line for sh in of("sh", page="README.md") for line in sh.lines if "pytest -q" in line)
    del environ["MOCKBATCH_URL"]
    done = in_shell(line.replace("test_nightly.py", block.name), tmp_path, environ)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_receiver_of_webhooks(tmp_path: Path, environ: dict[str, str]) -> None:
    """The receiver prints verified webhooks; on a free port."""
    code = named("docs/webhooks.md", "receiver.py").code
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
            batch = process.http.post("/v1/messages/batches", json={"requests": requests("a")}).json()["id"]
            process.advance(by="25h")
            assert receiver.stdout.readline() == f"message_batch.ended {batch}\n"
    finally:
        receiver.kill()
        receiver.wait()
        receiver.stdout.close()


def test_the_container_of_testcontainers() -> None:
    """Its code compiles; tests/testing/test_containers.py starts the image where Docker is installed."""
    code = named("docs/ci.md", "container.py").code
    compile(code, "container.py", "exec")
    assert "def test" in (ROOT / "tests" / "testing" / "test_containers.py").read_text()
