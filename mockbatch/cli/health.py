"""`mockbatch health`: check whether a server is running, e.g. as a container's HEALTHCHECK."""

import click

from mockbatch.cli.connect import health_of, url_here
from mockbatch.cli.output import print_json, wants_json
from mockbatch.cli.remote import url_option


@click.command("health")
@url_option
@wants_json
def command(url: str | None, as_json: bool) -> None:
    """Exit with 0 if a server responds, with 5 if none does."""
    url = url or url_here()
    health = health_of(url)
    if as_json:
        print_json({**health, "url": url})
        return
    click.echo(f"mockbatch {health['version']} is {health['status']} at {url}")
