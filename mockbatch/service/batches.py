"""The life of batches: create, retrieve, list, cancel, delete, results."""

import asyncio
import logging
from array import array
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice

from msgspec.structs import replace
from xxhash import xxh3_64_intdigest

from mockbatch.core.batch import Batch, Profile, as_created, canceled, changes_at, polled, shown
from mockbatch.core.contract import wire
from mockbatch.core.contract.envelope import Intake, Item
from mockbatch.core.contract.errors import ApiError, InvalidRequest, NotFound
from mockbatch.core.contract.params import Terms
from mockbatch.core.money.ledger import Entry
from mockbatch.core.money.spending import Dated
from mockbatch.core.rows.row import Row
from mockbatch.core.rows.usage import usage_of_row
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.timeline import NEVER
from mockbatch.service.attempts import Attempts
from mockbatch.service.caches import Caches
from mockbatch.service.catalogue import Catalogue
from mockbatch.service.deleted import as_deleted
from mockbatch.service.early import EarlyCheck
from mockbatch.service.files import Files
from mockbatch.service.ledger import Ledger
from mockbatch.service.notices import Notices
from mockbatch.service.paging import Window
from mockbatch.service.planning import Headers, Planning
from mockbatch.service.playback import Playback, Player
from mockbatch.service.rates import Rates
from mockbatch.service.reception import Reception
from mockbatch.service.refusals import reasons_of
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.processes import RowProcesses
from mockbatch.service.rows.results import Results
from mockbatch.service.rows.states import PlannedRow, RowStates
from mockbatch.service.sessions import Session, Sessions, View
from mockbatch.service.settling import Settling
from mockbatch.service.turns import in_turns, to_the_end
from mockbatch.store import Change, Facts, Gone, Missing, Store, StoreError

_log = logging.getLogger(__name__)

_WEBHOOK = b"x-mockbatch-webhook"


class Batches:
    """The use cases of `/v1/messages/batches`. Every change is saved before the response."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        rates: Rates,
        catalogue: Catalogue,
        files: Files,
        ledger: Ledger,
        playback: Playback,
        notices: Notices,
        processes: RowProcesses,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._sessions = sessions
        self._rates = rates
        self._files = files
        self._notices = notices
        self._planning = Planning(store)
        self._profiles = self._planning.profiles
        self._playback = playback
        self._attempts = Attempts(store)
        self._rows = RowPipeline(
            store, self._profiles, processes, catalogue, files, self._player, self._attempts.of, playback.unsaved
        )
        self.caches = Caches(self._rows)
        self.states = RowStates(store, self._profiles, self._rows)
        self._held: Counter[int] = Counter()
        self._next_seq = 1
        self._settling = Settling(store, self._profiles, self._rows, self.caches, self._changed)

    async def restore(self, facts: Facts) -> None:
        """Load the state from the store."""
        self._sessions.restore(facts.sessions, facts.counters)
        held = [batch for snapshot in facts.snapshots for batch in snapshot.batches]
        # batches held by snapshots are counted when the snapshots are restored
        unused = self._planning.restore(facts.profiles, facts.batches, held)
        await self._store.commit(*unused)
        known = {session.name for session in facts.sessions}
        for batch in facts.batches:
            lost = batch.session not in known
            session = await self._sessions.mend(batch.session) if lost else self._sessions.named(batch.session)
            known.add(batch.session)
            session.keep(as_deleted(batch, batch.reasons) if batch.deleted else batch)
        self._next_seq = max((batch.seq for batch in (*facts.batches, *held)), default=0) + 1
        self.caches.restore(facts.cache)
        self._playback.restore(facts.played)

    async def close(self) -> None:
        """Abandon background work; it is redone when needed."""
        await self._settling.close()
        await self._rows.close()

    async def create(
        self,
        session: Session,
        body: AsyncIterable[bytes],
        terms: Terms,
        origin: str,
        headers: Headers,
        rules: tuple[Rule, ...] = (),
    ) -> wire.MessageBatch:
        """Create a batch. `headers` are those of the call, and may name a webhook. `rules` apply in addition to those
        of the session.

        A body that is incomplete or rejected leaves nothing behind.
        """
        seq, self._next_seq = self._next_seq, self._next_seq + 1
        early = self._early(session, terms) if terms.validation == "early" else None
        intake = Intake(session.settings.limits.max_requests, session.settings.limits.max_bytes)
        reception = Reception(self._store, seq, intake, early)
        try:
            with self._rows.turns.receiving():
                await reception.receive(body)
                self._rates.queue(session, intake.count)
                await self.check_spending(session)
                webhook = self._webhook(session, intake.webhook_url or headers.get(_WEBHOOK, b"").decode("latin-1"))
                ids = reception.custom_ids
                async with self._planning.turn(session):
                    planned = await self._planning.planned(session, seq, intake.identity, ids, headers, rules)
                    batch = replace(planned, terms=terms, webhook=webhook)
                    await self._add(session, batch, reception)
        except BaseException:
            await to_the_end(reception.undo())
            raise
        self._rows.start_checks(batch)
        session.bulletin.tell(batch.timeline.created_at, "batch.created", batch=batch.id, size=batch.size)
        return as_created(batch, origin)

    async def _add(self, session: Session, batch: Batch, reception: Reception) -> None:
        """Save a planned batch with all related changes, and add it to the session."""
        # before the first await: the last other batch with this profile may be deleted meanwhile
        self._planning.use(batch)
        try:
            if self._counts(session, batch):
                await self._attempts.count(session, batch, reception.slices())
            more: list[Change] = [*self._planning.unsaved(batch)]
            if self._profiles[batch.profile].capacity:
                more.append(session.facts())
            if session.counted or session.counts_attempts:
                more.append(session.counters())
            session.check_open()
            await reception.add(batch, more)
        except BaseException:
            self._attempts.forget(session)
            self._planning.release(batch)
            self._rows.forget(batch)
            raise
        finally:
            session.reserved.discard(batch.id)
        self._planning.saved(batch)
        session.keep(batch)

    def _player(self, session: str) -> Player | None:
        return self._playback.player(session, self._sessions.identified(session).config)

    def _counts(self, session: Session, batch: Batch) -> bool:
        """Return whether attempts are counted: from the first batch on that needs it."""
        return session.counts_attempts or (batch.kept and self._rows.of(batch).conditions.needs_attempts)

    def _webhook(self, session: Session, named: str) -> str:
        """Return the webhook of a batch: the one it names, or that of the session. Raises InvalidRequest."""
        url = named or session.config.webhook or ""
        if url:
            self._notices.check(url)
        return url

    def _early(self, session: Session, terms: Terms) -> EarlyCheck:
        return EarlyCheck(terms, self._files.there(session.name, session.now()))

    async def retrieve(self, session: Session, batch_id: str, origin: str) -> wire.MessageBatch:
        batch = self.found(session, batch_id)
        advances = session.settings.poll_advances
        if advances and not batch.timeline.has_ended(session.now()):
            session.advance(advances)
            await session.commit(session.facts())
            batch = self.found(session, batch_id)
        now = session.now()
        profile = self._profiles[batch.profile]
        if profile.polls and not batch.timeline.has_ended(now):
            batch = await self._changed(session, polled(batch, profile, now))
        return await self._shown(session, batch, now, origin)

    async def page(self, session: Session, window: Window, origin: str) -> wire.BatchPage:
        """Return a page of the list, newest first. The cursor of a deleted batch keeps its position."""
        if window.before_id is not None:
            nearest_first = session.newer_than(self._cursor(session, window.before_id))
        elif window.after_id is not None:
            nearest_first = session.older_than(self._cursor(session, window.after_id))
        else:
            nearest_first = session.older_than(None)
        found = list(islice(nearest_first, window.limit + 1))
        page = found[: window.limit]
        if window.before_id is not None:
            page.reverse()
        now = session.now()
        data = []
        for batch in page:
            with self.unless_gone():
                data.append(await self._shown(session, batch, now, origin))
        first, last = (data[0].id, data[-1].id) if data else (None, None)
        return wire.BatchPage(data, len(found) > window.limit, first, last)

    async def cancel(self, session: Session, batch_id: str, origin: str) -> wire.MessageBatch:
        batch = self.found(session, batch_id)
        now = session.now()
        after = canceled(batch, self._profiles[batch.profile], now)
        if after is not batch:
            batch = await self._changed(session, after)
        return await self._shown(session, batch, now, origin)

    async def delete(self, session: Session, batch_id: str) -> wire.DeletedMessageBatch:
        batch = self.found(session, batch_id)
        if not batch.timeline.has_ended(session.now()):
            raise InvalidRequest("In progress batches cannot be deleted. Consider canceling the batch instead.")
        # keep its usage, the outcomes of its rows, and the causes
        batch = await self._settling.settled(session, batch)
        reasons = await reasons_of(self.states, batch) if batch.tally and batch.tally.errored else ()
        batch = self.found(session, batch_id)
        profile = self._profiles[batch.profile]
        try:
            await self._changed(
                session, as_deleted(batch, reasons), *self._parts(batch), *self._planning.release(batch)
            )
        except (ApiError, StoreError):
            self._planning.use(batch, profile)
            raise
        self._planning.forget_unused()
        self._forget_rows(batch)
        return wire.DeletedMessageBatch(id=batch.id)

    async def settle(self, session: Session) -> None:
        """Compute the usage of every batch of a session that has ended."""
        now = session.now()
        async for batch in in_turns(session.live()):
            if batch.sums is None and batch.timeline.has_ended(now):
                with self.unless_gone():
                    await self._settling.settled(session, batch)

    async def billed(self, session: Session, batch: Batch) -> Batch:
        """Return the facts of a batch, with its usage if it has ended."""
        return await self._settling.settled(session, batch) if batch.timeline.has_ended(session.now()) else batch

    async def counts(self, batch: Batch, now: int) -> wire.RequestCounts | None:
        """Return the row counts of a batch at an instant; None if it was deleted meanwhile."""
        if batch.tally is not None and batch.timeline.has_ended(now):
            return batch.tally
        with self.unless_gone():
            return await self.states.counts(batch, now)
        return None

    @contextmanager
    def unless_gone(self) -> Iterator[None]:
        """Suppress errors caused by a batch that was deleted meanwhile."""
        try:
            yield
        except NotFound:
            pass
        except Missing as missing:
            if self.lacks(missing):
                raise

    def lacks(self, missing: Missing) -> bool:
        """Return whether the missing data belongs to a batch that still exists."""
        return any(missing.concerns(batch) for session in self._sessions.all() for batch in session.live())

    async def check_spending(self, session: Session) -> None:
        """Raise RateLimited if a session has reached its spend limit for this calendar month."""
        limit = session.settings.rates.spending
        if limit is not None:
            await self.settle(session)
            self._ledger.check(session, limit)

    async def row_entries(self, session: Session, batch: Batch) -> AsyncIterator[list[Entry]]:
        """Yield the ledger entries of a batch that has ended, a block of rows at a time."""
        batch = await self._settling.settled(session, batch)
        results = self._results(batch)
        async for block in self.states.rows(batch):
            entries: list[Entry] = []
            for planned in block:
                outcome, row = planned.outcome(batch), planned.row
                usage = usage_of_row(row) if outcome == "succeeded" else None
                entries += self._ledger.entries(session, batch, row, outcome, results.message_id(row), usage)
            yield entries
            await asyncio.sleep(0)

    async def used_by_row(self, session: Session, batch: Batch) -> AsyncIterator[list[Dated]]:
        """Yield the usage of each row of a batch that has ended."""
        batch = await self._settling.settled(session, batch)
        profile = self._profiles[batch.profile]
        async for block in self.states.rows(batch):
            succeeded = [planned.row for planned in block if planned.outcome(batch) == "succeeded"]
            billed = [row for row in succeeded if row.is_billed(batch.terms.day)]
            yield [self._ledger.used_by(session, batch, row, profile.prompt_lengths) for row in billed]
            await asyncio.sleep(0)

    async def change(self, session: Session, batch_id: str, how: Callable[[Batch, int], Batch]) -> Batch:
        """Apply `how` to a batch and save it if that changed anything. Raises NotFound."""
        batch = self.found(session, batch_id)
        after = how(batch, session.now())
        return batch if after is batch else await self._changed(session, replace(after, tally=None, sums=None))

    async def looked_at(self, session: Session, batch: Batch, origin: str = "") -> wire.MessageBatch:
        """Return the API's current view of a batch; this does not count as a retrieve."""
        return await self._shown(session, batch, session.now(), origin)

    async def row_whole(self, batch: Batch, planned: PlannedRow) -> tuple[bytes, bytes]:
        """Return the params of a row as received, and its line in the results."""
        item = await self._rows.of(batch).item(planned.row.index)
        return bytes(item.params), await self._results(batch).line(planned.row, done=planned.done_at != NEVER)

    async def params(self, batch: Batch, planned: PlannedRow) -> bytes:
        """Return the params of a row as received."""
        return bytes((await self._rows.of(batch).item(planned.row.index)).params)

    def with_rows(self, batch: Batch, *, every: bool) -> AsyncIterator[tuple[Item, Row | None]]:
        """Yield the requests of a batch with their rows; see `BatchRows.with_rows`."""
        return self._rows.of(batch).with_rows(every=every)

    async def requests(self, batch: Batch, index: int) -> list[Item]:
        """Return the requests of a slice as received."""
        return await self._rows.of(batch).items(index)

    def profile(self, batch: Batch) -> Profile:
        """Return the profile of a batch: everything that determines it apart from its requests."""
        return self._profiles[batch.profile]

    def message_id(self, batch: Batch, row: Row) -> str:
        """Return the id of the message of a row."""
        return self._results(batch).message_id(row)

    async def rewrite(self, session: Session, batch: Batch, change: Callable[[Row], Row]) -> int:
        """Replace the rows of a batch by the result of `change`; return how many it changed."""
        changed, of_batch = 0, self._rows.of(batch)
        for index in range(batch.slices):
            rows = await of_batch.rows(index)
            after = [change(row) for row in rows]
            differing = sum(new is not old for new, old in zip(after, rows, strict=True))
            if differing or not batch.kept:
                await of_batch.keep(index, after)
            changed += differing
            await asyncio.sleep(0)
        self._forget_rows(batch)
        await self._changed(session, replace(self.found(session, batch.id), kept=True))
        return changed

    async def remove(self, session: Session, batch: Batch) -> None:
        """Remove a batch as if it had never existed."""
        async with self.unless_saved(session):
            await session.commit(*self.removals(session, [batch]))

    @asynccontextmanager
    async def unless_saved(self, session: Session) -> AsyncIterator[None]:
        """Restore the batches of a session if changes to them cannot be saved."""
        live, deleted = session.live(), session.deleted.copy()
        try:
            yield
        except StoreError:
            before = [*live, *deleted.in_order()]
            known = {batch.seq for batch in before}
            self.removals(session, [batch for batch in session.ever() if batch.seq not in known])
            for batch in before:
                self.put_back(session, batch)
            raise
        self._planning.forget_unused()

    def removals(self, session: Session, batches: Iterable[Batch]) -> list[Change]:
        """Drop batches as if they had never existed; return the changes to commit."""
        changes: list[Change] = []
        for batch in batches:
            session.drop(batch)
            self._forget_rows(batch)
            changes += [Gone("batch", batch.seq), *self._parts(batch), *self._planning.release(batch)]
            if not self._held[batch.seq]:
                changes.append(Gone("sent", batch.seq))
        return changes

    def _parts(self, batch: Batch) -> list[Gone]:
        """Return the removal of a batch's requests, unless a snapshot needs them."""
        return [] if self._held[batch.seq] else [Gone("parts", batch.seq)]

    def forget(self, session: Session) -> None:
        """Drop cached data of a session other than its batches."""
        self.caches.forget(session)
        self._attempts.forget(session)
        self._playback.forget(session.name)

    def put_back(self, session: Session, batch: Batch) -> Change:
        """Restore a batch that was held to these facts; return the change to commit."""
        before = session.batches.get(batch.id)
        if before is None:
            self._planning.use(batch)
        elif batch.deleted:
            self._planning.release(before)
        session.keep(batch)
        return batch

    def hold(self, batches: Iterable[Batch]) -> None:
        """Keep the requests of these batches, even if they are deleted."""
        for batch in batches:
            self._held[batch.seq] += 1
            self._planning.use(batch)

    def release(self, session: Session, batches: Iterable[Batch]) -> list[Change]:
        """Release held batches; those that were deleted or removed meanwhile go now. Return the changes to commit."""
        changes: list[Change] = []
        for batch in batches:
            changes += self._planning.release(batch)
            self._held[batch.seq] -= 1
            if self._held[batch.seq]:
                continue
            del self._held[batch.seq]
            kept = session.known(batch.id)
            if kept is None or kept.seq != batch.seq:
                changes += [Gone("parts", batch.seq), Gone("sent", batch.seq)]
            elif kept.deleted:
                changes.append(Gone("parts", batch.seq))
        return changes

    def results(self, session: Session, batch_id: str) -> AsyncGenerator[bytes]:
        """Return the result lines in pieces. Raises NotFound immediately if there are none (yet, or any more)."""
        batch = self.found(session, batch_id)
        now = session.now()
        if not batch.timeline.has_ended(now) or batch.timeline.is_archived(now):
            raise NotFound(f"Message Batch {batch_id} has no available results.")
        return self._lines(session, batch)

    async def _lines(self, session: Session, batch: Batch) -> AsyncGenerator[bytes]:
        may_be_cached = batch.may_be_cached
        if batch.tally is None:
            may_be_cached = (await self._settling.tallied(session, batch)).may_be_cached
            batch = session.known(batch.id) or batch
        if may_be_cached:
            batch = await self._settling.settled(session, batch)
        async for piece in self._results(batch).lines():
            yield piece

    def _results(self, batch: Batch) -> Results:
        return Results(self._store, self._profiles[batch.profile], self._rows.of(batch), batch)

    def _forget_rows(self, batch: Batch) -> None:
        self._rows.forget(batch)
        self.states.forget(batch)

    async def note_delivery(
        self, session: Session, batch_id: str, rows: int, custom_ids: Collection[str] | None
    ) -> None:
        """Record that `rows` rows of a batch were delivered: the first ones, or those with these custom_ids."""
        batch = session.known(batch_id)
        if batch is None:
            return
        if rows < batch.size and custom_ids is not None:
            rows = await self._delivered(session, batch, custom_ids)
            batch = self.found(session, batch_id)
        reached = max(batch.delivered, min(rows, batch.size))
        await self._changed(session, replace(batch, downloads=batch.downloads + 1, delivered=reached))
        session.bulletin.tell(session.now(), "batch.downloaded", batch=batch_id, rows=rows)

    async def _delivered(self, session: Session, batch: Batch, custom_ids: Collection[str]) -> int:
        """Return the number of distinct rows of a batch delivered so far, including these."""
        seen = array("Q")
        seen.frombytes(await self._store.delivered(batch.seq) or b"")
        whole = array("Q", {*seen, *(xxh3_64_intdigest(name.encode()) for name in custom_ids)})
        if session.has(batch):
            await self._store.put_delivered(batch.seq, whole.tobytes())
        return len(whole)

    async def _changed(self, session: Session, batch: Batch, *more: Change) -> Batch:
        """Apply newer facts immediately, so that concurrent calls see them; roll back if they cannot be saved.

        Raise NotFound if the batch, or its session, is gone.
        """
        before = self._cursor(session, batch.id)
        session.keep(batch)
        try:
            await session.commit(batch, *more)
        except (ApiError, StoreError):
            if session.known(batch.id) == batch:
                session.keep(before)
            raise
        if batch.timeline != before.timeline or batch.deleted:
            session.bulletin.tell(session.now(), "batch.deleted" if batch.deleted else "batch.changed", batch=batch.id)
        return batch

    def found(self, session: Session, batch_id: str) -> Batch:
        """Return the facts of a batch. Raises NotFound."""
        return session.found(batch_id)

    def _cursor(self, session: Session, batch_id: str) -> Batch:
        batch = session.known(batch_id)
        if batch is None:
            raise NotFound(f"Message Batch {batch_id} not found.")
        return batch

    async def _shown(self, session: Session, batch: Batch, now: int, origin: str) -> wire.MessageBatch:
        view = session.views.get(batch.id)
        if view and view.batch is batch and view.origin == origin and now < view.until:
            return view.shown
        counts = batch.tally  # set only after the batch has ended, and final
        if counts is None:
            counts = wire.RequestCounts(processing=batch.size)
            if batch.timeline.has_ended(now):
                counts = (await self._settling.tallied(session, batch)).counts
        view = View(batch, origin, changes_at(batch, now), shown(batch, now, counts, origin))
        if batch.id in session.batches:
            session.views[batch.id] = view
        return view.shown
