"""`mockbatch health`: is a server there? For a container's HEALTHCHECK."""

import click

from mockbatch.cli.reached import health_of, url_here
from mockbatch.cli.remote import url_option
from mockbatch.cli.shown import print_json, wants_json


@click.command("health")
@url_option
@wants_json
def command(url: str | None, as_json: bool) -> None:
    """Exit with 0 when a server answers, with 5 when none does."""
    url = url or url_here()
    told = health_of(url)
    if as_json:
        print_json({**told, "url": url})
        return
    click.echo(f"mockbatch {told['version']} is {told['status']} at {url}")
