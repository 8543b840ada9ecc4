"""The examples work as they are shown: the sample project, TypeScript, and the ways of CI."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockbatch.config import resolve
from tests.e2e.sdks.environments import node_project

EXAMPLES = Path(__file__).parents[1] / "examples"
CI = EXAMPLES / "ci"


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command, with `mockbatch` and `python` being ours."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=300)


def test_the_sample_project_passes_with_two_workers() -> None:
    """As its owner runs it."""
    done = run(sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", cwd=EXAMPLES / "nightly")
    assert re.search(r"\n\d\d passed in ", done.stdout), done.stdout + done.stderr
    assert done.returncode == 0


def test_typescript_runs_against_a_server_of_its_own() -> None:
    """The official TypeScript SDK, and the control plane by fetch."""
    done = run("mockbatch", "run", "--strict", "--", "npm", "test", cwd=node_project(EXAMPLES / "typescript"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 3\n" in done.stdout
    assert "mockbatch: 3 batches, 9 requests (9 succeeded)" in done.stderr


def test_start_server_and_test_waits_until_it_is_ready(tmp_path: Path) -> None:
    """As in the package.json, but on a port that is free."""
    home = node_project(CI)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    scripts = json.loads((CI / "package.json").read_text().replace("8787", str(port)))["scripts"]
    (home / "package.json").write_text(json.dumps({"private": True, "scripts": scripts}))
    test = (
        "import test from 'node:test'; test('is there', async () => {{ await fetch('http://127.0.0.1:{}/health'); }});"
    )
    (home / "it.test.mjs").write_text(test.format(port))
    done = run("npm", "run", "ci", cwd=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 1\n" in done.stdout


@pytest.mark.parametrize("name", ["github-actions.yml", "compose.yaml"])
def test_every_variable_of_a_service_is_an_option(name: str, tmp_path: Path) -> None:
    """With a value that is understood."""
    environ = dict(variables(yaml.safe_load((CI / name).read_text())))
    assert len(environ) >= 2
    resolve({}, environ, None, tmp_path)


def variables(content: Any) -> list[tuple[str, str]]:
    """Every variable of ours, however deep."""
    if isinstance(content, list):
        return [found for part in content for found in variables(part)]
    if not isinstance(content, dict):
        return []
    own = [(name, value) for name, value in content.items() if str(name).startswith("MOCKBATCH_")]
    return own + [found for part in content.values() for found in variables(part)]


def test_every_flag_of_a_run_is_one() -> None:
    """In the workflow without a service; a command that calls nothing fails there."""
    (line,) = re.findall(r"run: (mockbatch run .*) -- npm test", (CI / "github-actions-run.yml").read_text())
    done = run(*line.replace(" --github-summary", "").split(), "--", "true", cwd=EXAMPLES)
    assert done.returncode == 10, done.stderr
    assert done.stderr.startswith("mockbatch: 0 batches"), done.stderr
