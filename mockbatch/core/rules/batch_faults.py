"""Faults in the lifecycle of a batch. Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing"""

from mockbatch.core.rules.actions import Action, Plan, RespondError, RespondWithBatch, Shown, Sight, Strike
from mockbatch.core.rules.call_faults import api_error, status_problem
from mockbatch.core.rules.fault import Fault
from mockbatch.core.rules.options import option
from mockbatch.core.time.spans import format_instant, parse_instant

SLOWEST = 10_000
"""The largest factor for which the longest delay still fits into a 64-bit instant."""
_STATUSES = ("in_progress", "canceling", "ended")


class _OfBatches(Fault):
    on = ("batch",)


class Stuck(_OfBatches):
    """The batch stays in one state and never ends, or ends `lasts` late; until then it has no results."""

    name = "batch.stuck"
    sdk = "a poll loop never returns; `results()` raises AnthropicError because results_url is null"
    modes = (5,)
    test = "tests/e2e/test_faults_batches.py::test_a_batch_that_is_stuck"
    status: str = option("choice", "The state it is stuck in.", "in_progress", _STATUSES[:2])
    lasts: int | None = option("span", "How long after its real end; by default forever.")

    def view(self, shown: Shown, sight: Sight) -> Shown:
        ended_at = shown["ended_at"]
        is_over = self.lasts and ended_at and sight.now >= parse_instant(ended_at) + self.lasts
        return shown if is_over else _unended(shown, self.status)

    def hides_results(self, ended_at: int, sight: Sight) -> bool:
        return self.lasts is None or sight.now < ended_at + self.lasts


class NeverEnds(_OfBatches):
    """The batch keeps the state it had before its end, even after its 24 hours."""

    name = "batch.never_ends"
    sdk = "a poll loop without a limit never returns"
    modes = (5, 34)
    test = "tests/e2e/test_faults_batches.py::test_a_batch_that_never_ends"

    def view(self, shown: Shown, sight: Sight) -> Shown:
        return _unended(shown, "canceling" if shown["cancel_initiated_at"] else "in_progress")

    def hides_results(self, ended_at: int, sight: Sight) -> bool:
        return True


class Slow(_OfBatches):
    """Everything takes `factor` times as long, and only a fraction of the rows finishes; the others expire."""

    name = "batch.slow"
    sdk = "nothing; half of the rows are `expired` after 24 hours"
    modes = (3, 34)
    test = "tests/e2e/test_faults_items.py::test_a_batch_of_which_a_part_is_never_done"
    factor: int = option("count", "The slowdown factor.", 1)
    finish_fraction: float = option("share", "The fraction of rows that finish, exact to the row.", 1.0)

    def problem(self) -> str | None:
        return None if self.factor <= SLOWEST else f"factor: {self.factor} is more than {SLOWEST:,}"

    def plan(self) -> Plan:
        return Plan(min(self.factor, SLOWEST), self.finish_fraction)


class StatusSequence(_OfBatches):
    """Each retrieve of the batch shows the next of these states; from `ended` on it shows the real state."""

    name = "batch.status_sequence"
    sdk = "`processing_status` is passed through unchanged"
    modes = (5,)
    test = "tests/e2e/test_faults_batches.py::test_the_states_of_a_batch_in_this_order"
    statuses: list[str] = option("list", "The states, in order.", ["in_progress", "canceling", "ended"], _STATUSES)

    def view(self, shown: Shown, sight: Sight) -> Shown:
        status = self._status(sight.ordinal)
        return shown if status == "ended" else _unended(shown, status)

    def hides_results(self, ended_at: int, sight: Sight) -> bool:
        return self._status(sight.ordinal) != "ended"

    def _status(self, ordinal: int) -> str:
        return self.statuses[ordinal - 1] if ordinal <= len(self.statuses) else "ended"


class Archive(_OfBatches):
    """The batch is archived now: it can still be retrieved, but its results are gone."""

    name = "batch.archive"
    sdk = "`results()` raises AnthropicError because results_url is null; the download itself is a 404"
    modes = (37,)
    test = "tests/e2e/test_faults_batches.py::test_a_batch_that_is_archived_now"

    def view(self, shown: Shown, sight: Sight) -> Shown:
        if not shown["ended_at"]:
            return shown
        return {**shown, "archived_at": shown["archived_at"] or format_instant(sight.now), "results_url": None}

    def hides_results(self, ended_at: int, sight: Sight) -> bool:
        return True


class ProgressiveCounts(_OfBatches):
    """In retrieves, `request_counts` change while the batch is in progress, not only at its end."""

    name = "batch.progressive_counts"
    sdk = "nothing; only code that relied on the zeros breaks"
    modes = (41,)
    test = "tests/e2e/test_faults_items.py::test_counts_that_move_before_the_end"
    progress = True

    def view(self, shown: Shown, sight: Sight) -> Shown:
        if shown["ended_at"] or not sight.progress:
            return shown
        return {**shown, "request_counts": sight.progress}


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


class CancelLost(Fault):
    """The cancel is acknowledged with `canceling` and then forgotten; the batch keeps running."""

    name = "cancel.lost"
    on = ("cancel",)
    sdk = "the response says `canceling`, the next retrieve `in_progress`"
    modes = (18,)
    test = "tests/e2e/test_faults_calls.py::test_a_cancel_that_is_forgotten"

    def before(self, strike: Strike) -> Action:
        return RespondWithBatch(lambda shown: _canceling(shown, strike.now))


def _canceling(shown: Shown, now: int) -> Shown | None:
    if shown["processing_status"] != "in_progress":
        return None
    return {**shown, "processing_status": "canceling", "cancel_initiated_at": format_instant(now)}


class CancelErrorAfterCommit(Fault):
    """The cancel takes effect, but the response is an error."""

    name = "cancel.error_after_commit"
    on = ("cancel",)
    sdk = "3 POSTs, of which the last two find the batch already `canceling`; InternalServerError"
    modes = (18,)
    test = "tests/e2e/test_faults_calls.py::test_a_cancel_that_errs_after_taking_effect"
    status: int = option("status", "The status of the response.", 500)

    def problem(self) -> str | None:
        return status_problem(self.status)

    def response(self, strike: Strike) -> Action:
        return RespondError(api_error(self.status))
