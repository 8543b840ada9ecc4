"""`mockbatch watch`: what the batches of a server do, live in a terminal, as lines anywhere else."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from mockbatch.cli import Unreachable
from mockbatch.cli.remote import fetched, remote_options

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
# a terminal that is narrower gets the ends of ids, which differ
_WIDE = 110
_END = 8


def _watch(url: str | None, api_key: str | None, session: str | None, limit: int, interval: float, once: bool) -> None:
    with _showing() as show:
        trouble = ""
        while True:
            try:
                show(_seen(url, api_key, session, limit))
                trouble = ""
            except Unreachable as error:
                if once:
                    raise
                if trouble != error.message:
                    click.echo(f"mockbatch: {error.message}; trying on", err=True)
                trouble = error.message
            if once:
                return
            time.sleep(interval)


def _seen(url: str | None, api_key: str | None, session: str | None, limit: int) -> list[Batch]:
    """The batches as the control plane has them, the newest of each session first."""

    def ask(path: str, **query: str) -> Any:
        return json.loads(fetched(url, api_key, f"/_mockbatch/{path}", list(query.items())))

    if api_key or session:
        named = {"session": session} if session else {}
        answer = ask("batches", limit=str(limit), **named)
        return [{**batch, "now": answer["now"], "session": ""} for batch in answer["batches"]]
    found = []
    for one in ask("sessions")["sessions"]:
        answer = ask("batches", limit=str(limit), session=one["id"])
        name = one["label"] or one["id"][:8]
        found += [{**batch, "now": answer["now"], "session": name} for batch in answer["batches"]]
    return found


@contextmanager
def _showing() -> Iterator[Callable[[list[Batch]], None]]:
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        yield lambda batches: live.update(_table(batches), refresh=True)


class _Lines:
    """A line for every batch that is not as it was."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def __call__(self, batches: list[Batch]) -> None:
        for batch in reversed(batches):
            line = " ".join(filter(None, (batch["session"], batch["id"], _state(batch))))
            if self._told.get(batch["id"]) != line:
                click.echo(f"{batch['now'][:19]}Z {line}")
            self._told[batch["id"]] = line
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

    told = Text()
    for kind, (letter, style) in _STYLES.items():
        if count := batch["counts"][kind]:
            told.append(f"{letter} ", f"bold {style}").append(f"{count:,}  ")
    return told


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


command = click.Command(
    "watch",
    callback=_watch,
    params=[
        *remote_options(),
        click.Option(["--session"], metavar="ID", help="Only this session; by default that of the key, else all."),
        click.Option(["--limit"], type=click.IntRange(1, 1000), default=20, help="Batches of a session. [default 20]"),
        click.Option(["--interval"], type=click.FloatRange(0.1), default=1.0, help="Seconds between two looks."),
        click.Option(["--once"], is_flag=True, help="Look once, and end."),
    ],
    help="Watch what the batches of a server do: a live table, or a line for each change where there is no terminal. "
    "To look is no poll, and changes nothing.",
)
