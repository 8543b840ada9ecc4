"""Sessions: an API key is a world of its own, opened on first use."""

import asyncio
import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from msgspec import Struct

from mockbatch.config import Config
from mockbatch.core.batch import Batch
from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.errors import Authentication, Conflict, InvalidRequest, NotFound
from mockbatch.core.contract.limits import Bucket
from mockbatch.core.draws import draw, subseed
from mockbatch.core.keys import is_one_of
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.spans import LATEST
from mockbatch.fixtures import FixtureError
from mockbatch.service.bulletin import Bulletin
from mockbatch.service.journal import Journal
from mockbatch.service.playback import Playback
from mockbatch.service.rules import SessionRules, armory_of
from mockbatch.service.settings import check_sent, clock_of, config_of, settings_of
from mockbatch.store import SessionFacts, Store

Wall = Callable[[], int]


class View(Struct, frozen=True):
    """A batch as it was shown last, which it still is `until` then, as long as its facts are the same."""

    batch: Batch
    origin: str
    until: int
    shown: wire.MessageBatch


class Session:
    """What belongs to one API key: its clock and its batches, newest last, and of downloads that were tampered with the
    custom_ids that were delivered.

    Deleted batches stay as facts, so that a cursor that names one still has its place in the list.
    """

    def __init__(self, facts: SessionFacts, wall: Wall, seed: int, config: Config, delay: str | None = None) -> None:
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
        self.options = facts.options
        self.config = config
        self.settings = settings_of(config, delay)
        self._clock = facts.clock
        self.lanes = facts.lanes
        self.bucket: Bucket | None = None
        self.batches: dict[str, Batch] = {}
        self.views: dict[str, View] = {}
        self.delivered: dict[str, set[str]] = {}
        self.queueing = asyncio.Lock()
        self.journal = Journal()
        self.bulletin = Bulletin()
        self._order: list[tuple[int, int, str]] = []
        self.identities: Counter[int] = Counter()
        self.calls = 0
        self._request_seed = subseed(seed, "request", facts.name)
        self._wall = wall
        self.on_change: OnChange = _nothing
        self.opened_at, self.opened_real_at = facts.opened_at, wall()
        self.rules_kept = facts.rules
        self.rules = SessionRules(armory_of(config), (), self.opened_at)

    def __repr__(self) -> str:
        return f"<Session {self.name}: {len(self.batches)} batches>"

    @property
    def told(self) -> str:
        """How a person knows it."""
        return f"session {self.label!r}" if self.label else f"session {self.name}"

    @property
    def clock(self) -> Clock:
        return self._clock

    @clock.setter
    def clock(self, clock: Clock) -> None:
        self._clock = clock
        self.on_change(self, None)

    def now(self) -> int:
        return self._clock.now(self._wall())

    def real(self) -> int:
        return self._wall()

    def next_request_id(self) -> str:
        self.calls += 1
        return ids.request_id(self._request_seed, str(self.calls))

    def advance(self, span: int) -> None:
        """Let so much virtual time pass, or as much as there is left."""
        real = self._wall()
        self.clock = self.clock.advanced_to(min(self.clock.now(real) + span, LATEST), real)

    def keep(self, batch: Batch) -> None:
        """Take up a batch, or the newer facts of one."""
        if batch.id not in self.batches:
            insort(self._order, _rank(batch))
        self.batches[batch.id] = batch
        self.views.pop(batch.id, None)
        self.on_change(self, batch)

    def drop(self, batch: Batch) -> None:
        """Let go of a batch as if it had never been."""
        del self.batches[batch.id]
        self._order.remove(_rank(batch))
        self.views.pop(batch.id, None)
        self.identities[batch.identity] -= 1
        self.on_change(self, batch)
        self.delivered.pop(batch.id, None)

    def older_than(self, batch: Batch | None) -> Iterator[Batch]:
        """The batches before `batch`, or all, the newest first."""
        start = len(self._order) if batch is None else bisect_left(self._order, _rank(batch))
        return (self.batches[self._order[place][2]] for place in range(start - 1, -1, -1))

    def newer_than(self, batch: Batch) -> Iterator[Batch]:
        """The batches after `batch`, the oldest first."""
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
        )


OnChange = Callable[[Session, Batch | None], None]


def _nothing(session: Session, batch: Batch | None) -> None:
    """What happens when nobody takes note of a change."""


def _rank(batch: Batch) -> tuple[int, int, str]:
    return batch.timeline.created_at, batch.seq, batch.id


def _own_workspace(seed: int, name: str) -> str:
    """The workspace that a key has by itself."""
    return ids.workspace_id(subseed(seed, "workspace"), name)


class Opened(Struct, frozen=True):
    """A session that was opened by itself, and the key that it belongs to."""

    session: Session
    api_key: str


class Sessions:
    """All sessions of a server: of each key, and of each other workspace that a key names.
    The configuration's `api_key` are the only keys that open one; where there are none, every key does.
    """

    def __init__(self, store: Store, wall: Wall, config: Config, playback: Playback) -> None:
        self._playback = playback
        self._armed: set[str] = set()
        self._store = store
        self._wall = wall
        self._config = config
        self._seed = config.seed
        self._admitted = config.api_key
        self.on_change: OnChange = _nothing
        self._by_name: dict[str, Session] = {}
        self._known: dict[tuple[str, str | None], Session] = {}

    def restore(self, facts: SessionFacts) -> None:
        self._take(facts, config_of(self._config, facts.options))

    def _take(self, facts: SessionFacts, config: Config) -> Session:
        session = self._by_name[facts.name] = Session(
            facts, self._wall, self._seed, config, self._playback.delay(config)
        )
        session.on_change = self.on_change
        return session

    def named(self, name: str) -> Session:
        return self._by_name[name]

    def identified(self, name: str) -> Session:
        """The session of that name. Raises NotFound."""
        if name not in self._by_name:
            raise NotFound(f"Session {name} not found.")
        return self._by_name[name]

    def all(self) -> list[Session]:
        return list(self._by_name.values())

    def admit(self, key: str) -> None:
        """Raises Authentication for a key that is not admitted."""
        if self._admitted and not is_one_of(key, self._admitted):
            raise Authentication("API key is invalid.")

    def belongs_to(self, session: Session, key: str) -> bool:
        """Whether a session is that of a key, in whichever workspace."""
        return session.name in (_name(key), _name(f"{key}\n{session.workspace}"))

    async def of_key(self, key: str, workspace: str | None = None) -> Session:
        """The session of an API key, in a workspace if one is named. The key itself is kept nowhere.

        Raises Authentication for a key that is not admitted, InvalidRequest for what is no id of a workspace.
        """
        session = self._known.get((key, workspace))
        if session is None:
            self.admit(key)
            session = self._known[key, workspace] = await self._opened(key, workspace)
            self._arm(session, key)
        return session

    async def open(self, label: str, options: Mapping[str, Any], key: str | None, *, owner: bool = False) -> Opened:
        """Open a session with options of its own; without a key, one is made up. Only an `owner` names files.

        Raises InvalidRequest for wrong options, Conflict for a key that has a session.
        """
        if not owner:
            check_sent(options)
        config = config_of(self._config, options)
        self._played(config)
        key = key or self._new_key(label)
        name = _name(key)
        if name in self._by_name:
            raise Conflict(
                f"the key of {self._by_name[name].told} has a session; delete it first, or choose another key"
            )
        clock = clock_of(config, self._wall())
        facts = SessionFacts(name, clock, label=label, options=dict(options), opened_at=clock.virtual)
        session = self._take(facts, config)
        self._arm(session, key)
        await self._store.save_session(facts)
        return Opened(session, key)

    async def configure(self, session: Session, options: Mapping[str, Any], *, owner: bool = False) -> None:
        """Change options of a session, for what comes from now on. Raises InvalidRequest for wrong ones."""
        if not owner:
            check_sent(options)
        named = {name.replace("-", "_"): value for name, value in [*session.options.items(), *options.items()]}
        for name in sorted(_OF_CLOCK & {name.replace("-", "_") for name in options}):
            raise InvalidRequest(
                f"options: {name} is what the clock of a session starts with; move it by /_mockbatch/clock"
            )
        config = config_of(self._config, named)
        delay = self._played(config)
        session.config = config
        session.settings = settings_of(config, delay)
        self._playback.forget(session.name)
        session.options = named
        await self._store.save_session(session.facts())

    def _played(self, config: Config) -> str | None:
        """How long recorded requests took, if some are played. Raises InvalidRequest for what cannot be played."""
        try:
            return self._playback.delay(config)
        except FixtureError as error:
            raise InvalidRequest(str(error)) from None

    def _new_key(self, label: str) -> str:
        """A key that no session has: the same ones for the same labels in the same order."""
        seed = subseed(self._seed, "key", label)
        keys = (f"sk-ant-mock-{draw(seed, str(number)):016x}" for number in count())
        return next(key for key in keys if _name(key) not in self._by_name)

    async def forget(self, session: Session) -> None:
        """Let go of a session; its key opens a new one."""
        self._by_name.pop(session.name, None)
        self._armed.discard(session.name)
        self._known = {known: other for known, other in self._known.items() if other is not session}
        await self._store.remove_session(session.name)

    async def _opened(self, key: str, workspace: str | None) -> Session:
        name = _name(key)
        if workspace is None or workspace == _own_workspace(self._seed, name):
            workspace = ""
        elif _is_workspace(workspace):
            name = _name(f"{key}\n{workspace}")
        else:
            raise InvalidRequest("anthropic-workspace-id: Input should be the id of a workspace, like wrkspc_01...")
        if name not in self._by_name:
            clock = clock_of(self._config, self._wall())
            facts = SessionFacts(name, clock, workspace=workspace, opened_at=clock.virtual)
            self._take(facts, self._config)
            await self._store.save_session(facts)
        return self._by_name[name]

    def _arm(self, session: Session, key: str) -> None:
        """Give a session the rules of the server, as soon as its key is seen."""
        if session.name not in self._armed:
            self._armed.add(session.name)
            armory = armory_of(session.config)
            session.rules = SessionRules(armory, armory.of_key(key), session.opened_at)
            if session.rules_kept is not None:
                session.rules.put(session.rules_kept)


_OF_CLOCK = frozenset({"frozen", "speedup", "clock_start"})
_is_workspace = re.compile(r"wrkspc_[A-Za-z0-9]{1,64}").fullmatch


def _name(text: str) -> str:
    # not before: a server that nobody calls needs none of OpenSSL
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()[:16]
