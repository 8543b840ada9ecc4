"""Options that select the server, the credentials and the session of a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from mockbatch.cli import BadInput, CommandError
from mockbatch.cli.connect import STRANGER, Remote, url_here
from mockbatch.client.control import ControlError

url_option = click.option(
    "--url", metavar="URL", envvar="MOCKBATCH_URL", help="The server; default: the one configured here."
)


def wants_server(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for a server and a session; the function receives `server`."""
    return wants_any(_SESSION(function))


def wants_any(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for a server, without a session; the function receives `server`."""

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
    """Return the first key; the variable may hold several. Raises BadParameter if it is not valid in a header."""
    key = (value or "").partition(",")[0].strip()
    if not (key.isascii() and key.isprintable()):
        raise click.BadParameter("a key consists of printable ASCII characters", context, parameter)
    return key or None


_SESSION = click.option("--session", metavar="ID", help="The session, by ID or label instead of by key.")
_OPTIONS = (
    url_option,
    click.option(
        "--api-key",
        metavar="KEY",
        envvar=["MOCKBATCH_API_KEY", "ANTHROPIC_API_KEY"],
        callback=_key,
        help="The session, by the API key of the program. [env ANTHROPIC_API_KEY]",
    ),
    click.option(
        "--control-key",
        metavar="KEY",
        envvar="MOCKBATCH_CONTROL_KEY",
        callback=_key,
        help="One of the server's --control-key, to access all sessions from another machine.",
    ),
)


@contextmanager
def _asking(server: Remote) -> Iterator[Remote]:
    """Turn errors of the control plane into failures with an exit code."""
    try:
        yield server
    except ControlError as error:
        if error.status in STRANGER:
            raise BadInput(f"{server.url} returned {error.status}: {error}") from None
        raise (BadInput if error.status < 500 else CommandError)(str(error)) from None
    finally:
        server.close()
