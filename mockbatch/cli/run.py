"""`mockbatch run -- CMD`: a server for one command, in any language."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from ssl import SSLContext
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

import click

from mockbatch.cli import BadConfig, BadFixture, BadStore, CannotListen, configured, not_listening, server_options
from mockbatch.cli.intercepting import Interception, trusted
from mockbatch.cli.summary import as_intercepted, as_line, as_lines, as_markdown, as_reasons, concerns
from mockbatch.config import OWNER, Config, SettingOrigin

if TYPE_CHECKING:
    from mockbatch.server import Background

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_PROBLEMS, _TIMED_OUT, _INTERRUPTED = 10, 124, 130
_GRACE_SECONDS = 5.0
# options that determine how long batches take
_OF_TIME = ("delay_preset", "wait", "delay", "never", "progression", "poll_advances")


def _run(
    command: tuple[str, ...],
    strict: bool,
    timeout: str | None,
    summary_json: str | None,
    github_summary: bool,
    virtual_time: bool,
    intercept: bool,
    offline: bool,
    **flags: Any,
) -> None:
    if offline and not intercept:
        raise click.UsageError("--offline goes with --intercept.")
    seconds = _seconds(timeout)
    page = _github_page() if github_summary else None
    flags["port"] = flags["port"] or "0"
    config, sources = configured(flags, verbose=True)
    from msgspec.structs import replace

    config = replace(config, owner=token_hex(16), **_quick(sources))
    with ExitStack() as stack:
        trust = stack.enter_context(trusted()) if intercept else None
        server = stack.enter_context(_server(config, trust.context if trust else None))
        with server.admitting():
            environ = _environment(server.url, config)
        if virtual_time:
            environ = _with_virtual_time(environ)
        if trust:
            interception = stack.enter_context(Interception(server.tls_port, offline=offline))
            environ |= trust.variables | interception.variables
        try:
            code = _exit_code_of(command, environ, seconds)
        except _NotRun as error:
            click.echo(f"mockbatch: {error}", err=True)
            sys.exit(error.exit_code)
        with server.admitting():
            summary = _called(server.url, config.owner, "summary")
        summary["intercepted"] = interception.summary() if trust else None
    summary["problems"] = [*concerns(summary), *summary["problems"]]
    _report(summary, code, command, summary_json, page)
    sys.exit(_PROBLEMS if strict and code == 0 and summary["problems"] else code)


def _server(config: Config, tls: SSLContext | None) -> "Background":
    """Start the server of the run. Raises CannotListen, BadStore or BadFixture."""
    from mockbatch.fixtures import FixtureError
    from mockbatch.http.app import create_app
    from mockbatch.server import Background, PortInUse
    from mockbatch.store import StoreError

    try:
        return Background(create_app(config), config.host, config.port, tls=tls)
    except PortInUse as error:
        raise CannotListen(f"{error}; omit --port to use a free one") from None
    except StoreError as error:
        raise BadStore(str(error)) from None
    except FixtureError as error:
        raise BadFixture(str(error)) from None
    except OSError as error:
        raise not_listening(config.host, error) from None


def _quick(sources: Mapping[str, SettingOrigin]) -> dict[str, str]:
    """Return options for short delays, so that a program that just polls ends in seconds; none if delays are set."""
    has_delays = any(sources[name].origin != "default" for name in _OF_TIME)
    return {} if has_delays else {"delay_preset": "fast"}


class _NotRun(Exception):
    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def _seconds(timeout: str | None) -> float | None:
    from mockbatch.core.time.spans import SECOND, parse_span

    try:
        return None if timeout is None else parse_span(timeout) / SECOND
    except ValueError as error:
        raise BadConfig(f"--timeout: {error}") from None


def _github_page() -> Path:
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if not page:
        raise BadConfig("--github-summary: GITHUB_STEP_SUMMARY is not set; GitHub Actions sets it")
    return Path(page)


def _environment(url: str, config: Config) -> dict[str, str]:
    """Return the environment of the command: our own, pointed at the server, with the owner token and no real token."""
    key = config.api_key[0] if config.api_key else _called(url, config.owner, "sessions", {"label": "run"})["api_key"]
    environ = {name: value for name, value in os.environ.items() if name != "ANTHROPIC_AUTH_TOKEN"}
    return {**environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": key, "MOCKBATCH_URL": url, OWNER: config.owner}


def _with_virtual_time(environ: dict[str, str]) -> dict[str, str]:
    """Return the environment with our `sitecustomize` first on PYTHONPATH; it turns sleeps into clock advances."""
    package = Path(__file__).parents[1]
    machine = find_spec("time_machine")
    homes = [str(package.parent), *([str(Path(machine.origin).parents[1])] if machine and machine.origin else [])]
    path = [str(package / "testing" / "startup"), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "PYTHONPATH": os.pathsep.join(path), "MOCKBATCH_VIRTUAL_TIME": os.pathsep.join(homes)}


def _called(url: str, owner: str, path: str, content: dict[str, Any] | None = None) -> Any:
    body = None if content is None else json.dumps(content).encode()
    with build_opener(ProxyHandler({})).open(
        Request(f"{url}/_mockbatch/{path}", body, {"x-mockbatch-owner": owner})
    ) as answer:
        return json.load(answer)


def _exit_code_of(command: tuple[str, ...], environ: dict[str, str], seconds: float | None) -> int:
    """Run a command and return its exit code, as in a shell. A signal that stops us stops the command first."""
    program = shutil.which(command[0])
    try:
        process = subprocess.Popen([program or command[0], *command[1:]], env=environ)
    except FileNotFoundError:
        raise _NotRun(f"command not found: {command[0]}", _NOT_FOUND) from None
    except OSError as error:
        raise _NotRun(f"cannot run {command[0]}: {error.strerror}", _NOT_EXECUTABLE) from None
    signal.signal(signal.SIGTERM, lambda number, frame: process.terminate())
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        _end(process)
        click.echo(f"mockbatch: {command[0]} was terminated after {seconds:g} s", err=True)
        return _TIMED_OUT
    except KeyboardInterrupt:  # the terminal sent it to the command as well
        _end(process)
        return _INTERRUPTED
    return code if code >= 0 else 128 - code


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a terminated command to exit; kill it after a grace period."""
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _report(
    summary: dict[str, Any], code: int, command: tuple[str, ...], summary_json: str | None, page: Path | None
) -> None:
    click.echo(f"mockbatch: {as_line(summary)}", err=True)
    for line in [*as_intercepted(summary), *as_reasons(summary), *as_lines(summary["problems"])]:
        click.echo(f"mockbatch: {line}", err=True)
    if summary_json:
        whole = {"command": list(command), "exit_code": code, **summary}
        Path(summary_json).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    if page:
        with page.open("a", encoding="utf-8") as file:
            file.write(as_markdown(summary))


command = click.Command(
    "run",
    callback=_run,
    params=[
        click.Argument(["command"], nargs=-1, required=True, metavar="-- COMMAND..."),
        click.Option(
            ["--strict"],
            is_flag=True,
            help="Exit with 10 if the command succeeds but problems remain, or no call reached or passed the API.",
        ),
        click.Option(
            ["--virtual-time"],
            is_flag=True,
            help="Sleeps advance the virtual clock instead of waiting, in all Python processes of the command; for "
            "other languages use --progression polls:2.",
        ),
        click.Option(
            ["--intercept"],
            is_flag=True,
            help="Also redirect calls to https://api.anthropic.com itself, with proxy settings and a certificate made "
            "for this run; other hosts stay reachable. Needs mockbatch[intercept].",
        ),
        click.Option(
            ["--offline"],
            is_flag=True,
            help="With --intercept: block all hosts except this machine and those in NO_PROXY.",
        ),
        click.Option(
            ["--timeout"], metavar="SPAN", help="Terminate the command after this time, e.g. 10m, and exit with 124."
        ),
        click.Option(["--summary-json"], metavar="PATH", help="Write the summary to this file as JSON."),
        click.Option(["--github-summary"], is_flag=True, help="Add the summary to the job summary of GitHub Actions."),
        *server_options(port="a free one"),
    ],
    context_settings={"allow_interspersed_args": False},
    help="Start a server, run a command against it, print a summary. The command's ANTHROPIC_BASE_URL and "
    "ANTHROPIC_API_KEY point to the server. Batches take seconds (--delay-preset fast) unless an option sets delays.",
)
