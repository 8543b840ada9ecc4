"""`mockbatch batch`: a client for batches in files, for mockbatch or the real API."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from mockbatch.cli import CommandError, Unreachable, configured
from mockbatch.cli.groups import Group
from mockbatch.config import OPTIONS

if TYPE_CHECKING:
    from mockbatch.client.api import Api
    from mockbatch.core.money.prices import Prices

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    # not subscriptable before click 8.4
    ParamType = click.ParamType

F = TypeVar("F", bound=Callable[..., Any])

_COMMANDS = {
    "check": "check",
    "submit": "submit",
    "watch": "watch",
    "list": "listing",
    "show": "listing",
    "cancel": "listing",
    "delete": "listing",
    "results": "results",
}
_LOCAL_KEY = "sk-ant-mockbatch"
_NEWEST = "2026-10-21"
TIMED_OUT = 124


class _BatchCommands(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        commands: dict[str, click.Command] = import_module(f"mockbatch.cli.batch.{module}").commands
        return commands[cmd_name]

    def invoke(self, ctx: click.Context) -> Any:
        with _reported():
            return super().invoke(ctx)


@click.group("batch", cls=_BatchCommands)
def command() -> None:
    """Submit a file of requests, watch batches, get results.

    Works with mockbatch and, given a real key and --base-url, with the real API.
    """


class OptionText(ParamType):
    """A parameter with the syntax of the configuration option `name`."""

    def __init__(self, name: str) -> None:
        self.name = OPTIONS[name].metavar
        self._parse = OPTIONS[name].parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def wants_terms(function: F) -> F:
    """Add the options for the API version and betas."""
    for option in (
        click.option("--beta", "betas", multiple=True, metavar="NAME", help="A value of the anthropic-beta header."),
        click.option(
            "--api-version", "version", default=_NEWEST, metavar="DATE", help=f"anthropic-version. [default {_NEWEST}]"
        ),
    ):
        function = option(function)
    return function


class Connection(NamedTuple):
    """The API to call, with its credentials."""

    base_url: str | None
    api_key: str | None
    version: str
    betas: tuple[str, ...]

    @contextmanager
    def api(self, say: Callable[[str], None], idle: float = 60.0) -> "Iterator[Api]":
        """Open the API. Raises UsageError for another machine without a key."""
        from mockbatch.client.api import Api
        from mockbatch.core.hosts import is_local

        base_url, api_key = self.base_url, self.api_key
        if base_url is None:
            config, _ = configured({"config": None})
            base_url = f"http://127.0.0.1:{config.port}"
        if api_key is None:
            if not is_local(base_url):
                raise click.UsageError(f"{base_url} needs a key: set ANTHROPIC_API_KEY or --api-key")
            api_key = _LOCAL_KEY
        api = Api(base_url, api_key, self.version, self.betas, idle=idle, say=say)
        try:
            yield api
        finally:
            api.close()


def wants_api(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for the API and its credentials; the function receives `connection`."""

    @wraps(function)
    def connected(base_url: str | None, api_key: str | None, version: str, betas: tuple[str, ...], **more: Any) -> Any:
        return function(connection=Connection(base_url, api_key, version, betas), **more)

    for option in (
        wants_terms,
        click.option(
            "--api-key", metavar="KEY", envvar="ANTHROPIC_API_KEY", help="The API key. [env ANTHROPIC_API_KEY]"
        ),
        click.option(
            "--base-url",
            metavar="URL",
            envvar=["ANTHROPIC_BASE_URL", "MOCKBATCH_URL"],
            help="The API to call; default: the mockbatch configured here. [env ANTHROPIC_BASE_URL, MOCKBATCH_URL]",
        ),
    ):
        connected = option(connected)
    return connected


def wants_limits(function: F) -> F:
    """Add the options for the maximum size of a batch."""
    for name, help in (
        ("max_bytes", "The maximum body size of a batch."),
        ("max_requests", "The maximum number of requests per batch."),
    ):
        default = OPTIONS[name].default
        function = click.option(
            "--" + name.replace("_", "-"), type=OptionText(name), default=default, help=f"{help} [default {default:,}]"
        )(function)
    return function


def prices_here() -> "Prices":
    """Return the prices configured here, or the built-in ones."""
    from mockbatch.service.sessions.settings import prices_of

    config, _ = configured({"config": None})
    return prices_of(config)


@contextmanager
def _reported() -> Iterator[None]:
    """Turn errors into failures with an exit code."""
    from mockbatch.client import ClientError
    from mockbatch.files import UnreadableFile

    try:
        yield
    except UnreadableFile as error:
        raise CommandError(str(error)) from None
    except ClientError as error:
        from mockbatch.client.api import Unanswered

        raise (Unreachable if isinstance(error, Unanswered) else CommandError)(str(error)) from None
    except BrokenPipeError:
        raise  # the reader closed the pipe
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise CommandError(f"{where}{error.strerror or error}") from None
