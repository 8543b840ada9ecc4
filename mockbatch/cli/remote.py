"""The options with which a command says which server it means, as whom, and about which session."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from mockbatch.cli import BadInput, Failure
from mockbatch.cli.reached import STRANGER, Remote, url_here
from mockbatch.client.control import ControlError

url_option = click.option(
    "--url", metavar="URL", envvar="MOCKBATCH_URL", help="The server; by default the one configured here."
)


def wants_server(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which server and which session are meant; the function gets a `server`."""
    return wants_any(_SESSION(function))


def wants_any(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which server is meant, of whatever session; the function gets a `server`."""

    @wraps(function)
    def connected(
        url: str | None, api_key: str | None, control_key: str | None, session: str | None = None, **more: Any
    ) -> Any:
        with _asking(Remote(url or url_here(), api_key, control_key, session)) as server:
            return function(server=server, **more)

    for option in reversed(_OPTIONS):
        connected = option(connected)
    return connected


def _key(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return the first key; a variable of the server may hold several. Raise BadParameter for what no header takes."""
    key = (value or "").partition(",")[0].strip()
    if not (key.isascii() and key.isprintable()):
        raise click.BadParameter("a key has printable characters of ASCII only", context, parameter)
    return key or None


_SESSION = click.option("--session", metavar="ID", help="Which session, by its id or its label, instead of by its key.")
_OPTIONS = (
    url_option,
    click.option(
        "--api-key",
        metavar="KEY",
        envvar=["MOCKBATCH_API_KEY", "ANTHROPIC_API_KEY"],
        callback=_key,
        help="Whose session; the key of the program. [env ANTHROPIC_API_KEY]",
    ),
    click.option(
        "--control-key",
        metavar="KEY",
        envvar="MOCKBATCH_CONTROL_KEY",
        callback=_key,
        help="A key of the server's --control-key, to look beyond one's own session from another machine.",
    ),
)


@contextmanager
def _asking(server: Remote) -> Iterator[Remote]:
    """Have what the control plane refuses told in a sentence, with an exit code."""
    try:
        yield server
    except ControlError as error:
        if error.status in STRANGER:
            raise BadInput(f"{server.url} answers {error.status}: {error}") from None
        raise (BadInput if error.status < 500 else Failure)(str(error)) from None
    finally:
        server.close()
