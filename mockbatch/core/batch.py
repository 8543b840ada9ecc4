"""A batch: the facts that are stored, the timeline that is drawn from them, and what the API says of both."""

from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from heapq import heapreplace
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.params import Terms
from mockbatch.core.draws import LuckBy, draw, draws, fraction, subseed, threshold
from mockbatch.core.money.cache_hits import CacheSettings
from mockbatch.core.money.ledger import Sum
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.delays import parse_delay
from mockbatch.core.time.spans import SECOND, format_instant
from mockbatch.core.time.timeline import EXPIRES_AFTER, NEVER, Timeline

ResultsOrder = Literal["shuffled", "completion", "input", "reversed"]
_UNIT = 1 - 2**-53


class Profile(Struct, frozen=True):
    """All that decides about a batch besides its requests. It is stored with the batch, so that a server that is
    started again with other options answers old batches as before. Delays are texts, spans microseconds.

    `polls` is the retrieve at which a batch ends; 0 leaves that to time. `rules` are those of its rows and of its life.
    `replay` says that rows are played where they were recorded. Requests that were sent more than `fail_attempts` times
    no longer fail by `fail_rate`.
    `prompt_lengths` are where prices may change: they go up for all tokens of a request whose prompt is longer.
    """

    seed: int = 0
    wait: str = "0s"
    delay: str = "0s"
    never: float = 0.0
    polls: int = 0
    capacity: int | None = None
    cancel_delay: int = 25 * SECOND
    fail_rate: float = 0.0
    results_order: ResultsOrder = "shuffled"
    tokens: str = "counted"
    cache: CacheSettings = CacheSettings()
    prompt_lengths: tuple[int, ...] = (100_000, 200_000)
    rules: tuple[Rule, ...] = ()
    replay: bool = False
    fail_attempts: int | None = None
    luck_by: LuckBy = "custom_id"


class Reason(Struct, frozen=True):
    """Why a number of rows err: `refused` by the check of their params, or struck by a rule or by luck."""

    count: int
    type: str
    message: str
    refused: bool


class Batch(Struct, frozen=True, dict=True):
    """The facts of a batch. Everything that time decides is computed from them.

    `sizes` are the numbers of requests in its slices, `delivered` how many rows of the results a caller got at most in
    one of its `downloads`. `kept` says that its rows are stored; `bound` is the draw from which on rows are never done.
    `tally` and `sums` are how its rows ended and what they used, None before that was counted; `may_be_cached` comes
    with the tally, and says that prompts may have cache breakpoints. Spans take `factor` times as long as drawn.
    `webhook` is the URL that is called when it has ended, if any. `reasons` are kept of one that is deleted.
    """

    seq: int
    id: str
    session: str
    identity: int
    sizes: tuple[int, ...]
    profile: int
    timeline: Timeline
    terms: Terms = Terms()
    polls: int = 0
    deleted: bool = False
    tally: wire.RequestCounts | None = None
    downloads: int = 0
    delivered: int = 0
    kept: bool = False
    bound: int = 1 << 64
    factor: int = 1
    sums: tuple[Sum, ...] | None = None
    webhook: str = ""
    may_be_cached: bool = False
    reasons: tuple[Reason, ...] = ()

    @cached_property
    def size(self) -> int:
        return sum(self.sizes)

    @property
    def slices(self) -> int:
        return len(self.sizes)

    def slice_of(self, place: int) -> int:
        """The slice that has the request at that place of the batch."""
        index = 0
        while place >= self.sizes[index]:
            place -= self.sizes[index]
            index += 1
        return index

    def first_of(self, slice: int) -> int:
        """The place in the batch of the first request of that slice."""
        return sum(self.sizes[:slice])


class Durations:
    """How long the rows of one batch take, each drawn from the batch and its custom_id.

    They take `factor` times as long as drawn, and for ever from the draw `bound` on.
    """

    def __init__(self, profile: Profile, batch_id: str, factor: int = 1, bound: int = 1 << 64) -> None:
        self._seed = subseed(profile.seed, "duration", batch_id)
        self._delay = _delay(profile.delay)
        self._factor = factor
        self._finishing = 1 - profile.never
        self._bound = min(threshold(self._finishing), bound)

    @classmethod
    def of_batch(cls, batch: Batch, profile: Profile) -> "Durations":
        """Those of the rows of a batch."""
        return cls(profile, batch.id, batch.factor, batch.bound)

    @property
    def alike(self) -> bool:
        """Whether all rows take the same time, whatever is drawn."""
        return self.of_draw(0) == self.of_draw((1 << 64) - 1)

    def drawn(self, custom_ids: Iterable[str]) -> list[int]:
        """The draw of each row."""
        return draws(self._seed, custom_ids)

    def largest(self, custom_ids: Iterable[str]) -> int:
        """The largest draw among `custom_ids`: the row of it is done last."""
        return max(draws(self._seed, custom_ids))

    def longest(self, custom_ids: Iterable[str]) -> int:
        """How long the row takes that takes longest."""
        return self.of_draw(self.largest(custom_ids))

    def of_draw(self, bits: int) -> int:
        """Microseconds of work, or NEVER. Grows with `bits`."""
        if bits >= self._bound:
            return NEVER
        return self._factor * self._delay(min(fraction(bits) / self._finishing, _UNIT))

    def of(self, custom_id: str) -> int:
        return self.of_draw(draw(self._seed, custom_id))


_delay = lru_cache(maxsize=64)(parse_delay)


class Lanes:
    """A queue in which only so many requests run at once; the others start when a lane gets free."""

    def __init__(self, capacity: int, busy_until: Sequence[int] = ()) -> None:
        self._free_at = sorted([0] * (capacity - len(busy_until)) + list(busy_until))[-capacity:]

    def start(self, ready: int, duration: int, deadline: int) -> int:
        """When the next request starts that is `ready` then; it keeps its lane until it is done or the deadline."""
        start = max(ready, self._free_at[0])
        heapreplace(self._free_at, max(min(start + duration, deadline), start))
        return start

    def dump(self) -> bytes:
        return array("q", self._free_at).tobytes()

    @classmethod
    def load(cls, capacity: int, data: bytes) -> "Lanes":
        busy = array("q")
        busy.frombytes(data)
        return cls(capacity, busy[-capacity:])


def new_batch_id(profile: Profile, session: str, identity: int, ordinal: int) -> str:
    """The id of the batch with these requests; `ordinal` counts the earlier ones of the session with the same."""
    return ids.batch_id(subseed(profile.seed, "batch"), f"{session}/{identity}/{ordinal}")


def planned(profile: Profile, batch_id: str, created_at: int, longest: int, factor: int = 1) -> Timeline:
    """The timeline of a new batch whose rows all start together; the `longest` takes so long."""
    if profile.polls:
        return Timeline(created_at, NEVER, NEVER, NEVER)
    starts_at = created_at + waited(profile, batch_id, factor)
    return Timeline(created_at, starts_at, starts_at, starts_at + longest)


def waited(profile: Profile, batch_id: str, factor: int = 1) -> int:
    """How long the batch waits before work starts."""
    return factor * _delay(profile.wait)(fraction(draw(subseed(profile.seed, "wait"), batch_id)))


def canceled(batch: Batch, profile: Profile, now: int) -> Batch:
    """The batch after a cancel at `now`; the same batch where a cancel has no effect (any more)."""
    timeline = batch.timeline
    if timeline.canceled_at != NEVER or timeline.has_ended(now):
        return batch
    settles_at = NEVER if profile.polls else now + profile.cancel_delay
    return replace(batch, timeline=replace(timeline, canceled_at=now, settles_at=settles_at), tally=None)


def polled(batch: Batch, profile: Profile, now: int) -> Batch:
    """The batch after a retrieve at `now`, where retrieves are what ends it and it has not ended."""
    timeline = batch.timeline
    batch = replace(batch, polls=batch.polls + 1)
    if batch.polls < profile.polls:
        return batch
    if timeline.canceled_at != NEVER:
        return replace(batch, timeline=replace(timeline, settles_at=now))
    return replace(batch, timeline=replace(timeline, starts_at=now, last_start_at=now, done_at=now))


def ended_by_hand(batch: Batch, now: int) -> Batch:
    """The batch, with all of its work done at `now`; the same batch where it has ended."""
    timeline = batch.timeline
    if timeline.has_ended(now):
        return batch
    if timeline.canceled_at != NEVER:
        return replace(batch, timeline=replace(timeline, settles_at=now))
    starts_at = min(timeline.starts_at, now)
    return replace(
        batch, timeline=replace(timeline, starts_at=starts_at, last_start_at=now, done_at=now, stuck_at=NEVER)
    )


def expired_by_hand(batch: Batch, now: int) -> Batch:
    """The batch, expired at `now`; the same batch where it has ended."""
    if batch.timeline.has_ended(now):
        return batch
    return replace(batch, timeline=replace(batch.timeline, expired_at=now))


def stuck(batch: Batch, now: int) -> Batch:
    """The batch, of which nothing more is done from `now` on; the same batch where it has ended."""
    if batch.timeline.has_ended(now):
        return batch
    return replace(batch, timeline=replace(batch.timeline, stuck_at=now))


def shelved(batch: Batch, now: int) -> Batch:
    """The batch, its results gone at `now`; the same batch where they are gone or not there yet."""
    if not batch.timeline.has_ended(now) or batch.timeline.is_archived(now):
        return batch
    return replace(batch, timeline=replace(batch.timeline, shelved_at=now))


def finished(
    batch: Batch, profile: Profile, custom_ids: Sequence[str], starts: Sequence[int] | None
) -> list[bool] | None:
    """Which of these rows were done when the batch ended; None when all were.

    `starts` are their instants of start where the queue has a capacity, else they start with the batch.
    """
    timeline = batch.timeline
    if timeline.ending == "done":
        return None
    if starts is None:
        starts = [timeline.starts_at] * len(custom_ids)
    durations = Durations.of_batch(batch, profile)
    return [timeline.counts(start, durations.of(name)) for name, start in zip(custom_ids, starts, strict=True)]


def done_times(batch: Batch, profile: Profile, custom_ids: Sequence[str], starts: Sequence[int] | None) -> list[int]:
    """When each of these rows is done; NEVER for those that the end of the batch comes before."""
    timeline = batch.timeline
    if starts is None:
        starts = [timeline.starts_at] * len(custom_ids)
    durations = Durations.of_batch(batch, profile)
    times = []
    for start, name in zip(starts, custom_ids, strict=True):
        span = durations.of(name)
        # work that was ended by hand is done then, however long it would have taken
        done = min(start + span, timeline.done_at)
        times.append(done if timeline.ending == "done" or timeline.counts(start, span) else NEVER)
    return times


def finish_times(batch: Batch, profile: Profile, custom_ids: Sequence[str], starts: Sequence[int] | None) -> list[int]:
    """When each of these rows is done or given up."""
    ended_at = batch.timeline.ended_at
    if starts is None:
        starts = [min(batch.timeline.starts_at, ended_at)] * len(custom_ids)
    durations = Durations.of_batch(batch, profile)
    return [min(start + durations.of(name), ended_at) for name, start in zip(custom_ids, starts, strict=True)]


def unfinished_result(timeline: Timeline) -> wire.Canceled | wire.Expired:
    """What a row is that was not done when the batch ended."""
    return wire.Canceled() if timeline.ending == "canceled" else wire.Expired()


def shown(batch: Batch, now: int, counts: wire.RequestCounts, origin: str) -> wire.MessageBatch:
    """The batch as the API shows it at `now`; `origin` is the scheme and host that the caller used."""
    timeline = batch.timeline
    ended_at = timeline.ended_at
    ended, archived = now >= ended_at, timeline.is_archived(now)
    available = ended and not archived
    return wire.MessageBatch(
        id=batch.id,
        processing_status="ended" if ended else timeline.status(now),
        request_counts=counts,
        ended_at=format_instant(ended_at) if ended else None,
        created_at=format_instant(timeline.created_at),
        expires_at=format_instant(timeline.expires_at),
        archived_at=format_instant(timeline.archived_at) if archived else None,
        cancel_initiated_at=None if timeline.canceled_at == NEVER else format_instant(timeline.canceled_at),
        results_url=f"{origin}/v1/messages/batches/{batch.id}/results" if available else None,
    )


def changes_at(batch: Batch, now: int) -> int:
    """Until when the batch is shown as it is at `now`, if nobody does anything to it."""
    timeline = batch.timeline
    return min((at for at in (timeline.ended_at, timeline.archived_at) if at > now), default=NEVER)


def as_created(batch: Batch, origin: str) -> wire.MessageBatch:
    """The batch as create answers it: in progress, however short its life."""
    just_before = replace(batch, timeline=Timeline(batch.timeline.created_at, NEVER, NEVER, NEVER))
    counts = wire.RequestCounts(processing=batch.size)
    return shown(just_before, batch.timeline.created_at, counts, origin)


def deadline(created_at: int) -> int:
    """When a batch that was created then expires."""
    return created_at + EXPIRES_AFTER
