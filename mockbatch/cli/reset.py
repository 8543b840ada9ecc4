"""`mockbatch reset`: reset a session, or part of it."""

import click

from mockbatch.cli.connect import Remote
from mockbatch.cli.output import print_json, wants_json
from mockbatch.cli.remote import wants_server

_SCOPES = {
    "all": "the session is as new",
    "state": "no batches, no files, nothing spent",
    "clock": "the clock is back at its start",
    "journal": "no calls",
    "rules": "the rules are the session's initial ones",
}


@click.command("reset")
@click.option("--scope", type=click.Choice(tuple(_SCOPES)), default="all", help="What to reset. [default all]")
@wants_server
@wants_json
def command(scope: str, server: Remote, as_json: bool) -> None:
    """Reset a session.

    All of it, or only its state (batches, files, spending), its clock, its rules, or its journal of calls.
    """
    answer = server.mine.post("reset", scope=scope)
    if as_json:
        print_json({**answer, "scope": scope})
    else:
        click.echo(f"reset {scope}: {_SCOPES[scope]}")
