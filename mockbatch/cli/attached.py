"""`mockbatch serve` that ends when its standard input does, and so with the process that started it."""

import os
import signal
import threading

import click

from mockbatch.cli import main


def _end_with_parent() -> None:
    # not sys.stdin: whoever reads that holds its lock, and then Python cannot end by itself
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@click.command("attached")
def command() -> None:
    """Serve until standard input ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(["serve"])
