"""`mockbatch serve`: the server in the foreground."""

import signal
import sys

import click

from mockbatch.cli import BadStore, CannotListen, configured, server_options
from mockbatch.config import Config

_INTERRUPTED = 130


def _serve(**flags: str | None) -> None:
    config, _ = configured(flags)
    from mockbatch.server import PortInUse, serve
    from mockbatch.store import StoreError

    _warn_when_open(config)
    try:
        stopped_by = serve(config, _say)
    except PortInUse as error:
        raise CannotListen(f"{error}; choose another --port, or 0 for a free one") from None
    except StoreError as error:
        raise BadStore(str(error)) from None
    except OSError as error:
        raise CannotListen(f"cannot listen on {config.host}: {error.strerror}") from None
    if stopped_by == signal.SIGINT:
        sys.exit(_INTERRUPTED)


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()


def _warn_when_open(config: Config) -> None:
    if not config.host.startswith("127.") and config.host not in ("::1", "localhost"):
        keys = "its --api-key opens a session" if config.api_key else "any key opens a session"
        click.echo(f"warning: {config.host} can be reached from other machines, and {keys}", err=True)


command = click.Command("serve", callback=_serve, params=server_options(), help="Start the server.")
