"""Webhooks for the end of batches: their content, their schedule, and their faults.

The official API sends no such webhooks; these follow the shape of the events that it does send, and Standard Webhooks.
Source: https://platform.claude.com/docs/en/managed-agents/webhooks and https://www.standardwebhooks.com
"""

from base64 import b64encode
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.batch import Batch
from mockbatch.core.contract import ids
from mockbatch.core.rules.actions import Delivery
from mockbatch.core.seeded_hash import derive_seed, hash64, to_unit_interval, wide_draw_bytes
from mockbatch.core.time.spans import SECOND, format_instant
from mockbatch.core.time.timeline import NEVER, Ending

ATTEMPTS = 3
_SHORTEST, _LONGEST = 5 * SECOND, 120 * SECOND

EventType = Literal["message_batch.ended", "message_batch.expired", "message_batch.canceled"]
State = Literal["pending", "delivered", "failed", "lost"]

_TYPES: dict[Ending, EventType] = {
    "done": "message_batch.ended",
    "expired": "message_batch.expired",
    "canceled": "message_batch.canceled",
}


class Attempt(Struct, frozen=True):
    """One delivery attempt at a virtual instant: the response status, or why there was none."""

    at: int
    status: int | None = None
    error: str = ""

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class WebhookDelivery(Struct, frozen=True):
    """The webhook for a batch that ended at `at`. `due` is the virtual instant of the next attempt, NEVER if there is
    none.

    `copies` of it are sent, `signed` correctly or not; `fault` names the fault that was applied.
    """

    id: str
    session: str
    batch: str
    type: EventType
    url: str
    at: int
    due: int
    attempts: tuple[Attempt, ...] = ()
    copies: int = 1
    signed: bool = True
    fault: str = ""

    @property
    def state(self) -> State:
        if any(attempt.delivered for attempt in self.attempts):
            return "delivered"
        if self.due != NEVER:
            return "pending"
        return "failed" if self.attempts else "lost"


def delivery_id(seed: int, batch_id: str) -> str:
    """Return the webhook id of a batch; it is the same for every delivery, so that receivers can deduplicate."""
    return ids.event_id(derive_seed(seed, "notice"), batch_id)


def delivery_for(seed: int, batch: Batch) -> WebhookDelivery:
    """Return the webhook of a batch, at the instant at which it currently ends."""
    timeline = batch.timeline
    at = timeline.ended_at
    return WebhookDelivery(
        delivery_id(seed, batch.id), batch.session, batch.id, _TYPES[timeline.ending], batch.webhook, at, due=at
    )


def body_of(notice: WebhookDelivery, organization: str, workspace: str) -> bytes:
    """Return the request body."""
    return msgspec.json.encode(
        {
            "type": "event",
            "id": notice.id,
            "created_at": format_instant(notice.at),
            "data": {
                "type": notice.type,
                "id": notice.batch,
                "organization_id": organization,
                "workspace_id": workspace,
            },
        }
    )


def attempted(notice: WebhookDelivery, attempt: Attempt) -> WebhookDelivery:
    """Return the webhook after an attempt: finished, or due again after a growing pause."""
    attempts = (*notice.attempts, attempt)
    if attempt.delivered or len(attempts) >= ATTEMPTS:
        return replace(notice, attempts=attempts, due=NEVER)
    luck = to_unit_interval(hash64(len(attempts), notice.id))
    pause = _SHORTEST * (_LONGEST // _SHORTEST) ** ((len(attempts) - 1 + luck) / (ATTEMPTS - 1))
    return replace(notice, attempts=attempts, due=attempt.at + int(pause))


def delivered_by(notice: WebhookDelivery, delivery: Delivery, fault: str) -> WebhookDelivery:
    """Return a webhook whose delivery a fault has changed."""
    return replace(notice, due=delivery.due, copies=delivery.copies, signed=delivery.signed, fault=fault)


def secret_of(seed: int) -> str:
    """Return the signing secret under a seed, in the format of Standard Webhooks."""
    key = wide_draw_bytes(seed, "webhook secret 1") + wide_draw_bytes(seed, "webhook secret 2")
    return f"whsec_{b64encode(key).decode()}"
