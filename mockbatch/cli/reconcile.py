"""`mockbatch reconcile`: compare the rows of a cost tracker with the ledger."""

import sys

import click
import msgspec

from mockbatch.cli import BadInput
from mockbatch.cli.connect import Remote
from mockbatch.cli.output import print_result, wants_json
from mockbatch.cli.pricing import priced
from mockbatch.cli.remote import wants_server
from mockbatch.core.money.ledger import LedgerEntry, from_csv, from_table
from mockbatch.core.money.reconcile import Reconciliation, reconcile
from mockbatch.core.money.tracker import parse_tracker
from mockbatch.core.numbers import how_many
from mockbatch.core.table import Table
from mockbatch.files import UnreadableFile
from mockbatch.files.kinds import LEDGER, TRACKED, ExpectedInput
from mockbatch.files.source import shown
from mockbatch.files.tables import read_table

_SHOWN = 20
_DIFFERENT = 1


@click.command("reconcile")
@click.argument("tracker", metavar="TRACKER")
@click.option("--ledger", metavar="PATH", help="A saved ledger instead of a server's.")
@wants_server
@click.option("--prices", metavar="PATH", help="A TOML file with prices that override the built-in ones.")
@wants_json
def command(tracker: str, ledger: str | None, server: Remote, as_json: bool, prices: str | None) -> None:
    """Compare a cost tracker's CSV or JSON with the ledger.

    Row by row, with the likely cause of each difference. Exits with 1 if they differ or a row could not be compared.
    """
    _, known = priced(prices, (), None)
    try:
        rows = parse_tracker(_read(tracker, TRACKED))
    except ValueError as error:
        raise BadInput(f"{shown(tracker)}: {error}") from None
    found = reconcile(rows, _ledger(ledger, server), known)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _print(found)
    if not found.clean:
        sys.exit(_DIFFERENT)


def _read(path: str, wanted: ExpectedInput) -> Table:
    try:
        return read_table(path, wanted)
    except UnreadableFile as error:
        raise BadInput(str(error)) from None


def _ledger(path: str | None, server: Remote) -> list[LedgerEntry]:
    try:
        if path:
            return from_table(_read(path, LEDGER))
        return from_csv(str(server.mine.get("ledger", format="csv")))
    except ValueError as error:
        raise BadInput(f"{shown(path) if path else 'the response of the server'}: {error}") from None


def _print(found: Reconciliation) -> None:
    if found.differences:
        _table(found)
    _listed("not in the tracker", found.missing)
    _listed("not in the ledger", found.unmatched)
    _listed("unknown column", found.unknown_columns)
    _listed("not compared", found.currencies)
    _listed("not compared", found.problems)
    _listed("note", found.notes)
    agree = how_many(found.matched, "row agrees", "rows agree")
    differ = how_many(len(found.differences), "differs", "differ") if found.differences else "none differs"
    click.echo(f"{agree}, {differ}; the tracker has {found.tracker_total} USD, the ledger {found.ledger_total}")


def _table(found: Reconciliation) -> None:
    from rich.table import Table

    table = Table("row", "tracker", "ledger", "difference", "likely reason", box=None, pad_edge=False)
    for row in found.differences[:_SHOWN]:
        table.add_row(row.id, row.tracker, row.ledger, row.difference, "; ".join(row.reasons) or "none found")
    print_result(table)
    if len(found.differences) > _SHOWN:
        click.echo(f"... and {len(found.differences) - _SHOWN} more; --json prints all")


def _listed(what: str, names: list[str]) -> None:
    for name in names[:_SHOWN]:
        click.echo(f"{what}: {name}")
    if len(names) > _SHOWN:
        click.echo(f"{what}: and {len(names) - _SHOWN} more")
