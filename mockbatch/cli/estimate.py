"""`mockbatch estimate`: the cost of requests before they are sent."""

import json
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import click

from mockbatch.cli import BadInput
from mockbatch.cli.output import print_result
from mockbatch.cli.pricing import day_of, dollars, exact, price_options, priced
from mockbatch.cli.requests import read_requests
from mockbatch.config import Config
from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.money.cache_hits import CacheSettings, parse_hits
from mockbatch.core.money.estimate import Estimate, Estimator
from mockbatch.core.money.rates import total
from mockbatch.core.suggestions import did_you_mean
from mockbatch.files import UnreadableFile
from mockbatch.files.source import shown

_TTL = {"5m": 300, "1h": 3600}
_BAR = 40
_WAYS = ("standard", "batch", "cached")


def _estimate(
    path: str | None,
    model: str | None,
    requests: int | None,
    input_tokens: int | None,
    output_tokens: int | None,
    cached_tokens: int,
    ttl: str,
    hits: str,
    as_json: bool,
    day: str | None,
    prices: str | None,
    extra_models: tuple[str, ...],
    config: str | None,
) -> None:
    found, known = priced(prices, extra_models, config)
    on = day_of(day, known)
    estimator = Estimator(known, on, _settings(hits))
    problems: list[str] = []
    if path is not None:
        problems = _from_file(estimator, path, output_tokens, found, on)
    elif model is None or requests is None or input_tokens is None or output_tokens is None:
        raise click.UsageError("give a file of requests, or --model, --requests, --input-tokens and --output-tokens")
    else:
        _from_numbers(estimator, found, (model, on), requests, (input_tokens, output_tokens, cached_tokens), ttl)
    estimates = estimator.estimates()
    if as_json:
        _as_json(estimates, on, known.as_of)
    else:
        _as_table(estimates, on, known.as_of)
        if path is not None and all(row.cached == row.batch for row in estimates):
            click.echo("Nothing is cached: no prefix with cache_control is long enough and shared by several requests.")
    for problem in problems:
        click.echo(f"mockbatch: {problem}", err=True)
    if problems:
        sys.exit(1)


def _settings(hits: str) -> CacheSettings:
    try:
        return CacheSettings(parse_hits(hits))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--hits") from None


def _from_file(estimator: Estimator, path: str, output: int | None, config: Config, day: str) -> list[str]:
    """Add the requests of a file and return its problems. Raises BadInput if no request can be used."""
    problems, models = [], config.catalogue()
    try:
        for name, params in read_requests(path):
            model = models.find(params["model"], day) if params else None
            if params is None:
                problems.append(name)
            elif model is None:
                problems.append(f"{name}: unknown model {params['model']!r}.{did_you_mean(params['model'], MODELS)}")
            else:
                estimator.add(name, params, model, _output(params, output, model.max_output))
    except UnreadableFile as error:
        raise BadInput(str(error)) from None
    if not estimator.estimates():
        raise BadInput(
            f"{shown(path)} has no request that can be estimated{': ' if problems else ''}{'; '.join(problems[:3])}"
        )
    return problems


def _output(params: dict[str, Any], given: int | None, most: int) -> int:
    """Return the output tokens of a reply: those given, or the maximum; never more than the request allows."""
    limit = params.get("max_tokens")
    limit = limit if type(limit) is int and 0 <= limit <= most else most
    return limit if given is None else min(given, limit)


def _from_numbers(
    estimator: Estimator,
    config: Config,
    model_on: tuple[str, str],
    requests: int,
    tokens: tuple[int, int, int],
    ttl: str,
) -> None:
    model = config.catalogue().find(*model_on)
    if model is None:
        raise BadInput(f"unknown model {model_on[0]!r}.{did_you_mean(model_on[0], MODELS)}")
    into, out, shared = tokens
    if shared > into:
        raise click.UsageError(f"--cached-tokens {shared} must not exceed --input-tokens {into}, which include them")
    estimator.workload(model, requests, into, out, shared, _TTL[ttl])


def _as_json(estimates: list[Estimate], day: str, as_of: str) -> None:
    rows = [
        {
            "model": row.model,
            "requests": row.requests,
            "input_tokens": row.input_tokens,
            "output_tokens": row.output_tokens,
            "with_caching": dict(row.counts.items()),
            "standard": exact(row.standard),
            "batch": exact(row.batch),
            "batch_with_caching": exact(row.cached),
        }
        for row in estimates
    ]
    sums = {way: exact(_sum(getattr(row, way) for row in estimates)) for way in _WAYS}
    whole = {"standard": sums["standard"], "batch": sums["batch"], "batch_with_caching": sums["cached"]}
    click.echo(
        json.dumps({"currency": "USD", "day": day, "prices_as_of": as_of, "models": rows, "total": whole}, indent=2)
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of the known amounts; None without any."""
    known = [amount for amount in amounts if amount is not None]
    return total(known) if known else None


def _as_table(estimates: list[Estimate], day: str, as_of: str) -> None:
    from rich.table import Table

    heads = ("model", "requests", "tokens in", "tokens out", "standard", "batch", "batch with caching")
    title = f"Estimate at the prices of {day}, as known on {as_of}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="left" if head == "model" else "right")
    for row in estimates:
        numbers = (row.requests, row.input_tokens, row.output_tokens)
        amounts = (row.standard, row.batch, row.cached)
        table.add_row(row.model, *(f"{number:,}" for number in numbers), *map(dollars, amounts))
    print_result(table)
    _bars({head: _sum(getattr(row, way) for row in estimates) for head, way in zip(heads[4:], _WAYS, strict=True)})


def _bars(amounts: dict[str, Decimal | None]) -> None:
    largest = max((amount for amount in amounts.values() if amount), default=None)
    if largest is None:
        return
    click.echo()
    for head, amount in amounts.items():
        if amount is not None:
            length = max(int(amount * _BAR / largest), 1)
            click.echo(f"{head:<18} {'█' * length} {dollars(amount)}")


command = click.Command(
    "estimate",
    callback=_estimate,
    params=[
        click.Argument(["path"], required=False, metavar="[REQUESTS]"),
        click.Option(["--model"], metavar="MODEL", help="Without a file: the model."),
        click.Option(
            ["--requests"], type=click.IntRange(1), metavar="NUMBER", help="Without a file: the number of requests."
        ),
        click.Option(
            ["--input-tokens"],
            type=click.IntRange(0),
            metavar="NUMBER",
            help="Without a file: input tokens per request.",
        ),
        click.Option(
            ["--output-tokens"],
            type=click.IntRange(0),
            metavar="NUMBER",
            help="Output tokens per request; default with a file: max_tokens.",
        ),
        click.Option(
            ["--cached-tokens"],
            type=click.IntRange(0),
            default=0,
            metavar="NUMBER",
            help="Without a file: the length of the cached prefix that all requests share.",
        ),
        click.Option(
            ["--ttl"],
            type=click.Choice(list(_TTL)),
            default="5m",
            show_default=True,
            help="How long the prefix is cached.",
        ),
        click.Option(
            ["--hits"],
            default="first_writes",
            show_default=True,
            metavar="none|first_writes|rate:P|all",
            help="Which requests of the batch hit the prompt cache.",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."),
        *price_options(),
    ],
    help="Estimate the cost of requests. At standard prices, in a batch, and in a batch with the prompt cache. "
    "Reads requests from a file, one per line, or takes their numbers as options. An estimate, not an invoice.",
)
