"""Faults of single requests of a batch. Source: https://platform.claude.com/docs/en/api/errors"""

from typing import Any

from mockbatch.core.names import did_you_mean
from mockbatch.core.rules.fault import Fault, Option
from mockbatch.core.rules.mixes import parse_mix
from mockbatch.core.sizes import LARGEST_TEXT, parse_size

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


def error_type_problem(options: dict[str, Any]) -> str | None:
    """Return what is wrong with an error type that nearly matches one of the API's; None for any other."""
    kind = options.get("type")
    if kind is None or kind in ERROR_MESSAGES:
        return None
    near = did_you_mean(str(kind), ERROR_MESSAGES)
    return f"type: the API has no {kind!r}.{near} Known: {', '.join(ERROR_MESSAGES)}" if near else None


def mix_problem(options: dict[str, Any]) -> str | None:
    """Return what is wrong with the text of a mix, if anything."""
    try:
        parse_mix(options["mix"])
    except ValueError as error:
        return f"mix: {error}"
    return None


def size_problem(options: dict[str, Any]) -> str | None:
    """Return what is wrong with the size of a text, if anything."""
    size = parse_size(str(options["size"]))
    return None if size <= LARGEST_TEXT else f"size: a text has at most {LARGEST_TEXT:,} bytes, not {size:,}"


_REPLIED = "a succeeded row; nothing is raised until the code looks into `result.message`"

ITEM_FAULTS = (
    Fault(
        "item.errored",
        ("item",),
        "End the row as `errored`, with this type, message, details and request_id.",
        "`result.error.error.type` has the type; the flat `result.error.message` raises AttributeError",
        (9, 15, 16, 38, 40, 50),
        "tests/e2e/test_faults_items.py::test_an_errored_row",
        options={
            "type": Option("text", "The error type: one of the API's, or an entirely different one.", "api_error"),
            "message": Option("text", "The error message; by default the API's for this type."),
            "details": Option("json", "The error's `details`, a table."),
            "request_id": Option("text", "The error's request_id; by default a generated `workerreq_...`."),
        },
        check=error_type_problem,
    ),
    Fault(
        "item.expired",
        ("item",),
        "End the row as `expired`.",
        "a row with neither `.message` nor an error",
        (3, 9),
        "tests/e2e/test_faults_items.py::test_a_row_that_was_not_done",
    ),
    Fault(
        "item.canceled",
        ("item",),
        "End the row as `canceled`.",
        "a row with neither `.message` nor an error",
        (9, 18),
        "tests/e2e/test_faults_items.py::test_a_row_that_was_not_done",
    ),
    Fault(
        "item.mix",
        ("item",),
        "Rows end as succeeded, errored, expired and canceled in these proportions; later rules still apply to those "
        "that succeed.",
        "`ended` says nothing about the outcomes of the rows",
        (9,),
        "tests/e2e/test_faults_items.py::test_a_mix_of_outcomes",
        options={"mix": Option("text", "Shares of succeeded/errored/expired/canceled.", "90/5/3/2")},
        check=mix_problem,
    ),
    Fault(
        "item.truncate",
        ("item", "messages"),
        "Truncate the reply, with stop_reason `max_tokens`.",
        _REPLIED,
        (17,),
        "tests/e2e/test_faults_items.py::test_a_reply_that_careless_code_trips_over",
        options={
            "cut": Option("choice", "Where.", "mid_field", ("mid_json", "mid_field", "before_text")),
        },
    ),
    Fault(
        "item.refusal",
        ("item", "messages"),
        "The model refuses, with `stop_details`.",
        _REPLIED,
        (21,),
        "tests/e2e/test_faults_items.py::test_a_reply_that_careless_code_trips_over",
    ),
    Fault(
        "item.empty_content",
        ("item", "messages"),
        "`content` is an empty list.",
        _REPLIED,
        (21,),
        "tests/e2e/test_faults_items.py::test_a_reply_that_careless_code_trips_over",
    ),
    Fault(
        "item.thinking_first",
        ("item", "messages"),
        "Put a thinking block before the text.",
        _REPLIED,
        (21,),
        "tests/e2e/test_faults_items.py::test_a_reply_that_careless_code_trips_over",
    ),
    Fault(
        "item.wrong_tool",
        ("item", "messages"),
        "Call a tool that the request does not define.",
        _REPLIED,
        (21,),
        "tests/e2e/test_faults_items.py::test_a_tool_that_nobody_offered",
    ),
    Fault(
        "item.schema_violation",
        ("item", "messages"),
        "Reply with JSON that violates the schema.",
        _REPLIED,
        (17, 21),
        "tests/e2e/test_faults_items.py::test_json_that_breaks_its_schema",
    ),
    Fault(
        "item.stop_reason",
        ("item", "messages"),
        "The reply ends with this stop_reason.",
        _REPLIED,
        (21,),
        "tests/e2e/test_faults_items.py::test_a_reply_that_careless_code_trips_over",
        options={
            "stop_reason": Option(
                "choice",
                "The stop_reason.",
                "pause_turn",
                ("pause_turn", "model_context_window_exceeded", "max_tokens", "stop_sequence", "refusal"),
            )
        },
    ),
    Fault(
        "item.output_bytes",
        ("item", "messages"),
        "The reply text has this size.",
        "its decoder takes seconds for a line of megabytes: 0.5 s for 1 MB, 7.7 s for 4 MB",
        (22,),
        "tests/e2e/test_faults_items.py::test_a_reply_that_careless_code_trips_over",
        options={"size": Option("size", "The size in bytes.", "5MB")},
        check=size_problem,
    ),
)
