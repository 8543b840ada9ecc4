"""Use cases: the layer that combines clock, store and core."""

import logging
from pathlib import Path

from mockbatch.config import Config
from mockbatch.core.contract import ids
from mockbatch.core.contract.limits import TIERS
from mockbatch.core.contract.params import Terms
from mockbatch.core.rules.calls import CallFacts
from mockbatch.core.seeded_hash import derive_seed
from mockbatch.core.time.spans import format_day
from mockbatch.service.admin.batch_actions import BatchActions
from mockbatch.service.admin.clock import Clocks
from mockbatch.service.admin.previews import Previews
from mockbatch.service.admin.problems import ProblemFinder
from mockbatch.service.admin.queries import Queries
from mockbatch.service.admin.session_admin import SessionAdmin
from mockbatch.service.admin.summary import Summaries
from mockbatch.service.admin.synthetic import SyntheticBatches
from mockbatch.service.api.attempts import Attempts
from mockbatch.service.api.batch_usage import BatchUsage
from mockbatch.service.api.batches import BatchService
from mockbatch.service.api.ledger import LedgerService
from mockbatch.service.api.messages import Messages
from mockbatch.service.api.planning import Planning
from mockbatch.service.api.rate_limits import RateLimiter
from mockbatch.service.api.registry import BatchRegistry
from mockbatch.service.api.webhook_dispatcher import Sender, WebhookDispatcher
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.processes import RowProcesses
from mockbatch.service.rows.prompt_caches import Caches
from mockbatch.service.rows.settling import Settling
from mockbatch.service.rows.states import RowStates
from mockbatch.service.sessions.counters import Counting
from mockbatch.service.sessions.files import Files
from mockbatch.service.sessions.journal import Journal
from mockbatch.service.sessions.models import ModelList
from mockbatch.service.sessions.replay import Replayer, ReplaySessions
from mockbatch.service.sessions.rule_changes import RuleChanges
from mockbatch.service.sessions.rules import rule_defaults
from mockbatch.service.sessions.session import Sessions, SessionState, Wall
from mockbatch.service.sessions.settings import clock_of, prices_of
from mockbatch.store import Store

# the slot of the call counter for calls without a session
_SLOT = 0
# warnings about broken PDFs are opt-in
logging.getLogger("pypdf").addHandler(logging.NullHandler())


class Services:
    """All use cases over one store."""

    def __init__(self, store: Store, wall: Wall, config: Config, sender: Sender) -> None:
        self.config = config
        self.public_url = config.public_url
        self.seed = config.seed
        self.models = config.catalogue()
        self.tier = TIERS[config.tier or "scale"]
        organization = ids.organization_id(config.seed)
        self.catalogue = ModelList()
        self.files = Files(store, config.seed)
        self.replay = ReplaySessions()
        self.webhooks = WebhookDispatcher(
            store, sender, config.seed, organization, config.webhook_secret, config.webhook_allow
        )
        self.sessions = Sessions(store, wall, config, self.replay, self.webhooks.changed)
        self.ledger = LedgerService(store, prices_of(config), config.report_lag)
        self.clocks = Clocks()
        self.rule_changes = RuleChanges()
        self.counters = Counting(store)
        self.rates = RateLimiter(organization)
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
            self.replay.unsaved,
        )
        self.states = RowStates(store, profiles, self.rows)
        self._caches = Caches(self.rows)
        self.registry = BatchRegistry(store, self.sessions, planning, self.rows, self.states)
        self._settling = Settling(store, profiles, self.rows, self._caches, self.registry.save)
        self.usage = BatchUsage(profiles, self.registry, self.rows, self.states, self._settling, self.ledger)
        self.batches = BatchService(
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
            self.webhooks,
        )
        self.messages = Messages(self.files, self._caches, self.ledger, self.replay, self.usage.check_spending)
        self.queries = Queries(profiles, self.registry, self.rows, self.states, self.usage, self.ledger)
        self.previews = Previews(self.rows, self.states)
        self.batch_actions = BatchActions(self.batches, self.registry, self.rows)
        self.problems = ProblemFinder(self.registry, self.rows, self.usage, self.replay)
        self.journal = Journal()
        self.summaries = Summaries(self.registry, self.states, self.usage, self.problems, self.ledger, self.journal)
        self.synthetic = SyntheticBatches(self.batches, self.registry)
        caches = (self._caches, attempts, self.ledger, self.messages, self.files)
        self.session_admin = SessionAdmin(
            store, self.sessions, self.registry, self.files, self.summaries, caches, self.replay
        )
        self.headers = [(b"anthropic-organization-id", organization.encode())]
        self._request_seed = derive_seed(config.seed, "request")
        self._clock = clock_of(config, wall())
        self._store = store
        self.real = wall
        self.admits_all = False
        """Whether connections are accepted that a rule would refuse."""
        self.connection_rules = rule_defaults(config).door(self.now())

    def now(self) -> int:
        """Return the virtual time outside any session: that of a session with the default clock."""
        return self._clock.now(self.real())

    def refuses(self) -> bool:
        """Return whether a rule refuses a connection that was just accepted."""
        return not self.admits_all and bool(self.connection_rules.decide("connection", CallFacts(), self.now()))

    def next_request_id(self) -> str:
        """Return the id of a call without a session."""
        calls = self._store.calls.get(_SLOT) + 1
        self._store.calls.set(_SLOT, calls)
        return ids.request_id(self._request_seed, str(calls))

    def terms(self, session: SessionState, version: str, betas: tuple[str, ...], profile: str = "") -> Terms:
        """Return the terms of a call of this session, now."""
        day = format_day(session.now())
        return Terms(version, betas, session.settings.models, day, session.settings.validation, profile)

    async def open(self) -> None:
        """Load the state from the store. Raises FixtureError for a fixture that cannot be replayed."""
        self.replay.tape(self.config)
        facts = await self._store.load()
        self.files.restore(facts.files)
        self.sessions.restore(facts.sessions, facts.counters)
        await self.registry.restore(facts)
        self._caches.restore(facts.cache)
        self.replay.restore(facts.played)
        self.session_admin.restore(facts)
        self.ledger.restore(facts.spent)
        self.messages.restore(facts.spent)
        self.webhooks.start(facts.notices, self.sessions.all())

    def _player(self, session: str) -> Replayer | None:
        return self.replay.player(session, self.sessions.identified(session).config)

    def unhit(self) -> list[str]:
        """Return the names of the configured rules that matched nothing in any session."""
        armed = [rule.name for rule in (*self.config.fault, *self.config.rules) if rule.enabled]
        struck = self.struck()
        return [name for name in armed if name not in struck]

    def struck(self) -> set[str]:
        """Return the names of the rules that matched something in any session, also in deleted ones."""
        found = {record.rule.name for record in self.connection_rules.records if record.hits}
        return found.union(self.session_admin.struck, *(session.rules.that_struck() for session in self.sessions.all()))

    async def close(self) -> None:
        await self.webhooks.close()
        if self.config.replay_used:
            # imported lazily: most servers replay nothing
            from mockbatch.fixtures.usage_log import log_use

            log_use(Path(self.config.replay_used), self.replay.used())
        await self._settling.close()
        await self.rows.close()
        await self.counters.close(self.sessions.all())
        await self._store.close()
