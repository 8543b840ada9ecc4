"""The requests of stored batches, looked at slice by slice, and what is kept of each."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.contract.envelope import Item, items_of
from mockbatch.core.contract.params import is_warm
from mockbatch.core.rows import Conditions, Examiner, Pending, Row, dump_rows, load_rows, model_name, params_of
from mockbatch.core.rules.items import Cutoffs, ItemRules
from mockbatch.core.time.spans import format_instant
from mockbatch.core.tokens import parse_tokens
from mockbatch.service.catalogue import Catalogue
from mockbatch.service.files import Files
from mockbatch.service.playback import Player
from mockbatch.store import Missing, Played, Store

_log = logging.getLogger(__name__)

# so many rows are worked on before others get their turn on the event loop
BLOCK = 200
_STEP = 50
_PATIENCE = 0.02

Attempts = list[list[int]]


class ClosingError(Exception):
    """The server stops: nobody waits for these rows any more."""


class Examination:
    """Makes rows of requests. Those of large batches, and where rules have a say, once and in the background; those of
    others whenever they are asked for.
    """

    def __init__(
        self,
        store: Store,
        profiles: dict[int, Profile],
        catalogue: Catalogue,
        files: Files,
        player: Callable[[str], Player | None],
        attempts: Callable[[Batch], Awaitable[Attempts | None]],
        played: Callable[[str], Sequence[Played]],
    ) -> None:
        self._store = store
        self._played = played
        self._attempts = attempts
        self._player = player
        self._profiles = profiles
        self._catalogue = catalogue
        self._files = files
        self._turns: dict[str, asyncio.Lock] = {}
        self._closing = False
        self._running: dict[int, asyncio.Task[None]] = {}
        self._wanted: set[int] = set()
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While this lasts, what is done in the background waits."""
        self._busy += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    def begin(self, batch: Batch) -> None:
        """Have the requests of a batch looked at when nothing else is to do."""
        if batch.kept and batch.seq not in self._running:
            self._running[batch.seq] = task = asyncio.create_task(self._examine(batch))
            task.add_done_callback(lambda done: self._done(batch, done))

    async def rows(self, batch: Batch, index: int) -> list[Row]:
        """The rows of a slice."""
        if not batch.kept:
            return await self._examined(batch, index, Examiner(self.conditions(batch)))
        stored = await self._store.rows(batch.seq, index)
        if stored is None:
            await self._finish(batch)
            stored = await self._store.rows(batch.seq, index)
        if stored is None:
            return await self._examined(batch, index, Examiner(self.conditions(batch)))
        return load_rows(stored)

    async def keep(self, batch: Batch, index: int, rows: list[Row]) -> None:
        """Keep the rows of a slice as they are now."""
        await self._store.put_rows(batch.seq, index, dump_rows(rows))

    async def with_params(self, batch: Batch, *, every: bool) -> AsyncIterator[tuple[Row, bytes]]:
        """The rows of a batch with the params that they came with: every one, or those that fail or meet less than all
        of a schema.
        """
        for index in range(batch.slices):
            rows = await self.rows(batch, index)
            if not every and not any(map(_is_odd, rows)):
                continue
            for row, item in zip(rows, await self.items(batch, index), strict=True):
                if every or _is_odd(row):
                    yield row, bytes(item.params)
            await asyncio.sleep(0)

    async def items(self, batch: Batch, index: int) -> list[Item]:
        """The requests of a slice, as they came."""
        return items_of(await self._store.slice(batch.seq, index))

    async def item(self, batch: Batch, place: int) -> Item:
        """The request at that place of a batch, as it came."""
        index = batch.slice_of(place)
        return (await self.items(batch, index))[place - batch.first_of(index)]

    def conditions(self, batch: Batch, cutoffs: Cutoffs = ()) -> Conditions:
        """What the requests of a batch are looked at under."""
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
            cutoffs,
            batch.session,
            batch.id,
            format_instant(created_at),
            self._player(batch.session) if profile.replay else None,
            profile.fail_attempts,
            profile.luck_by,
        )

    async def close(self) -> None:
        """Give up what is done in the background; it is done again when it is needed."""
        self._closing = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _finish(self, batch: Batch) -> None:
        """Have a batch looked at now, since somebody waits for it."""
        self._wanted.add(batch.seq)
        try:
            self.begin(batch)
            await asyncio.wait([self._running[batch.seq]])
        finally:
            self._wanted.discard(batch.seq)

    async def _examine(self, batch: Batch) -> None:
        # one batch of a session after the other: those of others do not wait for its replies
        turn = self._turns.setdefault(batch.session, asyncio.Lock())
        async with turn:
            await self._quiet(batch)
            conditions = self.conditions(batch)
            attempts = await self._attempts(batch) if conditions.needs_attempts else None
            if conditions.rules and conditions.rules.needs_quota:
                conditions = replace(conditions, cutoffs=await self._cutoffs(batch, conditions, attempts))
            examiner = Examiner(conditions)
            for index in range(batch.slices):
                await self.keep(batch, index, await self._examined(batch, index, examiner, attempts))
            await self._store.commit(*self._played(batch.session))

    async def _cutoffs(self, batch: Batch, conditions: Conditions, attempts: Attempts | None) -> Cutoffs:
        """Whom the quotas among the rules strike."""
        assert conditions.rules is not None
        quota = conditions.rules.quota()
        for index in range(batch.slices):
            for at, item in enumerate(await self.items(batch, index)):
                params = params_of(item)
                attempt = attempts[index][at] if attempts else 1
                model = model_name(params, batch.terms)
                quota.add(item.custom_id, params, model, attempt, conditions.luck(item))
                if at % BLOCK == 0:
                    await asyncio.sleep(0)
        return quota.cutoffs()

    def _tidy(self, session: str) -> None:
        turn = self._turns.get(session)
        if turn is not None and not turn.locked():
            del self._turns[session]

    def _done(self, batch: Batch, task: asyncio.Task[None]) -> None:
        seq = batch.seq
        self._running.pop(seq, None)
        self._tidy(batch.session)
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, Missing):  # a batch that was removed meanwhile needs no rows
            # not lost: whoever asks for the rows has them examined again
            _log.warning("the requests of batch %s could not be examined: %s", seq, error, exc_info=error)

    async def _quiet(self, batch: Batch) -> None:
        """Wait until nothing is taken in, and the next body did not follow on the heels of the last."""
        if batch.slices > 1 and batch.seq not in self._wanted:
            await asyncio.sleep(_PATIENCE)
            while self._busy and batch.seq not in self._wanted:
                await self._idle.wait()
                await asyncio.sleep(_PATIENCE)

    async def _examined(
        self, batch: Batch, index: int, examiner: Examiner, attempts: Attempts | None = None
    ) -> list[Row]:
        items = await self.items(batch, index)
        first = batch.first_of(index)

        def rows_of(at: int) -> list[Row | Pending]:
            sent = attempts[index][at : at + _STEP] if attempts else [1] * _STEP
            made = []
            for place, item in enumerate(items[at : at + _STEP]):
                if self._closing:
                    raise ClosingError
                made.append(examiner.row(item, first + at + place, sent[place]))
            return made

        rows: list[Row] = []
        for at in range(0, len(items), _STEP):
            # an unusual request costs a long import, once, and some cost long replies: not where others wait
            quick = is_warm() and examiner.is_quick(items[at : at + _STEP])
            block = rows_of(at) if quick else await asyncio.to_thread(rows_of, at)
            rows += await _made(block, examiner)
            await asyncio.sleep(0)
            if self._busy:
                await self._quiet(batch)
        for model_id in {row.model for row in rows if row.succeeds and row.more.result is None}:
            self._catalogue.retired(model_id, batch.terms)
        for row, error in examiner.mishaps:
            _log.error("rule %r, request %r: %s", row.rule, row.custom_id, error.message, exc_info=error.__cause__)
        examiner.mishaps.clear()
        return rows


def _is_odd(row: Row) -> bool:
    return row.failure is not None or bool(row.more.unmet)


async def _made(block: Sequence[Row | Pending], examiner: Examiner) -> list[Row]:
    """The rows of a block, those that were pending with the replies that functions made."""
    pending = [row for row in block if isinstance(row, Pending)]
    if not pending:
        return [row for row in block if isinstance(row, Row)]
    # not before: most batches have no such rows
    from mockbatch.service.functions import replies_of

    replies = iter(await replies_of([(row.spec, row.request) for row in pending]))
    return [row if isinstance(row, Row) else examiner.made(row.row, next(replies)) for row in block]
