"""`mockbatch batch results`: download the results and summarize them."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from mockbatch.cli import CommandError
from mockbatch.cli.batch import Connection, OptionText, prices_here, wants_api
from mockbatch.cli.batch.screen import Screen
from mockbatch.cli.output import print_table
from mockbatch.cli.pricing import dollars, exact
from mockbatch.client.api import Api, RemoteBatch
from mockbatch.client.cost import CostSum
from mockbatch.client.downloading import Download, save
from mockbatch.client.exporting import write_csv, write_retries
from mockbatch.client.rows import RETRYABLE, ResultRow, RowTally
from mockbatch.core.contract.errors import ApiError, Unverified
from mockbatch.core.money.ledger import TokenCounts
from mockbatch.core.numbers import how_many
from mockbatch.core.suggestions import did_you_mean
from mockbatch.core.time.spans import SECOND
from mockbatch.files.kinds import REQUESTS
from mockbatch.files.source import opened

_LONGEST = 256_000_000
_KINDS = (RETRYABLE, "errored", "expired", "canceled")


@click.command("results")
@click.argument("batch_id", metavar="ID")
@click.option(
    "-o", "--output", metavar="PATH", help="Write the rows to this file; - is standard output. [default ID.jsonl]"
)
@click.option("--failed-only", is_flag=True, help="Write only the rows that did not succeed.")
@click.option("--retry-file", metavar="PATH", help="Write the requests worth retrying to this file.")
@click.option(
    "--retry-on",
    metavar="KIND,...",
    default=RETRYABLE,
    show_default=True,
    help=f"What is worth retrying: {', '.join(_KINDS)}, or error types, e.g. billing_error.",
)
@click.option("--requests", metavar="PATH", help="The submitted file; required by --retry-file.")
@click.option("--csv", "table", metavar="PATH", help="Also write the rows as CSV.")
@click.option(
    "--timeout",
    type=OptionText("poll_advances"),
    default="60s",
    help="Maximum time without data from the server. [default 60s]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@wants_api
def results(
    batch_id: str,
    output: str | None,
    failed_only: bool,
    retry_file: str | None,
    retry_on: str,
    requests: str | None,
    table: str | None,
    timeout: int,
    as_json: bool,
    connection: Connection,
) -> None:
    """Download the results of an ended batch.

    Writes each row once, and checks the counts of the batch.

    Rows are collected in PATH.ID.part, which is renamed to PATH when complete. If interrupted, run the same command
    again to resume. Expired rows and server errors count as worth retrying; --retry-on changes that.
    """
    if retry_file and not requests:
        raise click.UsageError("--retry-file needs --requests: results do not contain the requests")
    if output == "-" and (retry_file or table):
        raise click.UsageError("--retry-file and --csv need the rows in a file; choose another --output")
    path = Path(output or f"{batch_id}.jsonl")
    kinds = _kinds(retry_on)
    screen, tally = Screen(), RowTally(CostSum(prices_here()), kinds)
    with connection.api(screen.say, timeout / SECOND) as api:
        batch = _ended(api, batch_id)
        with screen.progress(f"getting {batch_id}", batch.size, "rows") as advance:

            def took() -> None:
                advance(1)

            if output == "-":
                _stream(api, batch, tally, _failed if failed_only else _any, took)
            else:
                with _explaining_resume():
                    wanted = _failed if failed_only else _any
                    save(api, batch, path, tally, wanted, took, failed_only=failed_only)
    if output != "-":
        screen.say(f"{path}: {how_many(sum(_written(tally, failed_only=failed_only)), 'row')}")
    try:
        if table:
            write_csv(path, Path(table), tally.bill)
        if retry_file and requests:
            _retry(path, requests, Path(retry_file), kinds, tally, screen)
    finally:
        if output != "-":  # last, since the reader of a pipe may stop after a line
            _print(tally, as_json=as_json)


def _ended(api: Api, batch_id: str) -> RemoteBatch:
    batch = api.found(batch_id)
    if not batch.ended:
        raise CommandError(f"{batch_id} is {batch.processing_status}; wait with: mockbatch batch watch {batch_id}")
    if batch.fields.get("archived_at"):
        raise CommandError(f"the results of {batch_id} were archived at {batch.fields['archived_at']}")
    return batch


def _any(row: ResultRow) -> bool:
    return True


def _failed(row: ResultRow) -> bool:
    return row.outcome != "succeeded"


def _written(tally: RowTally, *, failed_only: bool) -> Iterator[int]:
    return (count for kind, count in tally.outcomes.items() if not failed_only or kind != "succeeded")


def _stream(
    api: Api, batch: RemoteBatch, tally: RowTally, wanted: Callable[[ResultRow], bool], took: Callable[[], None]
) -> None:
    Download(api, batch, sys.stdout.buffer, tally, wanted, took).run()
    sys.stdout.buffer.flush()


@contextmanager
def _explaining_resume() -> Iterator[None]:
    try:
        yield
    except BaseException:
        click.echo("The rows so far are kept; run the same command again to resume.", err=True)
        raise


def _kinds(text: str) -> tuple[str, ...]:
    """Parse the kinds of failed rows. Raises BadParameter."""
    known = (*_KINDS, *_error_types())
    kinds = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in kinds:
        if name not in known:
            near = did_you_mean(name, known)
            raise click.BadParameter(
                f"{name!r} is not a kind of row.{near} Known: {', '.join(known)}", param_hint="--retry-on"
            )
    if not kinds:
        raise click.BadParameter(f"give one of {', '.join(known)}", param_hint="--retry-on")
    return kinds


def _error_types() -> list[str]:
    return sorted({kind.type for kind in ApiError.__subclasses__() if "type" in vars(kind) and kind is not Unverified})


def _retry(results: Path, requests: str, path: Path, kinds: tuple[str, ...], tally: RowTally, screen: Screen) -> None:
    with opened(requests, _LONGEST, REQUESTS) as source:
        found = write_retries(results, source, path, kinds)
    screen.say(f"{path}: {how_many(found, 'request')} to send again")
    if found < tally.wanted:
        lost = how_many(tally.wanted - found, "row is", "rows are")
        raise CommandError(f"{lost} worth retrying, but the requests are not in {requests}")
    if tally.unwanted:
        left = how_many(tally.unwanted.total(), "row that did not succeed is", "rows that did not succeed are")
        kinds_left = ", ".join(f"{count:,} {kind}" for kind, count in _sorted(tally.unwanted))
        screen.say(f"{left} not among them: {kinds_left}; --retry-on chooses")
        if not found:
            raise CommandError(f"there is nothing to send again: no row failed in a way that is {' or '.join(kinds)}")


def _print(tally: RowTally, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_summary(tally)))
        return
    print_table(("outcome", "rows"), ((kind, f"{count:,}") for kind, count in _sorted(tally.outcomes)), numbers=[1])
    if tally.errors:
        click.echo()
        rows = ((kind, f"{count:,}", tally.examples[kind]) for kind, count in _sorted(tally.errors))
        print_table(("error", "rows", "the first one"), rows, numbers=[1])
    if tally.bill.shares():
        click.echo()
        _print_bill(tally.bill)


def _print_bill(bill: CostSum) -> None:
    head = ("model", "input tokens", "cache writes", "cache reads", "output tokens", "cost")
    shares = bill.shares()
    rows = [(share.model, *_quantities(share.counts), dollars(share.dollars)) for share in shares]
    if len(rows) > 1:
        everything = TokenCounts()
        for share in shares:
            everything = everything.plus(share.counts)
        rows.append(("all", *_quantities(everything), dollars(bill.total())))
    print_table(head, rows, numbers=range(1, len(head)))


def _quantities(counts: TokenCounts) -> tuple[str, ...]:
    writes = counts.cache_write_5m + counts.cache_write_1h
    return tuple(f"{count:,}" for count in (counts.input, writes, counts.cache_read, counts.output))


def _sorted(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _summary(tally: RowTally) -> dict[str, object]:
    tokens = {share.model: dict(share.counts.items()) for share in tally.bill.shares()}
    return {
        "rows": len(tally),
        "outcomes": dict(_sorted(tally.outcomes)),
        "errors": dict(_sorted(tally.errors)),
        "worth_a_retry": tally.retries,
        "tokens": tokens,
        "cost": exact(tally.bill.total()),
    }


commands = {"results": results}
