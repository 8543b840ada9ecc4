"""A server that the command of another environment runs."""

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from mockbatch.testing import Server

COMMAND = Path(sysconfig.get_path("scripts")) / "mockbatch"


def test_the_command_of_another_environment_runs_the_server() -> None:
    """With the options and the sessions of a server of one's own, and for as long."""
    with Server(command=COMMAND, seed=7) as server:
        assert server.pid
        assert server.info()["options"]["seed"] == 7
        with server.session(fail_rate=1.0) as session:
            assert session.api_key
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


@pytest.mark.parametrize(
    ("command", "how", "problem"),
    [
        ("no-such-mockbatch", "thread", "command: there is no executable 'no-such-mockbatch'"),
        (COMMAND, "memory", "command: it runs a process, not 'memory'"),
    ],
)
def test_a_command_that_cannot_run_it_is_refused(command: str | Path, how: str, problem: str) -> None:
    with pytest.raises(ValueError, match="command") as caught:
        Server(how, command=command)  # type: ignore[arg-type]
    assert str(caught.value) == problem


def test_a_command_of_another_version_is_refused(tmp_path: Path) -> None:
    """Its control plane may be another one."""
    other = tmp_path / "mockbatch"
    code = "import mockbatch; mockbatch.__version__ = '0.0.1'; from mockbatch.__main__ import main; main()"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    other.chmod(0o755)
    with pytest.raises(ValueError, match=r"0\.0\.1"):
        Server(command=other)


@pytest.mark.parametrize("by", ["option", "variable"])
def test_the_plugin_takes_a_command(by: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the process of the tests imports nothing of the server."""
    pytester.makepyfile(
        """
        import sys

        def test_it(mockbatch, mockbatch_server):
            assert mockbatch_server.pid
            assert "starlette" not in sys.modules
        """
    )
    arguments = ["-p", "no:schemathesis"]
    if by == "option":
        arguments += ["--mockbatch-command", str(COMMAND)]
    else:
        monkeypatch.setenv("MOCKBATCH_COMMAND", str(COMMAND))
    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=1)
