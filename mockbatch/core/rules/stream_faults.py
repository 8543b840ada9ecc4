"""Faults of the results stream, of its URL, and forward-compatibility faults: content that a later API might send.

Source: reactions of the official SDK as its tests here show them.
"""

from typing import Any

from mockbatch.core.rules.fault import Fault, Option
from mockbatch.core.rules.match import check_pattern
from mockbatch.core.sizes import parse_size

TRICKS = (
    "bom",
    "crlf",
    "crlf_split",
    "blank_line",
    "lone_cr",
    "no_final_newline",
    "invalid_utf8",
    "u2028",
    "u2029",
    "nel",
    "emoji_split",
    "line_5mb",
)
ENDS = ("clean", "reset", "no_terminator", "stall", "close", "short")
URLS = ("other_host", "nxdomain", "relative", "redirect", "null", "doubled_path")

_CHOSEN = {
    "custom_id": Option("text", "Only rows whose custom_id matches this glob.", "*"),
    "first": Option("count", "Only the first n of them.", 1),
}


def _one_place(options: dict[str, Any]) -> str | None:
    if "after_items" in options and "after_bytes" in options:
        return "after_items and after_bytes contradict each other"
    return None


def _pattern_problem(options: dict[str, Any]) -> str | None:
    try:
        check_pattern("custom_id", options["custom_id"])
    except ValueError as error:
        return str(error)
    return None


def rate_problem(options: dict[str, Any]) -> str | None:
    """Return what is wrong with a bandwidth, if anything."""
    rate = parse_size(str(options["per_second"]))
    return None if rate else "per_second: at 0 nothing would ever come"


def slice_problem(options: dict[str, Any]) -> str | None:
    """Return what is wrong with the size of slices, if anything."""
    return None if options["bytes"] else "bytes: slices of 0 bytes would have no end"


CUT_HOW = Option(
    "choice",
    "`clean`: as if complete; `reset`: reset the connection; `no_terminator`: close it without the last chunk; "
    "`stall`: send nothing more; `close`: an unchunked response that ends by closing; `short`: close before "
    "content-length is reached.",
    "clean",
    ENDS,
)
BANDWIDTH = {"per_second": Option("size", "Bytes per second.", "64kB")}
SLICER = {
    "bytes": Option("count", "Bytes per slice, at least 1.", 7),
    "gap": Option("span", "The pause between slices, in real time.", "0s"),
}
SLOW_START = {"delay": Option("span", "The delay, in real time.", "5s")}


STREAM_FAULTS = (
    Fault(
        "results.cut",
        ("results",),
        "Cut the results stream after this many rows or bytes.",
        "clean or close at a line boundary: no error, fewer rows; mid-line: JSONDecodeError; reset, no_terminator, "
        "short: httpx2 errors, no retry; stall: httpx2.ReadTimeout, which is not an anthropic.APIError",
        (2, 32, 33, 45),
        "tests/e2e/test_faults_streams.py::test_the_ends_of_a_stream",
        options={
            "after_items": Option("count", "After this many rows; 0 if neither is given."),
            "after_bytes": Option("size", "After this many bytes."),
            "at": Option(
                "choice",
                "At the end of a line (the default with after_items) or in the middle of the next; the default with "
                "after_bytes is the exact byte.",
                choices=("boundary", "mid_line"),
            ),
            "how": CUT_HOW,
        },
        check=_one_place,
    ),
    Fault(
        "results.stall",
        ("results",),
        "Pause the stream after this many rows or bytes, then continue.",
        "httpx2.ReadTimeout if the pause is longer than the timeout; up to 63 bytes are held back meanwhile",
        (33,),
        "tests/e2e/test_faults_streams.py::test_a_stall_that_ends",
        options={
            "after_items": Option("count", "After this many rows; 0 if neither is given."),
            "after_bytes": Option("size", "After this many bytes."),
            "lasts": Option("span", "The length of the pause, in real time.", "10s"),
        },
        check=_one_place,
    ),
    Fault(
        "results.omit",
        ("results",),
        "Omit rows from results that otherwise look complete.",
        "no error; fewer rows",
        (2,),
        "tests/e2e/test_faults_streams.py::test_rows_that_are_missing",
        options=_CHOSEN,
        check=_pattern_problem,
    ),
    Fault(
        "results.duplicate",
        ("results",),
        "Send rows twice.",
        "no error; more rows",
        (28, 30),
        "tests/e2e/test_faults_streams.py::test_rows_that_come_twice",
        options=_CHOSEN,
        check=_pattern_problem,
    ),
    Fault(
        "results.bytes",
        ("results",),
        "Put odd bytes into or between the rows.",
        "crlf_split, blank_line: JSONDecodeError; invalid_utf8: UnicodeDecodeError; the others pass",
        (19, 22),
        "tests/e2e/test_faults_streams.py::test_odd_bytes",
        options={"trick": Option("choice", "The bytes to insert.", "u2028", TRICKS)},
    ),
    Fault(
        "results.bandwidth",
        ("results",),
        "Limit the bandwidth of the stream, in real time.",
        "waits",
        (33,),
        "tests/e2e/test_faults_streams.py::test_a_narrow_stream",
        options=BANDWIDTH,
        check=rate_problem,
    ),
    Fault(
        "results.slicer",
        ("results",),
        "Send the stream in small slices.",
        "works; a line or a character may be cut anywhere",
        (19, 33),
        "tests/e2e/test_faults_streams.py::test_a_stream_in_slices",
        options=SLICER,
        check=slice_problem,
    ),
    Fault(
        "results.slow_start",
        ("results",),
        "Delay the first byte of the body; the headers are on time.",
        "httpx2.ReadTimeout if the delay is longer than the timeout",
        (33,),
        "tests/e2e/test_faults_streams.py::test_a_late_first_byte",
        options=SLOW_START,
    ),
    Fault(
        "results.url",
        ("retrieve", "list"),
        "Point `results_url` elsewhere.",
        "relative and redirect work; other_host and nxdomain: APIConnectionError; null: AnthropicError; "
        "doubled_path: NotFoundError",
        (8, 47),
        "tests/e2e/test_faults_streams.py::test_where_results_are_found",
        options={"to": Option("choice", "Where.", "nxdomain", URLS)},
    ),
    Fault(
        "compat.unknown_result_type",
        ("results",),
        "Give rows a result type that does not exist yet.",
        "typed MessageBatchSucceededResult, with `.message` None",
        (48,),
        "tests/e2e/test_faults_streams.py::test_a_result_type_of_tomorrow",
        options={"type": Option("text", "The result type.", "deferred"), **_CHOSEN},
        check=_pattern_problem,
    ),
    Fault(
        "compat.unknown_status",
        ("batch",),
        "Until it has ended, the batch has a processing_status that does not exist yet.",
        "passes it through as a string",
        (5, 48),
        "tests/e2e/test_faults_batches.py::test_a_status_of_tomorrow",
        options={"status": Option("text", "The processing_status.", "validating")},
    ),
    Fault(
        "compat.extra_fields",
        ("batch", "results"),
        "Give batches or rows fields that do not exist yet.",
        "keeps them as attributes",
        (48,),
        "tests/e2e/test_faults_streams.py::test_fields_of_tomorrow",
    ),
)
_SHOWN = "tests/e2e/test_webhooks.py::test_faults_of_webhooks_are_rules"
WEBHOOK_FAULTS = (
    Fault("webhook.lost", ("webhook",), "The webhook is not sent.", "it has no webhooks for batches", (52,), _SHOWN),
    Fault("webhook.twice", ("webhook",), "The webhook is sent twice.", "it has no webhooks for batches", (52,), _SHOWN),
    Fault(
        "webhook.late",
        ("webhook",),
        "The webhook is sent late.",
        "it has no webhooks for batches",
        (52,),
        _SHOWN,
        options={"delay": Option("delay", "The delay, in virtual time.", "10m")},
    ),
    Fault(
        "webhook.out_of_order",
        ("webhook",),
        "The webhook is sent after the next one of the session.",
        "it has no webhooks for batches",
        (52,),
        _SHOWN,
    ),
    Fault(
        "webhook.bad_signature",
        ("webhook",),
        "The webhook is signed with a wrong secret.",
        "`webhooks.unwrap` raises",
        (52,),
        _SHOWN,
    ),
)
