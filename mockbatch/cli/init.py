"""`mockbatch init`: write a configuration file and a first test."""

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import click

from mockbatch.cli import CommandError
from mockbatch.cli.output import print_json, wants_json

_FILES = {"mockbatch.toml": "mockbatch.toml", "tests/test_mockbatch.py": "test_mockbatch.py"}


@click.command("init")
@click.argument("folder", default=".", type=click.Path(path_type=Path), metavar="[FOLDER]")
@wants_json
def command(folder: Path, as_json: bool) -> None:
    """Write a mockbatch.toml and a first test.

    Into a project folder, by default the current one. Existing files are not changed.
    """
    try:
        written = [place for place, name in _FILES.items() if _write(folder / place, name)]
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from None
    kept = [place for place in _FILES if place not in written]
    if as_json:
        print_json({"folder": str(folder), "written": written, "kept": kept})
        return
    for place in written:
        click.echo(f"wrote {folder / place}")
    for place in kept:
        click.echo(f"kept existing {folder / place}")
    if "tests/test_mockbatch.py" in written:
        needs = "" if find_spec("pytest") and find_spec("anthropic") else "pip install 'mockbatch[pytest]' && "
        click.echo(f"Run the test with: {needs}python -m pytest tests/test_mockbatch.py")


def _write(path: Path, name: str) -> bool:
    """Write a file unless it exists; return whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write((files("mockbatch.cli") / "starter" / name).read_text(encoding="utf-8"))
    except FileExistsError:
        return False
    return True
