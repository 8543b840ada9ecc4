"""`mockbatch prices`: the price list and its date."""

import json
from typing import Any

import click

from mockbatch.cli import BadInput
from mockbatch.cli.output import print_result
from mockbatch.cli.pricing import day_of, price_options, priced
from mockbatch.core.money.rates import BATCH, TOKEN_CLASSES, Price, plain, product
from mockbatch.core.suggestions import did_you_mean

_HEADS = ("input", "5m write", "1h write", "cache read", "output")


def _show(
    as_json: bool,
    batch: bool,
    model: str | None,
    day: str | None,
    prices: str | None,
    extra_models: tuple[str, ...],
    config: str | None,
) -> None:
    _, known = priced(prices, extra_models, config)
    on = day_of(day, known)
    rows = known.table(on) if model is None else known.of_model(model, on) or _named_like(model, known.table(on))
    if not rows:
        raise BadInput(f"there is no price for {model!r} on {on}.{did_you_mean(model or '', known.models())}")
    if as_json:
        click.echo(json.dumps({"as_of": known.as_of, "day": on, "prices": [_entry(row) for row in rows]}, indent=2))
        return
    _table(rows, f"USD per million tokens{' in a batch' if batch else ''} on {on}, as known on {known.as_of}", batch)


def _named_like(part: str, rows: list[Price]) -> list[Price]:
    return [row for row in rows if part in row.model]


def _entry(price: Price) -> dict[str, Any]:
    """Return a price for JSON: standard and in a batch; web searches per thousand."""
    standard = {name: plain(getattr(price, name)) for name in TOKEN_CLASSES}
    batch = {name: plain(product(getattr(price, name), BATCH)) for name in TOKEN_CLASSES}
    return {
        "model": price.model,
        "since": price.since or None,
        "prompts_above": price.above,
        "standard": standard,
        "batch": batch,
        "web_search": plain(price.web_search),
    }


def _table(rows: list[Price], title: str, batch: bool) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for head in ("model", "prompts", *_HEADS):
        table.add_column(head, justify="left" if head in ("model", "prompts") else "right")
    factor = BATCH if batch else 1
    for row in rows:
        amounts = [plain(product(getattr(row, name), factor)) for name in TOKEN_CLASSES]
        table.add_row(row.model, f"over {row.above:,}" if row.above else "", *amounts)
    print_result(table)


command = click.Command(
    "prices",
    callback=_show,
    params=[
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."),
        click.Option(["--batch"], is_flag=True, help="Show the prices in batches."),
        click.Option(
            ["--model"], metavar="MODEL", help="Show only this model, by ID or alias, or all whose names contain this."
        ),
        *price_options(),
    ],
    help="Show the prices of models and their date. An estimate, not an invoice.",
)
