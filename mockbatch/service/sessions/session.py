"""Sessions: each API key has isolated state, created on first use."""

import asyncio
import logging
import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from heapq import merge
from itertools import count
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.config import Config
from mockbatch.core.batch import Batch
from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.errors import ApiError, Authentication, Conflict, InvalidRequest, NotFound
from mockbatch.core.deleted import Deleted
from mockbatch.core.keys import is_one_of
from mockbatch.core.seeded_hash import derive_seed, hash64
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.spans import LATEST
from mockbatch.fixtures import FixtureError
from mockbatch.service.sessions.event_bus import EventBus
from mockbatch.service.sessions.journal import Journal
from mockbatch.service.sessions.replay import ReplaySessions
from mockbatch.service.sessions.rules import SessionRules, rule_defaults
from mockbatch.service.sessions.settings import Settings, check_sent, clock_of, config_of, settings_of
from mockbatch.store import Change, Counters, Gone, SessionFacts, Store, StoreError

_log = logging.getLogger(__name__)

Wall = Callable[[], int]


class CachedView(Struct, frozen=True):
    """A cached view of a batch, valid `until` then unless its facts change."""

    batch: Batch
    origin: str
    until: int
    shown: wire.MessageBatch


OnChange = Callable[["SessionState", Batch | None], None]
"""Called after the clock of a session, or one of its batches, has changed."""


class SessionState:
    """The state of one API key: its clock and its batches, newest last.

    `reserved` are the ids of batches about to be added. `deleted` are the deleted batches: as a cursor they still have
    their position in the list.
    """

    def __init__(
        self,
        facts: SessionFacts,
        wall: Wall,
        seed: int,
        config: Config,
        store: Store,
        counters: Counters,
        on_change: OnChange,
        delay: str | None = None,
    ) -> None:
        workspace = facts.workspace or _own_workspace(seed, facts.name)
        self.headers = [
            (b"anthropic-organization-id", ids.organization_id(seed).encode()),
            (b"anthropic-workspace-id", workspace.encode()),
        ]
        self.name = facts.name
        self.key_id = ids.api_key_id(seed, facts.name)
        self.workspace = facts.workspace
        self.workspace_id = workspace
        self.label = facts.label
        self.key_end = facts.key_end
        self.options = facts.options
        self.config = config
        self.settings = settings_of(config, delay)
        self._clock = facts.clock
        self.lanes = facts.lanes
        self.bucket = self._saved_bucket = counters.bucket
        self.snapshots = counters.snapshots
        self.counts_attempts = counters.attempts
        self.batches: dict[str, Batch] = {}
        self.deleted = Deleted(facts.name)
        self.views: dict[str, CachedView] = {}
        self.queueing = asyncio.Lock()
        self.journal = Journal()
        self.events = EventBus()
        self._order: list[tuple[int, int, str]] = []
        self.identities: Counter[int] = Counter()
        self.reserved: set[str] = set()
        self.closed = False
        self.slot, self.place = facts.slot, facts.place
        self._store = store
        self._request_seed = derive_seed(seed, "request", facts.name)
        self._wall = wall
        self._on_change = on_change
        self.opened_at, self.opened_real_at = facts.opened_at, wall()
        self.key_patterns = facts.key_patterns
        self.rules = self._rules(facts.rules, counters)

    def __repr__(self) -> str:
        return f"<Session {self.name}: {len(self.batches)} batches>"

    @property
    def display_name(self) -> str:
        """The name of the session for people."""
        return f"session {self.label!r}" if self.label else f"session {self.name}"

    @property
    def clock(self) -> Clock:
        return self._clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._clock = clock
        self._on_change(self, None)

    def now(self) -> int:
        return self._clock.now(self._wall())

    def real(self) -> int:
        return self._wall()

    def next_request_id(self) -> str:
        calls = self._store.calls.get(self.slot) + 1
        self._store.calls.set(self.slot, calls)
        return ids.request_id(self._request_seed, str(calls))

    def begin_anew(self) -> None:
        """Reset counters and queue."""
        self.lanes, self.bucket, self.counts_attempts = b"", None, False

    @contextmanager
    def unless_saved(self) -> Iterator[None]:
        """Restore the clock, the queue, the rules and the limits if a change is rejected or not saved."""
        before = self._clock, self.lanes, self.bucket, self.counts_attempts
        records, changed = [record.copy() for record in self.rules.records], self.rules.changed
        rule_ids = self.rules.ids
        try:
            yield
        except (ApiError, StoreError):
            self.clock, self.lanes, self.bucket, self.counts_attempts = before
            self.rules.replace(records)
            self.rules.changed, self.rules.ids = changed, rule_ids
            raise

    def forget_calls(self) -> None:
        """Reset the call counter."""
        self._store.calls.set(self.slot, 0)

    def configure(self, config: Config, settings: Settings) -> None:
        """Use other options from now on; rules that come with them start with fresh counters."""
        before, self.config, self.settings = self.config, config, settings
        if before.all_rules() != config.all_rules():
            self.rules = self._rules(self.rules.dump(), self.counters())

    def known_by(self, key_patterns: tuple[str, ...]) -> None:
        """Set the key patterns of the server's rules that its key matches."""
        if key_patterns != self.key_patterns:
            self.key_patterns = key_patterns
            self.rules = self._rules(self.rules.dump(), self.counters())

    def _rules(self, kept: list[dict[str, Any]] | None, counters: Counters) -> SessionRules:
        armory = rule_defaults(self.config)
        rules = SessionRules(armory, armory.of_patterns(self.key_patterns), self.opened_at)
        rules.resume(kept, counters)
        return rules

    def advance(self, span: int) -> None:
        """Advance the virtual time by `span`, up to the latest possible time."""
        real = self._wall()
        self.clock = self.clock.advanced_to(min(self.clock.now(real) + span, LATEST), real)

    async def commit(self, *changes: Change) -> None:
        """Save changes of this session atomically. Raise NotFound if it was deleted meanwhile."""
        self.check_open()
        await self._store.commit(*changes)

    def check_open(self) -> None:
        """Raise NotFound if the session was deleted: anything saved for it now would reappear at the next start."""
        if self.closed:
            raise NotFound(f"Session {self.name} was deleted.")

    def live(self) -> list[Batch]:
        """Return the current batches that are not deleted, oldest first."""
        return sorted(self.batches.values(), key=_seq)

    def ever(self) -> Iterator[Batch]:
        """Yield all current batches, deleted ones too, oldest first."""
        return merge(self.live(), self.deleted.in_order(), key=_seq)

    def get(self, batch_id: str) -> Batch:
        """Return the batch with an id. Raise NotFound."""
        batch = self.batches.get(batch_id)
        if batch is None:
            raise NotFound(f"Message Batch {batch_id} not found.")
        return batch

    def known(self, batch_id: str) -> Batch | None:
        """Return the batch with an id, deleted or not."""
        return self.batches.get(batch_id) or self.deleted.get(batch_id)

    def knows(self, batch_id: str) -> bool:
        """Return whether a batch with an id exists, deleted or not."""
        return batch_id in self.batches or batch_id in self.deleted

    def has(self, batch: Batch) -> bool:
        """Return whether a batch still exists, changed or not."""
        now = self.batches.get(batch.id)
        return now is not None and now.seq == batch.seq

    def keep(self, batch: Batch) -> None:
        """Add or update a batch."""
        if not self.knows(batch.id):
            self.identities[batch.identity] += 1
        if batch.deleted:
            self._unlist(batch)
            self.deleted.add(batch)
        else:
            if batch.id not in self.batches:
                insort(self._order, _rank(batch))
                self.deleted.discard(batch.id)
            self.batches[batch.id] = batch
        self.views.pop(batch.id, None)
        self._on_change(self, batch)

    def drop(self, batch: Batch) -> None:
        """Drop a batch as if it had never existed."""
        self._unlist(batch)
        self.deleted.discard(batch.id)
        self.views.pop(batch.id, None)
        self.identities[batch.identity] -= 1
        if not self.identities[batch.identity]:
            del self.identities[batch.identity]
        self._on_change(self, batch)

    def _unlist(self, batch: Batch) -> None:
        if self.batches.pop(batch.id, None):
            del self._order[bisect_left(self._order, _rank(batch))]

    def older_than(self, batch: Batch | None) -> Iterator[Batch]:
        """Return the batches before `batch`, which may be deleted, or all, newest first."""
        start = len(self._order) if batch is None else bisect_left(self._order, _rank(batch))
        return (self.batches[self._order[place][2]] for place in range(start - 1, -1, -1))

    def newer_than(self, batch: Batch) -> Iterator[Batch]:
        """Return the batches after `batch`, which may be deleted, oldest first."""
        start = bisect_right(self._order, _rank(batch))
        return (self.batches[self._order[place][2]] for place in range(start, len(self._order)))

    def facts(self) -> SessionFacts:
        return SessionFacts(
            self.name,
            self.clock,
            self.lanes,
            self.workspace,
            self.label,
            self.options,
            self.opened_at,
            self.rules.dump(),
            self.key_patterns,
            self.slot,
            self.place,
            self.key_end,
        )

    def counters(self) -> Counters:
        return Counters(self.name, self.rules.ids, self.snapshots, self.rules.seen(), self.bucket, self.counts_attempts)

    @property
    def counted(self) -> bool:
        """Whether there are unsaved counters."""
        return self.rules.counted or self.bucket is not self._saved_bucket

    def saved(self) -> None:
        """Mark the counters as saved."""
        self.rules.counted = False
        self._saved_bucket = self.bucket


def _seq(batch: Batch) -> int:
    return batch.seq


def _rank(batch: Batch) -> tuple[int, int, str]:
    return batch.timeline.created_at, batch.seq, batch.id


def _own_workspace(seed: int, name: str) -> str:
    """Return the default workspace of a key."""
    return ids.workspace_id(derive_seed(seed, "workspace"), name)


class Opened(Struct, frozen=True):
    """A session that was opened explicitly, and its key."""

    session: SessionState
    api_key: str


class Sessions:
    """All sessions of a server: one for each key, and one for each other workspace that is used with it.

    The configured `api_key`s are the only keys that open one; if there are none, every key does.
    """

    def __init__(self, store: Store, wall: Wall, config: Config, playback: ReplaySessions, on_change: OnChange) -> None:
        self._playback = playback
        self._store = store
        self._opening = asyncio.Lock()
        self._free_slots: list[int] = []
        self._slots = 1
        self._places = 1
        self._wall = wall
        self._config = config
        self._seed = config.seed
        self._admitted = config.api_key
        self._on_change = on_change
        self._by_name: dict[str, SessionState] = {}
        self._known: dict[tuple[str, str | None], SessionState] = {}

    def restore(self, sessions: Iterable[SessionFacts], counters: Iterable[Counters]) -> None:
        """Load the state from the store."""
        counted = {one.session: one for one in counters}
        used = set()
        for facts in sorted(sessions, key=lambda facts: facts.place):
            self._take(facts, config_of(self._config, facts.options), counted.get(facts.name))
            used.add(facts.slot)
            self._places = facts.place + 1
        self._slots = max(used, default=0) + 1
        self._free_slots = sorted(set(range(1, self._slots)) - used, reverse=True)

    async def mend(self, name: str) -> SessionState:
        """Open a session whose facts were lost, with the options of the server."""
        _log.warning("session %s has batches but no stored options; it uses those of the server", name)
        return await self._opened(self._facts(name, self._config), self._config)

    def _facts(self, name: str, config: Config, **more: Any) -> SessionFacts:
        """Return the facts of a session that opens now."""
        clock = clock_of(config, self._wall())
        return SessionFacts(name, clock, opened_at=clock.virtual, **more)

    async def _opened(self, facts: SessionFacts, config: Config, *, only_new: bool = False) -> SessionState:
        """Save and add a session, unless it was opened meanwhile. Raises Conflict if it must be new."""
        async with self._opening:
            found = self._by_name.get(facts.name)
            if found is None:
                slot = self._free_slots[-1] if self._free_slots else self._slots
                self._store.calls.set(slot, 0)
                facts = replace(facts, slot=slot, place=self._places)
                await self._store.commit(facts)
                if self._free_slots:
                    self._free_slots.pop()
                else:
                    self._slots += 1
                self._places += 1
                return self._take(facts, config)
        if only_new:
            raise Conflict(f"the key already belongs to {found.display_name}; delete it first, or choose another key")
        return found

    def _take(self, facts: SessionFacts, config: Config, counters: Counters | None = None) -> SessionState:
        session = self._by_name[facts.name] = SessionState(
            facts,
            self._wall,
            self._seed,
            config,
            self._store,
            counters or Counters(facts.name),
            self._on_change,
            self._playback.delay(config),
        )
        return session

    def named(self, name: str) -> SessionState:
        return self._by_name[name]

    def identified(self, name: str) -> SessionState:
        """Return the session with that name. Raises NotFound."""
        if name not in self._by_name:
            raise NotFound(f"Session {name} not found.")
        return self._by_name[name]

    def all(self) -> list[SessionState]:
        return list(self._by_name.values())

    def admit(self, key: str) -> None:
        """Raise Authentication for a key that is not admitted."""
        if self._admitted and not is_one_of(key, self._admitted):
            raise Authentication("API key is invalid.")

    def belongs_to(self, session: SessionState, key: str) -> bool:
        """Return whether a session belongs to a key, in any workspace."""
        return session.name in (_name(key), _name(f"{key}\n{session.workspace}"))

    async def of_key(self, key: str, workspace: str | None = None) -> SessionState:
        """Return the session of an API key, in a workspace if one is named. Only the end of the key is kept.

        Raises Authentication for a key that is not admitted, InvalidRequest for a malformed workspace id.
        """
        session = self._known.get((key, workspace))
        if session is None:
            self.admit(key)
            session = await self._of_workspace(key, workspace)
            self._known[key, workspace] = session
            session.known_by(rule_defaults(session.config).patterns(key))
            session.key_end = key_end(key)
        return session

    async def open(self, label: str, options: Mapping[str, Any], key: str | None, *, owner: bool = False) -> Opened:
        """Open a session with its own options; without a key, one is generated. Only an `owner` may name files.

        Raises InvalidRequest for invalid options, Conflict for a key that already has a session.
        """
        if not owner:
            check_sent(options)
        config = config_of(self._config, options)
        self._played(config)
        key = key or self._new_key(label)
        patterns = rule_defaults(config).patterns(key)
        facts = self._facts(
            _name(key), config, label=label, options=dict(options), key_patterns=patterns, key_end=key_end(key)
        )
        return Opened(await self._opened(facts, config, only_new=True), key)

    async def configure(self, session: SessionState, options: Mapping[str, Any], *, owner: bool = False) -> None:
        """Change options of a session, effective from now on. Raises InvalidRequest for invalid ones."""
        if not owner:
            check_sent(options)
        named = {name.replace("-", "_"): value for name, value in [*session.options.items(), *options.items()]}
        for name in sorted(_OF_CLOCK & {name.replace("-", "_") for name in options}):
            raise InvalidRequest(
                f"options: {name} only sets the initial clock of a session; use /_mockbatch/clock to change it"
            )
        config = config_of(self._config, named)
        settings = settings_of(config, self._played(config))
        await session.commit(replace(session.facts(), options=named), Gone("played", session.name))
        session.options = named
        session.configure(config, settings)
        self._playback.forget(session.name)

    def _played(self, config: Config) -> str | None:
        """Return how long recorded requests took, if replayed. Raises InvalidRequest for an unusable fixture."""
        try:
            return self._playback.delay(config)
        except FixtureError as error:
            raise InvalidRequest(str(error)) from None

    def _new_key(self, label: str) -> str:
        """Return an unused key; equal labels in the same order give the same keys."""
        seed = derive_seed(self._seed, "key", label)
        keys = (f"sk-ant-mock-{hash64(seed, str(number)):016x}" for number in count())
        return next(key for key in keys if _name(key) not in self._by_name)

    def forget(self, session: SessionState) -> None:
        """Remove a session, which then rejects changes; its key opens a new one."""
        session.check_open()
        session.closed = True
        del self._by_name[session.name]
        self._free_slots.append(session.slot)
        self._known = {known: other for known, other in self._known.items() if other is not session}

    def take_back(self, session: SessionState) -> None:
        """Restore a session that could not be deleted."""
        self._by_name[session.name] = session
        self._by_name = dict(sorted(self._by_name.items(), key=lambda known: known[1].place))
        self._free_slots.remove(session.slot)
        session.closed = False

    async def _of_workspace(self, key: str, workspace: str | None) -> SessionState:
        name = _name(key)
        if workspace is None or workspace == _own_workspace(self._seed, name):
            workspace = ""
        elif _is_workspace(workspace):
            name = _name(f"{key}\n{workspace}")
        else:
            raise InvalidRequest("anthropic-workspace-id: Input should be the id of a workspace, like wrkspc_01...")
        if name in self._by_name:
            return self._by_name[name]
        patterns = rule_defaults(self._config).patterns(key)
        facts = self._facts(name, self._config, workspace=workspace, key_patterns=patterns, key_end=key_end(key))
        return await self._opened(facts, self._config)


_OF_CLOCK = frozenset({"frozen", "speedup", "clock_start"})
_is_workspace = re.compile(r"wrkspc_[A-Za-z0-9]{1,64}").fullmatch


_LONGEST_END = 6


def key_end(key: str) -> str:
    """Return the last characters of a key for display: at most a quarter of it."""
    length = min(_LONGEST_END, len(key) // 4)
    return key[-length:] if length else ""


def _name(text: str) -> str:
    # imported lazily: a server without calls does not need OpenSSL
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()[:16]
