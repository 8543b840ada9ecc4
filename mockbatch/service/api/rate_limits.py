"""Rate limits, counted on the virtual clock of each session."""

from mockbatch.core.contract.limits import TIERS, TokenBucket, queue_full, too_many_calls
from mockbatch.core.time.spans import SECOND, format_instant
from mockbatch.service.sessions.session import SessionState

Headers = list[tuple[bytes, bytes]]

# reported if there is no limit
_GENEROUS = TIERS["scale"].batches.requests_per_minute or 0


class RateLimiter:
    """Counts calls and queued requests. Without limits nothing is rejected, but the headers look the same."""

    def __init__(self, organization: str) -> None:
        self._organization = organization
        self._second = -1
        self._unlimited: Headers = []

    def enter(self, session: SessionState) -> Headers:
        """Count a call of a batch endpoint; return the rate limit headers. Raises RateLimited."""
        now = session.now()
        limit = session.settings.rates.requests_per_minute
        if limit is None:
            return self._of_second(now // SECOND)
        bucket = (session.bucket or TokenBucket.full(limit, now)).at_instant(now)
        after = bucket.taken(now)
        if after is None:
            headers = {name.decode(): value.decode() for name, value in _headers(limit, 0, bucket.full_at)}
            raise too_many_calls(limit, self._organization, _seconds(bucket.next_at - now), headers)
        session.bucket = after
        return _headers(limit, after.left, after.full_at)

    def queue(self, session: SessionState, size: int) -> None:
        """Admit a batch of that size to the queue. Raises RateLimited if it does not fit."""
        limit = session.settings.rates.queued
        if limit is None:
            return
        now = session.now()
        waiting = [batch for batch in session.batches.values() if not batch.timeline.has_ended(now)]
        if sum(batch.size for batch in waiting) + size > limit:
            first_end = min((batch.timeline.ended_at for batch in waiting), default=now)
            raise queue_full(limit, self._organization, _seconds(first_end - now))

    def _of_second(self, second: int) -> Headers:
        if second != self._second:
            self._second = second
            self._unlimited = _headers(_GENEROUS, _GENEROUS - 1, (second + 1) * SECOND)
        return self._unlimited


def _headers(limit: int, remaining: int, reset_at: int) -> Headers:
    return [
        (b"anthropic-ratelimit-requests-limit", b"%d" % limit),
        (b"anthropic-ratelimit-requests-remaining", b"%d" % remaining),
        (b"anthropic-ratelimit-requests-reset", format_instant(reset_at).encode()),
    ]


def _seconds(span: int) -> int:
    return -(-span // SECOND)
