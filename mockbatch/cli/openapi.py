"""`mockbatch openapi`: the OpenAPI document of the server."""

import json

import click


def _openapi() -> None:
    from mockbatch.http.app import all_routes
    from mockbatch.http.openapi import document

    click.echo(json.dumps(document(all_routes()), indent=2))


command = click.Command("openapi", callback=_openapi, help="Print the OpenAPI document of the server.")
