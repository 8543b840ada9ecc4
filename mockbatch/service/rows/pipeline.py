"""Access to the rows of batches, and background checks of large batches."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.row import Row
from mockbatch.core.rules.items import ItemRules
from mockbatch.core.time.spans import format_instant
from mockbatch.core.tokens import parse_tokens
from mockbatch.service.rows.batch_rows import AttemptsOf, BatchRows
from mockbatch.service.rows.processes import RowProcesses
from mockbatch.service.rows.results import BatchResults
from mockbatch.service.rows.turns import Turns
from mockbatch.service.sessions.files import Files
from mockbatch.service.sessions.models import ModelList
from mockbatch.service.sessions.replay import Replayer
from mockbatch.store import Missing, Played, Store

_log = logging.getLogger(__name__)

# the maximum number of cached rows; the least recently used batches are evicted first
_REMEMBERED = 4_000


class RowPipeline:
    """The rows of all batches."""

    def __init__(
        self,
        store: Store,
        profiles: dict[int, Profile],
        processes: RowProcesses,
        catalogue: ModelList,
        files: Files,
        player: Callable[[str], Replayer | None],
        attempts_of: AttemptsOf,
        played: Callable[[str], Sequence[Played]],
    ) -> None:
        self.turns = Turns()
        self._store = store
        self._profiles = profiles
        self._processes = processes
        self._catalogue = catalogue
        self._files = files
        self._player = player
        self._attempts_of = attempts_of
        self._played = played
        self._recent: OrderedDict[int, BatchRows] = OrderedDict()
        self._weight = 0
        self._checking: dict[int, asyncio.Task[None]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def of(self, batch: Batch) -> BatchRows:
        """Return the rows of a batch."""
        rows = self._recent.get(batch.seq)
        if rows is None:
            rows = self._recent[batch.seq] = BatchRows(
                batch,
                self.conditions(batch),
                self._store,
                self.turns,
                self._processes,
                self._catalogue,
                self._attempts_of,
                self._check_all,
                self._remember,
            )
            self._remember(rows, rows.weight)
        if batch.kept or not rows.batch.kept:  # what is stored stays stored, even if a caller holds older facts
            rows.batch = batch
        self._recent.move_to_end(batch.seq)
        return rows

    def results(self, batch: Batch) -> BatchResults:
        """Return the results of a batch."""
        return BatchResults(self._store, self._profiles[batch.profile], self.of(batch), batch)

    async def params(self, batch: Batch, row: Row) -> bytes:
        """Return the params of a row as received."""
        return bytes((await self.of(batch).item(row.index)).params)

    async def line(self, batch: Batch, row: Row, *, done: bool) -> bytes:
        """Return the line of a row in the results."""
        return await self.results(batch).line(row, done=done)

    def forget(self, batch: Batch) -> None:
        """Drop the cached rows of a batch."""
        rows = self._recent.pop(batch.seq, None)
        self._weight -= rows.weight if rows else 0

    def start_checks(self, batch: Batch) -> None:
        """Check the requests of a large batch in idle time."""
        if batch.kept and batch.seq not in self._checking:
            self._checking[batch.seq] = task = asyncio.create_task(self._check(batch))
            task.add_done_callback(lambda done: self._checked(batch, done))

    def conditions(self, batch: Batch) -> Conditions:
        """Return the conditions under which the requests of a batch are processed."""
        profile = self._profiles[batch.profile]
        created_at = batch.timeline.created_at
        rules = ItemRules(profile.rules, seed=profile.seed, batch_id=batch.id, created_at=created_at)
        return Conditions(
            batch.terms,
            profile.seed,
            profile.fail_rate,
            self._files.there(batch.session, created_at),
            parse_tokens(profile.tokens),
            rules or None,
            (),
            batch.session,
            batch.id,
            format_instant(created_at),
            self._player(batch.session) if profile.replay else None,
            profile.fail_attempts,
            profile.luck_by,
        )

    async def close(self) -> None:
        """Abandon background work; it is redone when needed."""
        self.turns.closing = True
        tasks = list(self._checking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._processes.close()

    def _remember(self, rows: BatchRows, count: int) -> None:
        """Count cached rows, and evict those of the least recently used batches."""
        if self._recent.get(rows.batch.seq) is not rows:
            return
        self._weight += count
        while self._weight > _REMEMBERED and len(self._recent) > 1:
            self._weight -= self._recent.popitem(last=False)[1].weight

    async def _check_all(self, batch: Batch) -> None:
        self.start_checks(batch)
        await asyncio.wait([self._checking[batch.seq]])

    async def _check(self, batch: Batch) -> None:
        # one batch of a session at a time; other sessions do not wait for its replies
        async with self._locks.setdefault(batch.session, asyncio.Lock()):
            if batch.slices > 1:
                await self.turns.quiet(batch.seq)
            await self.of(batch).check_whole()
            await self._store.commit(*self._played(batch.session))

    def _checked(self, batch: Batch, task: asyncio.Task[None]) -> None:
        self._checking.pop(batch.seq, None)
        lock = self._locks.get(batch.session)
        if lock is not None and not lock.locked():
            del self._locks[batch.session]
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, Missing):  # a batch removed meanwhile needs no rows
            # nothing is lost: the rows are checked again for the next caller
            _log.warning("the requests of batch %s could not be checked: %s", batch.seq, error, exc_info=error)
