"""Faults of the results stream, of its URL, and forward-compatibility faults: content that a later API might send.

Source: reactions of the official SDK as its tests here show them.
"""

from abc import abstractmethod
from typing import ClassVar

from mockbatch.core.rules.actions import (
    Action,
    ChangeBatches,
    Cut,
    DelayBody,
    LineTransform,
    Pause,
    Position,
    Shown,
    Sight,
    Slice,
    Strike,
    Throttle,
    TransformLines,
)
from mockbatch.core.rules.fault import Fault, Scope
from mockbatch.core.rules.lines import EXTRA, TRICKS, EveryRow, Rows, of_type
from mockbatch.core.rules.match import check_pattern
from mockbatch.core.rules.options import option
from mockbatch.core.time.spans import SECOND

REDIRECTED = b"mockbatch=redirect"
"""The query of a results URL that redirects to the same URL without it."""


class _OfResults(Fault):
    on: ClassVar[tuple[Scope, ...]] = ("results",)


class PositionedFault(Fault):
    """A fault at a position of a stream."""

    after_bytes: int | None

    @abstractmethod
    def position(self) -> Position:
        """Return the position: after a number of rows, events or bytes."""

    def contradiction(self, other: str) -> str | None:
        """Return what is wrong if the position is given in two ways."""
        if getattr(self, other) is not None and self.after_bytes is not None:
            return f"{other} and after_bytes contradict each other"
        return None


class _AfterRows(_OfResults, PositionedFault):
    after_items: int | None = option("count", "After this many rows; 0 if neither is given.")
    after_bytes: int | None = option("size", "After this many bytes.")
    at: str | None = None

    def problem(self) -> str | None:
        return self.contradiction("after_items")

    def position(self) -> Position:
        middle = is_middle(self.at, self.after_bytes)
        return Position(self.after_items or 0, self.after_bytes, mid_line=middle)


def is_middle(at: str | None, after_bytes: int | None) -> bool:
    """Return whether a position is not at a boundary: as given, by default only if it is a number of bytes."""
    return at != "boundary" if at else after_bytes is not None


CUT_HOW = option(
    "choice",
    "`clean`: as if complete; `reset`: reset the connection; `no_terminator`: close it without the last chunk; "
    "`stall`: send nothing more; `close`: an unchunked response that ends by closing; `short`: close before "
    "content-length is reached.",
    "clean",
    ("clean", "reset", "no_terminator", "stall", "close", "short"),
)
STALL_LASTS = option("span", "The length of the pause, in real time.", "10s")


class ResultsCut(_AfterRows):
    """Cut the results stream after this many rows or bytes."""

    name = "results.cut"
    sdk = (
        "clean or close at a line boundary: no error, fewer rows; mid-line: JSONDecodeError; reset, no_terminator, "
        "short: httpx2 errors, no retry; stall: httpx2.ReadTimeout, which is not an anthropic.APIError"
    )
    modes = (2, 32, 33, 45)
    test = "tests/e2e/test_faults_streams.py::test_the_ends_of_a_stream"
    at: str | None = option(
        "choice",
        "At the end of a line (the default with after_items) or in the middle of the next; the default with "
        "after_bytes is the exact byte.",
        choices=("boundary", "mid_line"),
    )
    how: str = CUT_HOW

    def response(self, strike: Strike) -> Action:
        return Cut(self.position(), self.how)


class ResultsStall(_AfterRows):
    """Pause the stream after this many rows or bytes, then continue."""

    name = "results.stall"
    sdk = "httpx2.ReadTimeout if the pause is longer than the timeout; up to 63 bytes are held back meanwhile"
    modes = (33,)
    test = "tests/e2e/test_faults_streams.py::test_a_stall_that_ends"
    lasts: int = STALL_LASTS

    def response(self, strike: Strike) -> Action:
        return Pause(self.position(), self.lasts / SECOND)


class _OfLines(_OfResults):
    @abstractmethod
    def lines(self) -> LineTransform:
        """Return the transformation of the lines, for one download."""

    def response(self, strike: Strike) -> Action:
        return TransformLines(self.lines())


_CUSTOM_ID = option("text", "Only rows whose custom_id matches this glob.", "*")
_FIRST = option("count", "Only the first n of them.", 1)


class _OfRows(_OfLines):
    custom_id: str
    first: int

    def problem(self) -> str | None:
        try:
            check_pattern("custom_id", self.custom_id)
        except ValueError as error:
            return str(error)
        return None

    def lines(self) -> LineTransform:
        return Rows(self.custom_id, self.first, self.change)

    @abstractmethod
    def change(self, line: bytes) -> bytes:
        """Return what is sent instead of a row."""


class Omit(_OfRows):
    """Omit rows from results that otherwise look complete."""

    name = "results.omit"
    sdk = "no error; fewer rows"
    modes = (2,)
    test = "tests/e2e/test_faults_streams.py::test_rows_that_are_missing"
    custom_id: str = _CUSTOM_ID
    first: int = _FIRST

    def change(self, line: bytes) -> bytes:
        return b""


class Duplicate(_OfRows):
    """Send rows twice."""

    name = "results.duplicate"
    sdk = "no error; more rows"
    modes = (28, 30)
    test = "tests/e2e/test_faults_streams.py::test_rows_that_come_twice"
    custom_id: str = _CUSTOM_ID
    first: int = _FIRST

    def change(self, line: bytes) -> bytes:
        return line + b"\n" + line + b"\n"


class OddBytes(_OfLines):
    """Put odd bytes into or between the rows."""

    name = "results.bytes"
    sdk = "crlf_split, blank_line: JSONDecodeError; invalid_utf8: UnicodeDecodeError; the others pass"
    modes = (19, 22)
    test = "tests/e2e/test_faults_streams.py::test_odd_bytes"
    trick: str = option("choice", "The bytes to insert.", "u2028", tuple(TRICKS))

    def lines(self) -> LineTransform:
        return TRICKS[self.trick]()


class Bandwidth(Fault):
    """A fault that limits the bandwidth of a stream."""

    modes: ClassVar[tuple[int, ...]] = (33,)
    sdk = "waits"
    continues = True
    per_second: int = option("size", "Bytes per second.", "64kB")

    def problem(self) -> str | None:
        return None if self.per_second else "per_second: at 0 nothing would ever come"

    def response(self, strike: Strike) -> Action:
        return Throttle(max(self.per_second, 1))


class Slicer(Fault):
    """A fault that sends a stream in slices."""

    continues = True
    bytes: int = option("count", "Bytes per slice, at least 1.", 7)
    gap: int = option("span", "The pause between slices, in real time.", "0s")

    def problem(self) -> str | None:
        return None if self.bytes else "bytes: slices of 0 bytes would have no end"

    def response(self, strike: Strike) -> Action:
        return Slice(self.bytes, self.gap / SECOND)


class SlowStart(Fault):
    """A fault that delays the first byte of a body."""

    modes: ClassVar[tuple[int, ...]] = (33,)
    sdk = "httpx2.ReadTimeout if the delay is longer than the timeout"
    continues = True
    delay: int = option("span", "The delay, in real time.", "5s")

    def response(self, strike: Strike) -> Action:
        return DelayBody(self.delay / SECOND)


class ResultsBandwidth(_OfResults, Bandwidth):
    """Limit the bandwidth of the stream, in real time."""

    name = "results.bandwidth"
    test = "tests/e2e/test_faults_streams.py::test_a_narrow_stream"


class ResultsSlicer(_OfResults, Slicer):
    """Send the stream in small slices."""

    name = "results.slicer"
    sdk = "works; a line or a character may be cut anywhere"
    modes = (19, 33)
    test = "tests/e2e/test_faults_streams.py::test_a_stream_in_slices"


class ResultsSlowStart(_OfResults, SlowStart):
    """Delay the first byte of the body; the headers are on time."""

    name = "results.slow_start"
    test = "tests/e2e/test_faults_streams.py::test_a_late_first_byte"


class ResultsUrl(Fault):
    """Point `results_url` elsewhere."""

    name = "results.url"
    on = ("retrieve", "list")
    sdk = (
        "relative and redirect work; other_host and nxdomain: APIConnectionError; null: AnthropicError; "
        "doubled_path: NotFoundError"
    )
    modes = (8, 47)
    test = "tests/e2e/test_faults_streams.py::test_where_results_are_found"
    to: str = option(
        "choice", "Where.", "nxdomain", ("other_host", "nxdomain", "relative", "redirect", "null", "doubled_path")
    )

    def response(self, strike: Strike) -> Action:
        return ChangeBatches(self._elsewhere)

    def _elsewhere(self, shown: Shown) -> Shown:
        url = shown["results_url"]
        return {**shown, "results_url": self.url(url)} if url else shown

    def url(self, url: str) -> str | None:
        """Return the `results_url` that is shown for the real one."""
        origin, path = url[: url.index("/", 8)], url[url.index("/", 8) :]
        return {
            # a port with no listener, and a name that never resolves (RFC 6761)
            "other_host": f"http://127.0.0.1:9{path}",
            "nxdomain": f"http://results.invalid{path}",
            "relative": path,
            "redirect": f"{url}?{REDIRECTED.decode()}",
            "doubled_path": f"{origin}{path}{path}",
            "null": None,
        }[self.to]


class UnknownResultType(_OfRows):
    """Give rows a result type that does not exist yet."""

    name = "compat.unknown_result_type"
    sdk = "typed MessageBatchSucceededResult, with `.message` None"
    modes = (48,)
    test = "tests/e2e/test_faults_streams.py::test_a_result_type_of_tomorrow"
    type: str = option("text", "The result type.", "deferred")
    custom_id: str = _CUSTOM_ID
    first: int = _FIRST

    def change(self, line: bytes) -> bytes:
        return of_type(self.type)(line)


class UnknownStatus(Fault):
    """Until it has ended, the batch has a processing_status that does not exist yet."""

    name = "compat.unknown_status"
    on = ("batch",)
    sdk = "passes it through as a string"
    modes = (5, 48)
    test = "tests/e2e/test_faults_batches.py::test_a_status_of_tomorrow"
    status: str = option("text", "The processing_status.", "validating")

    def view(self, shown: Shown, sight: Sight) -> Shown:
        return shown if shown["ended_at"] else {**shown, "processing_status": self.status}


class ExtraFields(_OfLines):
    """Give batches or rows fields that do not exist yet."""

    name = "compat.extra_fields"
    on = ("batch", "results")
    sdk = "keeps them as attributes"
    modes = (48,)
    test = "tests/e2e/test_faults_streams.py::test_fields_of_tomorrow"

    def view(self, shown: Shown, sight: Sight) -> Shown:
        return {**shown, "priority": "standard", "labels": {"team": None}, "progress": [0, 1]}

    def lines(self) -> LineTransform:
        return EveryRow(lambda line, _: EXTRA + line[1:] + b"\n")
