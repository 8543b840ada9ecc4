"""`mockbatch clock`: virtual time on a running server."""

from typing import Any

import click

from mockbatch.cli.connect import Remote
from mockbatch.cli.groups import Group
from mockbatch.cli.output import format_time, print_facts, print_json, print_table, wants_json
from mockbatch.cli.remote import wants_server
from mockbatch.core.numbers import how_many
from mockbatch.core.time.spans import DAY, HOUR, MINUTE, SECOND, format_span, parse_instant

_SHOWN = 20


class _Clock(Group):
    default = "show"


@click.group("clock", cls=_Clock)
def command() -> None:
    """Show or control the virtual clock of a session.

    Each session has its own clock. It only moves forward.
    """


@command.command("show")
@wants_server
@wants_json
def show(server: Remote, as_json: bool) -> None:
    """Show the virtual time and the next event."""
    _print(server.mine.get("clock"), as_json)


@command.command("advance")
@click.argument("span", required=False, metavar="[SPAN]")
@click.option("--to", metavar="TIME", help="Advance to this time, e.g. 2026-12-24T18:00:00Z.")
@click.option("--events", type=click.IntRange(1), metavar="NUMBER", help="Advance past this many batch events.")
@click.option("--until-ended", metavar="BATCH", help="Advance to the end of this batch.")
@wants_server
@wants_json
def advance(
    span: str | None, to: str | None, events: int | None, until_ended: str | None, server: Remote, as_json: bool
) -> None:
    """Advance the clock by a SPAN such as 25h, or to a point in time.

    Prints the batch events on the way.
    """
    until = {"until": "batch.ended", "batch": until_ended} if until_ended else {}
    given = {"by": span, "to": to, "events": events, **until}
    wanted = {name: value for name, value in given.items() if value is not None}
    if len(wanted) - len(until) // 2 != 1:
        raise click.UsageError("give one of: a SPAN like 25h, --to, --events, --until-ended")
    moved = server.mine.post("clock", "advance", **wanted)
    if as_json:
        print_json(moved)
        return
    _print_events(moved["events"])
    click.echo(f"{format_time(moved['now'])} UTC, {how_many(len(moved['events']), 'event')} on the way")


@command.command("freeze")
@wants_server
@wants_json
def freeze(server: Remote, as_json: bool) -> None:
    """Freeze time; it moves only when advanced."""
    _print(server.mine.post("clock", "freeze"), as_json)


@command.command("resume")
@wants_server
@wants_json
def resume(server: Remote, as_json: bool) -> None:
    """Resume a frozen clock."""
    _print(server.mine.post("clock", "resume"), as_json)


@command.command("speedup")
@click.argument("factor", type=click.FloatRange(0, 1e9))
@wants_server
@wants_json
def speedup(factor: float, server: Remote, as_json: bool) -> None:
    """Set the pace: FACTOR virtual seconds per real second."""
    _print(server.mine.post("clock", "speedup", speedup=factor), as_json)


def _print(view: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    pace = f"×{view['speedup']:,g}"
    print_facts(
        {
            "now": f"{format_time(view['now'])} UTC",
            "pace": f"frozen ({pace} when it runs)" if view["frozen"] else pace,
            "next": _next(view["next_event"], view["now"]),
        }
    )


def _next(event: dict[str, str] | None, now: str) -> str:
    if event is None:
        return "nothing"
    ahead = max(parse_instant(event["at"]) - parse_instant(now), 0)
    return f"{event['type']} {event['batch']} at {format_time(event['at'])}, in {_about(ahead)}"


def _about(span: int) -> str:
    """Return a span in words, rounded down to a unit suited to its size."""
    size = HOUR if span >= DAY else MINUTE if span >= HOUR else SECOND
    return format_span(span // size * size)


def _print_events(events: list[dict[str, str]]) -> None:
    if events:
        print_table(
            ("at", "what", "batch"), ((format_time(one["at"]), one["type"], one["batch"]) for one in events[:_SHOWN])
        )
    if len(events) > _SHOWN:
        click.echo(f"and {len(events) - _SHOWN:,} more; --json prints all")
