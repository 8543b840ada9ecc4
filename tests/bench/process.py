"""Memory and work of another process, from /proc (Linux only)."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EVERY = 0.005
_IDLE = 0.25


def resident(pid: int, field: str = "VmRSS") -> float:
    """MiB that `pid` has in memory now, or at most had (`VmHWM`)."""
    found = re.search(rf"{field}:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


@contextmanager
def added_memory(pid: int) -> Iterator[list[float]]:
    """Puts into the list, when the block ends, by how many MiB the process grew at the peak of it."""
    added: list[float] = []
    before, before_peak = resident(pid), resident(pid, "VmHWM")
    samples, done = [before], threading.Event()

    def sample() -> None:
        while not done.wait(_EVERY):
            samples.append(resident(pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield added
    finally:
        done.set()
        thread.join()
    peak = resident(pid, "VmHWM")
    # the kernel's own mark is exact, but says nothing of the block unless the block has moved it
    added.append(max(*samples, peak if peak > before_peak else 0.0) - before)


def wait_until_idle(pid: int) -> None:
    """Returns when the process has used no processor time for a quarter of a second."""
    before, now = "", _worked(pid)
    while before != now:
        time.sleep(_IDLE)
        before, now = now, _worked(pid)


def _worked(pid: int) -> str:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return " ".join(fields[11:13])
