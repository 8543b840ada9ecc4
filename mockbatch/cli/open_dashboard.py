"""`mockbatch open`: the dashboard of a running server."""

import webbrowser

import click

from mockbatch.cli.connect import Remote
from mockbatch.cli.output import print_json, wants_json
from mockbatch.cli.remote import wants_server


@click.command("open")
@click.option("--no-browser", is_flag=True, help="Only print the URL.")
@wants_server
@wants_json
def command(no_browser: bool, server: Remote, as_json: bool) -> None:
    """Open the dashboard in a browser, and print its URL."""
    _ = server.control  # fails if there is no server
    url = f"{server.url}/?session={server.session['id']}" if server.is_of_one else f"{server.url}/"
    opened = not no_browser and webbrowser.open(url)
    if as_json:
        print_json({"url": url, "opened": opened})
        return
    click.echo(url)
    if not (opened or no_browser):
        click.echo("mockbatch: no browser found here; open the URL in yours", err=True)
