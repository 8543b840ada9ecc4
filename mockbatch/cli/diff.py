"""`mockbatch diff`: compare the mock's replies with recorded ones."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click

from mockbatch.cli import CommandError, Unreachable
from mockbatch.cli.fixtures import refusing

_DIFFERS = 1


def _diff(against: str, url: str | None, bound: float, api_version: str) -> None:
    import httpx2

    from mockbatch.fixtures.conformance import MockSide, compared
    from mockbatch.fixtures.files import interactions

    counts = {True: 0, False: 0, None: 0}
    with refusing(), nullcontext(url) if url else _own_server() as place, MockSide(str(place), api_version) as mock:
        try:
            for one in compared(interactions(Path(against)), mock, bound):
                counts[None if one.differences is None else not one.differences] += 1
                if one.differences:
                    click.echo("\n    ".join([one.name, *one.differences]))
        except httpx2.HTTPError as error:
            raise Unreachable(f"no server at {place}: {error}") from None
    click.echo(
        f"{counts[True]:,} as recorded, {counts[False]:,} not; {counts[None]:,} skipped, as chance decided", err=True
    )
    if not (counts[True] or counts[False]):
        raise CommandError(f"nothing was compared: no response in {against} is determined by its request alone")
    sys.exit(_DIFFERS if counts[False] else 0)


@contextmanager
def _own_server() -> Iterator[str]:
    """Run a server for this comparison in this process."""
    from mockbatch.config import Config
    from mockbatch.http.app import create_app
    from mockbatch.server import Background

    with Background(create_app(Config(progression="immediate"))) as server:
        yield server.url


command = click.Command(
    "diff",
    callback=_diff,
    params=[
        click.Option(["--against"], required=True, metavar="PATH", help="The fixture to compare with."),
        click.Option(["--url"], metavar="URL", help="A running server; default: one started for this."),
        click.Option(
            ["--bound"],
            type=click.FloatRange(0),
            default=0.2,
            show_default=True,
            metavar="SHARE",
            help="The tolerated deviation of input tokens.",
        ),
        click.Option(
            ["--api-version"],
            default="2026-10-21",
            show_default=True,
            metavar="VERSION",
            help="The anthropic-version of the recording.",
        ),
    ],
    help="Compare the mock with recordings of the real API. Sends the recorded requests again, compares the shape of "
    "replies, error messages and input tokens. Exits with 1 on differences.",
)
