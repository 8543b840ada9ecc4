"""Storage behind a small protocol.

The slices of a batch are stored under its number as they arrive, and its facts last. Only the facts make the batch
exist: slices without facts are removed at the next start.
"""

from asyncio import Future
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal, Protocol

from msgspec import Raw, Struct

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.contract.limits import TokenBucket
from mockbatch.core.deleted import Deleted
from mockbatch.core.files import File
from mockbatch.core.money.ledger import Account, TokenCounts
from mockbatch.core.rules.calls import SavedCounters
from mockbatch.core.time.clock import Clock
from mockbatch.core.webhook_delivery import WebhookDelivery


class StoreError(Exception):
    """The store cannot be used; the message is one sentence for the operator."""


class Missing(StoreError):
    """A part of a batch is missing: most likely the batch was deleted after its lookup.

    It is the batch with this `seq`, or one of those with this `profile`.
    """

    def __init__(self, message: str, *, seq: int | None = None, profile: int | None = None) -> None:
        super().__init__(message)
        self._seq, self._profile = seq, profile

    def concerns(self, batch: Batch) -> bool:
        return batch.seq == self._seq or batch.profile == self._profile


class SessionFacts(Struct, frozen=True):
    """The stored facts of a session.

    `lanes` is the load of its queue, `workspace` is empty unless set, `options` are its own, `rules` None if it has the
    server's, `key_patterns` the patterns of server rules that match its key, `slot` the place of its call counter, and
    `key_end` the last characters of its key, for display.
    """

    name: str
    clock: Clock
    lanes: bytes = b""
    workspace: str = ""
    label: str = ""
    options: dict[str, Any] = {}
    opened_at: int = 0
    rules: list[dict[str, Any]] | None = None
    key_patterns: tuple[str, ...] = ()
    slot: int = 0
    place: int = 0
    key_end: str = ""


class Counters(Struct, frozen=True):
    """The counters of a session.

    These are the rule ids and snapshots issued, the state of each rule by id, the bucket of its rate limit, and whether
    attempts per request are counted.
    """

    session: str
    rule_ids: int = 0
    snapshots: int = 0
    rules: dict[str, SavedCounters] = {}
    bucket: TokenBucket | None = None
    attempts: bool = False


class CacheEntries(Struct, frozen=True):
    """The prompt cache entries of a session.

    For each key: when it was written, when it expires, and its lifetime, in microseconds.
    """

    session: str
    entries: dict[int, tuple[int, int, int]]


class Played(Struct, frozen=True):
    """The playback state of a session.

    How often each request occurred, which recordings were used, and the first misses with their total number.
    """

    session: str
    turns: dict[int, int]
    used: list[int]
    misses: Raw
    missed: int


class MessageUsage(Struct, frozen=True):
    """The usage of a message outside of batches, at a virtual instant; `key` identifies its request."""

    session: str
    id: str
    at: int
    account: Account
    counts: TokenCounts
    key: int = 0


class Snapshot(Struct, frozen=True):
    """The saved state of a session: its facts and its batches, the deleted ones packed."""

    id: str
    session: str
    taken_at: int
    facts: SessionFacts
    live: tuple[Batch, ...]
    deleted: dict[str, bytes]

    def __len__(self) -> int:
        return len(self.live) + len(self.deleted)

    def batches(self) -> Iterator[Batch]:
        """Yield all batches; deleted ones are unpacked on iteration."""
        yield from self.live
        yield from Deleted(self.session, self.deleted).in_order()


class Options(Struct, frozen=True):
    """Everything besides the requests that determines batches, under a number."""

    number: int
    profile: Profile


class Past(Struct, frozen=True):
    """The result of deleted sessions: their summary, and the names of rules that triggered."""

    summary: Raw
    struck: list[str]
    id: int = 1


Fact = (
    SessionFacts
    | Counters
    | CacheEntries
    | Played
    | MessageUsage
    | Snapshot
    | Options
    | Past
    | Batch
    | File
    | WebhookDelivery
)
"""Everything that can be saved. Each replaces an earlier fact with the same key."""


class Gone(Struct, frozen=True):
    """The deletion of the facts of a kind under a key.

    `parts` is everything stored for a batch number, `sent` its attempt counts.
    """

    kind: Literal[
        "session",
        "counters",
        "cache",
        "played",
        "spent",
        "snapshot",
        "options",
        "batch",
        "file",
        "notice",
        "parts",
        "sent",
    ]
    key: str | int


Change = Fact | Gone


class Facts(Struct, frozen=True):
    """All facts of a store, as loaded at startup."""

    sessions: Sequence[SessionFacts]
    profiles: dict[int, Profile]
    batches: Sequence[Batch]
    files: Sequence[File] = ()
    spent: Sequence[MessageUsage] = ()
    notices: Sequence[WebhookDelivery] = ()
    counters: Sequence[Counters] = ()
    cache: Sequence[CacheEntries] = ()
    played: Sequence[Played] = ()
    snapshots: Sequence[Snapshot] = ()
    past: Past | None = None


class Calls(Protocol):
    """Call counters in numbered slots. A count survives the end of the process as soon as it is set."""

    def get(self, slot: int) -> int: ...

    def set(self, slot: int, count: int) -> None: ...

    def close(self) -> None: ...


class Store(Protocol):
    """The storage that mockbatch needs. Changes are durable when `commit` returns. Raises StoreError.

    `outlives` is whether data survives the end of the process.
    """

    outlives: bool
    calls: Calls

    async def load(self) -> Facts: ...

    async def commit(self, *changes: Change) -> None:
        """Save all changes in order, or none of them."""
        ...

    async def add_batch(self, batch: Batch, only: bytes | memoryview | None = None, *more: Change) -> None:
        """Save a new batch and `more`, in one transaction with its `only` slice, or after its slices were put.

        Raises StoreError, and saves nothing, if a slice is missing.
        """
        ...

    async def spent(self, session: str) -> Sequence[MessageUsage]: ...

    def put_slice(self, seq: int, index: int, raw: bytes | memoryview) -> "Future[None]":
        """Start writing a slice; it is stored when the future is done."""
        ...

    async def begun(self) -> None:
        """Return when the latest put is being written, so the caller can work meanwhile."""
        ...

    async def slice(self, seq: int, index: int) -> bytes: ...

    async def put_rows(self, seq: int, index: int, rows: bytes) -> None: ...

    async def rows(self, seq: int, index: int) -> bytes | None: ...

    async def put_starts(self, seq: int, index: int, starts: bytes) -> None: ...

    async def starts(self, seq: int, index: int) -> bytes | None: ...

    async def put_sent(self, seq: int, index: int, sent: bytes) -> None: ...

    async def sent(self, seq: int, index: int) -> bytes | None: ...

    async def put_delivered(self, seq: int, delivered: bytes) -> None: ...

    async def delivered(self, seq: int) -> bytes | None: ...

    async def close(self) -> None: ...


def held_by(snapshots: Collection[Snapshot]) -> set[int]:
    """Return the numbers of the batches that snapshots may restore."""
    return {batch.seq for snapshot in snapshots for batch in snapshot.batches()}
