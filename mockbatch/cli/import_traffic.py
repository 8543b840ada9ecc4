"""`mockbatch import`: make a fixture from existing files."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockbatch.cli import CommandError
from mockbatch.cli.fixtures import refusing
from mockbatch.cli.record import redaction_options, spooling, write

if TYPE_CHECKING:
    from mockbatch.fixtures.sources import Imported

_LEFT_OVER = 1


def _import(
    source: str,
    requests: str | None,
    out: str,
    add: bool,
    redact: tuple[str, ...],
    redact_field: tuple[str, ...],
    redact_base64: bool,
) -> None:
    from mockbatch.fixtures.sources import import_files

    with spooling(out, redact, redact_field, redact_base64) as spool:
        with refusing():
            imported = import_files(spool, source, requests)
        if not spool.has_any():
            _say(imported)
            raise CommandError(f"nothing was imported: {_why(imported, source)}; {out} was not written")
        whole = write(Path(out), spool, "", add=add)
        _say(imported)
    sys.exit(0 if whole and not imported.leftovers else _LEFT_OVER)


def _why(imported: "Imported", source: str) -> str:
    if imported.leftovers:
        return "results and requests do not match" if imported.read else "no line can be used"
    return f"there are no results in {source}" if not imported.passed_over else "it has no call of this API"


def _say(imported: "Imported") -> None:
    for text in imported.leftovers:
        click.echo(f"  left over: {text}", err=True)
    for text, times in Counter(imported.passed_over).items():
        click.echo(f"  passed over: {text}{f', {times} times' if times > 1 else ''}", err=True)


command = click.Command(
    "import",
    callback=_import,
    params=[
        click.Argument(["source"], metavar="RESULTS|CASSETTE"),
        click.Argument(["requests"], required=False),
        click.Option(["--out"], required=True, metavar="PATH", help="The fixture: a folder or a file."),
        click.Option(["--add"], is_flag=True, help="Keep the fixture's existing interactions."),
        *redaction_options(),
    ],
    help="Make a fixture from downloaded results or a cassette. Pass results together with their requests; without "
    "requests, results are matched by custom_id. Cassettes may be from VCR and its ports, HAR or nock. Exits with 1 if "
    "results or requests are left over.",
)
