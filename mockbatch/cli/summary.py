"""What a run came to, in words."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from mockbatch.cli.counting import counted, problems_counted
from mockbatch.cli.pricing import dollars
from mockbatch.core.time.spans import SECOND, format_span

_SHOWN = 20
_OUTCOMES = {
    "succeeded": "succeeded",
    "errored": "errored",
    "expired": "expired",
    "canceled": "canceled",
    "processing": "unfinished",
}


def as_line(summary: Mapping[str, Any]) -> str:
    """All in one line."""
    rows = summary["rows"]
    outcomes = ", ".join(f"{rows[name]:,} {said}" for name, said in _OUTCOMES.items() if rows[name])
    virtual = format_span(round(summary["virtual_seconds"]) * SECOND)
    parts = [
        counted(summary["batches"], "batch", "batches"),
        counted(sum(rows.values()), "request", "requests") + (f" ({outcomes})" if outcomes else ""),
        *_cost(summary),
        counted(summary["polls"], "poll", "polls"),
        f"{virtual} virtual in {summary['real_seconds']:.1f} s",
        problems_counted(problem["kind"] for problem in summary["problems"]),
    ]
    return ", ".join(parts)


def as_lines(problems: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each problem, or for the first of very many."""
    for problem in problems[:_SHOWN]:
        yield f"{problem['kind']}: {problem['text']}"
    if len(problems) > _SHOWN:
        yield f"and {len(problems) - _SHOWN:,} more"


def as_markdown(summary: Mapping[str, Any]) -> str:
    """A table, and a list of the problems."""
    rows = summary["rows"]
    cells = {
        "batches": f"{summary['batches']:,}",
        **{said: f"{rows[name]:,}" for name, said in _OUTCOMES.items()},
        "would have cost": dollars(Decimal(summary["cost_usd"])),
        "polls": f"{summary['polls']:,}",
        "virtual time": format_span(round(summary["virtual_seconds"]) * SECOND),
        "real time": f"{summary['real_seconds']:.1f} s",
        "problems": f"{len(summary['problems']):,}",
    }
    lines = ["### mockbatch", "", _row(cells), _row(["---:"] * len(cells)), _row(cells.values())]
    return "\n".join([*lines, "", *(f"- {line}" for line in as_lines(summary["problems"]))]) + "\n"


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _cost(summary: Mapping[str, Any]) -> Iterator[str]:
    """What it would have cost; nothing where nothing was billed."""
    cost, standard = Decimal(summary["cost_usd"]), Decimal(summary["standard_usd"])
    if cost or summary["unpriced"]:
        saved = f" (saved {dollars(standard - cost)})" if standard > cost else ""
        without = f", without {', '.join(summary['unpriced'])}" if summary["unpriced"] else ""
        yield f"would have cost {dollars(cost)}{saved}{without}"
