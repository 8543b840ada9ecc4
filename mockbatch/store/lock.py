"""One server a database: a lock on the file, given up by the operating system when the process is gone."""

import os
from pathlib import Path

from mockbatch.store import StoreError

try:
    import fcntl
except ImportError:  # Windows: SQLite's own locks are all there is
    fcntl = None  # type: ignore[assignment]


def locked(path: Path) -> int:
    """A descriptor that holds the lock on `path`. Close it after SQLite has closed the file, not before: closing
    any descriptor of a file drops the locks that SQLite itself holds on it. Raises StoreError when it is taken.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise StoreError(f"{path} is in use by another mockbatch server") from None
    return descriptor
