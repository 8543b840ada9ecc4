"""Environments of their own for other versions of the SDKs: made once, kept outside the repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import pytest

PYTHON = {
    "0.40.0": ("anthropic==0.40.0", "httpx==0.27.2"),
    "0.75.0": ("anthropic==0.75.0",),
    "1.17.0": ("anthropic==1.17.0",),
    "2.12.0": ("anthropic==2.12.0",),
    "2.14.0": ("anthropic==2.14.0",),
}
TYPESCRIPT = ("0.60.0", "1.12.0", "1.14.0")

_DRIVERS = Path(__file__).parent
_PATIENCE = 300


def python_driver(version: str) -> list[str]:
    """Return the command that runs the Python driver with that version of the SDK."""
    return python_script(version, "driver.py")


def python_script(version: str, script: str) -> list[str]:
    """Return the command that runs a script with that version of the SDK."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}-{version}"
    home = _made(name, lambda folder: _python(folder, PYTHON[version]))
    return [str(home / "bin" / "python"), str(_DRIVERS / script)]


def typescript_driver(version: str) -> list[str]:
    """Return the command that runs the TypeScript driver with that version of the SDK."""
    home = _typescript_home(version)
    # a module is looked for from where the file that imports it is
    return ["node", str(shutil.copy(_DRIVERS / "driver.mjs", home / "driver.mjs"))]


def typescript_types(version: str) -> Path:
    """Return the folder that holds the types of that version of the SDK."""
    return _typescript_home(version) / "node_modules" / "@anthropic-ai" / "sdk" / "resources"


def _typescript_home(version: str) -> Path:
    if shutil.which("npm") is None:
        _unavailable("npm is not installed")
    return _made(f"typescript-{version}", lambda folder: _typescript(folder, version))


def node_project(folder: Path) -> Path:
    """A copy of a folder with a package.json, and what that asks for installed."""
    if shutil.which("npm") is None:
        _unavailable("npm is not installed")
    wanted = sha256((folder / "package.json").read_bytes()).hexdigest()[:12]
    home = _made(f"node-{wanted}", lambda home: _node(home, folder / "package.json"))
    for file in folder.iterdir():
        shutil.copy(file, home / file.name)
    return home


def _made(name: str, make: Callable[[Path], None]) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mockbatch-tests"
    home = cache / name
    if (home / "made").exists():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(home, ignore_errors=True)
    try:
        make(home)
    except subprocess.SubprocessError as error:
        _unavailable(f"{name} cannot be installed: {error}")
    (home / "made").touch()
    return home


def _python(home: Path, packages: tuple[str, ...]) -> None:
    _run(sys.executable, "-m", "venv", str(home))
    _run(str(home / "bin" / "python"), "-m", "pip", "install", "-q", *packages)


def _typescript(home: Path, version: str) -> None:
    home.mkdir()
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), f"@anthropic-ai/sdk@{version}")


def _node(home: Path, package: Path) -> None:
    home.mkdir()
    shutil.copy(package, home / "package.json")
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home))


def _run(*command: str) -> None:
    elsewhere = mkdtemp()
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE, cwd=elsewhere)
    finally:
        shutil.rmtree(elsewhere)


def _unavailable(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
