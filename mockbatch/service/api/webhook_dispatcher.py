"""Webhook events for ended batches: sent once the API shows the end, and at least once.

Nothing here decides when that is: one task sleeps until the next instant given by the facts, and is woken when a clock
or a batch changes. Events not acknowledged before a restart are sent after it, under the same id.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Protocol

from msgspec.structs import replace

from mockbatch.core.batch import Batch
from mockbatch.core.contract.errors import InvalidRequest, NotFound
from mockbatch.core.hosts import host_of, may_be_called
from mockbatch.core.rules.actions import Delivery
from mockbatch.core.seeded_hash import derive_seed, hash64, to_unit_interval
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.spans import SECOND
from mockbatch.core.time.timeline import NEVER
from mockbatch.core.webhook_delivery import (
    Attempt,
    WebhookDelivery,
    attempted,
    body_of,
    delivered_by,
    delivery_for,
    delivery_id,
    secret_of,
)
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import Gone, Store, StoreError

_log = logging.getLogger(__name__)

_AT_ONCE = 16


class Sender(Protocol):
    """Delivers webhook events over the network."""

    async def post(self, url: str, body: bytes, *, id: str, secret: str, now: int) -> tuple[int | None, str]: ...

    async def close(self) -> None: ...


class WebhookDispatcher:
    """The webhook events of all sessions."""

    def __init__(
        self, store: Store, sender: Sender, seed: int, organization: str, secret: str | None, allowed: Collection[str]
    ) -> None:
        self.secret = secret or secret_of(seed)
        self._wrong_secret = secret_of(derive_seed(seed, "another"))
        self._store = store
        self._sender = sender
        self._seed = seed
        self._organization = organization
        self._allowed = frozenset(allowed)
        self._kept: dict[str, WebhookDelivery] = {}
        self._watched: dict[str, tuple[SessionState, str]] = {}
        self._gone: set[str] = set()
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._woken = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    def check(self, url: str) -> None:
        """Raise InvalidRequest for a malformed URL, or a host that is not allowed."""
        host = host_of(url)
        if host is None:
            raise InvalidRequest("webhook_url: Input should be a valid URL")
        if not may_be_called(url, self._allowed):
            raise InvalidRequest(
                f"webhook_url: {host} is not this machine; start mockbatch with --webhook-allow {host} to call it"
            )

    def start(self, kept: Iterable[WebhookDelivery], sessions: Iterable[SessionState]) -> None:
        """Start with the stored notices."""
        self._watched.clear()
        batches = {id: session for session in sessions for id in (*session.batches, *session.deleted)}
        for notice in kept:
            if notice.batch in batches:
                self._kept[notice.id] = notice
            else:
                self._gone.add(notice.id)
        for id, session in batches.items():
            self.changed(session, session.known(id))
        self._worker = asyncio.create_task(self._work())

    async def close(self) -> None:
        tasks = [task for task in (self._worker, *self._sending.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._sender.close()

    def changed(self, session: SessionState, batch: Batch | None = None) -> None:
        """React to a change of a clock or a batch."""
        if batch is not None and batch.webhook:
            self._look_at(session, batch)
        if self._watched or self._gone:
            self._woken.set()

    def listed(self, session: SessionState) -> list[WebhookDelivery]:
        """Return the notices of a session that were sent or tried, latest end first."""
        own = [notice for notice in self._kept.values() if notice.session == session.name]
        return sorted(own, key=lambda notice: (notice.at, notice.id), reverse=True)

    async def resend(self, session: SessionState, id: str) -> WebhookDelivery:
        """Resend a notice now, under the same id. Raises NotFound."""
        notice = self._kept.get(id)
        if notice is None or notice.session != session.name:
            raise NotFound(f"Webhook {id} not found.")
        attempt = await self._attempt(session, notice)
        notice = self._kept[id]
        due = NEVER if attempt.delivered else notice.due
        await self._keep(replace(notice, attempts=(*notice.attempts, attempt), due=due))
        return self._kept[id]

    def _look_at(self, session: SessionState, batch: Batch) -> None:
        id = delivery_id(self._seed, batch.id)
        if not session.knows(batch.id):
            self._watched.pop(id, None)
            if self._kept.pop(id, None):
                self._gone.add(id)
        elif id not in self._kept or self._kept[id].due != NEVER:
            self._watched[id] = (session, batch.id)

    async def _work(self) -> None:
        while True:
            self._woken.clear()
            try:
                seconds = await self._step()
            except StoreError as error:
                _log.error("webhooks: %s", error)
                seconds = 1.0
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), seconds)

    async def _step(self) -> float | None:
        """Start sending what is due; return the seconds until the next is due, None if there is none."""
        while self._gone:
            await self._store.commit(Gone("notice", self._gone.pop()))
        waits = []
        for session, notice in sorted(self._open(), key=lambda entry: (entry[1].due, entry[1].id)):
            left = notice.due - session.now()
            if left > 0:
                waits.append(seconds_until(session.clock, left))
            elif notice.id in self._kept:
                self._sending[notice.id] = asyncio.create_task(self._send(session, notice))
            else:
                # saved after the batch itself, so that a crash never revokes what was announced
                await self._keep(_faulted(session, notice, self._next_due(session, notice)))
                self._woken.set()
        return min((wait for wait in waits if wait is not None), default=None)

    def _open(self) -> Iterator[tuple[SessionState, WebhookDelivery]]:
        """Yield the notices that are still to be sent and not in progress."""
        for id, (session, batch_id) in list(self._watched.items()):
            batch = session.known(batch_id)
            if batch is not None and id not in self._sending:
                yield session, self._kept.get(id) or delivery_for(self._seed, batch)

    def _next_due(self, session: SessionState, notice: WebhookDelivery) -> int:
        dues = (other.due for of, other in self._open() if of is session and other.id != notice.id)
        return min((due for due in dues if due >= notice.due), default=NEVER)

    async def _send(self, session: SessionState, notice: WebhookDelivery) -> None:
        try:
            async with self._places:
                attempts = [await self._attempt(session, notice) for _ in range(notice.copies)]
            if notice.id in self._kept:  # its batch may be gone by now
                await self._keep(attempted(notice, attempts[-1]))
        except StoreError as error:
            _log.error("webhooks: %s", error)
        finally:
            self._sending.pop(notice.id, None)
            self._woken.set()

    async def _attempt(self, session: SessionState, notice: WebhookDelivery) -> Attempt:
        body = body_of(notice, self._organization, session.workspace_id)
        secret = self.secret if notice.signed else self._wrong_secret
        status, error = await self._sender.post(notice.url, body, id=notice.id, secret=secret, now=session.real())
        return Attempt(session.now(), status, error)

    async def _keep(self, notice: WebhookDelivery) -> None:
        self._kept[notice.id] = notice
        if notice.due == NEVER:
            self._watched.pop(notice.id, None)
        await self._store.commit(notice)


def seconds_until(clock: Clock, span: int) -> float | None:
    """Return the real seconds in which `span` virtual microseconds pass; None if they never do."""
    return None if clock.frozen or clock.rate == 0 else span / clock.rate / SECOND


def _faulted(session: SessionState, notice: WebhookDelivery, next_due: int) -> WebhookDelivery:
    """Apply the rules of the session to a notice; `next_due` is when the next one of the session is due, or NEVER."""
    for hit in session.rules.of_notice(notice.batch, session.now()):
        assert hit.fault is not None
        luck = to_unit_interval(hash64(derive_seed(session.settings.profile.seed, "late", hit.rule.name), notice.id))
        delivery = Delivery(notice.due, notice.copies, notice.signed)
        notice = delivered_by(notice, hit.fault.delivery(delivery, next_due, luck), hit.fault.name)
    return notice
