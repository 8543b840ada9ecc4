"""The lifecycle of a batch as arithmetic: the instants that determine it, and its state at any other.

    in_progress ──────────────► ended        when the last row is done, or after 24 h
         │ cancel                 ▲
         └──► canceling ──────────┘          when requests in flight have settled

A cancel and the 24-hour limit only cut work off; they never move instants that were decided before.
Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from typing import Literal

from msgspec import Struct

from mockbatch.core.contract.wire import ProcessingStatus
from mockbatch.core.time.spans import DAY

EXPIRES_AFTER = DAY
ARCHIVED_AFTER = 29 * DAY
NEVER = 1 << 62

Ending = Literal["done", "canceled", "expired"]


class Timeline(Struct, frozen=True):
    """The instants that determine a batch. NEVER marks events that do not happen on their own.

    `starts_at` is when work on the first row begins, `last_start_at` that on the last one; `done_at` is when all rows
    would be done; `settles_at` is when a cancel at `canceled_at` ends the batch. A tester may also expire the batch
    early (`expired_at`), stop all further work (`stuck_at`) or archive it (`shelved_at`).
    """

    created_at: int
    starts_at: int
    last_start_at: int
    done_at: int
    canceled_at: int = NEVER
    settles_at: int = NEVER
    expired_at: int = NEVER
    stuck_at: int = NEVER
    shelved_at: int = NEVER

    @property
    def expires_at(self) -> int:
        return self.created_at + EXPIRES_AFTER

    @property
    def archived_at(self) -> int:
        """When the results are deleted, counted from creation."""
        return min(self.created_at + ARCHIVED_AFTER, self.shelved_at)

    @property
    def ended_at(self) -> int:
        return min(self._all_done_at, self._runs_out_at, self.settles_at)

    @property
    def ending(self) -> Ending:
        """The reason why the batch ends. Completed work wins a tie."""
        if self._all_done_at == self.ended_at:
            return "done"
        return "expired" if self._runs_out_at == self.ended_at else "canceled"

    def counts(self, start: int, duration: int) -> bool:
        """Return whether a row with this start and duration is done when the batch ends.

        A cancel lets requests in flight finish, but starts no new ones.
        """
        return start <= self.canceled_at and start + duration <= min(self.ended_at, self.stuck_at)

    @property
    def _all_done_at(self) -> int:
        return self.done_at if self.last_start_at <= self.canceled_at and self.done_at <= self.stuck_at else NEVER

    @property
    def _runs_out_at(self) -> int:
        return min(self.expires_at, self.expired_at)

    def has_ended(self, now: int) -> bool:
        return now >= self.ended_at

    def is_archived(self, now: int) -> bool:
        return now >= self.archived_at

    def status(self, now: int) -> ProcessingStatus:
        if self.has_ended(now):
            return "ended"
        return "canceling" if self.canceled_at != NEVER else "in_progress"


class TimelineEvent(Struct, frozen=True, order=True):
    """An event that happens to a batch through time alone."""

    at: int
    type: Literal["batch.started", "batch.ended", "batch.archived"]
    batch: str


def events(batch_id: str, timeline: Timeline) -> list[TimelineEvent]:
    """Return all events of the batch, in order."""
    happens: list[TimelineEvent] = []
    if timeline.starts_at < timeline.ended_at and timeline.starts_at < timeline.canceled_at:
        happens.append(TimelineEvent(timeline.starts_at, "batch.started", batch_id))
    happens.append(TimelineEvent(timeline.ended_at, "batch.ended", batch_id))
    happens.append(TimelineEvent(timeline.archived_at, "batch.archived", batch_id))
    return happens
