"""Sessions: an API key is a world of its own, opened on first use."""

import asyncio
import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256

from msgspec import Struct

from mockbatch.core.batch import Batch
from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.errors import Authentication, InvalidRequest
from mockbatch.core.contract.limits import Bucket
from mockbatch.core.draws import subseed
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.spans import LATEST
from mockbatch.service.rules import Armory, SessionRules
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

    def __init__(self, facts: SessionFacts, wall: Wall, seed: int) -> None:
        workspace = facts.workspace or _own_workspace(seed, facts.name)
        self.headers = [
            (b"anthropic-organization-id", ids.organization_id(seed).encode()),
            (b"anthropic-workspace-id", workspace.encode()),
        ]
        self.name = facts.name
        self.workspace = facts.workspace
        self.clock = facts.clock
        self.lanes = facts.lanes
        self.bucket: Bucket | None = None
        self.batches: dict[str, Batch] = {}
        self.views: dict[str, View] = {}
        self.queueing = asyncio.Lock()
        self._order: list[tuple[int, int, str]] = []
        self.identities: Counter[int] = Counter()
        self.calls = 0
        self._request_seed = subseed(seed, "request", facts.name)
        self._wall = wall
        self.rules = SessionRules(Armory(), (), self.now())

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
        return SessionFacts(self.name, self.clock, self.lanes, self.workspace)


def _rank(batch: Batch) -> tuple[int, int, str]:
    return batch.timeline.created_at, batch.seq, batch.id


def _own_workspace(seed: int, name: str) -> str:
    """The workspace that a key has by itself."""
    return ids.workspace_id(subseed(seed, "workspace"), name)


class Sessions:
    """All sessions of a server: of each key, and of each other workspace that a key names.

    `admitted` are the only keys that open one; where it is empty, every key does.
    """

    def __init__(
        self,
        store: Store,
        wall: Wall,
        seed: int,
        new_clock: Callable[[int], Clock],
        admitted: frozenset[str],
        armory: Armory,
    ) -> None:
        self._armory = armory
        self._armed: set[str] = set()
        self._store = store
        self._wall = wall
        self._seed = seed
        self._new_clock = new_clock
        self._admitted = admitted
        self._by_name: dict[str, Session] = {}
        self._known: dict[tuple[str, str | None], Session] = {}

    def restore(self, facts: SessionFacts) -> None:
        self._by_name[facts.name] = Session(facts, self._wall, self._seed)

    def named(self, name: str) -> Session:
        return self._by_name[name]

    def all(self) -> list[Session]:
        return list(self._by_name.values())

    def admit(self, key: str) -> None:
        """Raises Authentication for a key that is not admitted."""
        if self._admitted and key not in self._admitted:
            raise Authentication("API key is invalid.")

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

    async def _opened(self, key: str, workspace: str | None) -> Session:
        name = _name(key)
        if workspace is None or workspace == _own_workspace(self._seed, name):
            workspace = ""
        elif _is_workspace(workspace):
            name = _name(f"{key}\n{workspace}")
        else:
            raise InvalidRequest("anthropic-workspace-id: Input should be the id of a workspace, like wrkspc_01...")
        if name not in self._by_name:
            facts = SessionFacts(name, self._new_clock(self._wall()), workspace=workspace)
            self._by_name[name] = Session(facts, self._wall, self._seed)
            await self._store.save_session(facts)
        return self._by_name[name]

    def _arm(self, session: Session, key: str) -> None:
        """Give a session the rules of the server, as soon as its key is seen."""
        if session.name not in self._armed:
            self._armed.add(session.name)
            session.rules = SessionRules(self._armory, self._armory.of_key(key), session.now())


_is_workspace = re.compile(r"wrkspc_[A-Za-z0-9]{1,64}").fullmatch


def _name(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
