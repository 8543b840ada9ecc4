"""The rows of one batch: its requests as received, their outcomes, and their results."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from mockbatch.core.batch import Batch
from mockbatch.core.contract.request_slicer import RequestItem, items_of
from mockbatch.core.replies.draft import ReplyError
from mockbatch.core.rows.builder import RowBuilder
from mockbatch.core.rows.checker import RowChecker
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.reading import model_name, params_of
from mockbatch.core.rows.row import Pending, Row, dump_rows, load_rows
from mockbatch.core.rules.items import Cutoffs
from mockbatch.service.rows.checks import (
    Decided,
    decided_of,
    dump_decided,
    load_decided,
    may_be_cached,
    may_have_schema,
)
from mockbatch.service.rows.processes import RowProcesses
from mockbatch.service.rows.turns import BLOCK, STEP, Turns
from mockbatch.service.sessions.models import ModelList
from mockbatch.store import Store

_log = logging.getLogger(__name__)

# half a megabyte each: fewer slices are done before a process has started
_MANY_SLICES = 16

AttemptsOf = Callable[[Batch], Awaitable[list[list[int]] | None]]


class BatchRows:
    """Creates the rows of a batch, under its conditions.

    Outcomes are decided once. Rows are built on demand, slice by slice. Both are stored for large batches and if rules
    or recordings matter, and cached in memory for others.
    """

    def __init__(
        self,
        batch: Batch,
        conditions: Conditions,
        store: Store,
        turns: Turns,
        processes: RowProcesses,
        catalogue: ModelList,
        attempts_of: AttemptsOf,
        check_all: Callable[[Batch], Awaitable[None]],
        remembered: Callable[["BatchRows", int], None],
    ) -> None:
        self.batch = batch
        self.conditions = conditions
        self._store = store
        self._turns = turns
        self._processes = processes
        self._catalogue = catalogue
        self._attempts_of = attempts_of
        self._check_all = check_all
        self._remembered = remembered
        self._preparing: asyncio.Task[_Prepared] | None = None
        self._decided: dict[int, Decided] = {}
        self._rows: dict[int, list[Row]] = {}
        self._building: dict[int, asyncio.Task[list[Row]]] = {}

    async def items(self, index: int) -> list[RequestItem]:
        """Return the requests of a slice as received."""
        return items_of(await self._store.slice(self.batch.seq, index))

    async def item(self, place: int) -> RequestItem:
        """Return the request at a position of the batch as received."""
        index = self.batch.slice_of(place)
        return (await self.items(index))[place - self.batch.first_of(index)]

    async def custom_ids(self, index: int) -> list[str]:
        """Return the custom_ids of a slice."""
        return [item.custom_id for item in await self.items(index)]

    async def decided(self, index: int) -> Decided:
        """Return the outcomes of a slice. Replies are generated only if a rule or a recording requires it."""
        with self._turns.wanted(self.batch.seq):
            return await (self._decided_and_stored(index) if self.batch.kept else self._decided_here(index))

    async def rows(self, index: int) -> list[Row]:
        """Return the rows of a slice, with the usage of their replies."""
        if not self.batch.kept and index in self._rows:
            return self._rows[index]
        with self._turns.wanted(self.batch.seq):
            return await asyncio.shield(self._start(index))

    async def slices(self, indexes: Iterable[int]) -> AsyncIterator[tuple[int, list[Row]]]:
        """Yield slices with their rows. With worker processes, the next slices are built in parallel."""
        waiting, ahead = deque(indexes), self._processes.count + 1 if self._slices_apart else 0
        while waiting:
            for index in islice(waiting, ahead):
                self._start(index)
            index = waiting.popleft()
            yield index, await self.rows(index)

    @property
    def _slices_apart(self) -> bool:
        """Whether slices are checked and built in other processes."""
        return self.batch.slices >= _MANY_SLICES and self._processes.may_work_under(self.conditions)

    def _start(self, index: int) -> asyncio.Task[list[Row]]:
        task = self._building.get(index)
        if task is None:
            task = self._building[index] = asyncio.create_task(self._build(index))
            task.add_done_callback(lambda done: self._end(index, done))
        return task

    def _end(self, index: int, task: asyncio.Task[list[Row]]) -> None:
        self._building.pop(index, None)
        # retrieve the exception even if no one awaits the task: the slice is built again on demand
        if not task.cancelled():
            task.exception()

    async def keep(self, index: int, rows: list[Row]) -> None:
        """Store the current rows of a slice."""
        await self._store.put_rows(self.batch.seq, index, dump_rows(rows))
        self._remembered(self, -len(self._rows.pop(index, ())))

    async def check_whole(self) -> None:
        """Decide and store the outcomes of all slices, in order."""
        left = deque([at for at in range(self.batch.slices) if await self._store.rows(self.batch.seq, at) is None])
        together = self._processes.count if self._slices_apart else 1
        while left:
            indexes = [left.popleft() for _ in range(min(together, len(left)))]
            for index, decided in zip(indexes, await asyncio.gather(*map(self._check, indexes)), strict=True):
                await self._store.put_rows(self.batch.seq, index, dump_decided(decided))

    async def with_rows(self, *, every: bool) -> AsyncIterator[tuple[RequestItem, Row | None]]:
        """Yield requests with their rows: those that fail or do not fully satisfy their schema, or all of them.

        The row is None for a request that succeeds and has no schema: no reply is made for it.
        """
        for index in range(self.batch.slices):
            raw, first = await self._store.slice(self.batch.seq, index), self.batch.first_of(index)
            rows = await self.rows(index) if may_have_schema(raw) else (await self.decided(index)).rows
            if not every and not any(map(_is_odd, rows)):
                continue
            known = {row.index: row for row in rows}
            for place, item in enumerate(items_of(raw), first):
                row = known.get(place)
                if every or (row is not None and _is_odd(row)):
                    yield item, row
            await asyncio.sleep(0)

    @property
    def weight(self) -> int:
        """The number of cached rows and outcomes, plus one."""
        remembered = sum(map(len, self._rows.values())) + sum(len(decided.rows) for decided in self._decided.values())
        return 1 + remembered

    async def _decided_here(self, index: int) -> Decided:
        if index not in self._decided:
            self._decided[index] = decided = await self._check(index)
            self._remembered(self, len(decided.rows))
        return self._decided[index]

    async def _decided_and_stored(self, index: int) -> Decided:
        stored = await self._store.rows(self.batch.seq, index)
        if stored is None:
            await self._check_all(self.batch)
            stored = await self._store.rows(self.batch.seq, index)
        if stored is None:
            return await self._check(index)
        return load_decided(stored) or decided_of(load_rows(stored))

    async def _check(self, index: int) -> Decided:
        ready = await self._prepared()
        raw, first = await self._store.slice(self.batch.seq, index), self.batch.first_of(index)
        sent = ready.attempts[index] if ready.attempts else None
        rows = await self._checked_apart(ready.conditions, raw, first, sent)
        if rows is None:
            rows = await self._checked_here(ready.conditions, raw, first, sent)
        return Decided(may_be_cached(raw), rows)

    async def _checked_apart(
        self, conditions: Conditions, raw: bytes, first: int, sent: list[int] | None
    ) -> list[Row] | None:
        if not self._slices_apart:
            return None
        found = await self._processes.check(conditions, raw, first, sent)
        if found is None:
            return None
        self._log(found[1])
        return found[0]

    async def _checked_here(self, conditions: Conditions, raw: bytes, first: int, sent: list[int] | None) -> list[Row]:
        items, checker = items_of(raw), RowChecker(conditions)
        found = await self._turns.in_blocks(
            self.batch.seq,
            len(items),
            lambda at, end: conditions.is_quick(items[at:end]),
            lambda at: checker.check(items[at], first + at, sent[at] if sent else 1),
        )
        self._log(checker.reply_errors)
        return await self._completed([row for row in found if row is not None])

    async def _build(self, index: int) -> list[Row]:
        stored = await self._store.rows(self.batch.seq, index) if self.batch.kept else None
        if stored is not None and load_decided(stored) is None:
            return load_rows(stored)
        decided, first = (await self.decided(index)).rows, self.batch.first_of(index)
        raw = await self._store.slice(self.batch.seq, index)
        found = await self._processes.build(self.conditions, raw, first, decided) if self._slices_apart else None
        if found is None:
            found = await self._built_here(raw, first, decided)
        rows, errors = found
        self._log(errors)
        for model_id in {row.model for row in rows if row.succeeds and row.more.result is None}:
            self._catalogue.warn_if_retired(model_id, self.batch.terms)
        if self.batch.kept:
            await self.keep(index, rows)
        else:
            self._rows[index] = rows
            self._remembered(self, len(rows))
        return rows

    async def _built_here(
        self, raw: bytes, first: int, decided: list[Row]
    ) -> tuple[list[Row], list[tuple[Row, ReplyError]]]:
        items, builder = items_of(raw), RowBuilder(self.conditions)
        known = {row.index - first: row for row in decided}
        rows = await self._turns.in_blocks(
            self.batch.seq,
            len(items),
            lambda at, end: self.conditions.is_quick(items[at:end]),
            lambda at: known.get(at) or builder.build(items[at], first + at),
        )
        return rows, builder.reply_errors

    async def _completed(self, rows: Sequence[Row | Pending]) -> list[Row]:
        """Return the rows, with the replies of functions for the pending ones."""
        pending = [row for row in rows if isinstance(row, Pending)]
        if not pending:
            return [row for row in rows if isinstance(row, Row)]
        # imported lazily: most batches have no such rows
        from mockbatch.service.sessions.functions import replies_of

        builder, made = RowBuilder(self.conditions), []
        for at in range(0, len(pending), STEP):
            some = pending[at : at + STEP]
            made += await replies_of([(row.spec, row.request) for row in some])
        replies = iter(made)
        completed = [row if isinstance(row, Row) else builder.made(row.row, next(replies)) for row in rows]
        self._log(builder.reply_errors)
        return completed

    async def _prepared(self) -> "_Prepared":
        task = self._preparing
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._preparing = asyncio.create_task(self._prepare())
        return await asyncio.shield(task)

    async def _prepare(self) -> "_Prepared":
        rules, conditions = self.conditions.rules, self.conditions
        attempts = await self._attempts_of(self.batch) if conditions.needs_attempts else None
        if rules and rules.needs_quota:
            conditions = replace(conditions, cutoffs=await self._cutoffs(attempts))
        return _Prepared(conditions, attempts)

    async def _cutoffs(self, attempts: list[list[int]] | None) -> Cutoffs:
        """Return which requests the quotas of the rules select."""
        assert self.conditions.rules is not None
        quota, terms = self.conditions.rules.quota(), self.conditions.terms
        for index in range(self.batch.slices):
            for at, item in enumerate(await self.items(index)):
                params = params_of(item)
                attempt = attempts[index][at] if attempts else 1
                quota.add(item.custom_id, params, model_name(params, terms), attempt, self.conditions.luck(item))
                if at % BLOCK == 0:
                    await asyncio.sleep(0)
        return quota.cutoffs()

    @staticmethod
    def _log(reply_errors: list[tuple[Row, ReplyError]]) -> None:
        for row, error in reply_errors:
            _log.error("rule %r, request %r: %s", row.rule, row.custom_id, error.message, exc_info=error.__cause__)
        reply_errors.clear()


class _Prepared(NamedTuple):
    """The conditions for checking the requests of a batch, and their attempt numbers if these matter."""

    conditions: Conditions
    attempts: list[list[int]] | None


def _is_odd(row: Row) -> bool:
    return row.failure is not None or bool(row.more.unmet)
