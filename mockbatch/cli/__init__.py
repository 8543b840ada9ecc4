"""The command `mockbatch`. Subcommands are imported when called, so that none pays for another."""

import errno
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import click

from mockbatch import __version__
from mockbatch.cli.groups import Lazy
from mockbatch.config import (
    OPTIONS,
    Config,
    ConfigError,
    Option,
    SettingOrigin,
    files_used,
    flag_of,
    resolve,
    variable_of,
)

_SECTIONS = {
    "Begin": {"init": "init", "serve": "serve", "run": "run", "record": "record"},
    "A running server": {
        "open": "open_dashboard",
        "watch": "watch",
        "clock": "clock",
        "rules": "rules",
        "sessions": "sessions",
        "requests": "calls",
        "verify": "verify",
        "problems": "problems",
        "reset": "reset",
        "snapshot": "snapshot",
        "synth": "synth",
        "health": "health",
    },
    "Files": {"batch": "batch", "import": "import_traffic", "fixtures": "fixtures", "diff": "diff"},
    "Money": {"prices": "prices", "estimate": "estimate", "cost": "cost", "reconcile": "reconcile"},
    "Reference": {"faults": "faults", "config": "config", "openapi": "openapi"},
}
_WORDS = {
    **{name: f"clock {name}" for name in ("advance", "freeze", "resume", "speedup")},
    "time": "clock",
    **dict.fromkeys(("journal", "log", "logs", "calls"), "requests"),
    **dict.fromkeys(("dashboard", "ui", "browser"), "open"),
    **dict.fromkeys(("status", "ping", "info"), "health"),
    **dict.fromkeys(("fault", "presets"), "faults"),
    **dict.fromkeys(("start", "server"), "serve"),
    "check": "problems",
    "ledger": "cost",
    "replay": "serve",
}
INTERRUPTED = 130


class CommandError(click.ClickException):
    """An error, printed as one sentence on standard error; each subclass has its own exit code."""

    def show(self, file: object = None) -> None:
        click.echo(f"mockbatch: {self.message}", err=True)


class CannotListen(CommandError):
    exit_code = 3


class BadConfig(CommandError):
    exit_code = 4


class Unreachable(CommandError):
    exit_code = 5


class BadStore(CommandError):
    exit_code = 6


class BadInput(CommandError):
    exit_code = 2


class BadFixture(CommandError):
    exit_code = 7


def not_listening(host: str, error: OSError) -> CannotListen:
    """Return the failure for a server that cannot start for other reasons than its store or its options."""
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        return CannotListen(f"the server cannot start: {error.strerror}")
    return CannotListen(f"cannot listen on {host}: {error.strerror or error}")


def say(line: str) -> None:
    """Print a line. A standard output that is closed, full, or cannot encode it only causes a warning."""
    try:
        click.echo(line)
    except (OSError, ValueError, AttributeError) as error:
        click.echo(f"mockbatch: standard output cannot be written: {error}", err=True)


class _Commands(Lazy):
    sections = _SECTIONS
    unlisted: ClassVar[Mapping[str, str]] = {"serve-child": "serve_child"}
    words = _WORDS

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise BadConfig(str(error)) from None
        except KeyboardInterrupt:
            if sys.stderr.isatty():
                click.echo(err=True)  # after the ^C that the terminal shows
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            _write_no_more()
            sys.exit(0)  # the reader of our output closed the pipe; not an error
        except OSError as error:
            _write_no_more()
            where = f"{error.filename}: " if error.filename else ""
            raise CommandError(f"{where}{error.strerror or error}") from None


def _write_no_more() -> None:
    """Discard anything Python would still flush to standard output on exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mockbatch", message="%(prog)s %(version)s")
def main() -> None:
    """A local stand-in for the Message Batches API, with a clock that can skip a day in a millisecond."""


def server_options(*, port: str | None = None) -> list[click.Parameter]:
    """Return a flag for every option, and --config. `port` overrides the default shown for --port."""
    flags = [_flag(name, spec, _also(name, spec, port)) for name, spec in OPTIONS.items()]
    return [
        *flags,
        click.Option(
            ["--config"],
            metavar="PATH",
            help="Read options from this file instead of ./mockbatch.toml and [tool.mockbatch] in ./pyproject.toml. "
            "[env MOCKBATCH_CONFIG]",
        ),
    ]


def session_options() -> list[click.Parameter]:
    """Return a flag for every option that can be set per session over HTTP."""
    return [
        _flag(name, spec, "")
        for name, spec in OPTIONS.items()
        if not spec.of_server and (spec.means == "data" or spec.is_data)
    ]


def _flag(name: str, spec: Option, also: str) -> click.Parameter:
    help = f"{spec.help}{also}"
    if spec.is_switch:
        return click.Option([f"{flag_of(name)}/{flag_of(f'no_{name}')}", name], default=None, help=help)
    return click.Option(
        [flag_of(name), name],
        is_flag=spec.is_flag,
        multiple=spec.many,
        flag_value="true" if spec.is_flag else None,
        default=None,
        metavar=None if spec.is_flag else spec.metavar,
        help=help,
    )


def _also(name: str, spec: Option, port: str | None) -> str:
    default = port if name == "port" and port else spec.shown_default
    shown = f" [default {default}]" if default else ""
    return f"{shown} [env {variable_of(name)}]"


def texts_given(flags: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of the options that were given, by name."""
    texts = {
        name: OPTIONS[name].separator.join(value) or None if isinstance(value, tuple) else value
        for name, value in flags.items()
    }
    return {name: _as_text(text) for name, text in texts.items() if text is not None}


def _as_text(value: str | bool) -> str:
    """Return the value of a flag as it would be written in the environment."""
    return value if isinstance(value, str) else str(value).lower()


def configured(flags: dict[str, Any], *, verbose: bool = False) -> tuple[Config, dict[str, SettingOrigin]]:
    """Return the configuration of this call; if `verbose`, print the files it was read from.

    Raises BadConfig if it is invalid.
    """
    named = flags.pop("config") or os.environ.get("MOCKBATCH_CONFIG")
    file = Path(named) if named else None
    try:
        found = resolve(texts_given(flags), os.environ, file, Path.cwd())
        for used in files_used(file, Path.cwd()) if verbose else ():
            click.echo(f"mockbatch: options from {used}", err=True)
        return found
    except FileNotFoundError:
        raise BadConfig("the working directory no longer exists; change to another one") from None
    except ConfigError as error:
        raise BadConfig(str(error)) from None
