"""The page about interception: its program and commands do what is shown, its tables are those of the code."""

import re
import shutil
from pathlib import Path

import pytest

from mockbatch.intercept.roots import write_bundles
from mockbatch.intercept.settings import Bypass, variables
from tests.docs.readme import ROOT, blocks, in_shell
from tests.docs.test_blocks import dialogue, plain

PAGE = ROOT / "docs" / "intercept.md"
BLOCKS = blocks(PAGE)


def test_the_commands_print_what_is_shown(tmp_path: Path, environ: dict[str, str]) -> None:
    """But for the time it took."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (program,) = (block for block in BLOCKS if block.name)
    (tmp_path / program.name).write_text(program.code)
    for command, shown in (pair for block in BLOCKS for pair in dialogue(block)):
        done = in_shell(command, tmp_path, environ)
        assert done.returncode == 0, done.stderr
        lines = plain(done.stdout + done.stderr).splitlines()
        assert [line for line in plain(shown).splitlines() if line not in lines] == [], done.stderr


def test_the_extra_is_one() -> None:
    (install,) = (block for block in BLOCKS if block.language == "sh")
    (extra,) = re.findall(r"mockbatch\[(\w+)\]", install.code)
    assert f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text()


def test_all_variables_are_in_the_table(tmp_path: Path) -> None:
    rows = "".join(line for line in PAGE.read_text().splitlines(keepends=True) if line.startswith("| `"))
    told = set(re.findall(r"`(\w+)`", rows)) - {"1"}
    given = {*variables("", Bypass(()), offline=True), *write_bundles(tmp_path, {}, b"")}
    assert given - told == {"http_proxy", "all_proxy"}
    assert told - given == set()
