"""The summary of a run, in words."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from mockbatch.cli.counting import problems_counted
from mockbatch.cli.intercepting import without_a_call
from mockbatch.cli.pricing import dollars
from mockbatch.core.numbers import how_many
from mockbatch.core.time.spans import SECOND, format_span

_SHOWN = 20
_REASONS = 5
_OUTCOMES = {
    "succeeded": "succeeded",
    "errored": "errored",
    "expired": "expired",
    "canceled": "canceled",
    "processing": "unfinished",
}
# calls that are counted separately, or implied by the batches they are about
_OF_BATCHES = {"create", "retrieve", "list", "cancel", "delete", "results"}


def concerns(summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield problems of a run as a whole: it called nothing, or everything was refused."""
    calls, refused = sum(summary["calls"].values()), sum(summary["refused"].values())
    rows, bad = sum(summary["rows"].values()), sum(r["count"] for r in summary["reasons"] if r["refused"])
    if not calls:
        yield _problem("nothing_called", f"nothing has called the API; {_why_nothing(summary['intercepted'])}")
    elif refused == calls:
        yield _problem("all_refused", f"the API has refused all {how_many(calls, 'call')}; {summary['refusal']}")
    elif rows and bad == rows:
        yield _problem("all_refused", f"the API has refused all {how_many(rows, 'request')}")


def _why_nothing(intercepted: Mapping[str, Any] | None) -> str:
    if intercepted is None:
        return "does the command use ANTHROPIC_BASE_URL? If it names the official host itself, --intercept catches it"
    return without_a_call(intercepted)


def _problem(kind: str, text: str) -> dict[str, Any]:
    return {"kind": kind, "text": text, "batches": [], "custom_ids": []}


def as_line(summary: Mapping[str, Any]) -> str:
    """Return the summary in one line."""
    rows = summary["rows"]
    outcomes = ", ".join(f"{rows[name]:,} {label}" for name, label in _OUTCOMES.items() if rows[name])
    virtual = format_span(round(summary["virtual_seconds"]) * SECOND)
    parts = [
        how_many(summary["batches"], "batch", "batches"),
        how_many(sum(rows.values()), "request") + (f" ({outcomes})" if outcomes else ""),
        *_calls(summary),
        *_cost(summary),
        how_many(summary["polls"], "poll"),
        f"{virtual} virtual in {summary['real_seconds']:.1f} s",
        problems_counted(problem["kind"] for problem in summary["problems"]),
    ]
    return ", ".join(parts)


def _calls(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield the numbers of calls that are not about batches and of refused calls, unless zero."""
    calls = summary["calls"]
    if messages := calls.get("messages", 0):
        yield how_many(messages, "message")
    if others := sum(count for op, count in calls.items() if op not in _OF_BATCHES and op != "messages"):
        yield how_many(others, "other call")
    if refused := summary["refused"]:
        by_status = ", ".join(f"{count:,} x {status}" for status, count in refused.items())
        yield f"{how_many(sum(refused.values()), 'call')} refused ({by_status})"


def as_intercepted(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line about the connections through the proxy, if there was one."""
    intercepted = summary["intercepted"]
    if intercepted is not None:
        caught = how_many(intercepted["connections"], "connection")
        parts = [f"intercepted {caught} to {intercepted['host']}"]
        for label, kind in (("passed on", "passed"), ("refused by --offline", "refused"), ("not reached", "failed")):
            if targets := intercepted[kind]:
                parts.append(f"{label}: {_most_frequent(targets)}")
        yield "; ".join(parts)


def _most_frequent(targets: Mapping[str, int]) -> str:
    """Return hosts with their counts, the most frequent first."""
    ordered = sorted(targets.items(), key=lambda target: -target[1])
    shown = [f"{name.removesuffix(':443')} ({count:,} x)" for name, count in ordered[:_REASONS]]
    return ", ".join([*shown, *([f"and {len(targets) - _REASONS:,} more"] if len(targets) > _REASONS else [])])


def as_reasons(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line with the reasons of errored rows, the most frequent first, if there are any."""
    reasons = summary["reasons"]
    if reasons:
        shown = [f"{reason['count']:,} x {reason['type']}: {reason['message']}" for reason in reasons[:_REASONS]]
        more = [f"and {len(reasons) - _REASONS} more"] if len(reasons) > _REASONS else []
        yield f"{summary['rows']['errored']:,} errored: {'; '.join([*shown, *more])}"


def as_lines(problems: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line per problem, for the first of them."""
    for problem in problems[:_SHOWN]:
        yield f"{problem['kind']}: {problem['text']}"
    if len(problems) > _SHOWN:
        yield f"and {len(problems) - _SHOWN:,} more"


def as_markdown(summary: Mapping[str, Any]) -> str:
    """Return the summary as a table and a list of reasons and problems."""
    rows = summary["rows"]
    cells = {
        "batches": f"{summary['batches']:,}",
        **{label: f"{rows[name]:,}" for name, label in _OUTCOMES.items()},
        "messages": f"{summary['calls'].get('messages', 0):,}",
        "refused calls": f"{sum(summary['refused'].values()):,}",
        "would have cost": dollars(Decimal(summary["cost_usd"])),
        "polls": f"{summary['polls']:,}",
        "virtual time": format_span(round(summary["virtual_seconds"]) * SECOND),
        "real time": f"{summary['real_seconds']:.1f} s",
        "problems": f"{len(summary['problems']):,}",
    }
    lines = ["### mockbatch", "", _row(cells), _row(["---:"] * len(cells)), _row(cells.values())]
    listed = [*as_intercepted(summary), *as_reasons(summary), *as_lines(summary["problems"])]
    return "\n".join([*lines, "", *(f"- {line}" for line in listed)]) + "\n"


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _cost(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield the cost the API would have billed, unless zero."""
    cost, standard = Decimal(summary["cost_usd"]), Decimal(summary["standard_usd"])
    if cost or summary["unpriced"]:
        saved = f" (saved {dollars(standard - cost)})" if standard > cost else ""
        without = f", without {', '.join(summary['unpriced'])}" if summary["unpriced"] else ""
        yield f"would have cost {dollars(cost)}{saved}{without}"
