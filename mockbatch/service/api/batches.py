"""The life of batches: create, retrieve, list, cancel, delete, results."""

import logging
from array import array
from collections.abc import AsyncGenerator, AsyncIterable, Collection
from itertools import islice

from msgspec.structs import replace
from xxhash import xxh3_64_intdigest

from mockbatch.core.batch import Batch, as_created, canceled, changes_at, polled, shown
from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import ApiError, InvalidRequest, NotFound
from mockbatch.core.contract.params import Terms
from mockbatch.core.contract.request_slicer import RequestSlicer
from mockbatch.core.deleted import as_deleted
from mockbatch.core.rules.rules import Rule
from mockbatch.service.api.attempts import Attempts
from mockbatch.service.api.batch_upload import BatchUpload
from mockbatch.service.api.batch_usage import BatchUsage
from mockbatch.service.api.eager_validation import EagerValidator
from mockbatch.service.api.planning import Headers, Planning
from mockbatch.service.api.rate_limits import RateLimiter
from mockbatch.service.api.refusals import reasons_of
from mockbatch.service.api.registry import BatchRegistry
from mockbatch.service.api.webhook_dispatcher import WebhookDispatcher
from mockbatch.service.cooperative import to_the_end
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.settling import Settling
from mockbatch.service.rows.states import RowStates
from mockbatch.service.sessions.files import Files
from mockbatch.service.sessions.paging import Window
from mockbatch.service.sessions.session import CachedView, SessionState
from mockbatch.store import Change, Store, StoreError

_log = logging.getLogger(__name__)

_WEBHOOK = b"x-mockbatch-webhook"


class BatchService:
    """The use cases of `/v1/messages/batches`. Every change is saved before the response."""

    def __init__(
        self,
        store: Store,
        registry: BatchRegistry,
        planning: Planning,
        attempts: Attempts,
        rows: RowPipeline,
        states: RowStates,
        settling: Settling,
        usage: BatchUsage,
        rates: RateLimiter,
        files: Files,
        notices: WebhookDispatcher,
    ) -> None:
        self._store = store
        self._registry = registry
        self._planning = planning
        self._profiles = planning.profiles
        self._attempts = attempts
        self._rows = rows
        self._states = states
        self._settling = settling
        self._usage = usage
        self._rates = rates
        self._files = files
        self._notices = notices

    async def create(
        self,
        session: SessionState,
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
        seq = self._registry.next_seq()
        early = self._early(session, terms) if terms.validation == "early" else None
        intake = RequestSlicer(session.settings.limits.max_requests, session.settings.limits.max_bytes)
        reception = BatchUpload(self._store, seq, intake, early)
        try:
            with self._rows.turns.receiving():
                await reception.receive(body)
                self._rates.queue(session, intake.count)
                await self._usage.check_spending(session)
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
        session.events.publish(batch.timeline.created_at, "batch.created", batch=batch.id, size=batch.size)
        return as_created(batch, origin)

    async def _add(self, session: SessionState, batch: Batch, reception: BatchUpload) -> None:
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

    def _counts(self, session: SessionState, batch: Batch) -> bool:
        """Return whether attempts are counted: from the first batch on that needs it."""
        return session.counts_attempts or (batch.kept and self._rows.of(batch).conditions.needs_attempts)

    def _webhook(self, session: SessionState, named: str) -> str:
        """Return the webhook of a batch: the one it names, or that of the session. Raises InvalidRequest."""
        url = named or session.config.webhook or ""
        if url:
            self._notices.check(url)
        return url

    def _early(self, session: SessionState, terms: Terms) -> EagerValidator:
        return EagerValidator(terms, self._files.there(session.name, session.now()))

    async def retrieve(self, session: SessionState, batch_id: str, origin: str) -> wire.MessageBatch:
        batch = session.get(batch_id)
        advances = session.settings.poll_advances
        if advances and not batch.timeline.has_ended(session.now()):
            session.advance(advances)
            await session.commit(session.facts())
            batch = session.get(batch_id)
        now = session.now()
        profile = self._profiles[batch.profile]
        if profile.polls and not batch.timeline.has_ended(now):
            batch = await self._registry.save(session, polled(batch, profile, now))
        return await self._shown(session, batch, now, origin)

    async def page(self, session: SessionState, window: Window, origin: str) -> wire.BatchPage:
        """Return a page of the list, newest first. The cursor of a deleted batch keeps its position."""
        if window.before_id is not None:
            nearest_first = session.newer_than(self._registry.known(session, window.before_id))
        elif window.after_id is not None:
            nearest_first = session.older_than(self._registry.known(session, window.after_id))
        else:
            nearest_first = session.older_than(None)
        found = list(islice(nearest_first, window.limit + 1))
        page = found[: window.limit]
        if window.before_id is not None:
            page.reverse()
        now = session.now()
        data = []
        for batch in page:
            with self._registry.unless_gone():
                data.append(await self._shown(session, batch, now, origin))
        first, last = (data[0].id, data[-1].id) if data else (None, None)
        return wire.BatchPage(data, len(found) > window.limit, first, last)

    async def cancel(self, session: SessionState, batch_id: str, origin: str) -> wire.MessageBatch:
        batch = session.get(batch_id)
        now = session.now()
        after = canceled(batch, self._profiles[batch.profile], now)
        if after is not batch:
            batch = await self._registry.save(session, after)
        return await self._shown(session, batch, now, origin)

    async def delete(self, session: SessionState, batch_id: str) -> wire.DeletedMessageBatch:
        batch = session.get(batch_id)
        if not batch.timeline.has_ended(session.now()):
            raise InvalidRequest("In progress batches cannot be deleted. Consider canceling the batch instead.")
        # keep its usage, the outcomes of its rows, and the causes
        batch = await self._settling.settled(session, batch)
        reasons = await reasons_of(self._states, batch) if batch.tally and batch.tally.errored else ()
        batch = session.get(batch_id)
        profile = self._profiles[batch.profile]
        try:
            await self._registry.save(
                session, as_deleted(batch, reasons), *self._registry.parts(batch), *self._planning.release(batch)
            )
        except (ApiError, StoreError):
            self._planning.use(batch, profile)
            raise
        self._planning.forget_unused()
        self._registry.forget_rows(batch)
        return wire.DeletedMessageBatch(id=batch.id)

    async def view(self, session: SessionState, batch: Batch, origin: str = "") -> wire.MessageBatch:
        """Return the API's current view of a batch; this does not count as a retrieve."""
        return await self._shown(session, batch, session.now(), origin)

    def results(self, session: SessionState, batch_id: str) -> AsyncGenerator[bytes]:
        """Return the result lines in pieces. Raises NotFound immediately if there are none (yet, or any more)."""
        batch = session.get(batch_id)
        now = session.now()
        if not batch.timeline.has_ended(now) or batch.timeline.is_archived(now):
            raise NotFound(f"Message Batch {batch_id} has no available results.")
        return self._lines(session, batch)

    async def _lines(self, session: SessionState, batch: Batch) -> AsyncGenerator[bytes]:
        may_be_cached = batch.may_be_cached
        if batch.tally is None:
            may_be_cached = (await self._settling.tallied(session, batch)).may_be_cached
            batch = session.known(batch.id) or batch
        if may_be_cached:
            batch = await self._settling.settled(session, batch)
        async for piece in self._rows.results(batch).lines():
            yield piece

    async def note_delivery(
        self, session: SessionState, batch_id: str, rows: int, custom_ids: Collection[str] | None
    ) -> None:
        """Record that `rows` rows of a batch were delivered: the first ones, or those with these custom_ids."""
        batch = session.known(batch_id)
        if batch is None:
            return
        if rows < batch.size and custom_ids is not None:
            rows = await self._delivered(session, batch, custom_ids)
            batch = session.get(batch_id)
        reached = max(batch.delivered, min(rows, batch.size))
        await self._registry.save(session, replace(batch, downloads=batch.downloads + 1, delivered=reached))
        session.events.publish(session.now(), "batch.downloaded", batch=batch_id, rows=rows)

    async def _delivered(self, session: SessionState, batch: Batch, custom_ids: Collection[str]) -> int:
        """Return the number of distinct rows of a batch delivered so far, including these."""
        seen = array("Q")
        seen.frombytes(await self._store.delivered(batch.seq) or b"")
        whole = array("Q", {*seen, *(xxh3_64_intdigest(name.encode()) for name in custom_ids)})
        if session.has(batch):
            await self._store.put_delivered(batch.seq, whole.tobytes())
        return len(whole)

    async def _shown(self, session: SessionState, batch: Batch, now: int, origin: str) -> wire.MessageBatch:
        view = session.views.get(batch.id)
        if view and view.batch is batch and view.origin == origin and now < view.until:
            return view.shown
        counts = batch.tally  # set only after the batch has ended, and final
        if counts is None:
            counts = wire.RequestCounts(processing=batch.size)
            if batch.timeline.has_ended(now):
                counts = (await self._settling.tallied(session, batch)).counts
        view = CachedView(batch, origin, changes_at(batch, now), shown(batch, now, counts, origin))
        if batch.id in session.batches:
            session.views[batch.id] = view
        return view.shown
