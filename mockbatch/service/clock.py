"""Control of the virtual time."""

from collections.abc import Callable
from heapq import nsmallest

from msgspec import Struct

from mockbatch.core.contract.errors import ApiError, InvalidRequest, NotFound
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.timeline import Event, events
from mockbatch.service.sessions import Session
from mockbatch.service.turns import beside, in_turns
from mockbatch.store import StoreError


class Moved(Struct, frozen=True):
    """The time of the clock after an advance, and the events it passed."""

    now: int
    events: list[Event]


class Clocks:
    """Reads and moves the clocks of sessions. Every change is saved before the response."""

    async def next_event(self, session: Session) -> Event | None:
        """Return the next event caused by time alone."""
        return min(await self._events(session, session.now(), None), default=None)

    async def between(self, session: Session, after: int, until: int) -> list[Event]:
        """Return the events caused by time alone in that span, in order."""
        if until <= after:
            return []
        found = await self._events(session, after, until)
        return await beside(found, sorted, found)

    async def advance_to(self, session: Session, instant: int) -> Moved:
        return await self._advance(session, lambda now: instant)

    async def advance_by(self, session: Session, span: int) -> Moved:
        return await self._advance(session, lambda now: now + span)

    async def advance_events(self, session: Session, count: int) -> Moved:
        """Advance to the `count`th event from now, or to the last one."""

        coming = nsmallest(count, [event.at for event in await self._events(session, session.now(), None)])
        return await self._advance(session, lambda now: max([now, *coming[-1:]]))

    async def advance_until_ended(self, session: Session, batch_id: str) -> Moved:
        batch = session.batches.get(batch_id)
        if batch is None:
            raise NotFound(f"Message Batch {batch_id} not found.")
        ended_at = batch.timeline.ended_at
        return await self._advance(session, lambda now: max(ended_at, now))

    async def _advance(self, session: Session, target: Callable[[int], int]) -> Moved:
        # read the real time once: a fast clock moves between two reads
        real = session.real()
        before = session.clock.now(real)
        instant = target(before)
        try:
            clock = session.clock.advanced_to(instant, real)
        except ValueError as error:
            raise InvalidRequest(str(error)) from None
        await self._set(session, clock)
        return Moved(instant, await self.between(session, before, instant))

    async def freeze(self, session: Session) -> None:
        await self._set(session, session.clock.running(session.real(), frozen=True))

    async def resume(self, session: Session) -> None:
        await self._set(session, session.clock.running(session.real(), frozen=False))

    async def speed_up(self, session: Session, rate: float) -> None:
        await self._set(session, session.clock.running(session.real(), rate=rate))

    async def _set(self, session: Session, clock: Clock) -> None:
        before, session.clock = session.clock, clock
        try:
            await session.commit(session.facts())
        except (ApiError, StoreError):
            if session.clock is clock:
                session.clock = before
            raise
        session.bulletin.tell(session.now(), "clock", speedup=clock.rate, frozen=clock.frozen)

    @staticmethod
    async def _events(session: Session, after: int, until: int | None) -> list[Event]:
        found: list[Event] = []
        async for batch in in_turns(session.batches.values()):
            for event in events(batch.id, batch.timeline):
                if after < event.at and (until is None or event.at <= until):
                    found.append(event)
        return found
