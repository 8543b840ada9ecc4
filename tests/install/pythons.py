"""The suite under every Python that is promised: an installed one, else that of a release of Debian in a folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.install.environment import ROOT

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
_RELEASES = {"3.13": "trixie", "3.14": "sid"}
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mockbatch-tests"
_FLOORS = ("unit", "api", "store", "stateful", "testing", "recording")
"""Those that need no browser, no npm and no other server."""
_IN_RELEASE = 'mount --bind /proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" sh -c "$1"'


def try_pythons(versions: Iterable[str] = VERSIONS) -> list[str]:
    """Run the floors under each of these Pythons that can be had here; return the versions that failed."""
    failed = []
    for version in versions:
        print(f"== Python {version}", flush=True)
        code = _tried(version)
        if code is None:
            print(f"Python {version}: skipped, it {_why_not(version)}", flush=True)
        elif code:
            failed.append(version)
    return failed


def _why_not(version: str) -> str:
    if version in _RELEASES:
        return f"is not installed; with root and debootstrap, Debian {_RELEASES[version]} would be used"
    return "is not installed: put it on the PATH, or install it with pyenv"


def _tried(version: str) -> int | None:
    """The exit code of the suite; None where there is no such Python."""
    if python := _installed(version):
        with TemporaryDirectory(prefix=f"mockbatch-python{version}-") as folder:
            return subprocess.run(["sh", "-c", _steps(python, copied(Path(folder)))], check=False).returncode
    if version in _RELEASES and os.geteuid() == 0 and shutil.which("debootstrap"):
        return _in_release(_release(_RELEASES[version]))
    return None


def _installed(version: str) -> str | None:
    """The path of a Python of this version: on the PATH, or one of pyenv's."""
    if sys.version.startswith(f"{version}."):
        return sys.executable
    places = [Path(found) for found in (shutil.which(f"python{version}"),) if found]
    places += sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return next((str(path) for path in places if _is(path, version)), None)


def _is(path: Path, version: str) -> bool:
    asked = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-c", asked], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def copied(folder: Path) -> Path:
    """Copy what git knows of this checkout into a folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return folder


def _steps(python: str, folder: Path) -> str:
    floors = " ".join(f"tests/{floor}" for floor in _FLOORS)
    return (
        f"cd {folder} && {python} -m venv .venv && .venv/bin/pip install -q '.[test]' && "
        f".venv/bin/python -m pytest -q -n 2 --dist loadfile -p no:cacheprovider {floors}"
    )


def _release(name: str) -> Path:
    """The folder with a release of Debian, made when it is asked for the first time."""
    root = _CACHE / name
    if not (root / "made").exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(root, ignore_errors=True)
        packages = "python3,python3-venv,ca-certificates"
        command = ["debootstrap", "--variant=minbase", f"--include={packages}", name, str(root)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (root / "made").touch()
    return root


def _in_release(root: Path) -> int:
    for file in ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(file).exists():
            shutil.copy(file, root / file.lstrip("/"))
    work = root / "work"
    shutil.rmtree(work, ignore_errors=True)
    copied(work)
    # what is mounted goes with the namespace
    command = ["unshare", "--mount", "sh", "-c", _IN_RELEASE, str(root), _steps("python3", Path("/work"))]
    return subprocess.run(command, check=False).returncode
