"""What came of a batch that has ended: how many rows ended how, what they found in the prompt cache, what was used."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from mockbatch.core.batch import Batch, Profile, finished
from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.money.cache_hits import luck_of, row_use
from mockbatch.core.money.ledger import Account, Counts, Sums, context_window, counts_of
from mockbatch.core.rows import Row, usage_of_row
from mockbatch.service.caches import Caches
from mockbatch.service.examination import BLOCK, Examination
from mockbatch.service.results import starts_of
from mockbatch.service.sessions import Session
from mockbatch.store import Store

Done = Sequence[bool] | None


class Settlement:
    """Settles batches, each once and for ever."""

    def __init__(self, store: Store, profiles: dict[int, Profile], examination: Examination, caches: Caches) -> None:
        self._store = store
        self._profiles = profiles
        self._examination = examination
        self._caches = caches

    async def settled(self, session: Session, batch: Batch) -> tuple[Batch, dict[str, int]]:
        """The batch with its tally and what was used, and how many rows each rule struck; its rows are kept where they
        found something in the cache.
        """
        profile = self._profiles[batch.profile]
        counts, sums = _Outcomes(batch), _Used(profile)
        finder: _Finder | None = None
        struck: dict[str, int] = {}
        for index in range(batch.slices):
            rows = await self._examination.rows(batch, index)
            done = await self._done(batch, index, rows)
            if any(row.more.prefixes for row in rows):
                finder = finder or _Finder(batch, profile, await self._caches.left(session, batch))
                rows = [finder.found(row) if done is None or done[at] else row for at, row in enumerate(rows)]
                await self._examination.keep(batch, index, rows)
            for at in range(0, len(rows), BLOCK):
                for place, row in enumerate(rows[at : at + BLOCK], at):
                    answered = done is None or done[place]
                    counts.add(row, answered)
                    if answered and row.succeeds and row.is_billed(batch.terms.day):
                        sums.add(row)
                    if row.rule:
                        struck[row.rule] = struck.get(row.rule, 0) + 1
                await asyncio.sleep(0)
        kept = batch.kept or finder is not None
        return replace(batch, tally=counts.counts(), kept=kept, sums=tuple(sums.sums().rows())), struck

    async def _done(self, batch: Batch, index: int, rows: list[Row]) -> Done:
        if batch.timeline.ending == "done":
            return None
        names = [row.custom_id for row in rows]
        return finished(batch, self._profiles[batch.profile], names, await starts_of(self._store, batch, index))


class _Outcomes:
    """Counts how rows end."""

    def __init__(self, batch: Batch) -> None:
        self._unfinished = "canceled" if batch.timeline.ending == "canceled" else "expired"
        self._counted = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)

    def add(self, row: Row, answered: bool) -> None:
        if not answered:
            self._counted[self._unfinished] += 1
        elif row.failure is not None:
            self._counted["errored"] += 1
        else:
            self._counted[row.unanswered or "succeeded"] += 1

    def counts(self) -> RequestCounts:
        return RequestCounts(0, **self._counted)


class _Finder:
    """Lets the rows of one batch find what is in the prompt cache, one after the other."""

    def __init__(self, batch: Batch, profile: Profile, left: Callable[[int], bool]) -> None:
        self._batch, self._profile, self._left = batch, profile, left
        self._written: set[int] = set()

    def found(self, row: Row) -> Row:
        """The row, with what it reads and writes."""
        prefixes = row.more.prefixes
        if not prefixes or not row.succeeds:
            return row
        luck = luck_of(self._profile.seed, self._batch.id, row.custom_id)
        used = row_use(list(prefixes), self._profile.cache, luck, self._left, self._written.__contains__)
        self._written.update(prefix.key for prefix in prefixes if prefix.breakpoint)
        return replace(row, more=replace(row.more, cache=used))


class _Used:
    """Sums up what rows have used. Nearly all rows have nothing but input and output, and these are quick."""

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
            # all prompts between two lengths fall into the same window: its border is one of them
            length = self._lengths[place] if place < len(self._lengths) else self._lengths[-1] + 1
            account = self._account(model, geo, place, length)
            self._sums.add_all(account, requests, Counts(input=tokens, output=output))
        return self._sums

    def _account(self, model: str, geo: str, place: int, prompt_tokens: int) -> Account:
        above = self._lengths[place - 1] if place else 0
        return Account(model, above, context_window(prompt_tokens), geo, "batch")
