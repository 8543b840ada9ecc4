"""`mockbatch requests`: the calls the server received."""

import json
import sys
from collections.abc import Callable, Iterator
from shutil import get_terminal_size
from typing import Any

import click

from mockbatch.cli.connect import Remote
from mockbatch.cli.output import format_time, print_facts, print_json, print_table, printable, wants_json
from mockbatch.cli.polling import poll
from mockbatch.cli.remote import wants_server
from mockbatch.core.vocabulary import OPERATIONS

Call = dict[str, Any]
_MOST = 1000
# in narrower terminals IDs are cut to their ends, which differ
_WIDE, _WIDEST, _END = 120, 24, 12
_ID = 33
# calls whose path follows from their kind
_ONE_PATH = frozenset({"create", "list", "messages", "count_tokens"})


@click.command("requests")
@click.argument("request_id", required=False, metavar="[REQUEST_ID]")
@click.option(
    "--op",
    type=click.Choice(OPERATIONS),
    metavar="KIND",
    help=f"Show only calls of this kind: {', '.join(OPERATIONS)}.",
)
@click.option("--batch", metavar="ID", help="Show only calls about this batch.")
@click.option(
    "--limit",
    type=click.IntRange(1, _MOST),
    default=20,
    metavar="NUMBER",
    help="Show this many of the latest calls. [default 20]",
)
@click.option("--unmatched", is_flag=True, help="Show the calls, in any session, that matched no endpoint.")
@click.option("-f", "--follow", is_flag=True, help="Print new calls as they arrive, until Ctrl-C.")
@click.option("--interval", type=click.FloatRange(0.1), default=0.5, help="Seconds between updates. [default 0.5]")
@wants_server
@wants_json
def command(
    request_id: str | None,
    op: str | None,
    batch: str | None,
    limit: int,
    unmatched: bool,
    follow: bool,
    interval: float,
    server: Remote,
    as_json: bool,
) -> None:
    """Show the calls of a session, or one in full.

    Without REQUEST_ID, list the latest calls of the session; with it, show that call with headers and bodies. --follow
    --json prints one JSON object per line.
    """

    def look(most: int) -> list[Call]:
        if unmatched:
            return list(server.control.get("requests", "unmatched")["requests"][-most:])
        found = server.mine.get("requests", op=op, batch=batch, limit=most, bodies="false")
        return list(found["requests"])

    if request_id:
        _print_one(server.mine.get("requests", request_id), as_json)
    elif follow:
        _follow(look, limit, interval, as_json)
    else:
        _print(look(limit), as_json)


def _print(calls: list[Call], as_json: bool) -> None:
    if as_json:
        print_json(calls)
    elif not calls:
        click.echo("no calls yet")
    else:
        head = ("virtual time", "call", "status", "about", "request id", "")
        print_table(head, map(_cells, calls), numbers=[2])


def _follow(look: Callable[[int], list[Call]], limit: int, interval: float, as_json: bool) -> None:
    """Print the latest calls, then new ones as they arrive."""
    printed: set[str] | None = None
    for calls in poll(lambda: look(_MOST), interval):
        for call in calls[-limit:] if printed is None else calls:
            if printed is None or call["request_id"] not in printed:
                click.echo(json.dumps(call) if as_json else _line(call))
        printed = {call["request_id"] for call in calls}


def _line(call: Call) -> str:
    at, op, status, about, request_id, more = map(printable, _cells(call))
    colour = "red" if call["status"] >= 400 else None
    width = _END + 1 if _is_narrow() else _ID
    return f"{at}  {op:<12}  {click.style(status, colour)}  {about:<{width}}  {request_id}  {more}".rstrip()


def _cells(call: Call) -> list[str]:
    about = call["batch"] or ("" if call["op"] in _ONE_PATH else call["path"])
    ids = [about, call["request_id"]]
    if _is_narrow():
        ids = [f"…{one[-_END:]}" if len(one) > _WIDEST else one for one in ids]
    return [format_time(call["at"]), call["op"], str(call["status"]), *ids, ", ".join(_more(call))]


def _is_narrow() -> bool:
    return sys.stdout.isatty() and get_terminal_size().columns < _WIDE


def _more(call: Call) -> Iterator[str]:
    """Yield further notes on a call."""
    if call["retry_count"]:
        yield f"retry {call['retry_count']}"
    if call["fault"]:
        yield f"by rule {call['fault']!r}"
    if call["unmet"]:
        yield "the schema is not met"


def _print_one(call: Call, as_json: bool) -> None:
    if as_json:
        print_json(call)
        return
    facts = {
        "call": f"{call['method']} {call['path']}",
        "kind": call["op"],
        "status": str(call["status"]),
        "virtual time": f"{format_time(call['at'])} UTC",
        "real time": f"{format_time(call['real_at'])} UTC",
        "request id": call["request_id"],
        "batch": call["batch"] or "",
        "notes": ", ".join(_more(call)),
    }
    print_facts({name: value for name, value in facts.items() if value})
    headers = "\n".join(f"{name}: {value}" for name, value in call["headers"].items())
    cut = " (only the beginning was kept)" if call["cut"] else ""
    for title, text in (("headers", headers), (f"sent{cut}", call["sent"]), (f"answered{cut}", call["answered"])):
        if text:
            click.echo(f"\n{click.style(title, bold=True)}\n{printable(_indented(text))}")


def _indented(text: str) -> str:
    """Return JSON indented, other text unchanged."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text.rstrip()
