"""`mockbatch synth`: batches that nobody sent, on a running server."""

import json

import click

from mockbatch.cli.remote import remote_options, sent


def _synth(
    items: int,
    batches: int,
    size: str | None,
    mix: str | None,
    model: str,
    running: bool,
    url: str | None,
    api_key: str | None,
    as_json: bool,
) -> None:
    wanted = {"items": items, "batches": batches, "bytes": size, "mix": mix, "model": model, "ended": not running}
    made = json.loads(sent(url, api_key, "/_mockbatch/synth", wanted))["batches"]
    if as_json:
        click.echo(json.dumps(made, indent=2))
        return
    for batch in made:
        click.echo(f"{batch['id']} {batch['processing_status']} {items:,} requests")


command = click.Command(
    "synth",
    callback=_synth,
    params=[
        click.Option(["--items"], type=int, default=10, show_default=True, metavar="NUMBER", help="Requests in each."),
        click.Option(["--batches"], type=int, default=1, show_default=True, metavar="NUMBER", help="How many batches."),
        click.Option(["--bytes", "size"], metavar="SIZE", help="How long the text of each reply is, like 4kB."),
        click.Option(["--mix"], metavar="MIX", help="Shares of succeeded/errored/expired/canceled, like 90/5/3/2."),
        click.Option(["--model"], default="claude-haiku-4-5", show_default=True, metavar="MODEL", help="The model."),
        click.Option(["--running"], is_flag=True, help="Leave them running; by default they have ended."),
        *remote_options(),
        click.Option(["--json", "as_json"], is_flag=True, help="For machines."),
    ],
    help="Make batches that nobody sent, big or odd ones, on a running server.",
)
