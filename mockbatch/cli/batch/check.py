"""`mockbatch batch check`: validate a file of requests without sending it."""

import json
import sys
from collections.abc import Callable, Iterable
from time import gmtime, strftime
from typing import Any

import click

from mockbatch.cli.batch import OptionText, prices_here, wants_limits, wants_terms
from mockbatch.cli.batch.screen import Screen, size, wrong_lines
from mockbatch.cli.output import print_table
from mockbatch.cli.pricing import dollars, exact
from mockbatch.client.checking import Check, LineProblem
from mockbatch.client.cost import Share
from mockbatch.client.splitting import Splitter
from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.params import Terms
from mockbatch.core.numbers import how_many
from mockbatch.files.documents import Line
from mockbatch.files.kinds import REQUESTS
from mockbatch.files.source import JsonFile, opened

_STEPS = 1000


@click.command("check")
@click.argument("path", metavar="FILE")
@wants_limits
@click.option("--models", type=OptionText("models"), default="strict", help="Which models exist. [default strict]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON objects, one per line; the last is a summary.")
@wants_terms
def check(
    path: str, max_requests: int, max_bytes: int, models: Any, as_json: bool, version: str, betas: tuple[str, ...]
) -> None:
    """Validate the requests in FILE.

    Reports the problems of each line, and sends nothing.

    FILE contains requests, {"custom_id": ..., "params": {...}}: one per line, in a list, or as the body of a create. It
    may be compressed; - is standard input. Exits with 1 if there are problems.
    """
    splitter = Splitter(max_requests, max_bytes)
    checked = Check(terms_of(version, betas, models), splitter, prices_here())
    wrong = 0
    with opened(path, max_bytes, REQUESTS) as source:
        for problem in check_all(checked, source, Screen()):
            wrong += 1
            click.echo(json.dumps(_as_object(problem)) if as_json else located(source, problem))
    if as_json:
        click.echo(json.dumps(_summary(checked, wrong)))
    else:
        _print_summary(checked, wrong)
    sys.exit(1 if wrong or not checked.requests else 0)


def check_all(
    check: Check,
    source: JsonFile,
    screen: Screen,
    start: int = 1,
    skipped: Callable[[Line], object] = lambda line: None,
) -> "Any":
    """Yield the problems of a source from line `start` on; call `skipped` with each line that has one."""
    done = 0
    with screen.progress(f"checking {source.name}", _STEPS, "share") as advance:
        for line in source.lines():
            if line.number < start:
                continue
            if problem := check.check_line(line):
                skipped(line)
                yield problem
            if line.number % 256 == 0:
                share = int(source.share_read() * _STEPS)
                advance(share - done)
                done = share
        advance(_STEPS - done)


def terms_of(version: str, betas: tuple[str, ...], models: Any) -> Terms:
    """Return the terms under which requests are validated today."""
    return Terms(version, betas, Models(models), strftime("%Y-%m-%d", gmtime()))


def located(source: JsonFile, problem: LineProblem) -> str:
    """Format a problem like a compiler's message, so that editors can jump to the line."""
    name = f" [{problem.custom_id}]" if problem.custom_id else ""
    return f"{source.name}:{problem.line}:{name} {problem.message}"


def _as_object(problem: LineProblem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in problem.__struct_fields__}


def _summary(check: Check, wrong: int) -> dict[str, Any]:
    models = [
        {
            "model": most.model,
            "requests": check.models[most.model],
            "input_tokens": most.counts.input,
            "max_output_tokens": most.counts.output,
            "cost_of_input": exact(least.dollars),
            "cost_at_most": exact(most.dollars),
        }
        for least, most in _shares(check)
    ]
    parts = [{"requests": part.requests, "bytes": part.size} for part in check.splitter.parts]
    return {"requests": check.requests, "wrong": wrong, "batches": parts, "models": models}


def _shares(check: Check) -> Iterable[tuple[Share, Share]]:
    return zip(check.least.shares(), check.most.shares(), strict=True)


def _print_summary(check: Check, wrong: int) -> None:
    parts = check.splitter.parts
    if parts:
        batches = how_many(len(parts), "batch", "batches")
        click.echo(f"{how_many(check.requests, 'good request')}, {size(sum(part.size for part in parts))}, {batches}")
        _print_models(check)
    if wrong or not parts:
        click.echo(wrong_lines(wrong) if wrong else "there are no requests in the file")


def _print_models(check: Check) -> None:
    head = ("model", "requests", "input tokens, about", "output tokens, at most", "cost of input", "cost at most")
    rows = [
        (
            most.model,
            f"{check.models[most.model]:,}",
            f"{most.counts.input:,}",
            f"{most.counts.output:,}",
            dollars(least.dollars),
            dollars(most.dollars),
        )
        for least, most in _shares(check)
    ]
    total = (
        "all",
        f"{check.requests:,}",
        f"{sum(share.counts.input for share in check.most.shares()):,}",
        f"{sum(share.counts.output for share in check.most.shares()):,}",
        dollars(check.least.total()),
        dollars(check.most.total()),
    )
    print_table(head, [*rows, total] if len(rows) > 1 else rows, numbers=range(1, len(head)))


commands = {"check": check}
