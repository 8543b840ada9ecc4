"""Faults of streamed messages: events that are not those of a whole message.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming, and reactions of the official SDK as its tests
here show them.
"""

from typing import Any

from mockbatch.core.rules.fault import Fault, Option
from mockbatch.core.rules.item_faults import error_type_problem
from mockbatch.core.rules.stream_faults import BANDWIDTH, CUT_HOW, SLICER, SLOW_START, rate_problem, slice_problem

_AFTER = {
    "after_events": Option("count", "After so many events; 0 without either."),
    "after_bytes": Option("size", "After so many bytes."),
}


def _one_place(options: dict[str, Any]) -> str | None:
    if "after_events" in options and "after_bytes" in options:
        return "after_events and after_bytes contradict each other"
    return None


MESSAGE_FAULTS = (
    Fault(
        "messages.error_event",
        ("messages",),
        "A streamed message breaks off after so many events with an `event: error`, inside of a 200.",
        "raises APIStatusError with status_code 200 from the stream, whatever the type; no retry",
        (56,),
        "tests/e2e/test_faults_messages.py::test_an_error_inside_of_a_stream",
        options={
            "after_events": Option("count", "After so many events.", 5),
            "type": Option("text", "The type of the error.", "overloaded_error"),
            "message": Option("text", "What it says; by default what the API says of this type."),
            "details": Option("json", "Its details, a table."),
        },
        check=error_type_problem,
    ),
    Fault(
        "messages.cut",
        ("messages",),
        "A streamed message ends after so many events or bytes.",
        "clean, close: no error, a message without a stop_reason; reset, no_terminator, short: httpx2 errors, no "
        "retry; stall: httpx2.ReadTimeout",
        (56,),
        "tests/e2e/test_faults_messages.py::test_the_ends_of_a_streamed_message",
        options={
            **_AFTER,
            "at": Option(
                "choice",
                "At the end of an event, as by default after events, or in the middle of the next; by default after "
                "bytes: exactly there.",
                choices=("boundary", "mid_event"),
            ),
            "how": CUT_HOW,
        },
        check=_one_place,
    ),
    Fault(
        "messages.stall",
        ("messages",),
        "A streamed message pauses after so many events or bytes, then goes on.",
        "httpx2.ReadTimeout when the pause is longer than the timeout",
        (33, 56),
        "tests/e2e/test_faults_messages.py::test_a_streamed_message_that_stalls",
        options={**_AFTER, "lasts": Option("span", "How long, in real time.", "10s")},
        check=_one_place,
    ),
    Fault(
        "messages.slow_start",
        ("messages",),
        "The first event of a streamed message comes late, after the headers.",
        "httpx2.ReadTimeout when it is later than the timeout",
        (33, 56),
        "tests/e2e/test_faults_messages.py::test_a_streamed_message_that_starts_late",
        options=SLOW_START,
    ),
    Fault(
        "messages.slicer",
        ("messages",),
        "A streamed message comes in small slices.",
        "works; an event or a character may be cut anywhere",
        (19, 56),
        "tests/e2e/test_faults_messages.py::test_a_streamed_message_in_slices",
        options=SLICER,
        check=slice_problem,
    ),
    Fault(
        "messages.bandwidth",
        ("messages",),
        "A streamed message comes only so fast, in real time.",
        "waits",
        (33, 56),
        "tests/e2e/test_faults_messages.py::test_a_streamed_message_over_a_narrow_line",
        options=BANDWIDTH,
        check=rate_problem,
    ),
)
STREAMED = frozenset(fault.name for fault in MESSAGE_FAULTS)
"""Those that strike nothing but messages that are streamed."""
