"""Sessions: an API key is a world of its own, opened on first use."""

import asyncio
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256

from msgspec import Struct

from mockbatch.core.batch import Batch
from mockbatch.core.contract import ids, wire
from mockbatch.core.draws import subseed
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.spans import LATEST
from mockbatch.store import SessionFacts, Store

Wall = Callable[[], int]


class View(Struct, frozen=True):
    """A batch as it was shown last, which it still is `until` then, as long as its facts are the same."""

    batch: Batch
    origin: str
    until: int
    shown: wire.MessageBatch


class Session:
    """What belongs to one API key: its clock and its batches, newest last.

    Deleted batches stay as facts, so that a cursor that names one still has its place in the list.
    """

    def __init__(self, name: str, clock: Clock, wall: Wall, seed: int, lanes: bytes = b"") -> None:
        organization, workspace = ids.organization_id(seed), ids.workspace_id(subseed(seed, "workspace"), name)
        self.headers = [
            (b"anthropic-organization-id", organization.encode()),
            (b"anthropic-workspace-id", workspace.encode()),
        ]
        self.name = name
        self.clock = clock
        self.lanes = lanes
        self.batches: dict[str, Batch] = {}
        self.views: dict[str, View] = {}
        self.queueing = asyncio.Lock()
        self._order: list[tuple[int, int, str]] = []
        self.identities: Counter[int] = Counter()
        self.calls = 0
        self._request_seed = subseed(seed, "request", name)
        self._wall = wall

    def __repr__(self) -> str:
        return f"<Session {self.name}: {len(self.batches)} batches>"

    def now(self) -> int:
        return self.clock.now(self._wall())

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

    def older_than(self, batch: Batch | None) -> Iterator[Batch]:
        """The batches before `batch`, or all, the newest first."""
        start = len(self._order) if batch is None else bisect_left(self._order, _rank(batch))
        return (self.batches[self._order[place][2]] for place in range(start - 1, -1, -1))

    def newer_than(self, batch: Batch) -> Iterator[Batch]:
        """The batches after `batch`, the oldest first."""
        start = bisect_right(self._order, _rank(batch))
        return (self.batches[self._order[place][2]] for place in range(start, len(self._order)))

    def facts(self) -> SessionFacts:
        return SessionFacts(self.name, self.clock, self.lanes)


def _rank(batch: Batch) -> tuple[int, int, str]:
    return batch.timeline.created_at, batch.seq, batch.id


class Sessions:
    """All sessions of a server, by key."""

    def __init__(self, store: Store, wall: Wall, seed: int, new_clock: Callable[[int], Clock]) -> None:
        self._store = store
        self._wall = wall
        self._seed = seed
        self._new_clock = new_clock
        self._by_name: dict[str, Session] = {}
        self._by_key: dict[str, Session] = {}

    def restore(self, facts: SessionFacts) -> None:
        self._by_name[facts.name] = Session(facts.name, facts.clock, self._wall, self._seed, facts.lanes)

    def named(self, name: str) -> Session:
        return self._by_name[name]

    def all(self) -> list[Session]:
        return list(self._by_name.values())

    def known(self, key: str) -> Session | None:
        """The session of a key that has been used before."""
        return self._by_key.get(key)

    async def of_key(self, key: str) -> Session:
        """The session of an API key. The key itself is kept nowhere."""
        session = self.known(key)
        if session is None:
            name = sha256(key.encode()).hexdigest()[:16]
            session = self._by_name.get(name)
            if session is None:
                session = Session(name, self._new_clock(self._wall()), self._wall, self._seed)
                self._by_name[name] = session
                await self._store.save_session(session.facts())
            self._by_key[key] = session
        return session
