"""`mockbatch sessions`: the sessions of a running server, one per API key."""

from typing import Any

import click
from click.core import ParameterSource

from mockbatch.cli import session_options, texts_given
from mockbatch.cli.connect import Remote
from mockbatch.cli.groups import Group
from mockbatch.cli.output import format_time, print_json, print_table, printable, wants_json
from mockbatch.cli.remote import wants_any
from mockbatch.core.numbers import how_many


class _Sessions(Group):
    default = "list"


@click.group("sessions", cls=_Sessions)
def command() -> None:
    """List, open or delete sessions.

    A session is the isolated state of an API key: batches, clock, rules, ledger and journal.
    """


@command.command("list")
@wants_any
@wants_json
def listed(server: Remote, as_json: bool) -> None:
    """List the sessions of the server."""
    views = server.sessions()
    if as_json:
        print_json(views)
    elif not views:
        click.echo("no sessions yet: the first call of a program opens one")
    else:
        rows = (
            (view["id"], view["label"], format_time(view["now"]), str(view["batches"]), _own(view)) for view in views
        )
        print_table(("id", "label", "virtual time", "batches", "own options"), rows, numbers=[3])


def _open(label: str, server: Remote, as_json: bool, **flags: Any) -> None:
    key = {"api_key": server.api_key} if _is_typed("api_key") else {}
    view = server.control.post("sessions", label=label, options=texts_given(flags), **key)
    if as_json:
        print_json({**view, "url": server.url})
        return
    click.echo(f"# session {view['id']}{f' ({printable(label)})' if label else ''}")
    click.echo(f"export ANTHROPIC_BASE_URL={server.url}\nexport ANTHROPIC_API_KEY={view['api_key']}")


def _is_typed(name: str) -> bool:
    """Whether an option was given on the command line; the environment may be meant for other commands."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _opening() -> click.Command:
    made = click.command(
        "open",
        help="Open a session with its own options.\n\nPrints shell commands that point a program to it; use "
        'eval "$(mockbatch sessions open)".',
    )(wants_any(wants_json(_open)))
    label = click.Option(["--label"], default="", metavar="TEXT", help="A name for the session.")
    made.params = [label, *made.params, *session_options()]
    return made


command.add_command(_opening())


@command.command("delete")
@click.argument("name", metavar="ID")
@wants_any
@wants_json
def delete(name: str, server: Remote, as_json: bool) -> None:
    """Delete a session with everything in it."""
    summary = server.control.delete("sessions", server.identified(name))
    if as_json:
        print_json(summary)
        return
    batches = how_many(summary["batches"], "batch", "batches")
    click.echo(f"deleted {name} with {batches} and {how_many(sum(summary['rows'].values()), 'request')}")


def _own(view: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in view["options"].items())
