"""What commands print: tables and facts for people, JSON for machines."""

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
    """Add the option that has a command print JSON, and nothing else."""
    return click.option("--json", "as_json", is_flag=True, help="For machines.")(function)


def print_json(content: Any) -> None:
    click.echo(json.dumps(content, indent=2))


def console() -> "Console":
    """Return what writes on standard output: as wide as it takes where that is no terminal, and never as markup."""
    # not before: it costs more than the rest of a quick command
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    found = Output(highlight=False, markup=False)
    return found if found.is_terminal else Output(highlight=False, markup=False, width=_WIDE)


def printed(table: "Table") -> None:
    console().print(table)


def print_table(head: Iterable[str], rows: Iterable[Iterable[str]], *, numbers: Iterable[int] = ()) -> None:
    """Print a table; the columns `numbers` stand right."""
    printed(table_of(head, rows, numbers=numbers))


def table_of(head: Iterable[str], rows: Iterable[Iterable[str]], *, numbers: Iterable[int] = ()) -> "Table":
    """Return a table; the columns `numbers` stand right."""
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
    """Print names and values, a line each."""
    width = max(map(len, facts))
    for name, value in facts.items():
        click.echo(f"{click.style(name, bold=True)}{' ' * (width - len(name))}  {printable(value)}")


def printable(text: str) -> str:
    """Return a text without characters that a terminal would obey."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def moment(instant: str | None) -> str:
    """Return an instant without its fractions, as people write it."""
    return instant[:19].replace("T", " ") if instant else ""
