"""`mockbatch cost`: what was spent on a running server, and what it would have cost outside of batches."""

from decimal import Decimal

import click
import msgspec

from mockbatch.cli import Unreachable
from mockbatch.cli.pricing import dollars, printed
from mockbatch.cli.remote import fetched, remote_options
from mockbatch.core.money.rates import CLASSES
from mockbatch.core.money.spending import GROUPINGS, Spending, Spent


def _cost(by: tuple[str, ...], as_json: bool, url: str | None, api_key: str | None) -> None:
    groups = by or ("model",)
    body = fetched(url, api_key, "/_mockbatch/ledger", [("group_by", name) for name in groups])
    try:
        spending = msgspec.json.decode(body, type=Spending)
    except msgspec.DecodeError as error:
        raise Unreachable(f"what answers is no ledger: {error}") from None
    if as_json:
        click.echo(msgspec.json.format(body, indent=2).decode())
        return
    _table(spending)
    for model in spending.unpriced:
        click.echo(f"There is no price for {model}: it is in no amount.", err=True)


def _table(spending: Spending) -> None:
    from rich.table import Table

    kinds = [kind for kind in CLASSES if kind in spending.total.quantities]
    title = f"What the API would have billed, at prices as known on {spending.prices_as_of}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, show_footer=True)
    for place, name in enumerate(spending.group_by):
        table.add_column(name, footer="" if place else "total")
    foot = _cells(spending.total, kinds)
    for head, text in zip(("requests", *kinds, "billed", "standard", "saved"), foot, strict=True):
        table.add_column(head.replace("_", " "), justify="right", footer=text)
    for group in spending.groups:
        table.add_row(*(group.by.get(name) or "-" for name in spending.group_by), *_cells(group, kinds))
    printed(table)


def _cells(spent: Spent, kinds: list[str]) -> list[str]:
    net, standard = (None if text is None else Decimal(text) for text in (spent.net, spent.standard))
    saved = None if net is None or standard is None else standard - net
    counts = [f"{spent.quantities.get(kind, 0):,}" for kind in kinds]
    return [f"{spent.requests:,}", *counts, dollars(net), dollars(standard), dollars(saved)]


command = click.Command(
    "cost",
    callback=_cost,
    params=[
        click.Option(
            ["--by"],
            multiple=True,
            type=click.Choice(GROUPINGS),
            help="A line for each of these; several may be named. By default by model.",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="For machines."),
        *remote_options(),
    ],
    help="Tell what the API would have billed for what a running server answered. An estimate, not an invoice.",
)
