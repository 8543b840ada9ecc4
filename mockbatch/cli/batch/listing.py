"""`mockbatch batch list`, `show`, `cancel`, `delete`."""

import json

import click

from mockbatch.cli.batch import Connection, wants_api
from mockbatch.cli.batch.screen import Screen
from mockbatch.cli.output import format_time, print_table
from mockbatch.client.api import RemoteBatch

_KINDS = ("processing", "succeeded", "errored", "canceled", "expired")
_json = click.option("--json", "as_json", is_flag=True, help="Print a JSON object per batch, one per line.")
_ids = click.argument("batch_ids", metavar="ID...", nargs=-1, required=True)


@click.command("list")
@click.option(
    "--limit", type=click.IntRange(1), default=20, metavar="NUMBER", help="The number of batches. [default 20]"
)
@click.option("--all", "everything", is_flag=True, help="Show all batches.")
@_json
@wants_api
def listed(limit: int, everything: bool, as_json: bool, connection: Connection) -> None:
    """List the batches, newest first."""
    with connection.api(Screen().say) as api:
        batches = api.batches(None if everything else limit)
        if as_json:
            for batch in batches:
                click.echo(json.dumps(batch.fields))
            return
        print_table(
            ("id", "status", "created", *_KINDS),
            ((batch.id, batch.processing_status, format_time(batch.created_at), *_counts(batch)) for batch in batches),
            numbers=range(3, 3 + len(_KINDS)),
        )


@click.command("show")
@_ids
@_json
@wants_api
def show(
    batch_ids: tuple[str, ...],
    as_json: bool,
    connection: Connection,
) -> None:
    """Show all fields of batches."""
    with connection.api(Screen().say) as api:
        for name in batch_ids:
            _print(api.found(name), as_json=as_json)


@click.command("cancel")
@_ids
@_json
@wants_api
def cancel(
    batch_ids: tuple[str, ...],
    as_json: bool,
    connection: Connection,
) -> None:
    """Cancel batches; requests in progress may still finish."""
    with connection.api(Screen().say) as api:
        for name in batch_ids:
            batch = api.cancel(name)
            click.echo(json.dumps(batch.fields) if as_json else f"{batch.id} is {batch.processing_status}")


@click.command("delete")
@_ids
@_json
@wants_api
def delete(batch_ids: tuple[str, ...], as_json: bool, connection: Connection) -> None:
    """Delete ended batches and their results."""
    with connection.api(Screen().say) as api:
        for name in batch_ids:
            api.delete(name)
            click.echo(json.dumps({"id": name, "deleted": True}) if as_json else f"{name} is deleted")


def _print(batch: RemoteBatch, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(batch.fields))
        return
    counts = ", ".join(f"{count:,} {kind}" for kind, count in batch.request_counts.items() if count)
    width = max(map(len, batch.fields))
    for name, value in batch.fields.items():
        text = counts if name == "request_counts" else "-" if value is None else value
        click.echo(f"{name:{width}}  {text}")


def _counts(batch: RemoteBatch) -> tuple[str, ...]:
    return tuple(f"{batch.request_counts.get(kind, 0):,}" for kind in _KINDS)


commands = {"list": listed, "show": show, "cancel": cancel, "delete": delete}
