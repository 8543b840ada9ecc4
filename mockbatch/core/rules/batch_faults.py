"""Faults in the lifecycle of a batch. Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing"""

from typing import Any

from mockbatch.core.rules.fault import Fault, Option, status_problem

SLOWEST = 10_000
"""The largest factor for which the longest delay still fits into a 64-bit instant."""
_STATUSES = ("in_progress", "canceling", "ended")


def _factor_problem(options: dict[str, Any]) -> str | None:
    factor = options["factor"]
    return None if factor <= SLOWEST else f"factor: {factor} is more than {SLOWEST:,}"


BATCH_FAULTS = (
    Fault(
        "batch.stuck",
        ("batch",),
        "The batch stays in one state and never ends, or ends `lasts` late; until then it has no results.",
        "a poll loop never returns; `results()` raises AnthropicError because results_url is null",
        (5,),
        "tests/e2e/test_faults_batches.py::test_a_batch_that_is_stuck",
        options={
            "status": Option("choice", "The state it is stuck in.", "in_progress", _STATUSES[:2]),
            "lasts": Option("span", "How long after its real end; by default forever."),
        },
    ),
    Fault(
        "batch.never_ends",
        ("batch",),
        "The batch keeps the state it had before its end, even after its 24 hours.",
        "a poll loop without a limit never returns",
        (5, 34),
        "tests/e2e/test_faults_batches.py::test_a_batch_that_never_ends",
    ),
    Fault(
        "batch.slow",
        ("batch",),
        "Everything takes `factor` times as long, and only a fraction of the rows finishes; the others expire.",
        "nothing; half of the rows are `expired` after 24 hours",
        (3, 34),
        "tests/e2e/test_faults_items.py::test_a_batch_of_which_a_part_is_never_done",
        options={
            "factor": Option("count", "The slowdown factor.", 1),
            "finish_fraction": Option("share", "The fraction of rows that finish, exact to the row.", 1.0),
        },
        check=_factor_problem,
    ),
    Fault(
        "batch.status_sequence",
        ("batch",),
        "Each retrieve of the batch shows the next of these states; from `ended` on it shows the real state.",
        "`processing_status` is passed through unchanged",
        (5,),
        "tests/e2e/test_faults_batches.py::test_the_states_of_a_batch_in_this_order",
        options={"statuses": Option("list", "The states, in order.", ["in_progress", "canceling", "ended"], _STATUSES)},
    ),
    Fault(
        "batch.archive",
        ("batch",),
        "The batch is archived now: it can still be retrieved, but its results are gone.",
        "`results()` raises AnthropicError because results_url is null; the download itself is a 404",
        (37,),
        "tests/e2e/test_faults_batches.py::test_a_batch_that_is_archived_now",
    ),
    Fault(
        "batch.progressive_counts",
        ("batch",),
        "In retrieves, `request_counts` change while the batch is in progress, not only at its end.",
        "nothing; only code that relied on the zeros breaks",
        (41,),
        "tests/e2e/test_faults_items.py::test_counts_that_move_before_the_end",
    ),
    Fault(
        "cancel.lost",
        ("cancel",),
        "The cancel is acknowledged with `canceling` and then forgotten; the batch keeps running.",
        "the response says `canceling`, the next retrieve `in_progress`",
        (18,),
        "tests/e2e/test_faults_calls.py::test_a_cancel_that_is_forgotten",
    ),
    Fault(
        "cancel.error_after_commit",
        ("cancel",),
        "The cancel takes effect, but the response is an error.",
        "3 POSTs, of which the last two find the batch already `canceling`; InternalServerError",
        (18,),
        "tests/e2e/test_faults_calls.py::test_a_cancel_that_errs_after_taking_effect",
        options={"status": Option("status", "The status of the response.", 500)},
        check=status_problem,
    ),
)
PLANNED = frozenset({"batch.slow"})
"""Faults decided when a batch is created; the others are decided on every view of it."""
