"""`mockbatch synth`: create synthetic batches on a running server."""

import click

from mockbatch.cli.connect import Remote
from mockbatch.cli.output import print_json, wants_json
from mockbatch.cli.remote import wants_server


@click.command("synth")
@click.option("--items", type=int, default=10, show_default=True, metavar="NUMBER", help="Requests per batch.")
@click.option("--batches", type=int, default=1, show_default=True, metavar="NUMBER", help="Batches to create.")
@click.option("--bytes", "size", metavar="SIZE", help="The length of each reply text, e.g. 4kB.")
@click.option("--mix", metavar="MIX", help="Shares of succeeded/errored/expired/canceled, e.g. 90/5/3/2.")
@click.option("--model", default="claude-haiku-4-5", show_default=True, metavar="MODEL", help="The model.")
@click.option("--running", is_flag=True, help="Leave the batches running; by default they have ended.")
@wants_server
@wants_json
def command(
    items: int,
    batches: int,
    size: str | None,
    mix: str | None,
    model: str,
    running: bool,
    server: Remote,
    as_json: bool,
) -> None:
    """Create synthetic batches.

    Large or unusual ones, on a running server.
    """
    wanted = {"items": items, "batches": batches, "bytes": size, "mix": mix, "model": model, "ended": not running}
    made = server.mine.post("synth", **wanted)["batches"]
    if as_json:
        print_json(made)
        return
    for batch in made:
        click.echo(f"{batch['id']} {batch['processing_status']} {items:,} requests")
