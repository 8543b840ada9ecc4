"""`mockbatch watch`: follow the batches of a server, as a live table or as lines."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from mockbatch.cli.connect import Remote
from mockbatch.cli.output import console
from mockbatch.cli.polling import poll
from mockbatch.cli.remote import wants_server
from mockbatch.client.control import Control

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

Batch = dict[str, Any]
_STYLES = {
    "succeeded": ("S", "green"),
    "errored": ("E", "red"),
    "canceled": ("C", "magenta"),
    "expired": ("X", "yellow"),
    "processing": ("P", "blue"),
}
_BAR = 12
# in narrower terminals IDs are cut to their ends, which differ
_WIDE = 110
_END = 8


@click.command("watch")
@wants_server
@click.option("--limit", type=click.IntRange(1, 1000), default=20, help="Batches per session. [default 20]")
@click.option("--interval", type=click.FloatRange(0.1), default=1.0, help="Seconds between updates. [default 1]")
@click.option("--once", is_flag=True, help="Print the current state and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per change, one per line.")
def command(server: Remote, limit: int, interval: float, once: bool, as_json: bool) -> None:
    """Watch the batches of a server.

    Shows a live table; without a terminal, a line per change. Covers all sessions unless a key or a session is given.
    Watching does not count as polling.
    """

    def look() -> list[Batch]:
        return _seen(server, limit)

    with _showing(as_json) as show:
        for batches in [look()] if once else poll(look, interval):
            show(batches)


def _seen(server: Remote, limit: int) -> list[Batch]:
    """Return the batches as the control plane shows them, the newest of each session first."""
    if server.is_of_one:
        return _of(server.mine, "", limit)
    sessions = server.sessions()
    return [
        batch
        for one in sessions
        for batch in _of(server.control.about(one["id"]), one["label"] or one["id"][:8], limit)
    ]


def _of(session: Control, name: str, limit: int) -> list[Batch]:
    answer = session.get("batches", limit=limit)
    return [{**batch, "now": answer["now"], "session": name} for batch in answer["batches"]]


@contextmanager
def _showing(as_json: bool) -> Iterator[Callable[[list[Batch]], None]]:
    if as_json or not sys.stdout.isatty():
        yield _WatchLines(as_json)
        return
    from rich.live import Live

    with Live(console=console(), auto_refresh=False) as live:
        yield lambda batches: live.update(_table(batches), refresh=True)


class _WatchLines:
    """Prints a line for every batch that has changed."""

    def __init__(self, as_json: bool) -> None:
        self._printed: dict[str, str] = {}
        self._as_json = as_json

    def __call__(self, batches: list[Batch]) -> None:
        for batch in reversed(batches):
            line = " ".join(filter(None, (batch["session"], batch["id"], _state(batch))))
            if self._printed.get(batch["id"]) != line:
                click.echo(json.dumps(batch) if self._as_json else f"{batch['now'][:19]}Z {line}")
            self._printed[batch["id"]] = line
        sys.stdout.flush()


def _state(batch: Batch) -> str:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in batch["counts"].items() if count)
    money = f", {_money(batch)}" if batch["net"] else ""
    return (
        f"{batch['status']}: {counts}{money}, {_downloads(batch)}" if _ended(batch) else f"{batch['status']}: {counts}"
    )


def _table(batches: list[Batch]) -> "Table":
    from rich.table import Table

    several = len({batch["session"] for batch in batches}) > 1
    wide = get_terminal_size().columns >= _WIDE
    head = [*(["session"] if several else []), "id", "age", "status", "truth", "rows", "cost", "read"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        table.add_column(name, justify="right" if name in ("age", "cost", "read") else "left", no_wrap=True)
    if not batches:
        table.add_row("no batches yet")
    for batch in batches:
        id = batch["id"] if wide else f"…{batch['id'][-_END:]}"
        read = f"{batch['downloads']}x" if _ended(batch) else ""
        row = [id, _age(batch), batch["status"], _bar(batch), _counts(batch), _money(batch), read]
        table.add_row(*([batch["session"]] if several else []), *row)
    return table


def _bar(batch: Batch) -> "Text":
    from rich.text import Text

    bar, total = Text(), sum(batch["counts"].values()) or 1
    before = 0
    for kind, (_, style) in _STYLES.items():
        first = round(before * _BAR / total)
        before += batch["counts"][kind]
        bar.append("━" * (round(before * _BAR / total) - first), style)
    return bar


def _counts(batch: Batch) -> "Text":
    from rich.text import Text

    text = Text()
    for kind, (letter, style) in _STYLES.items():
        if count := batch["counts"][kind]:
            text.append(f"{letter} ", f"bold {style}").append(f"{count:,}  ")
    return text


def _age(batch: Batch) -> str:
    from datetime import datetime

    seconds = (datetime.fromisoformat(batch["now"]) - datetime.fromisoformat(batch["created_at"])).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def _money(batch: Batch) -> str:
    return f"${Decimal(batch['net']):,.4f}" if batch["net"] else ""


def _downloads(batch: Batch) -> str:
    return f"read {batch['downloads']}x" if _ended(batch) else ""


def _ended(batch: Batch) -> bool:
    return bool(batch["status"] == "ended")
