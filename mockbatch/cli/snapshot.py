"""`mockbatch snapshot`: take and restore snapshots of a session."""

from typing import Any

import click

from mockbatch.cli import CommandError
from mockbatch.cli.connect import Remote
from mockbatch.cli.groups import Group
from mockbatch.cli.output import format_time, print_json, print_table, wants_json
from mockbatch.cli.remote import wants_server
from mockbatch.core.numbers import how_many


class _Snapshots(Group):
    default = "list"


@click.group("snapshot", cls=_Snapshots)
def command() -> None:
    """Take, list, restore or delete snapshots of a session."""


@command.command("list")
@wants_server
@wants_json
def listed(server: Remote, as_json: bool) -> None:
    """List the snapshots, oldest first."""
    views = _taken(server)
    if as_json:
        print_json(views)
    elif not views:
        click.echo("no snapshots yet")
    else:
        rows = ((view["id"], format_time(view["taken_at"]), str(view["batches"])) for view in views)
        print_table(("id", "taken at", "batches"), rows, numbers=[2])


@command.command("take")
@wants_server
@wants_json
def take(server: Remote, as_json: bool) -> None:
    """Take a snapshot of the current state of a session."""
    _print(server.mine.post("snapshots"), "taken", as_json)


@command.command("restore")
@click.argument("snapshot_id", required=False, metavar="[ID]")
@wants_server
@wants_json
def restore(snapshot_id: str | None, server: Remote, as_json: bool) -> None:
    """Restore a snapshot; by default the latest."""
    if snapshot_id is None and not (views := _taken(server)):
        raise CommandError("there are no snapshots yet: take one with `mockbatch snapshot take`")
    wanted = snapshot_id or views[-1]["id"]
    _print(server.mine.post("snapshots", wanted, "restore"), "restored", as_json)


@command.command("delete")
@click.argument("snapshot_id", metavar="ID")
@wants_server
@wants_json
def delete(snapshot_id: str, server: Remote, as_json: bool) -> None:
    """Delete a snapshot."""
    answer = server.mine.delete("snapshots", snapshot_id)
    if as_json:
        print_json({**answer, "id": snapshot_id})
    else:
        click.echo(f"deleted {snapshot_id}")


def _taken(server: Remote) -> list[dict[str, Any]]:
    views: list[dict[str, Any]] = server.mine.get("snapshots")["snapshots"]
    return views


def _print(view: dict[str, Any], done: str, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    batches = how_many(view["batches"], "batch", "batches")
    click.echo(f"{done} {view['id']}: {batches} at {format_time(view['taken_at'])} UTC")
