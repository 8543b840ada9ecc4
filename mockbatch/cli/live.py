"""Looking again and again, until the person who watches has seen enough."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import click

from mockbatch.cli import Unreachable
from mockbatch.cli.reached import NoSession

T = TypeVar("T")


def looked(ask: Callable[[], T], interval: float) -> Iterator[T]:
    """Yield what is answered, every so many seconds. That nothing answers is told once, and tried on."""
    trouble = ""
    while True:
        try:
            answer = ask()
        except (Unreachable, NoSession) as error:
            if trouble != error.message:
                click.echo(f"mockbatch: {error.message}; trying on", err=True)
            trouble = error.message
        else:
            trouble = ""
            yield answer
        time.sleep(interval)
