"""A batch: the stored facts, the timeline derived from them, and the API's view of both."""

from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from heapq import heapreplace
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.params import Terms
from mockbatch.core.money.cache_hits import CacheSettings
from mockbatch.core.money.ledger import Sum
from mockbatch.core.rules.rules import Rule
from mockbatch.core.seeded_hash import LuckBy, derive_seed, draws, hash64, threshold, to_unit_interval
from mockbatch.core.time.delays import parse_delay
from mockbatch.core.time.spans import SECOND, format_instant
from mockbatch.core.time.timeline import EXPIRES_AFTER, NEVER, Timeline

ResultsOrder = Literal["shuffled", "completion", "input", "reversed"]
_UNIT = 1 - 2**-53


class Profile(Struct, frozen=True):
    """The settings of a batch, apart from its requests.

    They are stored with the batch, so that a server restarted with other options treats old batches as before. Delays
    are text, spans are microseconds.

    `polls` is the retrieve at which a batch ends; with 0 it ends by time. `rules` are those for its rows and its
    lifecycle. `replay` means that rows are replayed from recordings. Requests submitted more than `fail_attempts` times
    no longer fail by `fail_rate`. `prompt_lengths` are the thresholds above which prices may change, for all tokens of
    a request with a longer prompt.
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
    """Why a number of rows are errored: `refused` by the validation of their params, or hit by a rule or a random
    failure.
    """

    count: int
    type: str
    message: str
    refused: bool


class Batch(Struct, frozen=True, dict=True):
    """The facts of a batch. Everything that depends on time is computed from them.

    `sizes` are the numbers of requests per slice; `delivered` is the largest number of result rows sent in one of its
    `downloads`. `kept` means that its rows are stored; rows whose draw is at least `bound` never finish. `tally` and
    `sums` count the outcomes and the usage of its rows, None until computed; `may_be_cached` is set along with the
    tally and means that prompts may have cache breakpoints. Spans take `factor` times as long as drawn. `webhook` is
    the URL to call when it has ended, if any. `reasons` are kept for a deleted batch.
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
        """Return the slice that contains the request at this index of the batch."""
        index = 0
        while place >= self.sizes[index]:
            place -= self.sizes[index]
            index += 1
        return index

    def first_of(self, slice: int) -> int:
        """Return the index in the batch of the first request of this slice."""
        return sum(self.sizes[:slice])


class Durations:
    """The durations of the rows of one batch, drawn from the batch and the custom_id.

    They are `factor` times the drawn duration, and infinite for draws from `bound` on.
    """

    def __init__(self, profile: Profile, batch_id: str, factor: int = 1, bound: int = 1 << 64) -> None:
        self._seed = derive_seed(profile.seed, "duration", batch_id)
        self._delay = _delay(profile.delay)
        self._factor = factor
        self._finishing = 1 - profile.never
        self._bound = min(threshold(self._finishing), bound)

    @classmethod
    def of_batch(cls, batch: Batch, profile: Profile) -> "Durations":
        """Return the durations for a batch."""
        return cls(profile, batch.id, batch.factor, batch.bound)

    @property
    def alike(self) -> bool:
        """Whether all rows take equally long, regardless of the draw."""
        return self.of_draw(0) == self.of_draw((1 << 64) - 1)

    def drawn(self, custom_ids: Iterable[str]) -> list[int]:
        """Return the draw of each row."""
        return draws(self._seed, custom_ids)

    def largest(self, custom_ids: Iterable[str]) -> int:
        """Return the largest draw among `custom_ids`: that of the row that finishes last."""
        return max(draws(self._seed, custom_ids))

    def longest(self, custom_ids: Iterable[str]) -> int:
        """Return the longest duration among `custom_ids`."""
        return self.of_draw(self.largest(custom_ids))

    def of_draw(self, bits: int) -> int:
        """Return microseconds of work, or NEVER. Grows with `bits`."""
        if bits >= self._bound:
            return NEVER
        return self._factor * self._delay(min(to_unit_interval(bits) / self._finishing, _UNIT))

    def of(self, custom_id: str) -> int:
        return self.of_draw(hash64(self._seed, custom_id))


_delay = lru_cache(maxsize=64)(parse_delay)


class Lanes:
    """A queue with limited concurrency; a request starts when a lane is free."""

    def __init__(self, capacity: int, busy_until: Sequence[int] = ()) -> None:
        self._free_at = sorted([0] * (capacity - len(busy_until)) + list(busy_until))[-capacity:]

    def start(self, ready: int, duration: int, deadline: int) -> int:
        """Return when the next request starts, given when it is ready. It occupies its lane until it is done or the
        deadline.
        """
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
    """Return the id for a batch with these requests; `ordinal` counts earlier identical ones in the session."""
    return ids.batch_id(derive_seed(profile.seed, "batch"), f"{session}/{identity}/{ordinal}")


def planned(profile: Profile, batch_id: str, created_at: int, longest: int, factor: int = 1) -> Timeline:
    """Return the timeline of a new batch whose rows all start together; the slowest takes `longest`."""
    if profile.polls:
        return Timeline(created_at, NEVER, NEVER, NEVER)
    starts_at = created_at + waited(profile, batch_id, factor)
    return Timeline(created_at, starts_at, starts_at, starts_at + longest)


def waited(profile: Profile, batch_id: str, factor: int = 1) -> int:
    """Return how long the batch waits before work starts."""
    return factor * _delay(profile.wait)(to_unit_interval(hash64(derive_seed(profile.seed, "wait"), batch_id)))


def canceled(batch: Batch, profile: Profile, now: int) -> Batch:
    """Return the batch after a cancel at `now`; unchanged if a cancel has no effect (any more)."""
    timeline = batch.timeline
    if timeline.canceled_at != NEVER or timeline.has_ended(now):
        return batch
    settles_at = NEVER if profile.polls else now + profile.cancel_delay
    return replace(batch, timeline=replace(timeline, canceled_at=now, settles_at=settles_at), tally=None)


def polled(batch: Batch, profile: Profile, now: int) -> Batch:
    """Return the batch after a retrieve at `now`, if it ends by retrieves and has not ended."""
    timeline = batch.timeline
    batch = replace(batch, polls=batch.polls + 1)
    if batch.polls < profile.polls:
        return batch
    if timeline.canceled_at != NEVER:
        return replace(batch, timeline=replace(timeline, settles_at=now))
    return replace(batch, timeline=replace(timeline, starts_at=now, last_start_at=now, done_at=now))


def ended_by_hand(batch: Batch, now: int) -> Batch:
    """Return the batch with all of its work done at `now`; unchanged if it has ended."""
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
    """Return the batch, expired at `now`; unchanged if it has ended."""
    if batch.timeline.has_ended(now):
        return batch
    return replace(batch, timeline=replace(batch.timeline, expired_at=now))


def stuck(batch: Batch, now: int) -> Batch:
    """Return the batch, stalled from `now` on; unchanged if it has ended."""
    if batch.timeline.has_ended(now):
        return batch
    return replace(batch, timeline=replace(batch.timeline, stuck_at=now))


def shelved(batch: Batch, now: int) -> Batch:
    """Return the batch with its results deleted at `now`; unchanged if there are none at that time."""
    if not batch.timeline.has_ended(now) or batch.timeline.is_archived(now):
        return batch
    return replace(batch, timeline=replace(batch.timeline, shelved_at=now))


def finished(
    batch: Batch, profile: Profile, custom_ids: Sequence[str], starts: Sequence[int] | None
) -> list[bool] | None:
    """Return which of these rows were done when the batch ended; None if all were.

    `starts` are the start instants if the queue has a capacity; otherwise all rows start with the batch.
    """
    timeline = batch.timeline
    if timeline.ending == "done":
        return None
    if starts is None:
        starts = [timeline.starts_at] * len(custom_ids)
    durations = Durations.of_batch(batch, profile)
    return [timeline.counts(start, durations.of(name)) for name, start in zip(custom_ids, starts, strict=True)]


def done_times(batch: Batch, profile: Profile, custom_ids: Sequence[str], starts: Sequence[int] | None) -> list[int]:
    """Return when each of these rows is done; NEVER if the batch ends first."""
    timeline = batch.timeline
    if starts is None:
        starts = [timeline.starts_at] * len(custom_ids)
    durations = Durations.of_batch(batch, profile)
    times = []
    for start, name in zip(starts, custom_ids, strict=True):
        span = durations.of(name)
        # work ended by hand is done at that instant, regardless of its duration
        done = min(start + span, timeline.done_at)
        times.append(done if timeline.ending == "done" or timeline.counts(start, span) else NEVER)
    return times


def finish_times(batch: Batch, profile: Profile, custom_ids: Sequence[str], starts: Sequence[int] | None) -> list[int]:
    """Return when each of these rows is done or given up."""
    ended_at = batch.timeline.ended_at
    if starts is None:
        starts = [min(batch.timeline.starts_at, ended_at)] * len(custom_ids)
    durations = Durations.of_batch(batch, profile)
    return [min(start + durations.of(name), ended_at) for name, start in zip(custom_ids, starts, strict=True)]


def unfinished_result(timeline: Timeline) -> wire.Canceled | wire.Expired:
    """Return the result of a row that was not done when the batch ended."""
    return wire.Canceled() if timeline.ending == "canceled" else wire.Expired()


def shown(batch: Batch, now: int, counts: wire.RequestCounts, origin: str) -> wire.MessageBatch:
    """Return the API's view of the batch at `now`; `origin` is the scheme and host that the client used."""
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
    """Return the instant until which the view at `now` stays valid, if no call changes the batch."""
    timeline = batch.timeline
    return min((at for at in (timeline.ended_at, timeline.archived_at) if at > now), default=NEVER)


def as_created(batch: Batch, origin: str) -> wire.MessageBatch:
    """Return the batch as the response to create: in progress, however short its life."""
    just_before = replace(batch, timeline=Timeline(batch.timeline.created_at, NEVER, NEVER, NEVER))
    counts = wire.RequestCounts(processing=batch.size)
    return shown(just_before, batch.timeline.created_at, counts, origin)


def deadline(created_at: int) -> int:
    """Return when a batch created at this instant expires."""
    return created_at + EXPIRES_AFTER
