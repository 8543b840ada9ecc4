"""Faults in the life of a batch. Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing"""

from typing import Any

from mockbatch.core.rules.fault import Fault, Option, status_problem

SLOWEST = 10_000
"""The largest factor: the longest delay times that is still an instant of 64 bits."""
_STATUSES = ("in_progress", "canceling", "ended")


def _factor_problem(options: dict[str, Any]) -> str | None:
    factor = options["factor"]
    return None if factor <= SLOWEST else f"factor: {factor} is more than {SLOWEST:,}"


BATCH_FAULTS = (
    Fault(
        "batch.stuck",
        ("batch",),
        "The batch is shown in one state and never as ended, or not until so long after its end; it has no results.",
        "a poll loop never leaves; `results()` raises AnthropicError, as there is no results_url",
        (5,),
        "tests/e2e/test_faults_batches.py::test_a_batch_that_is_stuck",
        options={
            "status": Option("choice", "The state it is stuck in.", "in_progress", _STATUSES[:2]),
            "lasts": Option("span", "How long after its end; by default for ever."),
        },
    ),
    Fault(
        "batch.never_ends",
        ("batch",),
        "The batch stays in the state that it was in before its end, beyond its 24 hours too.",
        "a poll loop without a limit never leaves",
        (5, 34),
        "tests/e2e/test_faults_batches.py::test_a_batch_that_never_ends",
    ),
    Fault(
        "batch.slow",
        ("batch",),
        "Everything takes so many times as long, and only a fraction of the rows is ever done; the others expire.",
        "nothing; half of the rows are `expired` after 24 hours",
        (3, 34),
        "tests/e2e/test_faults_items.py::test_a_batch_of_which_a_part_is_never_done",
        options={
            "factor": Option("count", "How many times as long.", 1),
            "finish_fraction": Option("share", "The fraction that is done, to the row.", 1.0),
        },
        check=_factor_problem,
    ),
    Fault(
        "batch.status_sequence",
        ("batch",),
        "Each retrieve of the batch shows the next of these states; `ended`, and what follows, is how it really is.",
        "`processing_status` passes through as it is",
        (5,),
        "tests/e2e/test_faults_batches.py::test_the_states_of_a_batch_in_this_order",
        options={"statuses": Option("list", "The states.", ["in_progress", "canceling", "ended"], _STATUSES)},
    ),
    Fault(
        "batch.archive",
        ("batch",),
        "The batch is archived now: it can be retrieved, but its results are gone.",
        "`results()` raises AnthropicError, as there is no results_url; the download itself is a 404",
        (37,),
        "tests/e2e/test_faults_batches.py::test_a_batch_that_is_archived_now",
    ),
    Fault(
        "batch.progressive_counts",
        ("batch",),
        "`request_counts` move while the batch is in progress, and not all at its end; in retrieves.",
        "nothing; code that relied on it was wrong",
        (41,),
        "tests/e2e/test_faults_items.py::test_counts_that_move_before_the_end",
    ),
    Fault(
        "cancel.lost",
        ("cancel",),
        "The cancel is acknowledged with `canceling`, and forgotten: the batch goes on.",
        "the answer says `canceling`, the next retrieve `in_progress`",
        (18,),
        "tests/e2e/test_faults_calls.py::test_a_cancel_that_is_forgotten",
    ),
    Fault(
        "cancel.error_after_commit",
        ("cancel",),
        "The cancel takes effect, and is answered with an error.",
        "3 POSTs, the last two find the batch `canceling` already; InternalServerError",
        (18,),
        "tests/e2e/test_faults_calls.py::test_a_cancel_that_errs_after_taking_effect",
        options={"status": Option("status", "The status of the answer.", 500)},
        check=status_problem,
    ),
)
PLANNED = frozenset({"batch.slow"})
"""Those that are decided when a batch is created; the others whenever it is shown."""
