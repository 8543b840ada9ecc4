"""Where facts are kept, behind a small protocol.

The slices of a batch are put under a number of its own as they arrive, and then its facts are added. Only these make
the batch exist: slices without them are swept away.
"""

from asyncio import Future
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.files import File
from mockbatch.core.money.ledger import Account, Counts
from mockbatch.core.notice import Notice
from mockbatch.core.time.clock import Clock


class StoreError(Exception):
    """The store cannot be used; the message is one sentence for the person who runs the server."""


class SessionFacts(Struct, frozen=True):
    """What is kept of a session: its name, its clock, how busy its queue is, the workspace if one was named, the label
    that a person gave it, the options that are its own, when it was opened, and its rules where they were changed.
    """

    name: str
    clock: Clock
    lanes: bytes = b""
    workspace: str = ""
    label: str = ""
    options: dict[str, Any] = {}
    opened_at: int = 0
    rules: list[dict[str, Any]] | None = None


class Spent(Struct, frozen=True):
    """What a message outside of batches has used, at which virtual instant."""

    session: str
    id: str
    at: int
    account: Account
    counts: Counts


class Facts(Struct, frozen=True):
    """All facts of a store, as they are read at the start."""

    sessions: Sequence[SessionFacts]
    profiles: dict[int, Profile]
    batches: Sequence[Batch]
    files: Sequence[File] = ()
    spent: Sequence[Spent] = ()
    notices: Sequence[Notice] = ()


class Store(Protocol):
    """What mockbatch asks of a storage. Every `save` is durable when it returns. Raises StoreError."""

    async def load(self) -> Facts: ...

    async def save_session(self, session: SessionFacts) -> None: ...

    async def remove_session(self, name: str) -> None: ...

    async def save_profile(self, number: int, profile: Profile) -> None: ...

    async def add_batch(self, batch: Batch, only: bytes | memoryview | None = None) -> None:
        """Save a new batch, at once with its `only` slice, or when putting its slices was begun before.

        Raises StoreError, and saves nothing, when one of them is not there.
        """
        ...

    async def save_file(self, file: File) -> None: ...

    async def remove_file(self, seq: int) -> None: ...

    async def add_spent(self, spent: Spent) -> None: ...

    async def spent(self, session: str) -> Sequence[Spent]: ...

    async def remove_spent(self, session: str) -> None: ...

    async def save_notice(self, notice: Notice) -> None: ...

    async def remove_notice(self, id: str) -> None: ...

    async def save_batch(self, batch: Batch) -> None: ...

    def put_slice(self, seq: int, index: int, raw: bytes | memoryview) -> "Future[None]":
        """Begin to put a slice; it is there when the future is done."""
        ...

    async def begun(self) -> None:
        """Returns when what was put just now is being written, for those who have work to do meanwhile."""
        ...

    async def slice(self, seq: int, index: int) -> bytes: ...

    async def put_rows(self, seq: int, index: int, rows: bytes) -> None: ...

    async def rows(self, seq: int, index: int) -> bytes | None: ...

    async def put_starts(self, seq: int, index: int, starts: bytes) -> None: ...

    async def starts(self, seq: int, index: int) -> bytes | None: ...

    async def forget(self, seq: int) -> None:
        """Remove the facts of a batch alone; all else is swept away at the next start."""
        ...

    async def remove(self, seq: int) -> None:
        """Remove a batch as if it had never been: its facts first, then all that was put under `seq`."""
        ...

    async def discard(self, seq: int) -> None:
        """Remove all that was put under `seq`."""
        ...

    async def close(self) -> None: ...
