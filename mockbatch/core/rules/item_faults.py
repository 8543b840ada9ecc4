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
"""What an error says unless it is told, by the types that the API has."""


def error_type_problem(options: dict[str, Any]) -> str | None:
    """What is wrong with the type of an error: nearly one that the API has, but not quite."""
    kind = options.get("type")
    if kind is None or kind in ERROR_MESSAGES:
        return None
    near = did_you_mean(str(kind), ERROR_MESSAGES)
    return f"type: the API has no {kind!r}.{near} Known: {', '.join(ERROR_MESSAGES)}" if near else None


def mix_problem(options: dict[str, Any]) -> str | None:
    """What is wrong with the text of a mix."""
    try:
        parse_mix(options["mix"])
    except ValueError as error:
        return f"mix: {error}"
    return None


def size_problem(options: dict[str, Any]) -> str | None:
    """What is wrong with the size of a text."""
    size = parse_size(str(options["size"]))
    return None if size <= LARGEST_TEXT else f"size: a text has at most {LARGEST_TEXT:,} bytes, not {size:,}"


_REPLIED = "a succeeded row; nothing is raised until the code looks into `result.message`"

ITEM_FAULTS = (
    Fault(
        "item.errored",
        ("item",),
        "The row ends as `errored`, with this type, message, details and request_id.",
        "`result.error.error.type` has the type; the flat `result.error.message` raises AttributeError",
        (9, 15, 16, 38, 40, 50),
        "tests/e2e/test_faults_items.py::test_an_errored_row",
        options={
            "type": Option("text", "The type of the error; any that the API has, or quite another.", "api_error"),
            "message": Option("text", "What it says; by default what the API says of this type."),
            "details": Option("json", "Its details, a table."),
            "request_id": Option("text", "Its request_id; by default one of its own, `workerreq_...`."),
        },
        check=error_type_problem,
    ),
    Fault(
        "item.expired",
        ("item",),
        "The row ends as `expired`.",
        "a row without `.message` and without error",
        (3, 9),
        "tests/e2e/test_faults_items.py::test_a_row_that_was_not_done",
    ),
    Fault(
        "item.canceled",
        ("item",),
        "The row ends as `canceled`.",
        "a row without `.message` and without error",
        (9, 18),
        "tests/e2e/test_faults_items.py::test_a_row_that_was_not_done",
    ),
    Fault(
        "item.mix",
        ("item",),
        "Rows end in these proportions as succeeded, errored, expired and canceled; those that succeed are left to the "
        "rules behind.",
        "`ended` says nothing of how the rows went",
        (9,),
        "tests/e2e/test_faults_items.py::test_a_mix_of_outcomes",
        options={"mix": Option("text", "Shares of succeeded/errored/expired/canceled.", "90/5/3/2")},
        check=mix_problem,
    ),
    Fault(
        "item.truncate",
        ("item", "messages"),
        "The reply is cut off, with stop_reason `max_tokens`.",
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
        "A thinking block comes before the text.",
        _REPLIED,
        (21,),
        "tests/e2e/test_faults_items.py::test_a_reply_that_careless_code_trips_over",
    ),
    Fault(
        "item.wrong_tool",
        ("item", "messages"),
        "A tool is called that the request does not have.",
        _REPLIED,
        (21,),
        "tests/e2e/test_faults_items.py::test_a_tool_that_nobody_offered",
    ),
    Fault(
        "item.schema_violation",
        ("item", "messages"),
        "JSON comes that breaks the schema.",
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
                "Which.",
                "pause_turn",
                ("pause_turn", "model_context_window_exceeded", "max_tokens", "stop_sequence", "refusal"),
            )
        },
    ),
    Fault(
        "item.output_bytes",
        ("item", "messages"),
        "The text of the reply is so long.",
        "its decoder needs seconds for a line of megabytes: 0.5 s for 1 MB, 7.7 s for 4 MB",
        (22,),
        "tests/e2e/test_faults_items.py::test_a_reply_that_careless_code_trips_over",
        options={"size": Option("size", "How long, in bytes.", "5MB")},
        check=size_problem,
    ),
)
