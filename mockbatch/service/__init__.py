"""Use cases: the one floor where clock, store and core meet."""

from collections.abc import Callable

from msgspec import Struct

from mockbatch.core.batch import Profile
from mockbatch.core.contract import ids
from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.limits import TIERS, RateLimits
from mockbatch.core.contract.params import Terms, Validation
from mockbatch.core.draws import subseed
from mockbatch.core.rules.calls import CallFacts
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.spans import format_day
from mockbatch.service.batches import Batches, Limits
from mockbatch.service.catalogue import Catalogue
from mockbatch.service.clock import Clocks
from mockbatch.service.files import Files
from mockbatch.service.messages import Messages
from mockbatch.service.rates import Rates
from mockbatch.service.rules import Armory
from mockbatch.service.sessions import Session, Sessions, Wall
from mockbatch.store import Store


class Settings(Struct, frozen=True):
    """What a mock is made with. `new_clock` makes the clock of a session that opens at a real instant; `admitted` are
    the only keys that open one, if there are any.
    """

    profile: Profile
    limits: Limits
    new_clock: Callable[[int], Clock]
    poll_advances: int = 0
    public_url: str | None = None
    models: Models = Models()
    validation: Validation = "api"
    rates: RateLimits = RateLimits()
    tier: str = "scale"
    admitted: frozenset[str] = frozenset()
    armory: Armory = Armory()


class Mock:
    """All use cases over one store."""

    def __init__(self, store: Store, wall: Wall, settings: Settings) -> None:
        self.limits = settings.limits
        self.public_url = settings.public_url
        self.seed = settings.profile.seed
        self.models = settings.models
        self.tier = TIERS[settings.tier]
        self.catalogue = Catalogue(settings.models)
        self.files = Files(store, settings.profile.seed)
        self.messages = Messages(settings.profile.seed, self.files)
        self.validation = settings.validation
        self.sessions = Sessions(
            store, wall, settings.profile.seed, settings.new_clock, settings.admitted, settings.armory
        )
        self.clocks = Clocks(store)
        organization = ids.organization_id(settings.profile.seed)
        self.rates = Rates(settings.rates, organization)
        self.batches = Batches(
            store,
            self.sessions,
            self.rates,
            self.catalogue,
            self.files,
            settings.profile,
            settings.limits,
            settings.poll_advances,
        )
        self.headers = [(b"anthropic-organization-id", organization.encode())]
        self._request_seed = subseed(settings.profile.seed, "request")
        self._calls = 0
        self._wall = wall
        self._clock = settings.new_clock(wall())
        self.door = settings.armory.door(self.now())
        self._store = store

    def now(self) -> int:
        """The virtual time of no session in particular: that of one which nobody changed."""
        return self._clock.now(self._wall())

    def refuses(self) -> bool:
        """Whether a rule refuses a connection that was just made."""
        return bool(self.door.decide("connection", CallFacts(), self.now()))

    def next_request_id(self) -> str:
        """The id of a call that belongs to no session."""
        self._calls += 1
        return ids.request_id(self._request_seed, str(self._calls))

    def terms(self, session: Session, version: str, betas: tuple[str, ...]) -> Terms:
        """What a call of this session is made under, now."""
        day = format_day(session.now())
        return Terms(version, betas, self.models, day, self.validation)

    async def open(self) -> None:
        """Take up what the store has."""
        facts = await self._store.load()
        self.files.restore(facts.files)
        await self.batches.restore(facts)

    async def close(self) -> None:
        await self.batches.close()
        await self._store.close()
