"""`mockbatch serve`: the server in the foreground."""

import gc
import signal
import sys
from pathlib import Path

import click
from msgspec.structs import replace

from mockbatch.cli import BadConfig, BadFixture, BadStore, CannotListen, configured, not_listening, say, server_options
from mockbatch.cli.record import recording_options, serve_recording
from mockbatch.config import Config

_INTERRUPTED = 130


def _serve(
    record: str | None,
    upstream: str,
    add: bool,
    redact: tuple[str, ...],
    redact_field: tuple[str, ...],
    redact_base64: bool,
    **flags: str | None,
) -> None:
    config, _ = configured(flags, verbose=True)
    _warn_when_open(config)
    if record and _records(config):
        rules = {"redact": redact, "redact_field": redact_field, "redact_base64": redact_base64}
        stopped_by = serve_recording(config, record, upstream, add, **rules)
    else:
        stopped_by = _serve_mock(config, bool(record))
    if stopped_by == signal.SIGINT:
        sys.exit(_INTERRUPTED)


def _records(config: Config) -> bool:
    """Whether some or all calls go to the upstream. Raises BadConfig if that contradicts the replay mode."""
    if config.replay is None or config.replay_mode in ("all", "new_episodes"):
        return True
    if config.replay_mode == "once":
        return not Path(config.replay).exists()
    raise BadConfig(
        f"--record cannot be combined with --replay-mode {config.replay_mode}, which never calls an upstream"
    )


def _serve_mock(config: Config, may_record: bool) -> signal.Signals | None:
    if config.replay and config.replay_mode in ("once", "new_episodes", "all") and not may_record:
        raise BadConfig(
            f"--replay-mode {config.replay_mode} records missing requests: set the fixture with --record PATH"
        )
    gc.disable()  # until the server is ready: imports create no garbage
    from mockbatch.fixtures import FixtureError
    from mockbatch.server import CannotStart, PortInUse, is_terminal, serve
    from mockbatch.store import StoreError

    if config.log_requests is None:
        config = replace(config, log_requests=is_terminal(sys.stderr))
    try:
        return serve(config, say)
    except PortInUse as error:
        raise CannotListen(f"{error}; choose another --port, or 0 for a free one") from None
    except FixtureError as error:
        raise BadFixture(str(error)) from None
    except StoreError as error:
        raise BadStore(str(error)) from None
    except CannotStart as error:
        raise CannotListen(str(error)) from None
    except OSError as error:
        raise not_listening(config.host, error) from None


def _warn_when_open(config: Config) -> None:
    if not config.host.startswith("127.") and config.host not in ("::1", "localhost"):
        keys = "each --api-key controls it" if config.api_key else "any key opens a session and controls it"
        more = "" if config.api_key else "; set --api-key to accept only those you name"
        if not (config.api_key or config.control_key):
            more += ", --control-key to see all sessions and the dashboard from there"
        click.echo(f"warning: {config.host} can be reached from other machines: {keys}{more}", err=True)


command = click.Command(
    "serve",
    callback=_serve,
    params=[
        *server_options(),
        click.Option(
            ["--record"],
            metavar="PATH",
            help="Forward all calls to --upstream with the client's key, and record them to this fixture.",
        ),
        *recording_options(),
    ],
    help="Start the server.",
)
