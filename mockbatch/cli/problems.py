"""`mockbatch problems`: mistakes of the program under test."""

import sys

import click

from mockbatch.cli.connect import Remote
from mockbatch.cli.counting import problems_counted
from mockbatch.cli.output import print_json, print_table, wants_json
from mockbatch.cli.remote import wants_server
from mockbatch.core.vocabulary import PROBLEM_KINDS

_FOUND = 10


@click.command("problems")
@click.option(
    "--ignore", multiple=True, type=click.Choice(PROBLEM_KINDS), metavar="KIND", help="Omit this kind; repeatable."
)
@click.option("--strict", is_flag=True, help="Exit with 10 if there are any.")
@wants_server
@wants_json
def command(ignore: tuple[str, ...], strict: bool, server: Remote, as_json: bool) -> None:
    """List mistakes of the program under test.

    Batches left running or never read, undelivered rows, requests billed twice, polls without a pause, rules that never
    hit.
    """
    found = [problem for problem in server.mine.get("problems")["problems"] if problem["kind"] not in ignore]
    if as_json:
        print_json(found)
    else:
        if found:
            print_table(("problem", "what happened"), ((one["kind"], one["text"]) for one in found))
        click.echo(problems_counted(problem["kind"] for problem in found))
    if strict and found:
        sys.exit(_FOUND)
