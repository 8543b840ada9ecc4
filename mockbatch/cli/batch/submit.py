"""`mockbatch batch submit`: create batches from a file."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from mockbatch.cli import CommandError
from mockbatch.cli.batch import Connection, OptionText, prices_here, wants_api, wants_limits
from mockbatch.cli.batch.check import check_all, located, terms_of
from mockbatch.cli.batch.screen import Screen, size, wrong_lines
from mockbatch.client.api import RemoteBatch
from mockbatch.client.checking import Check
from mockbatch.client.splitting import Part, Splitter
from mockbatch.client.submitting import Submitter
from mockbatch.files.documents import Line
from mockbatch.files.kinds import REQUESTS
from mockbatch.files.source import JsonFile, opened


@click.command("submit")
@click.argument("path", metavar="FILE")
@wants_limits
@click.option("--models", type=OptionText("models"), default="known", help="Which models exist. [default known]")
@click.option("--skip-invalid", metavar="PATH", help="Write invalid lines to this file, and send the others.")
@click.option(
    "--from-line", type=click.IntRange(1), default=1, metavar="NUMBER", help="Skip the lines before this one."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per batch, one per line.")
@wants_api
def submit(
    path: str,
    max_requests: int,
    max_bytes: int,
    models: Any,
    skip_invalid: str | None,
    from_line: int,
    as_json: bool,
    connection: Connection,
) -> None:
    """Send the requests in FILE, and print the IDs of the batches.

    Splits them into as many batches as the limits require.

    Validates FILE first, like `mockbatch batch check`; if there are problems, nothing is sent.
    """
    screen = Screen()
    terms = terms_of(connection.version, connection.betas, models)
    check = Check(terms, Splitter(max_requests, max_bytes), prices_here())
    with opened(path, max_bytes, REQUESTS) as source, connection.api(screen.say) as api:
        _check(check, source, screen, from_line, skip_invalid)
        parts = check.splitter.parts
        with screen.progress(f"sending {source.name}", sum(part.size for part in parts), "bytes") as sent:
            submitter = Submitter(api, source, check.wrong, sent)
            for part in parts:
                with _explaining_resume(part):
                    batch = submitter.submit(part)
                _print(batch, part, screen, as_json=as_json)


def _check(check: Check, source: JsonFile, screen: Screen, start: int, skip_invalid: str | None) -> None:
    with _skipping(skip_invalid) as skipped:
        for problem in check_all(check, source, screen, start, skipped):
            screen.say(located(source, problem))
    if check.wrong and skip_invalid is None:
        raise CommandError(
            f"{wrong_lines(len(check.wrong))}, so nothing was sent; correct that, or skip it with --skip-invalid"
        )
    if check.wrong:
        screen.say(f"{wrong_lines(len(check.wrong))}; see {skip_invalid}")
    if not check.requests:
        raise CommandError(f"there are no requests to send in {source.name}")


@contextmanager
def _skipping(path: str | None) -> Iterator[Callable[[Line], object]]:
    if path is None:
        yield lambda line: None
        return
    with open(path, "wb") as file:
        yield lambda line: file.write(line.raw + b"\n")


@contextmanager
def _explaining_resume(part: Part) -> Iterator[None]:
    try:
        yield
    except BaseException:
        click.echo(
            f"The lines from {part.first.number} on were not sent. If `mockbatch batch list` shows no batch with them, "
            f"resume with --from-line {part.first.number}",
            err=True,
        )
        raise


def _print(batch: RemoteBatch, part: Part, screen: Screen, *, as_json: bool) -> None:
    first, last = part.first.number, part.last
    if as_json:
        created = {
            "id": batch.id,
            "requests": part.requests,
            "bytes": part.size,
            "first_line": first,
            "last_line": last,
        }
        screen.print(json.dumps(created))
        return
    screen.print(batch.id)
    screen.say(f"{part.requests:,} requests, {size(part.size)}, lines {first:,} to {last:,}")


commands = {"submit": submit}
