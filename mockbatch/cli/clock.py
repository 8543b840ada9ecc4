"""`mockbatch clock`: time on a running server."""

from typing import Any

import click

from mockbatch.cli.groups import Group
from mockbatch.cli.reached import Remote
from mockbatch.cli.remote import wants_server
from mockbatch.cli.shown import moment, print_facts, print_json, print_table, wants_json
from mockbatch.core.numbers import how_many
from mockbatch.core.time.spans import DAY, HOUR, MINUTE, SECOND, format_span, parse_instant

_SHOWN = 20


class _Clock(Group):
    default = "show"


@click.group("clock", cls=_Clock)
def command() -> None:
    """Show the clock of a session, or move it.

    Each session has a virtual clock of its own. It goes forward only.
    """


@command.command("show")
@wants_server
@wants_json
def show(server: Remote, as_json: bool) -> None:
    """Show the virtual time, and what it will bring next."""
    _tell(server.mine.get("clock"), as_json)


@command.command("advance")
@click.argument("span", required=False, metavar="[SPAN]")
@click.option("--to", metavar="TIME", help="To this time, like 2026-12-24T18:00:00Z, instead of by a SPAN.")
@click.option("--events", type=click.IntRange(1), metavar="NUMBER", help="Advance past this many events of batches.")
@click.option("--until-ended", metavar="BATCH", help="To the end of this batch.")
@wants_server
@wants_json
def advance(
    span: str | None, to: str | None, events: int | None, until_ended: str | None, server: Remote, as_json: bool
) -> None:
    """Let time pass at once: by a SPAN like 25h, or to a moment.

    Tells what happened to batches on the way.
    """
    until = {"until": "batch.ended", "batch": until_ended} if until_ended else {}
    given = {"by": span, "to": to, "events": events, **until}
    wanted = {name: value for name, value in given.items() if value is not None}
    if len(wanted) - len(until) // 2 != 1:
        raise click.UsageError("name one of: a SPAN like 25h, --to, --events, --until-ended")
    moved = server.mine.post("clock", "advance", **wanted)
    if as_json:
        print_json(moved)
        return
    _tell_events(moved["events"])
    click.echo(f"{moment(moved['now'])} UTC, {how_many(len(moved['events']), 'event')} on the way")


@command.command("freeze")
@wants_server
@wants_json
def freeze(server: Remote, as_json: bool) -> None:
    """Let time stand still, unless it is advanced."""
    _tell(server.mine.post("clock", "freeze"), as_json)


@command.command("resume")
@wants_server
@wants_json
def resume(server: Remote, as_json: bool) -> None:
    """Let time run again."""
    _tell(server.mine.post("clock", "resume"), as_json)


@command.command("speedup")
@click.argument("factor", type=click.FloatRange(0, 1e9))
@wants_server
@wants_json
def speedup(factor: float, server: Remote, as_json: bool) -> None:
    """Let FACTOR virtual seconds pass in a real one."""
    _tell(server.mine.post("clock", "speedup", speedup=factor), as_json)


def _tell(view: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    pace = f"×{view['speedup']:,g}"
    print_facts(
        {
            "now": f"{moment(view['now'])} UTC",
            "pace": f"frozen ({pace} when it runs)" if view["frozen"] else pace,
            "next": _next(view["next_event"], view["now"]),
        }
    )


def _next(event: dict[str, str] | None, now: str) -> str:
    if event is None:
        return "nothing"
    ahead = max(parse_instant(event["at"]) - parse_instant(now), 0)
    return f"{event['type']} {event['batch']} at {moment(event['at'])}, in {_about(ahead)}"


def _about(span: int) -> str:
    """Return a span without the parts that are small beside it."""
    size = HOUR if span >= DAY else MINUTE if span >= HOUR else SECOND
    return format_span(span // size * size)


def _tell_events(events: list[dict[str, str]]) -> None:
    if events:
        print_table(
            ("at", "what", "batch"), ((moment(one["at"]), one["type"], one["batch"]) for one in events[:_SHOWN])
        )
    if len(events) > _SHOWN:
        click.echo(f"and {len(events) - _SHOWN:,} more; --json has them all")
