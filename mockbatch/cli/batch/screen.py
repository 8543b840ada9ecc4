"""Progress output: bars in a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

Advance = Callable[[int], None]


class Screen:
    """Messages to the user on standard error, apart from the output of a command."""

    def __init__(self) -> None:
        self._console: Console | None = None

    @property
    def console(self) -> "Console":
        if self._console is None:
            # not before: slower to import than the rest of a quick command
            from rich.console import Console

            self._console = Console(stderr=True, highlight=False)
        return self._console

    def say(self, text: str) -> None:
        """Print a message, above any progress bar."""
        if sys.stderr.isatty():
            self.console.print(text, markup=False, soft_wrap=True)
        else:
            click.echo(text, err=True)

    def print(self, text: str) -> None:
        """Print a line of output; in a terminal above any progress bar."""
        if sys.stdout.isatty() and sys.stderr.isatty():
            self.say(text)
        else:
            click.echo(text)
            sys.stdout.flush()

    @contextmanager
    def progress(self, what: str, total: float, unit: Literal["bytes", "rows", "share"]) -> Iterator[Advance]:
        """Show a progress bar and yield the function that advances it; without a terminal, show nothing."""
        if not sys.stderr.isatty():
            yield lambda step: None
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), *_counted(unit), TimeRemainingColumn())
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(what, total=total)
            yield lambda step: progress.advance(task, step)


def _counted(unit: str) -> "tuple[ProgressColumn, ...]":
    from rich.progress import DownloadColumn, MofNCompleteColumn, TaskProgressColumn, TransferSpeedColumn

    if unit == "bytes":
        return DownloadColumn(), TransferSpeedColumn()
    return (MofNCompleteColumn() if unit == "rows" else TaskProgressColumn(),)


def wrong_lines(count: int) -> str:
    return "1 line is wrong" if count == 1 else f"{count:,} lines are wrong"


def size(count: int) -> str:
    """Format a number of bytes for people."""
    for unit, power in (("GB", 9), ("MB", 6), ("kB", 3)):
        if count >= 10**power:
            return f"{count / 10**power:.1f} {unit}"
    return f"{count} B"
