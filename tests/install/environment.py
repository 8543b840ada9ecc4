"""Environments made by pip, and the steps that each has to pass."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

from tests.install.cells import PARTS_OF_THE_SUITE, Cell

ROOT = Path(__file__).parents[2]
_PROJECT = Path(__file__).parent / "project"
_SUITE = ("hypothesis", "httpx==0.27.0", "anyio<4.5", "pyyaml", "backports.zstd; python_version < '3.14'", "anthropic")
_PATIENCE = 600
_BOUND = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*])?>=([^,;]+)")


class Failed(Exception):
    """A step that an environment did not pass."""


def wheel(folder: Path) -> Path:
    """Build the wheel of this checkout."""
    _run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)], folder)
    return next(folder.glob("mockbatch-*.whl"))


def lowest(package: Path, extras: tuple[str, ...]) -> list[str]:
    """Return pins to the lowest versions that a wheel admits of what it and these extras need."""
    return [f"{name}=={version}" for name, version in _bounds(package, extras)]


def _bounds(package: Path, extras: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(package) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        needed = Parser().parsestr(archive.read(name).decode()).get_all("Requires-Dist", [])
    for one in needed:
        extra = re.search(r"extra == '(\w+)'", one)
        if (extra is None or extra[1] in extras) and (bound := _BOUND.match(one)):
            yield bound[1], bound[2].strip()


class Environment:
    """A virtual environment in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = str(folder / "venv" / "bin" / "python")
        _run([sys.executable, "-m", "venv", str(folder / "venv")], folder)

    def install(self, *packages: str) -> None:
        self.run(self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages)

    def versions(self) -> dict[str, str]:
        """Return what is installed, by name."""
        listed = self.run(self.python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check")
        return {package["name"].lower(): package["version"] for package in json.loads(listed)}

    def run(self, *command: str, cwd: Path | None = None) -> str:
        """Run a command as in this environment. Raise Failed, with what it said."""
        return _run(list(command), cwd or self.folder, self.path)

    @property
    def path(self) -> dict[str, str]:
        """The variables of a shell in which the environment is active."""
        kept = {
            name: it for name, it in os.environ.items() if not name.startswith(("ANTHROPIC_", "MOCKBATCH_", "PYTEST"))
        }
        kept.pop("PYTHONPATH", None)
        return {**kept, "PATH": f"{self.folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def try_cell(cell: Cell, package: Path, folder: Path) -> str:
    """Install mockbatch into an environment and use it there. Return what was installed; raise Failed."""
    environment = Environment(folder)
    wanted = f"{package}[pytest{',pdf' if cell.lowest else ''}]"
    pins = lowest(package, ("pytest", "pdf")) if cell.lowest else cell.pins
    if pins:
        environment.install(*pins)
    before = environment.versions()
    environment.install(wanted)
    after = environment.versions()
    changed = [f"{name} {was} -> {after.get(name)}" for name, was in before.items() if after.get(name) != was]
    if changed:
        raise Failed(f"installing mockbatch changed {', '.join(changed)}")
    environment.run(environment.python, "-m", "pip", "check", "--disable-pip-version-check")
    _use(environment)
    if cell.lowest:
        _run_suite(environment)
    return f"{len(after) - len(before)} packages added"


def _use(environment: Environment) -> None:
    """A first test, a first program, a first server."""
    project = environment.folder / "project"
    shutil.copytree(_PROJECT, project, ignore=shutil.ignore_patterns("__pycache__"))
    environment.run(environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    environment.run("mockbatch", "run", "--progression", "polls:2", "--", "python", "program.py", cwd=project)
    _serve(environment)


def _serve(environment: Environment) -> None:
    ready = environment.folder / "ready.json"
    command = [
        str(environment.folder / "venv" / "bin" / "mockbatch"),
        "serve",
        "--port",
        "0",
        "--ready-file",
        str(ready),
    ]
    with subprocess.Popen(
        command, env=environment.path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        deadline = time.monotonic() + _PATIENCE
        while not ready.exists() and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        try:
            if not ready.exists():
                raise Failed(f"`mockbatch serve` did not start: {server.stderr.read() if server.stderr else ''}")
            environment.run("mockbatch", "health", "--url", json.loads(ready.read_text())["url"])
        finally:
            server.terminate()


def _run_suite(environment: Environment) -> None:
    """A part of this suite; its tools are newer than the dependencies, and warn about them."""
    environment.install(*_SUITE)
    options = ["-q", "-p", "no:cacheprovider", "-o", "filterwarnings=", "-o", "addopts=-p pytester"]
    environment.run(environment.python, "-m", "pytest", *options, *PARTS_OF_THE_SUITE, cwd=ROOT)


def _run(command: list[str], folder: Path, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout
