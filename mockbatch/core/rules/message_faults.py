"""Faults of streamed messages.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming, and reactions of the official SDK as its tests
here show them.
"""

from typing import Any

from mockbatch.core.rules.fault import Fault, Option
from mockbatch.core.rules.item_faults import error_type_problem
from mockbatch.core.rules.stream_faults import BANDWIDTH, CUT_HOW, SLICER, SLOW_START, rate_problem, slice_problem

_AFTER = {
    "after_events": Option("count", "After this many events; 0 if neither is given."),
    "after_bytes": Option("size", "After this many bytes."),
}


def _one_place(options: dict[str, Any]) -> str | None:
    if "after_events" in options and "after_bytes" in options:
        return "after_events and after_bytes contradict each other"
    return None


MESSAGE_FAULTS = (
    Fault(
        "messages.error_event",
        ("messages",),
        "End a streamed message with an `event: error` after this many events, inside a 200.",
        "raises APIStatusError with status_code 200 from the stream for every type; no retry",
        (56,),
        "tests/e2e/test_faults_messages.py::test_an_error_inside_of_a_stream",
        options={
            "after_events": Option("count", "After this many events.", 5),
            "type": Option("text", "The error type.", "overloaded_error"),
            "message": Option("text", "The error message; by default the API's for this type."),
            "details": Option("json", "The error's `details`, a table."),
        },
        check=error_type_problem,
    ),
    Fault(
        "messages.cut",
        ("messages",),
        "Cut a streamed message after this many events or bytes.",
        "clean, close: no error, a message without a stop_reason; reset, no_terminator, short: httpx2 errors, no "
        "retry; stall: httpx2.ReadTimeout",
        (56,),
        "tests/e2e/test_faults_messages.py::test_the_ends_of_a_streamed_message",
        options={
            **_AFTER,
            "at": Option(
                "choice",
                "At the end of an event (the default with after_events) or in the middle of the next; the default "
                "with after_bytes is the exact byte.",
                choices=("boundary", "mid_event"),
            ),
            "how": CUT_HOW,
        },
        check=_one_place,
    ),
    Fault(
        "messages.stall",
        ("messages",),
        "Pause a streamed message after this many events or bytes, then continue.",
        "httpx2.ReadTimeout if the pause is longer than the timeout",
        (33, 56),
        "tests/e2e/test_faults_messages.py::test_a_streamed_message_that_stalls",
        options={**_AFTER, "lasts": Option("span", "The length of the pause, in real time.", "10s")},
        check=_one_place,
    ),
    Fault(
        "messages.slow_start",
        ("messages",),
        "Delay the first event of a streamed message; the headers are on time.",
        "httpx2.ReadTimeout if the delay is longer than the timeout",
        (33, 56),
        "tests/e2e/test_faults_messages.py::test_a_streamed_message_that_starts_late",
        options=SLOW_START,
    ),
    Fault(
        "messages.slicer",
        ("messages",),
        "Send a streamed message in small slices.",
        "works; an event or a character may be cut anywhere",
        (19, 56),
        "tests/e2e/test_faults_messages.py::test_a_streamed_message_in_slices",
        options=SLICER,
        check=slice_problem,
    ),
    Fault(
        "messages.bandwidth",
        ("messages",),
        "Limit the bandwidth of a streamed message, in real time.",
        "waits",
        (33, 56),
        "tests/e2e/test_faults_messages.py::test_a_streamed_message_over_a_narrow_line",
        options=BANDWIDTH,
        check=rate_problem,
    ),
)
STREAMED = frozenset(fault.name for fault in MESSAGE_FAULTS)
"""Faults that match only streamed messages."""
