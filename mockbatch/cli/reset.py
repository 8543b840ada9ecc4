"""`mockbatch reset`: a session begins anew."""

import click

from mockbatch.cli.reached import Remote
from mockbatch.cli.remote import wants_server
from mockbatch.cli.shown import print_json, wants_json

_SCOPES = {
    "all": "the session begins anew",
    "state": "no batches, no files, nothing spent",
    "clock": "the clock is where it started",
    "journal": "no calls",
    "rules": "the rules are those that the session began with",
}


@click.command("reset")
@click.option("--scope", type=click.Choice(tuple(_SCOPES)), default="all", help="What begins anew. [default all]")
@wants_server
@wants_json
def command(scope: str, server: Remote, as_json: bool) -> None:
    """Let a session begin anew.

    All of it, or its state (batches, files, spending), its clock, its rules, or its journal of calls.
    """
    answer = server.mine.post("reset", scope=scope)
    if as_json:
        print_json({**answer, "scope": scope})
    else:
        click.echo(f"reset {scope}: {_SCOPES[scope]}")
