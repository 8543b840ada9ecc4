"""Small disks that are filled and emptied while a server writes to them."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


class Disk:
    """A small file system; where none can be mounted, a limit of the size of files does its work."""

    def __init__(self, path: Path, *, mounted: bool) -> None:
        self.path = path
        self._mounted = mounted

    def fill(self, process: int, left: int) -> None:
        """Let the process write no more than `left` bytes."""
        if not self._mounted:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (left, resource.RLIM_INFINITY))
            return
        with (self.path / "filler").open("wb", buffering=0) as filler:
            with suppress(OSError):
                while filler.write(bytes(4096)):
                    pass
            filler.truncate(max(0, filler.tell() - left))

    def make_space(self, process: int) -> None:
        """Let the process write again."""
        if self._mounted:
            (self.path / "filler").unlink()
        else:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@cache
def can_mount() -> bool:
    """Whether this process may mount file systems."""
    with TemporaryDirectory() as folder:
        mounted = _mounted(Path(folder), 1)
        if mounted:
            _unmount(Path(folder))
        return mounted


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """A disk in a folder, gone afterwards."""
    path = folder / "disk"
    path.mkdir()
    mounted = _mounted(path, megabytes)
    try:
        yield Disk(path, mounted=mounted)
    finally:
        if mounted:
            _unmount(path)


def _mounted(path: Path, megabytes: int) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _unmount(path: Path) -> None:
    subprocess.run(["umount", "-l", str(path)], check=False)
