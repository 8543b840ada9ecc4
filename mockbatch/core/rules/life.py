"""What rules make of the life of a batch: how it is shown, whether its results are there, what is planned of it."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.rules.batch_faults import SLOWEST
from mockbatch.core.rules.calls import Hit
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.spans import format_instant, parse_instant, parse_span

REDIRECTED = b"mockbatch=redirect"
"""The query of a download that is answered with a redirect to the same without it."""

Shown = dict[str, Any]
"""A batch as the API shows it, field by field."""


def shown_with(hit: Hit, shown: Shown, now: int, progress: RequestCounts | None = None) -> Shown:
    """The batch as a rule of the scope `batch` has it shown at `now`; equal to `shown` where it makes no difference.

    `progress` is how many rows are really done, where that is known.
    """
    rule = hit.rule
    match rule.fault:
        case "batch.stuck" if not _is_over(rule, shown, now):
            return _unended(shown, rule.option("status"))
        case "batch.never_ends":
            return _unended(shown, "canceling" if shown["cancel_initiated_at"] else "in_progress")
        case "batch.status_sequence":
            status = _status_at(rule, hit.ordinal)
            return shown if status == "ended" else _unended(shown, status)
        case "batch.archive" if shown["ended_at"]:
            return {**shown, "archived_at": shown["archived_at"] or format_instant(now), "results_url": None}
        case "batch.progressive_counts" if progress and not shown["ended_at"]:
            return {**shown, "request_counts": asdict(progress)}
        case "compat.unknown_status" if not shown["ended_at"]:
            return {**shown, "processing_status": rule.option("status")}
        case "compat.extra_fields":
            return {**shown, "priority": "standard", "labels": {"team": None}, "progress": [0, 1]}
    return shown


def hides_results(hit: Hit, ended_at: int, now: int) -> bool:
    """Whether a batch that ended then has no results at `now`."""
    rule = hit.rule
    match rule.fault:
        case "batch.stuck":
            lasts = rule.option("lasts")
            return lasts is None or now < ended_at + parse_span(lasts)
        case "batch.status_sequence":
            return _status_at(rule, hit.ordinal) != "ended"
    return rule.fault in ("batch.never_ends", "batch.archive")


def as_canceling(shown: Shown, now: int) -> Shown:
    """An unended batch as a cancel at `now` would answer it."""
    return {**shown, "processing_status": "canceling", "cancel_initiated_at": format_instant(now)}


def url_elsewhere(url: str, to: str) -> str | None:
    """Where `results_url` points to under `results.url`."""
    origin, path = url[: url.index("/", 8)], url[url.index("/", 8) :]
    return {
        # a port that nothing listens on, and a name that never resolves (RFC 6761)
        "other_host": f"http://127.0.0.1:9{path}",
        "nxdomain": f"http://results.invalid{path}",
        "relative": path,
        "redirect": f"{url}?{REDIRECTED.decode()}",
        "doubled_path": f"{origin}/v1{path}",
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
    """What rules plan for a batch when it is created: everything takes `factor` times as long, and only a fraction of
    the rows is ever done.
    """

    factor: int = 1
    finish_fraction: float = 1.0

    def finishing(self, draws: Iterable[int]) -> int:
        """The bound below which the draws of those rows are that are ever done, of the draws of all rows."""
        ranked = sorted(draws)
        done = round(len(ranked) * self.finish_fraction)
        return ranked[done] if done < len(ranked) else 1 << 64


def plan_of(rules: Iterable[Rule]) -> Plan:
    """The plan that the rules of a batch make."""
    plan = Plan()
    for rule in rules:
        if rule.fault == "batch.slow":
            plan = Plan(min(rule.option("factor"), SLOWEST), rule.option("finish_fraction"))
    return plan
