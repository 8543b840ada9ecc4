"""How long batches take, in words: what to expect from the settings, and when a given batch ends."""

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.delays import parse_delay
from mockbatch.core.time.spans import DAY, HOUR, MILLISECOND, MINUTE, SECOND, format_instant, format_span
from mockbatch.core.time.timeline import EXPIRES_AFTER, NEVER

_SIZE = 100
"""The batch size that the summary of the settings assumes."""
_LIKELY, _SELDOM = 0.5, 0.95
# a batch that ends within this real time needs no advice
_SOON = 15 * SECOND


def expected(profile: Profile, clock: Clock) -> list[str]:
    """Describe how long a batch takes under these settings, and if that is long, how to shorten it."""
    if profile.polls:
        return [f"A batch ends at its {_ordinal(profile.polls)} retrieve."]
    size = min(_SIZE, profile.capacity or _SIZE)
    likely, seldom = (_span(profile, size, share) for share in (_LIKELY, _SELDOM))
    if not seldom:
        return ["A batch ends immediately."]
    verb = "expires after" if likely == EXPIRES_AFTER else "takes about"
    more = f", 1 in 20 over {rough(seldom)}" if rough(seldom) != rough(likely) else ""
    sentence = f"A batch of {size} requests {verb} {rough(likely)}{more}{_passing(likely, clock)}."
    return [sentence] if _is_soon(seldom, clock) else [sentence, f"Sooner: {_sooner(clock)}."]


def _span(profile: Profile, size: int, share: float) -> int:
    """Return the duration that a batch stays within in this share of cases: roughly the wait and the longest work."""
    if (1 - profile.never) ** size < share:
        return EXPIRES_AFTER
    wait, work = parse_delay(profile.wait), parse_delay(profile.delay)
    return min(wait(share) + work(share ** (1 / size)), EXPIRES_AFTER)


def _passing(span: int, clock: Clock) -> str:
    """Describe how this much virtual time passes on a clock."""
    if _stands(clock):
        return " of virtual time, which stands still until you advance it"
    return "" if clock.rate == 1 else f" of virtual time, {rough(round(span / clock.rate))} of real time"


def _stands(clock: Clock) -> bool:
    return clock.frozen or not clock.rate


def _sooner(clock: Clock) -> str:
    quick = "" if _stands(clock) else ", or use --delay-preset fast or --speedup 1000"
    return f"advance the clock{quick}"


def _is_soon(span: int, clock: Clock) -> bool:
    return not _stands(clock) and span <= _SOON * clock.rate


def time_left(batch: Batch, profile: Profile, clock: Clock, now: int) -> str:
    """Describe when a batch ends on both clocks, and if that is late, how to end it sooner."""
    timeline = batch.timeline
    if timeline.has_ended(now):
        return "has ended"
    if profile.polls and timeline.settles_at == NEVER:
        return f"ends at its {_ordinal(profile.polls)} retrieve"
    verb = "expires" if timeline.ending == "expired" else "ends"
    left = timeline.ended_at - now
    sentence = f"{verb} {format_instant(timeline.ended_at)[:19]}Z, in {rough(left)}{_passing(left, clock)}"
    return sentence if _is_soon(left, clock) else f"{sentence}; sooner: {_sooner(clock)}"


def rough(span: int) -> str:
    """Format a span with the precision that a person needs."""
    if span == EXPIRES_AFTER:
        return "24h"
    steps = ((DAY, HOUR), (HOUR, MINUTE), (10 * SECOND, SECOND), (SECOND, 100 * MILLISECOND))
    step = next((step for least, step in steps if span >= least), MILLISECOND)
    span = max(round(span / step), 1) * step
    return f"{span / SECOND:g}s" if span < MINUTE and span % SECOND and span >= SECOND else format_span(span)


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"} if number % 100 not in (11, 12, 13) else {}
    return f"{number}{ends.get(number % 10, 'th')}"
