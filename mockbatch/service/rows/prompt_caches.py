"""The prompt caches of sessions: entries left by batches and messages for later requests.

A batch enters the cache when it starts: the entries its rows wrote or read live from then on. These are derived from
the existing batches; entries of messages are saved with their usage.
"""

from collections.abc import Callable, Iterable

from mockbatch.core.batch import Batch
from mockbatch.core.money.prompt_cache import CacheState, CacheUse, Prefix
from mockbatch.core.time.spans import HOUR, SECOND
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import CacheEntries

Touches = dict[int, int]
"""The earliest expiry of each entry."""


class Caches:
    """Computes the cache of a session at an instant."""

    def __init__(self, rows: RowPipeline) -> None:
        self._rows = rows
        self._touched: dict[str, dict[int, Touches]] = {}
        self._messages: dict[str, CacheState] = {}

    async def left(self, session: SessionState, batch: Batch) -> Callable[[int], bool]:
        """Return a predicate for the entries that others have left in the cache when a batch starts."""
        starts_at = batch.timeline.starts_at
        left = await self._by_batches(session, starts_at, batch)
        messages = self._shared(session)
        if messages is None:
            return left
        return lambda key: left(key) or messages.live(key, starts_at)

    async def message(self, session: SessionState, prefixes: list[Prefix], now: int) -> CacheUse:
        """Return what a message reads and writes now, and update the cache."""
        cache = self._messages.setdefault(session.name, CacheState())
        cache.prune(now)
        if session.settings.profile.cache.scope == "shared":
            left = await self._by_batches(session, now, None)
            for prefix in prefixes:
                if left(prefix.key) and not cache.live(prefix.key, now):
                    cache.touch(prefix.key, now, prefix.ttl)
        return cache.request(prefixes, now)

    def restore(self, kept: Iterable[CacheEntries]) -> None:
        """Load the state from the store."""
        for one in kept:
            self._messages[one.session] = CacheState(one.entries)

    def entries(self, session: SessionState) -> CacheEntries:
        """Return the entries left by messages of a session, to be saved."""
        return CacheEntries(session.name, self._messages.setdefault(session.name, CacheState()).entries())

    def take_back(self, before: CacheEntries) -> None:
        """Restore the entries from before a message that could not be saved."""
        self._messages[before.session] = CacheState(before.entries)

    def forget(self, session: SessionState) -> None:
        self._touched.pop(session.name, None)
        self._messages.pop(session.name, None)

    def _shared(self, session: SessionState) -> CacheState | None:
        shared = session.settings.profile.cache.scope == "shared"
        return self._messages.get(session.name) if shared else None

    async def _by_batches(self, session: SessionState, at: int, but: Batch | None) -> Callable[[int], bool]:
        """Return a predicate for the entries that batches started by then keep alive at an instant."""
        found = []
        for earlier in session.live():
            start = earlier.timeline.starts_at
            before = but is None or (start, earlier.seq) < (at, but.seq)
            if start <= at < start + HOUR and before and earlier is not but:
                found.append(await self._touches(session, earlier))
        return lambda key: any(at < touches.get(key, 0) for touches in found)

    async def _touches(self, session: SessionState, batch: Batch) -> Touches:
        """Return the expiry of the entries that a batch wrote or read."""
        of_session = self._touched.setdefault(session.name, {})
        touches = of_session.get(batch.seq)
        if touches is None:
            touches = {}
            start = batch.timeline.starts_at
            of_batch = self._rows.of(batch)
            for index in range(batch.slices):
                if not (await of_batch.decided(index)).may_be_cached:
                    continue
                for row in await of_batch.rows(index):
                    if row.succeeds:
                        for prefix in row.more.prefixes:
                            if prefix.breakpoint:
                                until = start + prefix.ttl * SECOND
                                touches[prefix.key] = max(touches.get(prefix.key, 0), until)
            if batch.timeline.starts_at <= session.now():
                of_session[batch.seq] = touches
        return touches
