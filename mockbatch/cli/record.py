"""`mockbatch record`: run a command against the real API and record it as a fixture."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockbatch.cli import BadConfig, BadFixture, CannotListen, not_listening, say
from mockbatch.config import Config
from mockbatch.core.numbers import how_many

if TYPE_CHECKING:
    from starlette.routing import Router

    from mockbatch.fixtures.spool import Spool

_UPSTREAM = "https://api.anthropic.com"
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
_NOT_FOUND = 127


def recording_options() -> list[click.Parameter]:
    """Return the flags for recording. They cannot be set by environment or file, so that only an explicit command line
    calls the real API."""
    return [
        click.Option(
            ["--upstream"], default=_UPSTREAM, metavar="URL", help=f"The API to record. [default {_UPSTREAM}]"
        ),
        click.Option(["--add"], is_flag=True, help="Keep interactions of the fixture that did not recur."),
        *redaction_options(),
    ]


def redaction_options() -> list[click.Parameter]:
    """Return the flags for redaction beyond keys and tokens."""
    return [
        click.Option(
            ["--redact"],
            multiple=True,
            metavar="PATTERN",
            help="Redact matches of this: `mail`, `card`, or a regular expression.",
        ),
        click.Option(
            ["--redact-field"],
            multiple=True,
            metavar="FIELD",
            help="Redact the values of this key, or of a dotted path, e.g. metadata.user_id.",
        ),
        click.Option(["--redact-base64"], is_flag=True, help="Replace images and documents by a hash."),
    ]


def _record(
    out: str,
    upstream: str,
    add: bool,
    redact: tuple[str, ...],
    redact_field: tuple[str, ...],
    redact_base64: bool,
    command: tuple[str, ...],
) -> None:
    if not any(os.environ.get(name) for name in _KEYS):
        raise BadConfig(f"recording calls {upstream}, which needs a key: set {_KEYS[0]}")
    from mockbatch.http.recording import create_recorder
    from mockbatch.server import RECORDER_DRAIN, Background

    with spooling(out, redact, redact_field, redact_base64) as spool:
        with Background(create_recorder(upstream, spool), drain=RECORDER_DRAIN) as recorder:
            code = _run(command, recorder.url)
        write(Path(out), spool, upstream, add=add)
    sys.exit(code)


def _run(command: tuple[str, ...], url: str) -> int:
    """Run a command against the recorder and return its exit code."""
    try:
        with subprocess.Popen(command, env={**os.environ, "ANTHROPIC_BASE_URL": url}) as process:
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:
                    continue  # the command was interrupted as well; it decides when to exit
    except OSError as error:
        click.echo(f"mockbatch: {command[0]}: {error.strerror}", err=True)
        return _NOT_FOUND


@contextmanager
def spooling(
    out: str, redact: tuple[str, ...], redact_field: tuple[str, ...], redact_base64: bool
) -> Iterator["Spool"]:
    """Collect a recording. The redaction rules of a fixture that it replaces apply too, so that none is forgotten.

    Raises BadConfig for an invalid pattern.
    """
    from mockbatch.core.cassette.redaction import Redaction, both
    from mockbatch.fixtures.files import rules_of
    from mockbatch.fixtures.spool import Spool

    try:
        spool = Spool(both(rules_of(Path(out)), Redaction(redact_field, redact, redact_base64)))
    except ValueError as error:
        raise BadConfig(f"--redact: {error}") from None
    try:
        yield spool
    finally:
        spool.close()


def write(path: Path, spool: "Spool", upstream: str, *, add: bool) -> bool:
    """Write the fixture, print its contents, and return whether it is complete. Raises BadFixture."""
    from mockbatch.fixtures import FixtureError
    from mockbatch.fixtures.writing import write_fixture

    try:
        written = write_fixture(path, spool, upstream, add=add)
    except OSError as error:
        raise BadFixture(f"{path}: {error.strerror}; nothing was changed") from None
    except FixtureError as error:
        raise BadFixture(str(error)) from None
    same = f", {written.kept:,} of them unchanged" if written.kept else ""
    click.echo(f"{written.path}: {how_many(written.interactions, 'interaction')}{same}", err=True)
    for line in [*spool.tokens.lines(), *_cost(spool)]:
        click.echo(f"  {line}", err=True)
    for reason in written.partial:
        click.echo(f"  partial: {reason}", err=True)
    return not written.partial


def _cost(spool: "Spool") -> Iterator[str]:
    """Yield the cost of the recording, at the newest known prices."""
    if not spool.tokens.sums.rows():
        return
    from mockbatch.cli.pricing import dollars
    from mockbatch.core.money.ledger import net
    from mockbatch.core.money.prices import Prices

    prices = Prices()
    bill = net(spool.tokens.sums, prices.as_of, prices)
    if bill.net:
        yield f"cost: {dollars(bill.net)} at the prices of {prices.as_of}"
    if bill.unpriced:
        yield f"cost unknown: there is no price for {', '.join(bill.unpriced)}"


def serve_recording(config: Config, out: str, upstream: str, add: bool, **redaction: Any) -> signal.Signals | None:
    """Record until a signal arrives, then write the fixture and return the signal."""
    from mockbatch.http.recording import create_recorder
    from mockbatch.server import CannotStart, PortInUse, serve

    new_only = config.replay is not None and config.replay_mode == "new_episodes"

    with spooling(out, **redaction) as spool:
        try:
            recorder = create_recorder(upstream, spool)
            app = _with_episodes(config, recorder) if new_only else recorder
            stopped_by = serve(config, say, app, upstream)
        except PortInUse as error:
            raise CannotListen(f"{error}; choose another --port, or 0 for a free one") from None
        except CannotStart as error:
            raise CannotListen(str(error)) from None
        except OSError as error:
            raise not_listening(config.host, error) from None
        write(Path(out), spool, upstream, add=add or new_only)
    return stopped_by


def _with_episodes(config: Config, recorder: "Router") -> "Router":
    """Return an app that replays the tape and records everything else. Raises BadFixture."""
    from msgspec.structs import replace

    from mockbatch.core.cassette.tape import Tape
    from mockbatch.fixtures import FixtureError
    from mockbatch.fixtures.files import tape_of
    from mockbatch.http.app import create_app
    from mockbatch.http.record_new import create_episodes

    path = Path(config.replay or "")
    try:
        tape = tape_of(path, config.match_on) if path.exists() else Tape((), config.match_on)
    except FixtureError as error:
        raise BadFixture(str(error)) from None
    played = replace(config, replay=config.replay if path.exists() else None, replay_mode="none")
    return create_episodes(create_app(played), recorder, tape)


_OUT = "The fixture: a folder, or a file: .jsonl, .jsonl.gz or .jsonl.zst."

command = click.Command(
    "record",
    callback=_record,
    params=[
        click.Option(
            ["--out"],
            required=True,
            metavar="PATH",
            help="The fixture: a folder, or a .jsonl, .jsonl.gz or .jsonl.zst file.",
        ),
        *recording_options(),
        click.Argument(["command"], nargs=-1, required=True, type=click.UNPROCESSED),
    ],
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    help="Run a command and record the real API's responses. ANTHROPIC_BASE_URL points to a recorder, which forwards "
    "all calls and writes batches, messages, token counts and files to a fixture, without polls and keys.",
)
