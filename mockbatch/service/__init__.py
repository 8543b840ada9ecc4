"""Use cases: the one floor where clock, store and core meet."""

from collections.abc import Callable

from msgspec import Struct

from mockbatch.core.batch import Profile
from mockbatch.core.contract import ids
from mockbatch.core.draws import subseed
from mockbatch.core.time.clock import Clock
from mockbatch.service.batches import Batches, Limits
from mockbatch.service.clock import Clocks
from mockbatch.service.sessions import Sessions, Wall
from mockbatch.store import Store


class Settings(Struct, frozen=True):
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
        organization = ids.organization_id(settings.profile.seed)
        self.headers = [(b"anthropic-organization-id", organization.encode())]
        self._request_seed = subseed(settings.profile.seed, "request")
        self._calls = 0
        self._store = store

    def next_request_id(self) -> str:
        """The id of a call that belongs to no session."""
        self._calls += 1
        return ids.request_id(self._request_seed, str(self._calls))

    async def open(self) -> None:
        """Take up what the store has."""
        await self.batches.restore(await self._store.load())

    async def close(self) -> None:
        await self.batches.close()
        await self._store.close()
