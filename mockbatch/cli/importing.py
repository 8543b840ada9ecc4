"""`mockbatch import`: make a fixture of files that are there already."""

from pathlib import Path

import click

from mockbatch.cli import BadFixture
from mockbatch.cli.record import redaction_options, spooling, write


def _import(
    source: str,
    requests: str | None,
    out: str,
    add: bool,
    redact: tuple[str, ...],
    redact_field: tuple[str, ...],
    redact_base64: bool,
) -> None:
    from mockbatch.fixtures import FixtureError
    from mockbatch.fixtures.sources import import_cassette, import_results, is_cassette

    with spooling(out, redact, redact_field, redact_base64) as spool:
        try:
            if is_cassette(Path(source)):
                import_cassette(spool, Path(source))
            else:
                import_results(spool, Path(source), Path(requests) if requests else None)
        except FixtureError as error:
            raise BadFixture(str(error)) from None
        write(Path(out), spool, "", add=add)


command = click.Command(
    "import",
    callback=_import,
    params=[
        click.Argument(["source"], metavar="RESULTS|CASSETTE"),
        click.Argument(["requests"], required=False),
        click.Option(["--out"], required=True, metavar="PATH", help="The fixture: a folder or a file."),
        click.Option(["--add"], is_flag=True, help="Keep what is in the fixture already."),
        *redaction_options(),
    ],
    help="Make a fixture of downloaded results, or of a VCR cassette. Results and the requests that they belong to "
    "are .jsonl, cassettes .yaml or .json. Without requests, results are known again by their custom_id.",
)
