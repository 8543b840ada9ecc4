"""Control of the virtual time."""

from collections.abc import Callable
from heapq import nsmallest

from msgspec import Struct

from mockbatch.core.contract.errors import ApiError, InvalidRequest, NotFound
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.timeline import TimelineEvent, events
from mockbatch.service.cooperative import beside, in_turns
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import StoreError


class AdvanceResult(Struct, frozen=True):
    """The time of the clock after an advance, and the events it passed."""

    now: int
    events: list[TimelineEvent]


class Clocks:
    """Reads and moves the clocks of sessions. Every change is saved before the response."""

    async def next_event(self, session: SessionState) -> TimelineEvent | None:
        """Return the next event caused by time alone."""
        return min(await self._events(session, session.now(), None), default=None)

    async def between(self, session: SessionState, after: int, until: int) -> list[TimelineEvent]:
        """Return the events caused by time alone in that span, in order."""
        if until <= after:
            return []
        found = await self._events(session, after, until)
        return await beside(found, sorted, found)

    async def advance_to(self, session: SessionState, instant: int) -> AdvanceResult:
        return await self._advance(session, lambda now: instant)

    async def advance_by(self, session: SessionState, span: int) -> AdvanceResult:
        return await self._advance(session, lambda now: now + span)

    async def advance_events(self, session: SessionState, count: int) -> AdvanceResult:
        """Advance to the `count`th event from now, or to the last one."""

        coming = nsmallest(count, [event.at for event in await self._events(session, session.now(), None)])
        return await self._advance(session, lambda now: max([now, *coming[-1:]]))

    async def advance_until_ended(self, session: SessionState, batch_id: str) -> AdvanceResult:
        batch = session.batches.get(batch_id)
        if batch is None:
            raise NotFound(f"Message Batch {batch_id} not found.")
        ended_at = batch.timeline.ended_at
        return await self._advance(session, lambda now: max(ended_at, now))

    async def _advance(self, session: SessionState, target: Callable[[int], int]) -> AdvanceResult:
        # read the real time once: a fast clock moves between two reads
        real = session.real()
        before = session.clock.now(real)
        instant = target(before)
        try:
            clock = session.clock.advanced_to(instant, real)
        except ValueError as error:
            raise InvalidRequest(str(error)) from None
        await self._set(session, clock)
        return AdvanceResult(instant, await self.between(session, before, instant))

    async def freeze(self, session: SessionState) -> None:
        await self._set(session, session.clock.running(session.real(), frozen=True))

    async def resume(self, session: SessionState) -> None:
        await self._set(session, session.clock.running(session.real(), frozen=False))

    async def speed_up(self, session: SessionState, rate: float) -> None:
        await self._set(session, session.clock.running(session.real(), rate=rate))

    async def _set(self, session: SessionState, clock: Clock) -> None:
        before, session.clock = session.clock, clock
        try:
            await session.commit(session.facts())
        except (ApiError, StoreError):
            if session.clock is clock:
                session.clock = before
            raise
        session.events.publish(session.now(), "clock", speedup=clock.rate, frozen=clock.frozen)

    @staticmethod
    async def _events(session: SessionState, after: int, until: int | None) -> list[TimelineEvent]:
        found: list[TimelineEvent] = []
        async for batch in in_turns(session.batches.values()):
            for event in events(batch.id, batch.timeline):
                if after < event.at and (until is None or event.at <= until):
                    found.append(event)
        return found
