"""`mockbatch serve` as a child process: ends when its standard input is closed, so with its parent."""

import os
import signal
import threading

import click

from mockbatch.cli import main


def _end_with_parent() -> None:
    # not sys.stdin: a blocked read holds its lock, which keeps Python from exiting
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@click.command("serve-child")
def command() -> None:
    """Serve until standard input ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(["serve"])
