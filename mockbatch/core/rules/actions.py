"""What faults do: values that the stage concerned carries out by their type, without knowing the fault."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Literal, Protocol

from msgspec import Struct

from mockbatch.core.contract.errors import ApiError
from mockbatch.core.seeded_hash import derive_seed, hash64, to_unit_interval
from mockbatch.core.time.spans import SECOND

Outcome = Literal["succeeded", "errored", "expired", "canceled"]
Shown = dict[str, Any]
"""A batch as the API shows it, by field."""


class ItemError(Struct, frozen=True, omit_defaults=True):
    """The error of a row. Without a request_id a new one is generated, as for an error during execution."""

    type: str
    message: str
    details: dict[str, Any] | None = None
    request_id: str | None = None

    def __hash__(self) -> int:
        return hash((self.type, self.message))


class Strike(Struct, frozen=True):
    """A call to which a rule applies: the `ordinal`th for this batch, at `now` in virtual and `real` in real time."""

    rule: str
    session: str
    seed: int
    batch: str
    ordinal: int
    now: int
    real: int

    def luck(self, purpose: str) -> float:
        """Return a number in (0, 1) for this call."""
        return to_unit_interval(hash64(derive_seed(self.seed, purpose, self.rule, self.session), str(self.ordinal)))


class Sight(Struct, frozen=True):
    """A look at a batch: the `ordinal`th retrieve, at `now`. `progress` are the actual row counts, if a fault needs
    them.
    """

    ordinal: int
    now: int
    progress: dict[str, int] | None = None


class Delivery(Struct, frozen=True):
    """The first delivery of a webhook, `due` at a virtual instant.

    `copies` of it are sent, `signed` correctly or not.
    """

    due: int
    copies: int = 1
    signed: bool = True


class Plan(Struct, frozen=True):
    """What rules fix for a batch when it is created.

    Everything takes `factor` times as long, and only a fraction of the rows finishes.
    """

    factor: int = 1
    finish_fraction: float = 1.0

    def finishing(self, draws: Iterable[int]) -> int:
        """Return the bound for the draws of the rows that finish, given the draws of all rows."""
        ranked = sorted(draws)
        done = round(len(ranked) * self.finish_fraction)
        return ranked[done] if done < len(ranked) else 1 << 64


class LineTransform(Protocol):
    """A transformation of lines: it is fed lines without their endings and returns bytes; `finish` returns the rest."""

    def feed(self, lines: Sequence[bytes]) -> bytes: ...

    def finish(self) -> bytes: ...


class Position:
    """A position in a stream: after a number of lines or bytes, or in the middle of the next line."""

    def __init__(self, lines: int, size: int | None = None, *, mid_line: bool = False, boundary: bytes = b"\n") -> None:
        self._lines = lines
        self._boundary = boundary
        self._bytes = size
        self._mid_line = mid_line
        self.reached = False

    def before(self, piece: bytes) -> bytes:
        """Return the part of the next piece before the position; sets `reached` when the position is in the piece."""
        end = self._end(piece)
        if end is None:
            return piece
        self.reached = True
        return piece[:end]

    def _end(self, piece: bytes) -> int | None:
        if self._bytes is not None:
            return self._end_by_bytes(piece)
        count = piece.count(b"\n")
        if count < self._lines or (self._mid_line and count == self._lines and piece.endswith(b"\n")) or not piece:
            self._lines -= count
            return None
        at = 0
        for _ in range(self._lines):
            at = piece.index(b"\n", at) + 1
        if not self._mid_line:
            return at
        line_end = piece.find(b"\n", at)
        return at + max(((line_end if line_end >= 0 else len(piece)) - at) // 2, 1)

    def _end_by_bytes(self, piece: bytes) -> int | None:
        assert self._bytes is not None
        if len(piece) < self._bytes or not piece:
            self._bytes -= len(piece)
            return None
        if self._mid_line:
            return self._bytes
        at = piece.rfind(self._boundary, 0, self._bytes)
        return at + len(self._boundary) if at >= 0 else 0


class Action(Struct, frozen=True):
    """Something done to a call or its response. A `plain` one needs the bytes of the response uncompressed."""

    plain: ClassVar[bool] = False


class Respond(Action, frozen=True):
    """Send this response."""

    status: int
    headers: dict[str, str]
    content_type: str
    body: bytes


class RespondError(Action, frozen=True):
    """Send an error in the API's envelope, with these headers in addition, whole or `truncated`."""

    error: ApiError
    headers: dict[str, str] = {}
    truncated: bool = False


class Reset(Action, frozen=True):
    """Reset the connection."""


class Wait(Action, frozen=True):
    """Delay the response, in real time; forever if `seconds` is None."""

    seconds: float | None


class WaitAfterHeaders(Action, frozen=True):
    """Delay the body of the response, in real time; forever if `seconds` is None."""

    seconds: float | None


class SendHeadersSlowly(Action, frozen=True):
    """Send the headers byte by byte, with a pause of `gap` seconds."""

    gap: float


class CloseAfter(Action, frozen=True):
    """Close the connection after the response, announced or not."""

    announced: bool


class OnSuccess(Action, frozen=True):
    """Do this instead of sending a successful response."""

    then: Action


class AfterBody(Action, frozen=True):
    """Read the body of the request, and do this instead of handling the call."""

    then: Action


class EditHeaders(Action, frozen=True):
    """Remove headers from the response, and add or replace others."""

    remove: frozenset[str]
    add: dict[str, str]


class Encode(Action, frozen=True):
    """Encode the response in a wrong way."""

    how: str


class LimitPage(Action, frozen=True):
    """Lower the requested size of a page."""

    size: int


class RespondWithBatch(Action, frozen=True):
    """Send the batch of the call with a change; handle the call if the change returns None."""

    change: Callable[[Shown], Shown | None]


class ChangeBatches(Action, frozen=True):
    """Change each batch in the response."""

    change: Callable[[Shown], Shown]


class TransformLines(Action, frozen=True):
    """Transform the lines of a streamed response."""

    transform: LineTransform


class BreakOff(Action, frozen=True):
    """End an event stream at a position with an error event."""

    position: Position
    error: ApiError


class DelayBody(Action, frozen=True):
    """Delay the first byte of a streamed body."""

    seconds: float


class Pause(Action, frozen=True):
    """Pause a stream at a position."""

    plain = True
    position: Position
    seconds: float


class Slice(Action, frozen=True):
    """Send a stream in slices of `size` bytes, with pauses between them."""

    plain = True
    size: int
    seconds: float


class Throttle(Action, frozen=True):
    """Send a stream at `per_second` bytes per second."""

    plain = True
    per_second: int


class Cut(Action, frozen=True):
    """End a stream at a position, in one of the ways of `results.cut`."""

    plain = True
    position: Position
    how: str


def seconds(span: int | None) -> float | None:
    """Return a span of microseconds in seconds."""
    return None if span is None else span / SECOND
