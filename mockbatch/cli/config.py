"""`mockbatch config`: the options in effect here, with their origins."""

import click

from mockbatch.cli import configured, server_options
from mockbatch.cli.output import print_json, print_result
from mockbatch.config import readable


def _show(as_json: bool, **flags: str | None) -> None:
    _, sources = configured(flags)
    shown = {name: (readable(name, source.value), source.origin) for name, source in sources.items()}
    if as_json:
        rows = {name: {"value": value, "origin": origin} for name, (value, origin) in shown.items()}
        print_json(rows)
        return
    from rich.table import Table

    table = Table("option", "value", "from", box=None, pad_edge=False)
    for name, (value, origin) in shown.items():
        table.add_row(name, "" if value is None else str(value), origin, style=None if origin == "default" else "bold")
    print_result(table)


command = click.Command(
    "config",
    callback=_show,
    params=[click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."), *server_options()],
    help="Show every option, its value and the value's origin.",
)
