"""`mockbatch config`: what is in force here, and where it came from."""

import json
from typing import Any

import click

from mockbatch.cli import configured, server_options
from mockbatch.core.contract.catalog import Model
from mockbatch.core.time.spans import format_instant, format_span

_SPANS, _INSTANTS = {"poll_advances", "cancel_delay"}, {"clock_start"}


def _show(as_json: bool, **flags: str | None) -> None:
    _, sources = configured(flags)
    shown = {name: (_readable(name, source.value), source.origin) for name, source in sources.items()}
    if as_json:
        rows = {name: {"value": value, "origin": origin} for name, (value, origin) in shown.items()}
        click.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("option", "value", "from", box=None, pad_edge=False)
    for name, (value, origin) in shown.items():
        table.add_row(name, "" if value is None else str(value), origin, style=None if origin == "default" else "bold")
    Console(highlight=False).print(table)


def _readable(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _SPANS:
        return format_span(value)
    if isinstance(value, tuple):
        return ", ".join(_entry(name, entry) for entry in value) or None
    return format_instant(value) if name in _INSTANTS else value


def _entry(name: str, entry: Any) -> str:
    """A model by its name; of a key no more than is needed to know it again."""
    if isinstance(entry, Model):
        return f"{entry.id}={entry.like}"
    return f"{entry[:12]}..." if name == "api_key" else str(entry)


command = click.Command(
    "config",
    callback=_show,
    params=[click.Option(["--json", "as_json"], is_flag=True, help="For machines."), *server_options()],
    help="Show every option, its value and where the value came from.",
)
