"""`/_mockbatch/clock`: control of the virtual time."""

from collections.abc import Awaitable
from typing import Literal

from msgspec import Struct
from starlette.routing import Route

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.time.spans import format_instant, parse_instant, parse_span
from mockbatch.core.time.timeline import TimelineEvent
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import content_of, entered
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.admin.clock import AdvanceResult
from mockbatch.service.cooperative import in_turns
from mockbatch.service.services import Services
from mockbatch.service.sessions.session import SessionState


class Advance(Struct, frozen=True, forbid_unknown_fields=True):
    """How far to advance: exactly one of `by`, `to`, `events` and `until`. The last needs a `batch`: until it has
    ended, or until `count` of its requests are done.
    """

    by: str | int | float | None = None
    to: str | None = None
    events: int | None = None
    until: Literal["batch.ended", "items_done"] | None = None
    batch: str | None = None
    count: int | None = None


class Speedup(Struct, frozen=True, forbid_unknown_fields=True):
    """Virtual seconds per real second."""

    speedup: float


class EventView(Struct, frozen=True):
    """An effect of time on a batch, past or future."""

    at: str
    type: str
    batch: str


class Advanced(Struct, frozen=True):
    """The time of a clock after an advance, and the events it passed."""

    now: str
    events: list[EventView]


class ClockView(Struct, frozen=True):
    """The state of a clock."""

    now: str
    speedup: float
    frozen: bool
    next_event: EventView | None


@operation(ClockView, caller="own")
async def clock(call: Call) -> Response:
    """Retrieve the clock of a session."""
    mock, session = await entered(call)
    return JsonResponse(await _view(mock, session))


@operation(Advanced, takes=Advance, caller="own")
async def advance(call: Call) -> Response:
    """Advance the clock and return the events it passed."""
    mock, session = await entered(call)
    moved = await _advanced(mock, session, await content_of(call, Advance))
    return JsonResponse(Advanced(format_instant(moved.now), [_event(event) async for event in in_turns(moved.events)]))


@operation(ClockView, caller="own")
async def freeze(call: Call) -> Response:
    """Freeze the clock."""
    mock, session = await entered(call)
    await mock.clocks.freeze(session)
    return JsonResponse(await _view(mock, session))


@operation(ClockView, caller="own")
async def resume(call: Call) -> Response:
    """Let the clock run again."""
    mock, session = await entered(call)
    await mock.clocks.resume(session)
    return JsonResponse(await _view(mock, session))


@operation(ClockView, takes=Speedup, caller="own")
async def speedup(call: Call) -> Response:
    """Change the speed of the clock."""
    mock, session = await entered(call)
    factor = (await content_of(call, Speedup)).speedup
    if not 0 <= factor <= 1e9:
        raise InvalidRequest("speedup: Input should be between 0 and 1,000,000,000")
    await mock.clocks.speed_up(session, factor)
    return JsonResponse(await _view(mock, session))


def _advanced(mock: Services, session: SessionState, how: Advance) -> Awaitable[AdvanceResult]:
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
    return _advanced_until(mock, session, how)


async def _advanced_until(mock: Services, session: SessionState, how: Advance) -> AdvanceResult:
    if how.batch is None:
        raise InvalidRequest("batch: Field required")
    if how.until == "batch.ended":
        return await mock.clocks.advance_until_ended(session, how.batch)
    if how.count is None or how.count < 1:
        raise InvalidRequest("count: Input should be greater than or equal to 1")
    done_at = await mock.states.done_at(session.get(how.batch), how.count)
    return await mock.clocks.advance_to(session, max(done_at, session.now()))


async def _view(mock: Services, session: SessionState) -> ClockView:
    upcoming = await mock.clocks.next_event(session)
    return ClockView(
        format_instant(session.now()),
        session.clock.rate,
        session.clock.frozen,
        _event(upcoming) if upcoming else None,
    )


def _event(event: TimelineEvent) -> EventView:
    return EventView(format_instant(event.at), event.type, event.batch)


routes = [
    Route("/_mockbatch/clock", Endpoint(GET=clock)),
    Route("/_mockbatch/clock/advance", Endpoint(POST=advance)),
    Route("/_mockbatch/clock/freeze", Endpoint(POST=freeze)),
    Route("/_mockbatch/clock/resume", Endpoint(POST=resume)),
    Route("/_mockbatch/clock/speedup", Endpoint(POST=speedup)),
]
