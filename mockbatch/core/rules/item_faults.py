"""Faults of single requests of a batch. Source: https://platform.claude.com/docs/en/api/errors"""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from math import inf
from typing import Any, ClassVar, get_args

from mockbatch.core.numbers import shortened
from mockbatch.core.rules.actions import ItemError, Outcome
from mockbatch.core.rules.fault import Fault
from mockbatch.core.rules.options import option
from mockbatch.core.seeded_hash import derive_seed, hash64, to_unit_interval
from mockbatch.core.sizes import LARGEST_TEXT
from mockbatch.core.suggestions import did_you_mean

ERROR_MESSAGES: dict[str, str] = {
    "api_error": "Internal server error",
    "overloaded_error": "Overloaded",
    "timeout_error": "Request timed out",
    "invalid_request_error": "Could not process image",
    "rate_limit_error": "This request would exceed your organization's rate limit.",
    "not_found_error": "model: claude-none",
    "permission_error": "Your API key does not have permission to use the specified resource.",
    "authentication_error": "API key is invalid.",
    "billing_error": "Your credit balance is too low to access the Anthropic API.",
    "request_too_large": "Request exceeds the maximum size",
    "conflict_error": "The request conflicts with the current state of the resource.",
}
"""The default message of each error type of the API."""


def error_type_problem(kind: str | None) -> str | None:
    """Return what is wrong with an error type that nearly matches one of the API's; None for any other."""
    if kind is None or kind in ERROR_MESSAGES:
        return None
    near = did_you_mean(kind, ERROR_MESSAGES)
    return f"type: the API has no {kind!r}.{near} Known: {', '.join(ERROR_MESSAGES)}" if near else None


OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def parse_mix(text: str) -> tuple[float, ...]:
    """Parse a mix into four shares that sum to 1; its numbers may have any sum. Raises ValueError."""
    try:
        numbers = [float(part) for part in text.split("/")]
    except ValueError:
        numbers = []
    if len(numbers) != len(OUTCOMES) or min(numbers) < 0 or not 0 < sum(numbers) < inf:
        raise ValueError(f"{shortened(text)} is not a mix; write it like 90/5/3/2, for {', '.join(OUTCOMES)}")
    return tuple(number / sum(numbers) for number in numbers)


def outcome_of(shares: tuple[float, ...], u: float) -> Outcome:
    """Return the outcome that a number in (0, 1) maps to."""
    bounds = list(accumulate(shares))
    return OUTCOMES[min(bisect_right(bounds, u), len(OUTCOMES) - 1)]


class ErroredRow(Fault):
    """End the row as `errored`, with this type, message, details and request_id."""

    name = "item.errored"
    on = ("item",)
    key = "errored"
    sdk = "`result.error.error.type` has the type; the flat `result.error.message` raises AttributeError"
    modes = (9, 15, 16, 38, 40, 50)
    test = "tests/e2e/test_faults_items.py::test_an_errored_row"
    type: str = option("text", "The error type: one of the API's, or an entirely different one.", "api_error")
    message: str | None = option("text", "The error message; by default the API's for this type.")
    details: dict[str, Any] | None = option("json", "The error's `details`, a table.")
    request_id: str | None = option("text", "The error's request_id; by default a generated `workerreq_...`.")

    def problem(self) -> str | None:
        return error_type_problem(self.type)

    def alias(self) -> dict[str, Any]:
        message = self.message or ERROR_MESSAGES.get(self.type, self.type)
        return {"errored": ItemError(self.type, message, self.details, self.request_id)}


class _Unanswered(Fault):
    on = ("item",)
    sdk = "a row with neither `.message` nor an error"
    test = "tests/e2e/test_faults_items.py::test_a_row_that_was_not_done"

    def alias(self) -> dict[str, Any]:
        return {"outcome": self.name.partition(".")[2]}


class ExpiredRow(_Unanswered):
    """End the row as `expired`."""

    name = "item.expired"
    modes = (3, 9)


class CanceledRow(_Unanswered):
    """End the row as `canceled`."""

    name = "item.canceled"
    modes = (9, 18)


class Mix(Fault):
    """Rows end as succeeded, errored, expired and canceled in these proportions; later rules still apply to those
    that succeed.
    """

    name = "item.mix"
    on = ("item",)
    sdk = "`ended` says nothing about the outcomes of the rows"
    modes = (9,)
    test = "tests/e2e/test_faults_items.py::test_a_mix_of_outcomes"
    continues = True
    mix: str = option("text", "Shares of succeeded/errored/expired/canceled.", "90/5/3/2")

    def problem(self) -> str | None:
        try:
            parse_mix(self.mix)
        except ValueError as error:
            return f"mix: {error}"
        return None

    def outcome(self, seed: int, rule: str) -> Callable[[str], Outcome]:
        shares, own = parse_mix(self.mix), derive_seed(seed, "mix", rule)
        return lambda identity: outcome_of(shares, to_unit_interval(hash64(own, identity)))


class _OddReply(Fault):
    """A fault that is a kind of reply, under another name."""

    on = ("item", "messages")
    sdk = "a succeeded row; nothing is raised until the code looks into `result.message`"
    modes: ClassVar[tuple[int, ...]] = (21,)
    test = "tests/e2e/test_faults_items.py::test_a_reply_that_careless_code_trips_over"
    kind: str = ""

    def reply(self) -> dict[str, Any]:
        return {"kind": self.kind or self.name.partition(".")[2]}


class Truncate(_OddReply):
    """Truncate the reply, with stop_reason `max_tokens`."""

    name = "item.truncate"
    modes = (17,)
    cut: str = option("choice", "Where.", "mid_field", ("mid_json", "mid_field", "before_text"))

    def reply(self) -> dict[str, Any]:
        return {"kind": "truncate", "cut": self.cut}


class Refusal(_OddReply):
    """The model refuses, with `stop_details`."""

    name = "item.refusal"


class EmptyContent(_OddReply):
    """`content` is an empty list."""

    name = "item.empty_content"
    kind = "empty"


class ThinkingFirst(_OddReply):
    """Put a thinking block before the text."""

    name = "item.thinking_first"


class WrongTool(_OddReply):
    """Call a tool that the request does not define."""

    name = "item.wrong_tool"
    test = "tests/e2e/test_faults_items.py::test_a_tool_that_nobody_offered"


class SchemaViolation(_OddReply):
    """Reply with JSON that violates the schema."""

    name = "item.schema_violation"
    modes = (17, 21)
    test = "tests/e2e/test_faults_items.py::test_json_that_breaks_its_schema"


class StopReason(_OddReply):
    """The reply ends with this stop_reason."""

    name = "item.stop_reason"
    stop_reason: str = option(
        "choice",
        "The stop_reason.",
        "pause_turn",
        ("pause_turn", "model_context_window_exceeded", "max_tokens", "stop_sequence", "refusal"),
    )

    def reply(self) -> dict[str, Any]:
        if self.stop_reason == "stop_sequence":
            return {"kind": "natural", "stop_reason": self.stop_reason}
        kinds = {"max_tokens": "truncate", "model_context_window_exceeded": "context_exceeded"}
        return {"kind": kinds.get(self.stop_reason, self.stop_reason)}


class OutputBytes(_OddReply):
    """The reply text has this size."""

    name = "item.output_bytes"
    sdk = "its decoder takes seconds for a line of megabytes: 0.5 s for 1 MB, 7.7 s for 4 MB"
    modes = (22,)
    size: int = option("size", "The size in bytes.", "5MB")

    def problem(self) -> str | None:
        if self.size <= LARGEST_TEXT:
            return None
        return f"size: a text has at most {LARGEST_TEXT:,} bytes, not {self.size:,}"

    def reply(self) -> dict[str, Any]:
        return {"kind": "huge_line", "bytes": self.size}
