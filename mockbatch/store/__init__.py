"""Where facts are kept, behind a small protocol.

The slices of a batch are stored under its number as they arrive, and its facts last. Only the facts make the batch
exist: slices without them are removed at the next start.
"""

from asyncio import Future
from collections.abc import Collection, Sequence
from typing import Any, Literal, Protocol

from msgspec import Raw, Struct

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.contract.limits import Bucket
from mockbatch.core.files import File
from mockbatch.core.money.ledger import Account, Counts
from mockbatch.core.notice import Notice
from mockbatch.core.rules.calls import Seen
from mockbatch.core.time.clock import Clock


class StoreError(Exception):
    """The store cannot be used; the message is one sentence for the person who runs the server."""


class Missing(StoreError):
    """Something of a batch is not there: most likely the batch was deleted after it was looked up.

    It is the batch with this `seq`, or one of those with this `profile`.
    """

    def __init__(self, message: str, *, seq: int | None = None, profile: int | None = None) -> None:
        super().__init__(message)
        self._seq, self._profile = seq, profile

    def concerns(self, batch: Batch) -> bool:
        return batch.seq == self._seq or batch.profile == self._profile


class SessionFacts(Struct, frozen=True):
    """What is kept of a session: its name, its clock, how busy its queue is, its workspace if one was named, its label,
    its own options, when it was opened, its rules if they differ from the server's, the patterns of the server's rules
    that its key matches, where its calls are counted, and by which last characters of its key people know it.
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
    """What is counted in a session: rule ids and snapshots given out, what each rule has seen, by its id, the bucket of
    its rate limit, and whether it counts how often requests are sent.
    """

    session: str
    rule_ids: int = 0
    snapshots: int = 0
    rules: dict[str, Seen] = {}
    bucket: Bucket | None = None
    attempts: bool = False


class CacheEntries(Struct, frozen=True):
    """What messages left in the prompt cache of a session: of each key, when it was written, until when it lives, and
    its lifetime in microseconds.
    """

    session: str
    entries: dict[int, tuple[int, int, int]]


class Played(Struct, frozen=True):
    """What a session has played of a fixture: how often each request came, which recordings answered, and the first and
    the number of those that were not recorded.
    """

    session: str
    turns: dict[int, int]
    used: list[int]
    misses: Raw
    missed: int


class Spent(Struct, frozen=True):
    """What a message outside of batches has used, at which virtual instant; `key` identifies its request."""

    session: str
    id: str
    at: int
    account: Account
    counts: Counts
    key: int = 0


class Snapshot(Struct, frozen=True):
    """A session as it was: what it knew of itself, and its batches."""

    id: str
    session: str
    taken_at: int
    facts: SessionFacts
    batches: tuple[Batch, ...]


class Options(Struct, frozen=True):
    """Everything that decides about batches besides their requests, under a number."""

    number: int
    profile: Profile


class Past(Struct, frozen=True):
    """What the sessions came to that were deleted: their summary, and the names of the rules that struck."""

    summary: Raw
    struck: list[str]
    id: int = 1


Fact = SessionFacts | Counters | CacheEntries | Played | Spent | Snapshot | Options | Past | Batch | File | Notice
"""What can be saved. Each replaces what was saved under the same key."""


class Gone(Struct, frozen=True):
    """The facts of a kind under a key are no longer there. `parts` are all that was stored under the number of a batch,
    and `sent` what was counted of its requests.
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
    """All facts of a store, as they are read at the start."""

    sessions: Sequence[SessionFacts]
    profiles: dict[int, Profile]
    batches: Sequence[Batch]
    files: Sequence[File] = ()
    spent: Sequence[Spent] = ()
    notices: Sequence[Notice] = ()
    counters: Sequence[Counters] = ()
    cache: Sequence[CacheEntries] = ()
    played: Sequence[Played] = ()
    snapshots: Sequence[Snapshot] = ()
    past: Past | None = None


class Calls(Protocol):
    """Counts calls, in numbered slots. A count survives the end of the process as soon as it is set."""

    def get(self, slot: int) -> int: ...

    def set(self, slot: int, count: int) -> None: ...

    def close(self) -> None: ...


class Store(Protocol):
    """What mockbatch asks of a storage. What was committed is durable when `commit` returns. Raises StoreError.

    `outlives` says whether anything survives the end of the process.
    """

    outlives: bool
    calls: Calls

    async def load(self) -> Facts: ...

    async def commit(self, *changes: Change) -> None:
        """Save all of these changes in this order, or none of them."""
        ...

    async def add_batch(self, batch: Batch, only: bytes | memoryview | None = None, *more: Change) -> None:
        """Save a new batch and `more`, at once with its `only` slice, or after its slices were put.

        Raises StoreError, and saves nothing, if one of them is missing.
        """
        ...

    async def spent(self, session: str) -> Sequence[Spent]: ...

    def put_slice(self, seq: int, index: int, raw: bytes | memoryview) -> "Future[None]":
        """Begin to put a slice; it is there when the future is done."""
        ...

    async def begun(self) -> None:
        """Return when what was put just now is being written, for those who have work to do meanwhile."""
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
    """The numbers of the batches that snapshots may bring back."""
    return {batch.seq for snapshot in snapshots for batch in snapshot.batches}
