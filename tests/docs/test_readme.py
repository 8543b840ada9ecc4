"""The README keeps its word: its code runs, its tables are those of the registries."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mockbatch
from mockbatch.config import resolve
from tests.processes import Process, running
from tests.tools.make_readme import README, filled

ROOT = README.parent
TEXT = README.read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)


def blocks(language: str) -> list[str]:
    return [code for kind, code in BLOCKS if kind == language]


def with_ours_first() -> dict[str, str]:
    """An environment in which `mockbatch` is this one."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The server of the README's first command line, on a free port."""
    options = blocks("sh")[0].partition("mockbatch serve")[2].split()
    assert options == ["--fail-rate", "0.05", "--speedup", "1000"]
    with running(tmp_path_factory.mktemp("readme"), *options) as process:
        yield process


def test_the_ready_line_is_the_one_shown(server: Process) -> None:
    """But for the port."""
    assert server.process.stdout
    shown = blocks("text")[0].replace("http://127.0.0.1:8787", server.url)
    assert server.process.stdout.readline() == shown


def test_the_first_program_prints_what_is_shown(server: Process) -> None:
    """To the number, since everything is drawn by hash."""
    environ = {**os.environ, "ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "sk-ant-anything"}
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (blocks("text")[1], "")


def test_the_first_test_passes(tmp_path: Path) -> None:
    """As a newcomer would run it: two files in an empty folder."""
    for code in blocks("python")[1:3]:
        name = code.partition("\n")[0].removeprefix("# ")
        (tmp_path / name).write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env=with_ours_first(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("line", [line for code in blocks("sh") for line in code.splitlines() if "curl" in line])
def test_every_curl_line_is_answered(server: Process, line: str) -> None:
    """With a clock, after what it says."""
    command = line.replace("localhost:8787", server.url.removeprefix("http://"))
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('{"now":"20'), done.stdout


@pytest.mark.parametrize("code", blocks("toml"))
def test_the_options_file_is_understood(tmp_path: Path, code: str) -> None:
    """Each key is an option, and the values are good."""
    (tmp_path / "mockbatch.toml").write_text(code)
    _, sources = resolve({}, {}, None, tmp_path)
    assert {name for name, source in sources.items() if source.origin == "mockbatch.toml"} == {
        key.replace("-", "_") for key in tomllib.loads(code)
    }


def test_the_tables_are_those_of_the_registries() -> None:
    """`python -m tests.tools.make_readme` writes them."""
    assert filled(TEXT) == TEXT


def test_the_changelog_begins_with_this_version() -> None:
    """One source for the version, told everywhere."""
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first
    assert first[1] == mockbatch.__version__


@pytest.mark.parametrize("page", ["README.md", "mockbatch/README.md", "tests/README.md", "fixtures/README.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    """Files that are named are there."""
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\((?!http)([^)#]+)", (ROOT / page).read_text()):
        assert (folder / target).exists(), target


def test_the_map_names_every_room() -> None:
    """A module that is not on the map cannot be found by a newcomer."""
    text = (ROOT / "mockbatch" / "README.md").read_text()
    package = ROOT / "mockbatch"
    for path in package.rglob("*.py"):
        room = path.relative_to(package)
        if room.name.startswith("__"):
            continue
        assert room.name in text or f"{room.parent.name}/" in text, room
