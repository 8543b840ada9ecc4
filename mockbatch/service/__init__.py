"""Use cases: the one floor where clock, store and core meet."""

from collections.abc import Callable
from dataclasses import dataclass

from mockbatch.core.batch import Profile
from mockbatch.core.time.clock import Clock
from mockbatch.service.batches import Batches, Limits
from mockbatch.service.clock import Clocks
from mockbatch.service.sessions import Sessions, Wall
from mockbatch.store import Store


@dataclass(frozen=True)
class Settings:
    """What a mock is made with. `new_clock` makes the clock of a session that opens at a real instant."""

    profile: Profile
    limits: Limits
    new_clock: Callable[[int], Clock]
    poll_advances: int = 0
    public_url: str | None = None


class Mock:
    """All use cases over one store."""

    def __init__(self, store: Store, wall: Wall, settings: Settings) -> None:
        self.limits = settings.limits
        self.public_url = settings.public_url
        self.sessions = Sessions(store, wall, settings.profile.seed, settings.new_clock)
        self.clocks = Clocks(store)
        self.batches = Batches(store, self.sessions, settings.profile, settings.limits, settings.poll_advances)
        self._store = store

    async def open(self) -> None:
        """Take up what the store has."""
        await self.batches.restore(await self._store.load())

    async def close(self) -> None:
        await self.batches.close()
        await self._store.close()
