"""A running server, asked from the command line."""

import json
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import click

from mockbatch.cli import BadInput, Unreachable, configured

_SECONDS = 60
_VARIABLE = "MOCKBATCH_CONTROL_KEY"


def remote_options() -> list[click.Parameter]:
    """The options that say which server is asked, and as whom."""
    return [
        click.Option(
            ["--url"], metavar="URL", envvar="MOCKBATCH_URL", help="The server; by default the one configured here."
        ),
        click.Option(
            ["--api-key"], metavar="KEY", envvar="ANTHROPIC_API_KEY", help="Whose session; the key of the program."
        ),
        click.Option(
            ["--control-key"],
            metavar="KEY",
            envvar=_VARIABLE,
            expose_value=False,
            callback=_note,
            help="A key of the server's --control-key, to look beyond one's own session from another machine.",
        ),
    ]


def _note(context: click.Context, _: click.Parameter, value: str | None) -> None:
    """Keep the control key for the call of this command; the server's variable may hold several."""
    context.meta[_VARIABLE] = (value or "").partition(",")[0].strip()


def _headers(api_key: str | None) -> dict[str, str]:
    context = click.get_current_context(silent=True)
    given = {"x-api-key": api_key, "x-mockbatch-control-key": context.meta.get(_VARIABLE) if context else None}
    return {name: value for name, value in given.items() if value}


def fetched(url: str | None, api_key: str | None, path: str, query: list[tuple[str, str]]) -> bytes:
    """What a server answers. Raises Unreachable where there is none, BadInput where it refuses."""
    return _answered(url, api_key, f"{path}?{urlencode(query)}", None)


def sent(url: str | None, api_key: str | None, path: str, content: object) -> bytes:
    """What a server answers to a POST of JSON. Raises as `fetched` does."""
    return _answered(url, api_key, path, json.dumps(content).encode())


def _answered(url: str | None, api_key: str | None, path: str, data: bytes | None) -> bytes:
    if url is None:
        config, _ = configured({"config": None})
        url = f"http://127.0.0.1:{config.port}"
    request = Request(f"{url.rstrip('/')}{path}", data, headers=_headers(api_key))
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=_SECONDS) as answer:
            body: bytes = answer.read()
            return body
    except HTTPError as error:
        raise BadInput(f"{url} answers {error.code}: {_message(error.read())}") from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise Unreachable(f"no server at {url}: {getattr(error, 'reason', error)}") from None


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode("utf-8", "replace")
