"""Names that tests use for calls, events and problems."""

from typing import Literal, get_args

Struck = Literal["create", "retrieve", "list", "cancel", "delete", "results", "messages"]
"""The calls that rules can name."""
Operation = Literal[Struck, "count_tokens", "models", "files"]
"""The operation of an API call in the journal of a session."""
OfNoSession = Literal["organization", "unknown"]
"""The operation of a call without a session: one with an admin key, or of an unknown path."""
OPERATIONS: tuple[str, ...] = get_args(Operation)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

RowOutcome = Literal["succeeded", "errored", "canceled", "expired"]
RowState = Literal["processing", "succeeded", "errored", "canceled", "expired"]

EVENTS = ("batch.created", "batch.ended")
"""The events of a batch that can be awaited."""

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
"""Something that a program failed to do, or should not have done."""
PROBLEM_KINDS: tuple[str, ...] = get_args(ProblemKind)
