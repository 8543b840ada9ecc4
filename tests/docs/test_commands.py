"""The page about commands: what it shows is what the commands print, one after another, on a server of their own."""

import json
import shlex
import subprocess
from pathlib import Path

import click

from mockbatch.cli import main
from tests.builders import requests
from tests.docs.readme import ROOT, blocks, in_shell
from tests.docs.test_blocks import dialogue, plain
from tests.processes import running

PAGE = ROOT / "docs" / "commands.md"
BLOCKS = blocks(PAGE)


def test_the_commands_print_what_is_shown(tmp_path: Path, environ: dict[str, str]) -> None:
    """To the letter, but for ports; all ids are drawn by hash."""
    del environ["ANTHROPIC_API_KEY"]
    lines = (json.dumps(request) + "\n" for request in requests("row-1", "row-2", "row-3"))
    (tmp_path / "requests.jsonl").write_text("".join(lines))
    serve, _ = (block for block in BLOCKS if block.language == "sh")
    with running(tmp_path, *shlex.split(serve.code)[2:]) as process:
        environ |= {"MOCKBATCH_URL": process.url, "ANTHROPIC_BASE_URL": process.url}
        for block in BLOCKS:
            for command, shown in dialogue(block):
                done = in_shell(command.replace("http://127.0.0.1:8787", process.url), tmp_path, environ)
                assert done.returncode == 0, done.stderr
                assert plain(done.stderr + done.stdout) == plain(shown), command


def test_the_line_of_completion_is_understood(environ: dict[str, str]) -> None:
    """Bash takes it, and commands are completed then."""
    _, complete = (block for block in BLOCKS if block.language == "sh")
    script = f"{complete.code}complete -p mockbatch"
    done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert "mockbatch" in done.stdout, done.stderr
    asked = {"_MOCKBATCH_COMPLETE": "bash_complete", "COMP_WORDS": "mockbatch clock adv", "COMP_CWORD": "2"}
    done = subprocess.run(["mockbatch"], env=environ | asked, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "plain,advance\n"


def test_every_command_for_a_running_server_is_on_the_page() -> None:
    text, context = PAGE.read_text(), click.Context(main)
    for name in ("clock", "rules", "sessions", "snapshot"):
        group = main.get_command(context, name)
        assert isinstance(group, click.Group)
        for one in group.list_commands(context):
            assert one in ("show", "list") or f"{name} {one}" in text, one
    for name in ("init", "open", "watch", "requests", "verify", "problems", "reset"):
        assert f"mockbatch {name}" in text
