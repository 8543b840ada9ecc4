"""`mockbatch batch watch`: follow batches, as a live table or as lines."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, cast

import click

from mockbatch.cli.batch import TIMED_OUT, Connection, OptionText, wants_api
from mockbatch.cli.batch.screen import Screen
from mockbatch.cli.output import console, table_of
from mockbatch.client.api import RemoteBatch
from mockbatch.client.watching import BatchWatcher, Until, WatchState
from mockbatch.core.time.spans import SECOND

if TYPE_CHECKING:
    from rich.table import Table

Sights = dict[str, WatchState]


class _Show(Protocol):
    def __call__(self, sights: Sights, /) -> None: ...


@click.command("watch")
@click.argument("batch_ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--until",
    type=click.Choice(["ended", "any-ended"]),
    default="ended",
    help="Stop when all have ended, or when the first has. [default ended]",
)
@click.option(
    "--interval",
    type=OptionText("poll_advances"),
    help="Poll at this interval; default: as the server asks, less often while nothing changes.",
)
@click.option("--timeout", type=OptionText("poll_advances"), help="Give up after this time, with exit code 124.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per change, one per line.")
@wants_api
def watch(
    batch_ids: tuple[str, ...],
    until: str,
    interval: int | None,
    timeout: int | None,
    as_json: bool,
    connection: Connection,
) -> None:
    """Watch batches until they have ended.

    Connection errors, and 404s right after a create, are retried. You can interrupt and restart it at any time. Exits
    with 1 if a batch cannot be found.
    """
    screen = Screen()
    with connection.api(screen.say) as api, _showing(screen, as_json=as_json) as show:
        watched = BatchWatcher(
            api,
            list(dict.fromkeys(batch_ids)),
            cast(Until, until),
            every=None if interval is None else interval / SECOND,
            within=None if timeout is None else timeout / SECOND,
            now=time.monotonic,
        )
        for sights in watched.looks():
            show(sights)
    if watched.timed_out:
        screen.say("timed out")
        sys.exit(TIMED_OUT)
    sys.exit(1 if any(sight.given_up for sight in watched.sights.values()) else 0)


@contextmanager
def _showing(screen: Screen, *, as_json: bool) -> Iterator[_Show]:
    if as_json or not sys.stdout.isatty():
        yield _BatchLines(screen, as_json=as_json)
        return
    from rich.live import Live

    with Live(console=console(), auto_refresh=False) as live:
        yield lambda sights: live.update(_table(sights), refresh=True)


class _BatchLines:
    """Prints a line for every change."""

    def __init__(self, screen: Screen, *, as_json: bool) -> None:
        self._printed: Sights = {}
        self._screen = screen
        self._as_json = as_json

    def __call__(self, sights: Sights) -> None:
        for name, sight in sights.items():
            before = self._printed.get(name, WatchState(name))
            if sight.batch and (before.batch is None or sight.batch.fields != before.batch.fields):
                click.echo(json.dumps(sight.batch.fields) if self._as_json else _line(sight))
            if sight.trouble and sight.trouble != before.trouble:
                rest = "given up" if sight.given_up else "retrying"
                self._screen.say(f"{name}: {sight.trouble}; {rest}")
            self._printed[name] = sight
        sys.stdout.flush()


def _line(sight: WatchState) -> str:
    assert sight.batch is not None
    return f"{sight.id} {sight.batch.processing_status}: {_counts(sight.batch)}"


def _counts(batch: RemoteBatch) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in batch.request_counts.items() if count)


def _table(sights: Sights) -> "Table":
    from rich.progress_bar import ProgressBar

    table = table_of(("id", "status", "done", "rows"), ())
    for sight in sights.values():
        batch = sight.batch
        if batch is None:
            table.add_row(sight.id, "", "", sight.trouble)
            continue
        done = batch.size - batch.request_counts.get("processing", 0)
        bar = ProgressBar(total=batch.size, completed=done, width=16)
        table.add_row(sight.id, batch.processing_status, bar, sight.trouble or _counts(batch))
    return table


commands = {"watch": watch}
