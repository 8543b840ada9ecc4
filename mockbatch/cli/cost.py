"""`mockbatch cost`: the estimated bill of a session, compared with standard prices."""

from decimal import Decimal

import click
import msgspec

from mockbatch.cli import Unreachable
from mockbatch.cli.connect import Remote
from mockbatch.cli.output import print_json, print_result, wants_json
from mockbatch.cli.pricing import dollars
from mockbatch.cli.remote import wants_server
from mockbatch.core.conversion import threadsafe_convert
from mockbatch.core.money.rates import CLASSES
from mockbatch.core.money.spending import GROUPINGS, GroupSpending, Spending


@click.command("cost")
@click.option(
    "--by",
    multiple=True,
    type=click.Choice(GROUPINGS),
    help="Group by this; repeatable. [default model]",
)
@wants_json
@wants_server
def command(by: tuple[str, ...], as_json: bool, server: Remote) -> None:
    """Show what the API would have billed.

    For the calls of a session on a running server, with the cost at standard prices. An estimate, not an invoice.
    """
    answer = server.mine.get("ledger", group_by=list(by or ("model",)))
    try:
        spending = threadsafe_convert(answer, Spending)
    except msgspec.ValidationError as error:
        raise Unreachable(f"the response is not a ledger: {error}") from None
    if as_json:
        print_json(answer)
        return
    _table(spending)
    for model in spending.unpriced:
        click.echo(f"There is no price for {model}; the amounts leave it out.", err=True)


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
    print_result(table)


def _cells(spent: GroupSpending, kinds: list[str]) -> list[str]:
    net, standard = (None if text is None else Decimal(text) for text in (spent.net, spent.standard))
    saved = None if net is None or standard is None else standard - net
    counts = [f"{spent.quantities.get(kind, 0):,}" for kind in kinds]
    return [f"{spent.requests:,}", *counts, dollars(net), dollars(standard), dollars(saved)]
