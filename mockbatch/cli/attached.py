"""`mockbatch serve` that ends when its standard input does, and so with the process that started it."""

import os
import signal
import sys
import threading

from mockbatch.cli import main


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(["serve"])
