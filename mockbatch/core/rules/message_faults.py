"""Faults of streamed messages.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming, and reactions of the official SDK as its tests
here show them.
"""

from typing import Any, ClassVar

from mockbatch.core.rules.actions import Action, BreakOff, Cut, Pause, Position, Strike
from mockbatch.core.rules.call_faults import api_error
from mockbatch.core.rules.fault import Fault
from mockbatch.core.rules.item_faults import error_type_problem
from mockbatch.core.rules.options import option
from mockbatch.core.rules.stream_faults import (
    CUT_HOW,
    STALL_LASTS,
    Bandwidth,
    PositionedFault,
    Slicer,
    SlowStart,
    is_middle,
)
from mockbatch.core.time.spans import SECOND

EVENT_LINES = 3
"""The number of lines of an event of a streamed message: its name, its data, and a blank line."""


class _OfMessages(Fault):
    on = ("messages",)
    streamed = True


class ErrorEvent(_OfMessages):
    """End a streamed message with an `event: error` after this many events, inside a 200."""

    name = "messages.error_event"
    sdk = "raises APIStatusError with status_code 200 from the stream for every type; no retry"
    modes = (56,)
    test = "tests/e2e/test_faults_messages.py::test_an_error_inside_of_a_stream"
    after_events: int = option("count", "After this many events.", 5)
    type: str = option("text", "The error type.", "overloaded_error")
    message: str | None = option("text", "The error message; by default the API's for this type.")
    details: dict[str, Any] | None = option("json", "The error's `details`, a table.")

    def problem(self) -> str | None:
        return error_type_problem(self.type)

    def response(self, strike: Strike) -> Action:
        position = Position(self.after_events * EVENT_LINES, boundary=b"\n\n")
        return BreakOff(position, api_error(200, self.type, self.message, self.details))


class _AfterEvents(_OfMessages, PositionedFault):
    modes: ClassVar[tuple[int, ...]] = (56,)
    after_events: int | None = option("count", "After this many events; 0 if neither is given.")
    after_bytes: int | None = option("size", "After this many bytes.")
    at: str | None = None

    def problem(self) -> str | None:
        return self.contradiction("after_events")

    def position(self) -> Position:
        middle = is_middle(self.at, self.after_bytes)
        # cutting an event in the middle means cutting its data
        lines = (self.after_events or 0) * EVENT_LINES + (middle and self.after_bytes is None)
        return Position(lines, self.after_bytes, mid_line=middle, boundary=b"\n\n")


class MessagesCut(_AfterEvents):
    """Cut a streamed message after this many events or bytes."""

    name = "messages.cut"
    sdk = (
        "clean, close: no error, a message without a stop_reason; reset, no_terminator, short: httpx2 errors, no "
        "retry; stall: httpx2.ReadTimeout"
    )
    test = "tests/e2e/test_faults_messages.py::test_the_ends_of_a_streamed_message"
    at: str | None = option(
        "choice",
        "At the end of an event (the default with after_events) or in the middle of the next; the default with "
        "after_bytes is the exact byte.",
        choices=("boundary", "mid_event"),
    )
    how: str = CUT_HOW

    def response(self, strike: Strike) -> Action:
        return Cut(self.position(), self.how)


class MessagesStall(_AfterEvents):
    """Pause a streamed message after this many events or bytes, then continue."""

    name = "messages.stall"
    sdk = "httpx2.ReadTimeout if the pause is longer than the timeout"
    modes = (33, 56)
    test = "tests/e2e/test_faults_messages.py::test_a_streamed_message_that_stalls"
    lasts: int = STALL_LASTS

    def response(self, strike: Strike) -> Action:
        return Pause(self.position(), self.lasts / SECOND)


class MessagesSlowStart(_OfMessages, SlowStart):
    """Delay the first event of a streamed message; the headers are on time."""

    name = "messages.slow_start"
    modes = (33, 56)
    test = "tests/e2e/test_faults_messages.py::test_a_streamed_message_that_starts_late"


class MessagesSlicer(_OfMessages, Slicer):
    """Send a streamed message in small slices."""

    name = "messages.slicer"
    sdk = "works; an event or a character may be cut anywhere"
    modes = (19, 56)
    test = "tests/e2e/test_faults_messages.py::test_a_streamed_message_in_slices"


class MessagesBandwidth(_OfMessages, Bandwidth):
    """Limit the bandwidth of a streamed message, in real time."""

    name = "messages.bandwidth"
    modes = (33, 56)
    test = "tests/e2e/test_faults_messages.py::test_a_streamed_message_over_a_narrow_line"
