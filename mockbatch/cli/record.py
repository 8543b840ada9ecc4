"""`mockbatch record`: run a command against the real API, and keep what came of it."""

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
    """The flags that go with recording. None can be set by the environment or a file, so that nothing calls a real
    API that was not asked to on this command line."""
    return [
        click.Option(
            ["--upstream"], default=_UPSTREAM, metavar="URL", help=f"The API to record. [default {_UPSTREAM}]"
        ),
        click.Option(["--add"], is_flag=True, help="Keep what is in the fixture and was not met again."),
        *redaction_options(),
    ]


def redaction_options() -> list[click.Parameter]:
    """What to take out beside keys and tokens."""
    return [
        click.Option(
            ["--redact"],
            multiple=True,
            metavar="PATTERN",
            help="Take out what this finds: `mail`, `card`, or a regular expression.",
        ),
        click.Option(
            ["--redact-field"],
            multiple=True,
            metavar="FIELD",
            help="Take out the values of this key, or of keys with dots between them, like metadata.user_id.",
        ),
        click.Option(["--redact-base64"], is_flag=True, help="Leave only a hash of images and documents."),
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
        raise BadConfig(f"recording calls {upstream}, and there is no key for it: set {_KEYS[0]}")
    from mockbatch.http.recording import create_recorder
    from mockbatch.server import RECORDER_DRAIN, Background

    with spooling(out, redact, redact_field, redact_base64) as spool:
        with Background(create_recorder(upstream, spool), drain=RECORDER_DRAIN) as recorder:
            code = _run(command, recorder.url)
        write(Path(out), spool, upstream, add=add)
    sys.exit(code)


def _run(command: tuple[str, ...], url: str) -> int:
    """The exit code of a command that takes the recorder for the API."""
    try:
        with subprocess.Popen(command, env={**os.environ, "ANTHROPIC_BASE_URL": url}) as process:
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:
                    continue  # the command was interrupted as well, and decides
    except OSError as error:
        click.echo(f"mockbatch: {command[0]}: {error.strerror}", err=True)
        return _NOT_FOUND


@contextmanager
def spooling(
    out: str, redact: tuple[str, ...], redact_field: tuple[str, ...], redact_base64: bool
) -> Iterator["Spool"]:
    """Where a recording gathers; the rules of the fixture that it renews apply as well, so that none is forgotten.

    Raises BadConfig for a pattern that is none.
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
    """Write the fixture and say what is in it; answer whether it is whole. Raises BadFixture."""
    from mockbatch.fixtures import FixtureError
    from mockbatch.fixtures.writing import write_fixture

    try:
        written = write_fixture(path, spool, upstream, add=add)
    except OSError as error:
        raise BadFixture(f"{path}: {error.strerror}; what was there is as it was") from None
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
    """What the recording cost, at the newest prices that are known."""
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
        yield f"cost not known: there is no price for {', '.join(bill.unpriced)}"


def serve_recording(config: Config, out: str, upstream: str, add: bool, **redaction: Any) -> signal.Signals | None:
    """Record until a signal comes, which is answered; then write the fixture."""
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
    """The recorder behind what is on the tape. Raises BadFixture."""
    from msgspec.structs import replace

    from mockbatch.core.cassette.tape import Tape
    from mockbatch.fixtures import FixtureError
    from mockbatch.fixtures.files import tape_of
    from mockbatch.http.app import create_app
    from mockbatch.http.episodes import create_episodes

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
            help="The fixture: a folder, or a .jsonl, .jsonl.gz or .jsonl.zst.",
        ),
        *recording_options(),
        click.Argument(["command"], nargs=-1, required=True, type=click.UNPROCESSED),
    ],
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    help="Run a command and record what the real API answers. ANTHROPIC_BASE_URL is that of a recorder, which passes "
    "all calls on and writes batches, messages, token counts and files to a fixture. Polls are left out, and keys.",
)
