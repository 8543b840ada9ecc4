"""The shell commands of all pages: servers start, calls are answered, commands end as they should."""

import importlib.util
import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockbatch.config import resolve
from tests.docs.pages import BLOCKS, PAGES, README, ROOT, Block, in_shell, of, plain
from tests.processes import running
from tests.upstream import Upstream

INSTALLING, TESTING = of("sh", page="README.md")[:2]
COMMANDS = [
    (block, line) for block in of("sh") if block not in (INSTALLING, TESTING) for line in block.lines if line.strip()
]
# not run: they install, need Docker, take minutes, or are the command of another test
NAMED = ("pip install ", "docker build ", "python -m tests.", "python -m pytest ", "eval ")
TRIED = [(block, line) for block, line in COMMANDS if not line.startswith(NAMED)]
# not zero
EXIT_CODES = {"mockbatch fixtures diff": 1}


def test_every_block_is_in_a_language_that_is_tried() -> None:
    """By test_programs, test_shell, test_consoles and test_settings."""
    assert {block.language for block in BLOCKS} == {"python", "sh", "console", "screen", "toml", "yaml", "json"}
    assert all(block.name for block in of("yaml", "python"))


def test_the_first_two_lines_are_those_of_ci() -> None:
    """`.ci/run` runs them unchanged, in an empty environment, so they are not run here."""
    readme = README.read_text().splitlines()
    assert INSTALLING.code.strip() == next(line for line in readme if "mockbatch serve" in line)
    assert TESTING.code.strip() == next(line for line in readme if "-m pytest" in line)
    script = (ROOT / ".ci" / "run").read_text()
    assert "line '-m pytest'" in script
    assert "line 'mockbatch serve'" in script


@pytest.mark.parametrize(("block", "line"), TRIED, ids=[f"{block.page}-{line[:60]}" for block, line in TRIED])
def test_lines_of_shell(
    block: Block,
    line: str,
    folder_of: Callable[[str], Path],
    environ: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    folder = folder_of(block.page)
    if "fixtures/mine" in line and "mockbatch record" not in line:
        shutil.copytree(request.getfixturevalue("recording"), folder / "fixtures" / "mine", dirs_exist_ok=True)
    if line.startswith("mockbatch serve"):
        serves(line, folder)
        return
    if "reconcile" in line:
        environ["ANTHROPIC_API_KEY"] = "sk-ant-tracked"
    with recorded(line) as command:
        done = in_shell(command, folder, environ)
    expected = next((code for command, code in EXIT_CODES.items() if line.startswith(command)), 0)
    assert done.returncode == expected, done.stdout + done.stderr
    if line.startswith("curl"):
        answer = json.loads(done.stdout)
        assert answer.get("type") != "error", answer
    elif "mockbatch run" in line:
        assert plain(block.output) in plain(done.stderr)
    elif block.output:
        assert plain(done.stdout) == plain(block.output)
    if "reconcile" in line:
        assert "5 rows agree, none differs" in done.stdout


def serves(line: str, folder: Path) -> None:
    """Start a server with the options of the line, in the folder with the files that they name."""
    options = shlex.split(line.replace("--host 0.0.0.0", "").replace('"$CONTROL_KEY"', "choose-one"))[2:]
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


def test_no_block_is_overlooked() -> None:
    """Each fence of a page begins or ends a block with a language, or the output of one."""
    fences = sum(len(re.findall(r"^ *(?:```|~~~)", page.read_text(), re.MULTILINE)) for page in PAGES)
    assert fences == 2 * (len(BLOCKS) + sum(1 for block in BLOCKS if block.output))


@pytest.mark.parametrize(
    "line", [line for _, line in COMMANDS if " --" in line and line.startswith("python -m tests.")]
)
def test_flags_of_lines_that_take_minutes(line: str, environ: dict[str, str]) -> None:
    """Their help has them."""
    module, *words = shlex.split(line, comments=True)[2:]
    done = in_shell(f"python -m {module} --help", ROOT, environ)
    assert {word for word in words if word.startswith("--") and word not in done.stdout} == set()


def test_lines_that_are_only_named() -> None:
    """Each extra exists, each module of the tests exists, and so does the test that a command runs."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for page in PAGES:
        for extra in re.findall(r"mockbatch\[(\w+)\]", page.read_text()):
            assert extra in extras, page
    for _, line in COMMANDS:
        if line.startswith("python -m tests."):
            assert importlib.util.find_spec(line.split()[2]), line
    (line,) = (line for _, line in COMMANDS if line.startswith("python -m pytest "))
    assert line.split()[-1] in {block.name for block in of("python", page="README.md")}


def test_the_line_of_docker_names_what_exists() -> None:
    """There is no Docker here: the port is that of the image, each variable an option."""
    (line,) = (line for _, line in COMMANDS if line.startswith("docker"))
    variables = dict(pair.split("=") for pair in re.findall(r"-e (\S+)", line))
    resolve({}, variables, None, ROOT / "tests")
    assert line.count(":8787:8787") == 1
    assert "EXPOSE 8787\n" in (ROOT / "Dockerfile").read_text()


def test_the_line_of_completion_is_understood(environ: dict[str, str]) -> None:
    """Bash accepts it and then completes commands."""
    (line,) = (line for _, line in COMMANDS if line.startswith("eval "))
    script = f"{line}\ncomplete -p mockbatch"
    done = in_shell(script, ROOT, environ)
    assert "mockbatch" in done.stdout, done.stderr
    asked = {"_MOCKBATCH_COMPLETE": "bash_complete", "COMP_WORDS": "mockbatch clock adv", "COMP_CWORD": "2"}
    done = in_shell("mockbatch", ROOT, environ | asked)
    assert done.stdout == "plain,advance\n"
