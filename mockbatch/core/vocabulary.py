"""Words that tests use for what the server knows: kinds of calls, of events, of problems."""

from typing import Literal, get_args

Struck = Literal["create", "retrieve", "list", "cancel", "delete", "results", "messages"]
"""The calls that rules can name."""
Operation = Literal[Struck, "count_tokens", "models", "files"]
"""How the journal of a session calls a call of the API."""
OfNoSession = Literal["organization", "unknown"]
"""The same for calls of no session: those of an admin key, and those of no path that there is."""
OPERATIONS: tuple[str, ...] = get_args(Operation)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

RowOutcome = Literal["succeeded", "errored", "canceled", "expired"]
RowState = Literal["processing", "succeeded", "errored", "canceled", "expired"]

EVENTS = ("batch.created", "batch.ended")
"""What happens to batches and can be waited for."""

ProblemKind = Literal[
    "duplicate",
    "orphan",
    "unfinished",
    "undelivered",
    "deleted_before_download",
    "poll_storm",
    "identical_retry",
    "rule_never_hit",
    "unmatched_replay",
    "unmet_schema",
]
"""What a program did not do, or should not have done."""
PROBLEM_KINDS: tuple[str, ...] = get_args(ProblemKind)
