"""One server per database: a lock on the file, released by the operating system when the process ends."""

import os
from pathlib import Path

from mockbatch.store import StoreError

try:
    import fcntl
except ImportError:  # Windows: only SQLite's own locks
    fcntl = None  # type: ignore[assignment]


def locked(path: Path) -> int:
    """Lock `path` and return a descriptor that holds the lock. Raises StoreError if it is taken.

    Close it after SQLite has closed the file, not before: closing any descriptor of a file drops the locks that SQLite
    itself holds on it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise StoreError(f"{path} is in use by another mockbatch server") from None
    return descriptor
