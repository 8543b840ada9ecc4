"""`mockbatch verify`: check the calls a server received against expectations."""

import sys
from typing import Any

import click

from mockbatch.cli import CommandError
from mockbatch.cli.connect import Remote
from mockbatch.cli.output import print_json, printable, wants_json
from mockbatch.cli.remote import wants_server
from mockbatch.client.control import ControlError
from mockbatch.core.numbers import how_many, natural

_UNMET, _UNVERIFIED = 1, 422
_NUMBERS = ("status", "count", "at_least", "at_most")


@click.command("verify")
@click.argument("expectations", nargs=-1, required=True, metavar="[CALL][,KEY=VALUE]...")
@wants_server
@wants_json
def command(expectations: tuple[str, ...], server: Remote, as_json: bool) -> None:
    """Check calls against expectations.

    An expectation is a kind of call (create, retrieve, list, cancel, delete, results, messages ...) followed by keys:
    `create,count=1`, or `retrieve,at_most=10,min_gap=60s`. The keys method, path, status, batch, fault and body select
    calls; count, at_least, at_most and min_gap constrain their number. If one is not met, prints the closest calls and
    exits with 1, as it does if the session has received no calls at all.
    """
    wanted = [_read(text) for text in expectations]
    session = server.mine
    try:
        answer = session.post("verify", expectations=wanted)
    except ControlError as error:
        if error.status != _UNVERIFIED:
            raise
        _print_failures(error, len(wanted), as_json)
        sys.exit(_UNMET)
    if not session.get("requests", limit=1, bodies="false")["total"]:
        raise CommandError("nothing was compared: the session has received no calls; does the program use another key?")
    if as_json:
        print_json({**answer, "failures": []})
    else:
        click.echo(f"{how_many(answer['verified'], 'expectation is', 'expectations are')} met")


def _print_failures(error: ControlError, expected: int, as_json: bool) -> None:
    failures = error.body["error"]["details"]["failures"]
    if as_json:
        print_json({"verified": expected - len(failures), "failures": failures})
    else:
        click.echo(printable(str(error)), err=True)


def _read(text: str) -> dict[str, Any]:
    """Parse an expectation. Raises BadParameter."""
    first, *others = text.split(",")
    found: dict[str, Any] = {}
    if "=" in first:
        others = [first, *others]
    elif first.strip():
        found["op"] = first.strip()
    key = ""
    for part in others:
        name, equals, value = part.partition("=")
        if equals:
            key = name.strip().replace("-", "_")
            found[key] = value.strip()
        elif not key:
            raise click.BadParameter(f"{part!r} is not a key; write it like count=1")
        else:
            found[key] += f",{part}"  # a comma inside a value
    return {name: _number(name, value) if name in _NUMBERS else value for name, value in found.items()}


def _number(name: str, text: str) -> int:
    number = natural(text)
    if number is None:
        raise click.BadParameter(f"{name}: {text!r} is not a number")
    return number
