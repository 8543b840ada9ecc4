"""The usage of a batch that has ended: prompt cache reads and writes of its rows, and tokens by model."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from mockbatch.core.batch import Batch, Profile, finished
from mockbatch.core.money.cache_hits import luck_of, row_use
from mockbatch.core.money.ledger import Account, Sum, Sums, TokenCounts, context_window, counts_of
from mockbatch.core.rows.row import Row
from mockbatch.core.rows.usage import usage_of_row
from mockbatch.service.rows.batch_rows import BatchRows
from mockbatch.service.rows.starts import starts_of
from mockbatch.service.rows.turns import BLOCK
from mockbatch.store import Store

Left = Callable[[int], bool]
"""Whether others have left an entry in the prompt cache for the batch."""


async def sum_up(
    store: Store, profile: Profile, rows: BatchRows, batch: Batch, left: Left
) -> tuple[tuple[Sum, ...], bool]:
    """Return the usage of a batch, and whether its rows were stored because of their cache use."""
    usage = _Usage(profile)
    cache: _CacheSimulator | None = None
    async for index, of_slice in rows.slices(range(batch.slices)):
        done = await _done(store, profile, batch, index, of_slice)
        if any(row.more.prefixes for row in of_slice):
            cache = cache or _CacheSimulator(batch, profile, left)
            of_slice = [cache.found(row) if done is None or done[at] else row for at, row in enumerate(of_slice)]
            await rows.keep(index, of_slice)
        for at in range(0, len(of_slice), BLOCK):
            for place, row in enumerate(of_slice[at : at + BLOCK], at):
                if (done is None or done[place]) and row.succeeds and row.is_billed(batch.terms.day):
                    usage.add(row)
            await asyncio.sleep(0)
    return tuple(usage.sums().rows()), cache is not None


async def _done(store: Store, profile: Profile, batch: Batch, index: int, rows: list[Row]) -> Sequence[bool] | None:
    if batch.timeline.ending == "done":
        return None
    return finished(batch, profile, [row.custom_id for row in rows], await starts_of(store, batch, index))


class _CacheSimulator:
    """Simulates the prompt cache for the rows of one batch, in order."""

    def __init__(self, batch: Batch, profile: Profile, left: Left) -> None:
        self._batch, self._profile, self._left = batch, profile, left
        self._written: set[int] = set()

    def found(self, row: Row) -> Row:
        """Return the row with its cache reads and writes."""
        prefixes = row.more.prefixes
        if not prefixes or not row.succeeds:
            return row
        luck = luck_of(self._profile.seed, self._batch.id, row.custom_id)
        used = row_use(list(prefixes), self._profile.cache, luck, self._left, self._written.__contains__)
        self._written.update(prefix.key for prefix in prefixes if prefix.breakpoint)
        return replace(row, more=replace(row.more, cache=used))


class _Usage:
    """Sums up the usage of rows, with a fast path for rows that have only input and output."""

    def __init__(self, profile: Profile) -> None:
        self._lengths = profile.prompt_lengths
        self._plain: dict[tuple[str, str, int], list[int]] = {}
        self._sums = Sums()

    def add(self, row: Row) -> None:
        place = bisect_left(self._lengths, row.input_tokens)
        if row.more.written or row.more.cache.total:
            counts = counts_of(usage_of_row(row))
            self._sums.add(self._account(row.model, row.geo, place, counts.prompt_tokens), counts)
            return
        entry = self._plain.setdefault((row.model, row.geo, place), [0, 0, 0])
        entry[0] += 1
        entry[1] += row.input_tokens
        entry[2] += row.output_tokens

    def sums(self) -> Sums:
        for (model, geo, place), (requests, tokens, output) in self._plain.items():
            # all prompts between two lengths have the same context window: its limit is one of the lengths
            length = self._lengths[place] if place < len(self._lengths) else self._lengths[-1] + 1
            account = self._account(model, geo, place, length)
            self._sums.add_all(account, requests, TokenCounts(input=tokens, output=output))
        return self._sums

    def _account(self, model: str, geo: str, place: int, prompt_tokens: int) -> Account:
        above = self._lengths[place - 1] if place else 0
        return Account(model, above, context_window(prompt_tokens), geo, "batch")
