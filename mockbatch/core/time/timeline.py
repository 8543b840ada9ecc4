"""The life of a batch as arithmetic: which instants decide it, and what it looks like at any other.

    in_progress ──────────────► ended        when the last row is done, or after 24 h
         │ cancel                 ▲
         └──► canceling ──────────┘          when what was in flight has settled

Cancel and the 24 hours only cut: they never move what was decided before.
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
    """The instants that decide a batch. NEVER stands for what does not happen by itself.

    `starts_at` is when work begins on the first row, `last_start_at` on the last one, `done_at` when all would be
    done, `settles_at` when a cancel that came at `canceled_at` takes the batch to its end. What a tester may do besides
    is to let the batch expire early (`expired_at`), to let no more be done (`stuck_at`), to archive it (`shelved_at`).
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
        """When the results are gone, counted from creation."""
        return min(self.created_at + ARCHIVED_AFTER, self.shelved_at)

    @property
    def ended_at(self) -> int:
        return min(self._all_done_at, self._runs_out_at, self.settles_at)

    @property
    def ending(self) -> Ending:
        """What ends the batch. A tie goes to the work that is done."""
        if self._all_done_at == self.ended_at:
            return "done"
        return "expired" if self._runs_out_at == self.ended_at else "canceled"

    def counts(self, start: int, duration: int) -> bool:
        """Whether a row that starts then and takes so long is done when the batch ends.

        A cancel lets what is in flight finish, but starts nothing.
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


class Event(Struct, frozen=True, order=True):
    """Something that happens to a batch by time alone."""

    at: int
    type: Literal["batch.started", "batch.ended", "batch.archived"]
    batch: str


def events(batch_id: str, timeline: Timeline) -> list[Event]:
    """All that ever happens to the batch, in order."""
    happens: list[Event] = []
    if timeline.starts_at < timeline.ended_at and timeline.starts_at < timeline.canceled_at:
        happens.append(Event(timeline.starts_at, "batch.started", batch_id))
    happens.append(Event(timeline.ended_at, "batch.ended", batch_id))
    happens.append(Event(timeline.archived_at, "batch.archived", batch_id))
    return happens
