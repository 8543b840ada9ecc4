"""Polling a server for live output."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import click

from mockbatch.cli import Unreachable
from mockbatch.cli.connect import NoSession

T = TypeVar("T")


def poll(ask: Callable[[], T], interval: float) -> Iterator[T]:
    """Yield the result of `ask` every `interval` seconds. Report an unreachable server once, and keep trying."""
    trouble = ""
    while True:
        try:
            answer = ask()
        except (Unreachable, NoSession) as error:
            if trouble != error.message:
                click.echo(f"mockbatch: {error.message}; retrying", err=True)
            trouble = error.message
        else:
            trouble = ""
            yield answer
        time.sleep(interval)
