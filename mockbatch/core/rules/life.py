"""The effect of rules on the lifecycle of a batch: how it is shown, whether its results exist, and its plan."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.rules.batch_faults import SLOWEST
from mockbatch.core.rules.calls import Hit
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.spans import format_instant, parse_instant, parse_span

REDIRECTED = b"mockbatch=redirect"
"""The query of a results URL that redirects to the same URL without it."""

Shown = dict[str, Any]
"""A batch as the API shows it, by field."""


def shown_with(hit: Hit, shown: Shown, now: int, progress: RequestCounts | None = None) -> Shown:
    """Return the batch as a rule with the scope `batch` shows it at `now`; equal to `shown` if the rule changes
    nothing.

    `progress` counts the rows that are really done, if known.
    """
    return LIFE_FAULTS[str(hit.rule.fault)](View(hit, shown, now, progress))


class View(Struct, frozen=True):
    """A batch being shown, and a rule that may change it."""

    hit: Hit
    shown: Shown
    now: int
    progress: RequestCounts | None

    def option(self, name: str) -> Any:
        return self.hit.rule.option(name)


def _stuck(view: View) -> Shown:
    return view.shown if _is_over(view.hit.rule, view.shown, view.now) else _unended(view.shown, view.option("status"))


def _endless(view: View) -> Shown:
    return _unended(view.shown, "canceling" if view.shown["cancel_initiated_at"] else "in_progress")


def _in_sequence(view: View) -> Shown:
    status = _status_at(view.hit.rule, view.hit.ordinal)
    return view.shown if status == "ended" else _unended(view.shown, status)


def _archived(view: View) -> Shown:
    if not view.shown["ended_at"]:
        return view.shown
    return {
        **view.shown,
        "archived_at": view.shown["archived_at"] or format_instant(view.now),
        "results_url": None,
    }


def _progressing(view: View) -> Shown:
    if view.shown["ended_at"] or not view.progress:
        return view.shown
    return {**view.shown, "request_counts": asdict(view.progress)}


def _of_tomorrow(view: View) -> Shown:
    return view.shown if view.shown["ended_at"] else {**view.shown, "processing_status": view.option("status")}


def _extended(view: View) -> Shown:
    return {**view.shown, "priority": "standard", "labels": {"team": None}, "progress": [0, 1]}


LIFE_FAULTS: dict[str, Callable[[View], Shown]] = {
    "batch.stuck": _stuck,
    "batch.never_ends": _endless,
    "batch.status_sequence": _in_sequence,
    "batch.archive": _archived,
    "batch.progressive_counts": _progressing,
    "compat.unknown_status": _of_tomorrow,
    "compat.extra_fields": _extended,
}
"""The function that applies each fault to the view of a batch."""


def hides_results(hit: Hit, ended_at: int, now: int) -> bool:
    """Return whether a batch that ended at `ended_at` has no results at `now`."""
    rule = hit.rule
    match rule.fault:
        case "batch.stuck":
            lasts = rule.option("lasts")
            return lasts is None or now < ended_at + parse_span(lasts)
        case "batch.status_sequence":
            return _status_at(rule, hit.ordinal) != "ended"
    return rule.fault in ("batch.never_ends", "batch.archive")


def as_canceling(shown: Shown, now: int) -> Shown:
    """Return an unended batch as the response to a cancel at `now`."""
    return {**shown, "processing_status": "canceling", "cancel_initiated_at": format_instant(now)}


def url_elsewhere(url: str, to: str) -> str | None:
    """Return the `results_url` under the fault `results.url`."""
    origin, path = url[: url.index("/", 8)], url[url.index("/", 8) :]
    return {
        # a port with no listener, and a name that never resolves (RFC 6761)
        "other_host": f"http://127.0.0.1:9{path}",
        "nxdomain": f"http://results.invalid{path}",
        "relative": path,
        "redirect": f"{url}?{REDIRECTED.decode()}",
        "doubled_path": f"{origin}{path}{path}",
        "null": None,
    }[to]


def _is_over(rule: Rule, shown: Shown, now: int) -> bool:
    lasts = rule.option("lasts")
    return bool(lasts and shown["ended_at"] and now >= parse_instant(shown["ended_at"]) + parse_span(lasts))


def _status_at(rule: Rule, ordinal: int) -> str:
    statuses: list[str] = rule.option("statuses")
    return statuses[ordinal - 1] if ordinal <= len(statuses) else "ended"


def _unended(shown: Shown, status: str) -> Shown:
    counts = dict.fromkeys(shown["request_counts"], 0)
    counts["processing"] = sum(shown["request_counts"].values())
    return {
        **shown,
        "processing_status": status,
        "request_counts": counts,
        "ended_at": None,
        "archived_at": None,
        "results_url": None,
    }


class Plan(Struct, frozen=True):
    """What rules fix for a batch when it is created.

    Everything takes `factor` times as long, and only a fraction of the rows finishes.
    """

    factor: int = 1
    finish_fraction: float = 1.0

    def finishing(self, draws: Iterable[int]) -> int:
        """Return the bound for the draws of the rows that finish, given the draws of all rows."""
        ranked = sorted(draws)
        done = round(len(ranked) * self.finish_fraction)
        return ranked[done] if done < len(ranked) else 1 << 64


def plan_of(rules: Iterable[Rule]) -> Plan:
    """Return the plan for a batch with these rules."""
    plan = Plan()
    for rule in rules:
        if rule.fault == "batch.slow":
            plan = Plan(min(rule.option("factor"), SLOWEST), rule.option("finish_fraction"))
    return plan
