"""`mockbatch reconcile`: a cost tracker's rows against the ledger."""

import sys
from pathlib import Path

import click
import msgspec

from mockbatch.cli import BadInput
from mockbatch.cli.pricing import priced
from mockbatch.cli.reached import Remote
from mockbatch.cli.remote import wants_server
from mockbatch.cli.shown import printed, wants_json
from mockbatch.core.money.ledger import Entry, from_csv
from mockbatch.core.money.reconcile import Reconciliation, reconcile
from mockbatch.core.money.tracker import parse_tracker

_SHOWN = 20
_DIFFERENT = 1


@click.command("reconcile")
@click.argument("tracker", type=click.Path(path_type=Path), metavar="TRACKER.CSV")
@click.option(
    "--ledger", type=click.Path(path_type=Path), metavar="PATH", help="A saved ledger, instead of a server's."
)
@wants_server
@click.option("--prices", metavar="PATH", help="Prices that go before the built-in ones.")
@wants_json
def command(tracker: Path, ledger: Path | None, server: Remote, as_json: bool, prices: str | None) -> None:
    """Compare a cost tracker's CSV with the ledger.

    Row by row, and with the likely reason of each difference. Exits with 1 when they differ.
    """
    _, known = priced(prices, (), None)
    try:
        rows = parse_tracker(_text(tracker))
    except ValueError as error:
        raise BadInput(f"{tracker}: {error}") from None
    found = reconcile(rows, _ledger(ledger, server), known)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _told(found)
    if not found.clean:
        sys.exit(_DIFFERENT)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: it is no text in UTF-8") from None


def _ledger(path: Path | None, server: Remote) -> list[Entry]:
    text = _text(path) if path else str(server.mine.get("ledger", format="csv"))
    try:
        return from_csv(text)
    except ValueError as error:
        raise BadInput(f"{path or 'the answer of the server'}: {error}") from None


def _told(found: Reconciliation) -> None:
    if found.differences:
        _table(found)
    _listed("not in the tracker", found.missing)
    _listed("not in the ledger", found.unmatched)
    _listed("unknown column", found.unknown_columns)
    _listed("not compared", found.currencies)
    _listed("not compared", found.problems)
    differ = f"{len(found.differences)} differ" if found.differences else "none differs"
    click.echo(
        f"{found.matched} rows agree, {differ}; "
        f"the tracker has {found.tracker_total} USD, the ledger {found.ledger_total}"
    )


def _table(found: Reconciliation) -> None:
    from rich.table import Table

    table = Table("row", "tracker", "ledger", "difference", "likely reason", box=None, pad_edge=False)
    for row in found.differences[:_SHOWN]:
        table.add_row(row.id, row.tracker, row.ledger, row.difference, "; ".join(row.reasons) or "none found")
    printed(table)
    if len(found.differences) > _SHOWN:
        click.echo(f"... and {len(found.differences) - _SHOWN} more; --json has them all")


def _listed(what: str, names: list[str]) -> None:
    for name in names[:_SHOWN]:
        click.echo(f"{what}: {name}")
    if len(names) > _SHOWN:
        click.echo(f"{what}: and {len(names) - _SHOWN} more")
