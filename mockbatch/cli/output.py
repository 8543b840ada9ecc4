"""Output of commands: tables and key-value lists for people, JSON for machines."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

F = TypeVar("F", bound=Callable[..., Any])

_WIDE = 200


def wants_json(function: F) -> F:
    """Add the option --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def print_json(content: Any) -> None:
    click.echo(json.dumps(content, indent=2))


def console() -> "Console":
    """Return a console for standard output, without markup; very wide unless that is a terminal."""
    # not before: slower to import than the rest of a quick command
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    found = Output(highlight=False, markup=False)
    return found if found.is_terminal else Output(highlight=False, markup=False, width=_WIDE)


def print_result(table: "Table") -> None:
    console().print(table)


def print_table(head: Iterable[str], rows: Iterable[Iterable[str]], *, numbers: Iterable[int] = ()) -> None:
    """Print a table; the columns `numbers` are right-aligned."""
    print_result(table_of(head, rows, numbers=numbers))


def table_of(head: Iterable[str], rows: Iterable[Iterable[str]], *, numbers: Iterable[int] = ()) -> "Table":
    """Return a table; the columns `numbers` are right-aligned."""
    from rich.table import Table

    right = set(numbers)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(head):
        table.add_column(
            name,
            justify="right" if index in right else "left",
            no_wrap=index == 0 or index in right,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*map(printable, row))
    return table


def print_facts(facts: Mapping[str, str]) -> None:
    """Print names and values, one pair per line."""
    width = max(map(len, facts))
    for name, value in facts.items():
        click.echo(f"{click.style(name, bold=True)}{' ' * (width - len(name))}  {printable(value)}")


def printable(text: str) -> str:
    """Return a text with control characters replaced, which a terminal would interpret."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def format_time(instant: str | None) -> str:
    """Format an instant for people, without fractions of a second."""
    return instant[:19].replace("T", " ") if instant else ""
