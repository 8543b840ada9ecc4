"""Use cases: the layer that combines clock, store and core."""

import logging
from pathlib import Path

from mockbatch.config import Config
from mockbatch.core.contract import ids
from mockbatch.core.contract.limits import TIERS
from mockbatch.core.contract.params import Terms
from mockbatch.core.draws import subseed
from mockbatch.core.rules.calls import CallFacts
from mockbatch.core.time.spans import format_day
from mockbatch.service.arming import Arming
from mockbatch.service.attempts import Attempts
from mockbatch.service.batch_usage import BatchUsage
from mockbatch.service.batches import Batches
from mockbatch.service.caches import Caches
from mockbatch.service.catalogue import Catalogue
from mockbatch.service.clock import Clocks
from mockbatch.service.counting import Counting
from mockbatch.service.files import Files
from mockbatch.service.inspection import Inspection
from mockbatch.service.interventions import Interventions
from mockbatch.service.journal import Journal
from mockbatch.service.ledger import Ledger
from mockbatch.service.messages import Messages
from mockbatch.service.notices import Notices, Sender
from mockbatch.service.planning import Planning
from mockbatch.service.playback import Playback, Player
from mockbatch.service.previews import Previews
from mockbatch.service.problems import Problems
from mockbatch.service.rates import Rates
from mockbatch.service.registry import BatchRegistry
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.processes import RowProcesses
from mockbatch.service.rows.states import RowStates
from mockbatch.service.rules import armory_of
from mockbatch.service.sessions import Session, Sessions, Wall
from mockbatch.service.settings import clock_of, prices_of
from mockbatch.service.settling import Settling
from mockbatch.service.summary import Summaries
from mockbatch.service.synthesis import Synthesis
from mockbatch.service.upkeep import Upkeep
from mockbatch.store import Store

# the slot of the call counter for calls without a session
_SLOT = 0
# warnings about broken PDFs are opt-in
logging.getLogger("pypdf").addHandler(logging.NullHandler())


class Mock:
    """All use cases over one store."""

    def __init__(self, store: Store, wall: Wall, config: Config, sender: Sender) -> None:
        self.config = config
        self.public_url = config.public_url
        self.seed = config.seed
        self.models = config.catalogue()
        self.tier = TIERS[config.tier or "scale"]
        organization = ids.organization_id(config.seed)
        self.catalogue = Catalogue()
        self.files = Files(store, config.seed)
        self.playback = Playback()
        self.notices = Notices(store, sender, config.seed, organization, config.webhook_secret, config.webhook_allow)
        self.sessions = Sessions(store, wall, config, self.playback, self.notices.changed)
        self.ledger = Ledger(store, prices_of(config), config.report_lag)
        self.clocks = Clocks()
        self.arming = Arming()
        self.counting = Counting(store)
        self.rates = Rates(organization)
        planning = Planning(store)
        profiles = planning.profiles
        attempts = Attempts(store)
        self.rows = RowPipeline(
            store,
            profiles,
            RowProcesses(config.row_processes),
            self.catalogue,
            self.files,
            self._player,
            attempts.of,
            self.playback.unsaved,
        )
        self.states = RowStates(store, profiles, self.rows)
        self._caches = Caches(self.rows)
        self.registry = BatchRegistry(store, self.sessions, planning, self.rows, self.states)
        self._settling = Settling(store, profiles, self.rows, self._caches, self.registry.save)
        self.usage = BatchUsage(profiles, self.registry, self.rows, self.states, self._settling, self.ledger)
        self.batches = Batches(
            store,
            self.registry,
            planning,
            attempts,
            self.rows,
            self.states,
            self._settling,
            self.usage,
            self.rates,
            self.files,
            self.notices,
        )
        self.messages = Messages(self.files, self._caches, self.ledger, self.playback, self.usage.check_spending)
        self.inspection = Inspection(profiles, self.registry, self.rows, self.states, self.usage, self.ledger)
        self.previews = Previews(self.rows, self.states)
        self.interventions = Interventions(self.batches, self.registry, self.rows)
        self.problems = Problems(self.registry, self.rows, self.usage, self.playback)
        self.journal = Journal()
        self.summaries = Summaries(self.registry, self.states, self.usage, self.problems, self.ledger, self.journal)
        self.synthesis = Synthesis(self.batches, self.registry)
        caches = (self._caches, attempts, self.ledger, self.messages, self.files)
        self.upkeep = Upkeep(store, self.sessions, self.registry, self.files, self.summaries, caches, self.playback)
        self.headers = [(b"anthropic-organization-id", organization.encode())]
        self._request_seed = subseed(config.seed, "request")
        self._clock = clock_of(config, wall())
        self._store = store
        self.real = wall
        self.admits_all = False
        """Whether connections are accepted that a rule would refuse."""
        self.door = armory_of(config).door(self.now())

    def now(self) -> int:
        """Return the virtual time outside any session: that of a session with the default clock."""
        return self._clock.now(self.real())

    def refuses(self) -> bool:
        """Return whether a rule refuses a connection that was just accepted."""
        return not self.admits_all and bool(self.door.decide("connection", CallFacts(), self.now()))

    def next_request_id(self) -> str:
        """Return the id of a call without a session."""
        calls = self._store.calls.get(_SLOT) + 1
        self._store.calls.set(_SLOT, calls)
        return ids.request_id(self._request_seed, str(calls))

    def terms(self, session: Session, version: str, betas: tuple[str, ...], profile: str = "") -> Terms:
        """Return the terms of a call of this session, now."""
        day = format_day(session.now())
        return Terms(version, betas, session.settings.models, day, session.settings.validation, profile)

    async def open(self) -> None:
        """Load the state from the store. Raises FixtureError for a fixture that cannot be replayed."""
        self.playback.tape(self.config)
        facts = await self._store.load()
        self.files.restore(facts.files)
        self.sessions.restore(facts.sessions, facts.counters)
        await self.registry.restore(facts)
        self._caches.restore(facts.cache)
        self.playback.restore(facts.played)
        self.upkeep.restore(facts)
        self.ledger.restore(facts.spent)
        self.messages.restore(facts.spent)
        self.notices.start(facts.notices, self.sessions.all())

    def _player(self, session: str) -> Player | None:
        return self.playback.player(session, self.sessions.identified(session).config)

    def unhit(self) -> list[str]:
        """Return the names of the configured rules that matched nothing in any session."""
        armed = [rule.name for rule in (*self.config.fault, *self.config.rules) if rule.enabled]
        struck = self.struck()
        return [name for name in armed if name not in struck]

    def struck(self) -> set[str]:
        """Return the names of the rules that matched something in any session, also in deleted ones."""
        found = {record.rule.name for record in self.door.records if record.hits}
        return found.union(self.upkeep.struck, *(session.rules.that_struck() for session in self.sessions.all()))

    async def close(self) -> None:
        await self.notices.close()
        if self.config.replay_used:
            # imported lazily: most servers replay nothing
            from mockbatch.fixtures.used import note_used

            note_used(Path(self.config.replay_used), self.playback.used())
        await self._settling.close()
        await self.rows.close()
        await self.counting.close(self.sessions.all())
        await self._store.close()
