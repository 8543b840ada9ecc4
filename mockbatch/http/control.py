"""`/_mockbatch/*`: what the tester does, on the same port. Looking changes nothing."""

from collections.abc import Awaitable
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct
from starlette.routing import Route

from mockbatch import __version__
from mockbatch.core.contract.errors import InvalidRequest, NotFound
from mockbatch.core.names import did_you_mean
from mockbatch.core.time.spans import format_instant, parse_instant, parse_span
from mockbatch.core.time.timeline import Event
from mockbatch.http.answers import Answer, Json
from mockbatch.http.caller import key_of, named_session
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.described import described
from mockbatch.service import Mock
from mockbatch.service.clock import Moved
from mockbatch.service.sessions import Session

T = TypeVar("T", bound=Struct)


class Advance(Struct, frozen=True, forbid_unknown_fields=True):
    """How far to advance: one of `by`, `to`, `events`, or `until` with its `batch`."""

    by: str | int | float | None = None
    to: str | None = None
    events: int | None = None
    until: Literal["batch.ended"] | None = None
    batch: str | None = None


class Speedup(Struct, frozen=True, forbid_unknown_fields=True):
    """How many virtual seconds pass in a real one."""

    speedup: float


class Health(Struct, frozen=True):
    """That the server is there, and which it is."""

    status: Literal["ready"]
    name: str
    version: str


class EventView(Struct, frozen=True):
    """What time did or will do to a batch."""

    at: str
    type: str
    batch: str


class Advanced(Struct, frozen=True):
    """Where a clock is after an advance, and what happened on the way."""

    now: str
    events: list[EventView]


class ClockView(Struct, frozen=True):
    """A clock as it is shown."""

    now: str
    speedup: float
    frozen: bool
    next_event: EventView | None


@described(Health, caller="anyone")
async def health(call: Call) -> Answer:
    """Whether the server is there."""
    return Json(Health("ready", "mockbatch", __version__))


@described(ClockView, caller="control")
async def clock(call: Call) -> Answer:
    """The clock of a session."""
    mock, session = await entered(call)
    return Json(_view(mock, session))


@described(Advanced, takes=Advance, caller="control")
async def advance(call: Call) -> Answer:
    """Advance the clock, and tell what happened on the way."""
    mock, session = await entered(call)
    moved = await _advanced(mock, session, await _body(call, Advance))
    return Json(Advanced(format_instant(moved.now), [_event(event) for event in moved.events]))


@described(ClockView, caller="control")
async def freeze(call: Call) -> Answer:
    """Let time stand still."""
    mock, session = await entered(call)
    await mock.clocks.freeze(session)
    return Json(_view(mock, session))


@described(ClockView, caller="control")
async def resume(call: Call) -> Answer:
    """Let time run again."""
    mock, session = await entered(call)
    await mock.clocks.resume(session)
    return Json(_view(mock, session))


@described(ClockView, takes=Speedup, caller="control")
async def speedup(call: Call) -> Answer:
    """Let time run faster or slower."""
    mock, session = await entered(call)
    factor = (await _body(call, Speedup)).speedup
    if not 0 <= factor <= 1e9:
        raise InvalidRequest("speedup: Input should be between 0 and 1,000,000,000")
    await mock.clocks.speed_up(session, factor)
    return Json(_view(mock, session))


def _advanced(mock: Mock, session: Session, how: Advance) -> Awaitable[Moved]:
    given = [name for name in ("by", "to", "events", "until") if getattr(how, name) is not None]
    if len(given) != 1:
        raise InvalidRequest("advance: give exactly one of by, to, events, until")
    try:
        if how.by is not None:
            return mock.clocks.advance_by(session, parse_span(str(how.by)))
        if how.to is not None:
            return mock.clocks.advance_to(session, parse_instant(how.to))
    except ValueError as error:
        raise InvalidRequest(f"{given[0]}: {error}") from None
    if how.events is not None:
        if how.events < 1:
            raise InvalidRequest("events: Input should be greater than or equal to 1")
        return mock.clocks.advance_events(session, how.events)
    if how.batch is None:
        raise InvalidRequest("batch: Field required")
    return mock.clocks.advance_until_ended(session, how.batch)


def _view(mock: Mock, session: Session) -> ClockView:
    upcoming = mock.clocks.next_event(session)
    return ClockView(
        format_instant(session.now()),
        session.clock.rate,
        session.clock.frozen,
        _event(upcoming) if upcoming else None,
    )


def _event(event: Event) -> EventView:
    return EventView(format_instant(event.at), event.type, event.batch)


async def entered(call: Call) -> tuple[Mock, Session]:
    """The session of the caller's key; without a key, the only one there is."""
    mock = call.mock
    if key := key_of(call):
        return mock, await named_session(call, key)
    sessions = mock.sessions.all()
    if len(sessions) != 1:
        raise NotFound(f"There are {len(sessions)} sessions; name yours with its key in the header x-api-key")
    return mock, sessions[0]


async def _body(call: Call, kind: type[T]) -> T:
    try:
        content = msgspec.json.decode(await call.body() or b"{}")
        if isinstance(content, dict):
            _refuse_unknown(content, kind)
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        raise InvalidRequest(f"{name}: {message}" if name else message) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The request body is not valid JSON") from None


def _refuse_unknown(content: dict[str, Any], kind: type[Struct]) -> None:
    names = kind.__struct_fields__
    for key in content:
        if key not in names:
            raise InvalidRequest(f"{key}: unknown key.{did_you_mean(key, names)} Known: {', '.join(names)}")


routes = [
    Route("/", Endpoint(GET=health)),
    Route("/health", Endpoint(GET=health)),
    Route("/_mockbatch/clock", Endpoint(GET=clock)),
    Route("/_mockbatch/clock/advance", Endpoint(POST=advance)),
    Route("/_mockbatch/clock/freeze", Endpoint(POST=freeze)),
    Route("/_mockbatch/clock/resume", Endpoint(POST=resume)),
    Route("/_mockbatch/clock/speedup", Endpoint(POST=speedup)),
]
