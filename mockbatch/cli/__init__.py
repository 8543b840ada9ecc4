"""The command `mockbatch`. A command is imported when it is called, so that none pays for another."""

import errno
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from mockbatch import __version__
from mockbatch.config import OPTIONS, Config, ConfigError, Option, Source, files_used, flag_of, resolve, variable_of

_COMMANDS = {
    "serve": "serve",
    "run": "run",
    "record": "record",
    "import": "importing",
    "fixtures": "fixtures",
    "diff": "diff",
    "batch": "batch",
    "faults": "faults",
    "synth": "synth",
    "prices": "prices",
    "estimate": "estimate",
    "cost": "cost",
    "reconcile": "reconcile",
    "watch": "watch",
    "health": "health",
    "config": "config",
    "openapi": "openapi",
}


class Failure(click.ClickException):
    """One sentence on standard error; each kind has an exit code of its own."""

    def show(self, file: object = None) -> None:
        click.echo(f"mockbatch: {self.message}", err=True)


class CannotListen(Failure):
    exit_code = 3


class BadConfig(Failure):
    exit_code = 4


class Unreachable(Failure):
    exit_code = 5


class BadStore(Failure):
    exit_code = 6


class BadInput(Failure):
    exit_code = 2


class BadFixture(Failure):
    exit_code = 7


def not_listening(host: str, error: OSError) -> CannotListen:
    """What keeps a server from starting, where that is neither its store nor its options."""
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        return CannotListen(f"the server cannot start: {error.strerror}")
    return CannotListen(f"cannot listen on {host}: {error.strerror or error}")


def say(line: str) -> None:
    """Print a line at once. A standard output that is closed, full, or of another encoding stops nobody."""
    try:
        click.echo(line)
    except (OSError, ValueError, AttributeError) as error:
        click.echo(f"mockbatch: standard output cannot be written: {error}", err=True)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(f"mockbatch.cli.{module}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise BadConfig(str(error)) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mockbatch", message="%(prog)s %(version)s")
def main() -> None:
    """A local stand-in for the Message Batches API, in which a day passes in a millisecond."""


def server_options() -> list[click.Parameter]:
    """A flag for every option of the configuration, and --config."""
    flags = [_flag(name, spec) for name, spec in OPTIONS.items()]
    return [
        *flags,
        click.Option(
            ["--config"],
            metavar="PATH",
            help="Read options from this file, instead of "
            "mockbatch.toml or [tool.mockbatch] in pyproject.toml here. [env MOCKBATCH_CONFIG]",
        ),
    ]


def _flag(name: str, spec: Option) -> click.Parameter:
    help = f"{spec.help}{_default(spec)} [env {variable_of(name)}]"
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


def _default(spec: Option) -> str:
    return f" [default {spec.shown_default}]" if spec.shown_default else ""


def _as_text(value: str | bool) -> str:
    """What click has read of a flag, as it would stand in the environment."""
    return value if isinstance(value, str) else str(value).lower()


def configured(flags: dict[str, Any], *, told: bool = False) -> tuple[Config, dict[str, Source]]:
    """The configuration of this call; the files that it comes from are named if they are to be told.

    Raises BadConfig for one that cannot be used.
    """
    named = flags.pop("config") or os.environ.get("MOCKBATCH_CONFIG")
    file = Path(named) if named else None
    texts = {
        name: OPTIONS[name].separator.join(value) or None if isinstance(value, tuple) else value
        for name, value in flags.items()
    }
    given = {name: _as_text(text) for name, text in texts.items() if text is not None}
    try:
        found = resolve(given, os.environ, file, Path.cwd())
        for used in files_used(file, Path.cwd()) if told else ():
            click.echo(f"mockbatch: options from {used}", err=True)
        return found
    except FileNotFoundError:
        raise BadConfig("the working directory is gone; change into one that is there") from None
    except ConfigError as error:
        raise BadConfig(str(error)) from None
