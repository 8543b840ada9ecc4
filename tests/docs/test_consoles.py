"""The consoles of all pages: one command after another, on a server of the page's own, each prints what is shown."""

import json
import os
import pty
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
import pytest

from mockbatch.cli import main
from tests.builders import requests
from tests.docs.pages import ROOT, dialogue, in_shell, of, plain
from tests.processes import running

CONSOLES = list(dict.fromkeys(block.page for block in of("console", "screen")))
# not zero
EXIT_CODES = {"mockbatch batch check openai.jsonl": 1}


@pytest.mark.parametrize("page", CONSOLES)
def test_commands_print_what_is_shown(page: str, folder_of: Callable[[str], Path], environ: dict[str, str]) -> None:
    """On standard error and standard output; in a terminal, a screen shows it at some time."""
    if "curl" in "".join(block.code for block in of("console", page=page)) and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    folder = folder_of(page)
    del environ["ANTHROPIC_API_KEY"]
    small = "".join(json.dumps(request) + "\n" for request in requests("row-1", "row-2", "row-3"))
    (folder / "requests.jsonl").write_text(small)
    with serving(page, folder) as url:
        environ |= {"MOCKBATCH_URL": url, "ANTHROPIC_BASE_URL": url} if url else {}
        shown_commands = [pair for block in of("console", page=page) for pair in dialogue(block)]
        for command, shown in shown_commands[1 if url else 0 :]:
            prints(command, shown, folder, environ)
        for block in of("screen", page=page):
            for command, shown in dialogue(block):
                seen = {drawn(line) for line in terminal(command, folder, environ)}
                assert {drawn(line) for line in shown.splitlines()} <= seen


@contextmanager
def serving(page: str, folder: Path) -> Iterator[str]:
    """The URL of the server that the page starts, or nothing if it starts none."""
    commands = (pair for block in of("console", page=page) for pair in dialogue(block))
    command, shown = next(commands)
    if not command.startswith("mockbatch serve "):
        yield ""
        return
    options = shlex.split(command.removesuffix(" &"))[2:]
    with running(folder, *options) as process:
        assert process.process.stdout
        assert plain(process.process.stdout.readline()) == plain(shown)
        yield process.url


def prints(command: str, shown: str, folder: Path, environ: dict[str, str]) -> None:
    """Standard error and standard output may be shown in either order; `...` at the end stands for more lines."""
    done = in_shell(command, folder, environ)
    assert done.returncode == EXIT_CODES.get(command, 0), done.stdout + done.stderr
    printed = plain(done.stderr + done.stdout), plain(done.stdout + done.stderr)
    if shown.endswith("\n...\n"):
        beginning = plain(shown.removesuffix("...\n")) + "\n"
        assert any(text.startswith(beginning) for text in printed), (command, printed)
    else:
        assert plain(shown) in printed, command


def terminal(command: str, folder: Path, environ: dict[str, str]) -> list[str]:
    """Return all lines that were on the screen at some time while a command ran."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env={**environ, "TERM": "xterm"}, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        written = b""
        with suppress(OSError):  # the end, on Linux
            while part := os.read(ours, 65536):
                written += part
    os.close(ours)
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.decode()))


def drawn(line: str) -> str:
    """Return a line without the length of bars, and without speeds."""
    return re.sub(r"━+", "━", re.sub(r"[\d.]+ [kMG]?B/s", "... MB/s", plain(line)))


def test_every_command_for_a_running_server_is_on_its_page() -> None:
    text, context = (ROOT / "docs" / "commands.md").read_text(), click.Context(main)
    for name in ("clock", "rules", "sessions", "snapshot"):
        group = main.get_command(context, name)
        assert isinstance(group, click.Group)
        for one in group.list_commands(context):
            assert one in ("show", "list") or f"{name} {one}" in text, one
    for name in ("init", "open", "watch", "requests", "verify", "problems", "reset"):
        assert f"mockbatch {name}" in text
