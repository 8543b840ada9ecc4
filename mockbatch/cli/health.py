"""`mockbatch health`: is a server there? For a container's HEALTHCHECK."""

import json
from http.client import HTTPException
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import click

from mockbatch.cli import Unreachable, configured

_SECONDS = 3


@click.command("health")
@click.option("--url", metavar="URL", envvar="MOCKBATCH_URL", help="The server; by default the one configured here.")
def command(url: str | None) -> None:
    """Exit with 0 when a server answers, with 5 when none does."""
    if url is None:
        config, _ = configured({"config": None})
        url = f"http://127.0.0.1:{config.port}"
    try:
        with build_opener(ProxyHandler({})).open(f"{url.rstrip('/')}/health", timeout=_SECONDS) as answer:
            told = json.load(answer)
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise Unreachable(f"no server at {url}: {getattr(error, 'reason', error)}") from None
    if not isinstance(told, dict) or told.get("name") != "mockbatch":
        raise Unreachable(f"what answers at {url} is no mockbatch")
    click.echo(f"mockbatch {told['version']} is {told['status']} at {url}")
