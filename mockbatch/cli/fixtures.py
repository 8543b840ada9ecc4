"""`mockbatch fixtures`: inspect and maintain recordings."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockbatch.cli import BadFixture
from mockbatch.cli.groups import Group
from mockbatch.core.numbers import how_many

if TYPE_CHECKING:
    from mockbatch.fixtures.inspection import FixtureSummary

_FOUND = 1


@contextmanager
def refusing() -> Iterator[None]:
    """Turn errors about fixtures into failures of one sentence."""
    from mockbatch.fixtures import FixtureError

    try:
        yield
    except FixtureError as error:
        raise BadFixture(str(error)) from None
    except BrokenPipeError:
        raise  # the reader closed the pipe
    except OSError as error:
        raise BadFixture(f"{error.filename}: {error.strerror}; nothing was changed") from None


@click.group("fixtures", cls=Group, help="Inspect and maintain recorded fixtures.")
def command() -> None:
    pass


@command.command("list")
@click.argument("folder", default="fixtures")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
def _list(folder: str, as_json: bool) -> None:
    """List the fixtures in FOLDER, recursively, with their contents."""
    from mockbatch.fixtures.inspection import fixtures_in, summary

    with refusing():
        rows = [summary(path) for path in fixtures_in(Path(folder))]
    for row in rows:
        click.echo(json.dumps(_row(row)) if as_json else _line(row))


def _row(row: "FixtureSummary") -> dict[str, object]:
    return {
        "path": str(row.path),
        "bytes": row.size,
        "kinds": row.kinds,
        "outcomes": row.outcomes,
        "partial": list(row.partial),
    }


def _line(row: "FixtureSummary") -> str:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in row.kinds.items()) or "nothing"
    outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in row.outcomes.items())
    return f"{row.path}: {kinds} ({outcomes}){' partial' if row.partial else ''}, {row.size:,} bytes"


@command.command("show")
@click.argument("fixture")
@click.option("--custom-id", help="Show only interactions with this custom_id.")
def _show(fixture: str, custom_id: str | None) -> None:
    """Show the interactions of a fixture as indented JSON."""
    from msgspec import to_builtins

    from mockbatch.fixtures.inspection import shown

    with refusing():
        for interaction in shown(Path(fixture), custom_id):
            click.echo(json.dumps(to_builtins(interaction), indent=2))


@command.command("prune")
@click.argument("fixture")
@click.option("--used", required=True, multiple=True, metavar="PATH", help="A file written by --replay-used.")
def _prune(fixture: str, used: tuple[str, ...]) -> None:
    """Remove interactions that no run has used."""
    from mockbatch.fixtures.files import parts_of
    from mockbatch.fixtures.usage_log import read_log
    from mockbatch.fixtures.writing import prune

    unused = False
    with refusing():
        keys = set().union(*(read_log(Path(file)) for file in used))
        for part in parts_of(Path(fixture)):
            stay, gone = prune(part, keys)
            if not stay:
                unused = True
                click.echo(f"{part}: no run has used any interaction, so nothing was removed", err=True)
                continue
            click.echo(f"{part}: {how_many(stay, 'stays', 'stay')}, {gone:,} removed")
    sys.exit(_FOUND if unused else 0)


@command.command("diff")
@click.argument("old")
@click.argument("new")
def _diff(old: str, new: str) -> None:
    """Compare two fixtures.

    Exits with 1 on differences.
    """
    from mockbatch.fixtures.inspection import differences

    counts: Counter[str] = Counter()
    with refusing():
        for line in differences(Path(old), Path(new), counts):
            click.echo(line)
    totals = ", ".join(f"{counts[what]:,} {what}" for what in ("the same", "changed", "new", "gone"))
    click.echo(totals if counts else "nothing was compared: both are empty", err=True)
    sys.exit(0 if counts.keys() == {"the same"} else _FOUND)


@command.command("verify")
@click.argument("fixtures", nargs=-1, required=True)
def _verify(fixtures: tuple[str, ...]) -> None:
    """Check fixtures for invalid lines and partial recordings.

    Prints file, line and reason of each problem, and exits with 1 if there is any.
    """
    from mockbatch.fixtures.files import heads
    from mockbatch.fixtures.inspection import fixtures_in, problems, told_apart

    with refusing():
        files = [file for name in fixtures for file in fixtures_in(Path(name))]
        others = [one for name in fixtures for one in told_apart(Path(name))[1]]
        found = [f"{file}: {problem}" for file in files for problem in problems(file)]
        for line in [*found, *(f"skipped: {one}" for one in others)]:
            click.echo(line, err=True)
        if found:
            sys.exit(_FOUND)
        rows = sum(head.interactions for file in files for _, head in heads(file))
    order = how_many(len(files), "fixture is in order", "fixtures are in order")
    click.echo(f"{order}: {how_many(rows, 'interaction')}")


@command.command("check")
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--pattern", multiple=True, metavar="PATTERN", help="Also search for this: `mail`, or a regular expression."
)
def _check(files: tuple[str, ...], pattern: tuple[str, ...]) -> None:
    """Search fixtures for secrets.

    Takes files or folders of fixtures; exits with 1 if there are any secrets, for use with pre-commit. Prints only the
    first characters of a secret.
    """
    from mockbatch.fixtures.inspection import findings, fixtures_in

    with refusing():
        paths = [path for name in files for path in fixtures_in(Path(name))]
        try:
            found = [finding for path in paths for finding in findings(path, pattern)]
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--pattern") from None
    for one in found:
        click.echo(f"{one.path}: line {one.line}: {one.place}: {one.name} {one.shown}", err=True)
    if empty := [path for path in paths if not path.stat().st_size]:
        click.echo(f"nothing was searched in {', '.join(map(str, empty))}: it is empty", err=True)
    if not found and not empty:
        click.echo(f"no secrets in {how_many(len(paths), 'file')}", err=True)
    sys.exit(_FOUND if found or empty else 0)
