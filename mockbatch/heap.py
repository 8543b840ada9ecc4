"""Tell the C library how to handle memory that Python has freed. Only glibc can be told."""

import contextlib
import ctypes
import threading
import time
from collections.abc import Callable

# M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD and M_ARENA_MAX of malloc.h
_SETTINGS = ((-3, 32 << 20), (-1, 256 << 20), (-2, 16 << 20), (-8, 1))
_SPARE = 16 << 20
_EVERY_SECONDS = 60.0


def keep_freed_memory() -> None:
    """Reuse freed memory: fresh pages are most of the cost of receiving a large body.

    All threads share one heap, because each heap would keep as much. What is free is returned to the system once a
    minute, so that the process does not stay as large as it was at its busiest moment.
    """
    with contextlib.suppress(OSError, AttributeError):  # musl and others lack these functions
        libc = ctypes.CDLL(None)
        trim = libc.malloc_trim
        for parameter, value in _SETTINGS:
            libc.mallopt(parameter, value)
        threading.Thread(target=_trim_regularly, args=(trim,), name="mockbatch heap", daemon=True).start()


def _trim_regularly(trim: Callable[[int], int]) -> None:
    while True:
        time.sleep(_EVERY_SECONDS)
        trim(_SPARE)
