"""Notices of the end of batches, for webhooks: what they say, when they are sent, how they go wrong.

The official API sends no such notices; these are shaped like the events that it does send, under Standard Webhooks.
Source: https://platform.claude.com/docs/en/managed-agents/webhooks and https://www.standardwebhooks.com
"""

from base64 import b64encode
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.batch import Batch
from mockbatch.core.contract import ids
from mockbatch.core.draws import draw, fraction, subseed, wide_draw_bytes
from mockbatch.core.time.spans import MINUTE, SECOND, format_instant
from mockbatch.core.time.timeline import NEVER, Ending

ATTEMPTS = 3
_SHORTEST, _LONGEST = 5 * SECOND, 120 * SECOND
_OVERTAKEN = 5 * MINUTE

EventType = Literal["message_batch.ended", "message_batch.expired", "message_batch.canceled"]
State = Literal["pending", "delivered", "failed", "lost"]

_TYPES: dict[Ending, EventType] = {
    "done": "message_batch.ended",
    "expired": "message_batch.expired",
    "canceled": "message_batch.canceled",
}


class Attempt(Struct, frozen=True):
    """One call of a URL, at a virtual instant: the status that came back, or why none did."""

    at: int
    status: int | None = None
    error: str = ""

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Notice(Struct, frozen=True):
    """That a batch ended at `at`. `due` is the virtual instant of the next attempt, NEVER when there is none.

    `copies` of it are sent, `signed` with the right secret or not; `fault` names what was done to it.
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


def notice_id(seed: int, batch_id: str) -> str:
    """The id of the notice of a batch: the same however often it is sent, so that receivers know it again."""
    return ids.event_id(subseed(seed, "notice"), batch_id)


def notice_of(seed: int, batch: Batch) -> Notice:
    """The notice of a batch, at the moment when it ends as things stand."""
    timeline = batch.timeline
    at = timeline.ended_at
    return Notice(
        notice_id(seed, batch.id), batch.session, batch.id, _TYPES[timeline.ending], batch.webhook, at, due=at
    )


def body_of(notice: Notice, organization: str, workspace: str) -> bytes:
    """What is sent."""
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


def attempted(notice: Notice, attempt: Attempt) -> Notice:
    """The notice after an attempt: done with, or due again after a pause that grows."""
    attempts = (*notice.attempts, attempt)
    if attempt.delivered or len(attempts) >= ATTEMPTS:
        return replace(notice, attempts=attempts, due=NEVER)
    luck = fraction(draw(len(attempts), notice.id))
    pause = _SHORTEST * (_LONGEST // _SHORTEST) ** ((len(attempts) - 1 + luck) / (ATTEMPTS - 1))
    return replace(notice, attempts=attempts, due=attempt.at + int(pause))


def lost(notice: Notice) -> Notice:
    """A notice that is never sent."""
    return replace(notice, due=NEVER, fault="webhook.lost")


def doubled(notice: Notice) -> Notice:
    """A notice that comes twice, with the same id."""
    return replace(notice, copies=2, fault="webhook.twice")


def late(notice: Notice, span: int) -> Notice:
    """A notice that comes so many microseconds later."""
    return replace(notice, due=notice.due + span, fault="webhook.late")


def out_of_order(notice: Notice, next_due: int) -> Notice:
    """A notice that comes right behind the next one of its session; after a while, where that does not come."""
    return replace(notice, due=min(next_due + 1, notice.due + _OVERTAKEN), fault="webhook.out_of_order")


def badly_signed(notice: Notice) -> Notice:
    """A notice that is signed with another secret."""
    return replace(notice, signed=False, fault="webhook.bad_signature")


def secret_of(seed: int) -> str:
    """The secret that notices are signed with under a seed, as Standard Webhooks write it."""
    key = wide_draw_bytes(seed, "webhook secret 1") + wide_draw_bytes(seed, "webhook secret 2")
    return f"whsec_{b64encode(key).decode()}"
