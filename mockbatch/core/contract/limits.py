"""Rate limits of an organization by usage tier.

Source: https://platform.claude.com/docs/en/api/rate-limits
"""

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.contract import wire
from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.errors import RateLimited
from mockbatch.core.contract.ids import rate_limit_group_id, rate_limit_id
from mockbatch.core.contract.model import LINES

_MINUTE = 60_000_000
_MORE = "https://docs.claude.com/en/api/rate-limits"
_ADVICE = (
    f"For details, refer to: {_MORE}. You can see the response headers for current usage. "
    "Please reduce the rate of your requests or try again later."
)


class RateLimits(Struct, frozen=True):
    """The limits of the batch endpoints: calls per minute, requests in unended batches, and USD per calendar month.
    None means unlimited.
    """

    requests_per_minute: int | None = None
    queued: int | None = None
    spending: Decimal | None = None


class Tier(Struct, frozen=True):
    """The limits of a usage tier. For messages: requests, input tokens and output tokens per minute, for the Fable line
    and for all other models; for count_tokens: requests per minute.
    """

    batches: RateLimits
    messages: tuple[int, int, int]
    fable: tuple[int, int, int]
    token_count: int


_K, _M = 1_000, 1_000_000
_START = RateLimits(1_000, 200_000, Decimal(500))
_BUILD = RateLimits(2_000, 300_000, Decimal(1_000))
_SCALE = RateLimits(4_000, 500_000, Decimal(200_000))
TIERS = {
    "start": Tier(_START, (1_000, 2 * _M, 400 * _K), (1_000, 500 * _K, 100 * _K), 2_000),
    "build": Tier(_BUILD, (5_000, 5 * _M, _M), (2_000, 1_500 * _K, 300 * _K), 4_000),
    "scale": Tier(_SCALE, (10_000, 10 * _M, 2 * _M), (4_000, 4 * _M, 800 * _K), 8_000),
}
_MESSAGES_LIMITS = ("requests_per_minute", "input_tokens_per_minute_cache_aware", "output_tokens_per_minute")


def organization_rate_limits(seed: int, tier: Tier, models: Models) -> list[wire.RateLimit]:
    """Return the limits of an organization in that tier, group by group."""

    def entry(group_type: str, values: dict[str, int], name: str = "", ids: list[str] | None = None) -> wire.RateLimit:
        key = f"{group_type}/{name}"
        group = wire.RateLimitGroup(rate_limit_group_id(key), group_type, name or None)
        limits = [wire.RateLimitValue(kind, value) for kind, value in values.items()]
        return wire.RateLimit(id=rate_limit_id(seed, key), group=group, limits=limits, models=ids)

    def of_line(line: str) -> wire.RateLimit:
        values = tier.fable if line in ("fable", "mythos") else tier.messages
        names = [name for model in models.all() if model.line == line for name in (model.id, *model.aliases)]
        limits = dict(zip(_MESSAGES_LIMITS, values, strict=True))
        return entry("model_group", limits, f"Claude {line.capitalize()}", names)

    batches = tier.batches
    return [
        *map(of_line, LINES),
        entry(
            "batch",
            {"requests_per_minute": batches.requests_per_minute or 0, "enqueued_batch_requests": batches.queued or 0},
        ),
        entry("token_count", {"requests_per_minute": tier.token_count}),
    ]


class TokenBucket(Struct, frozen=True):
    """A token bucket: `left` calls remain at an instant, and it refills to `size` within a minute.

    Instants are microseconds. Fractions of calls are kept as calls times microseconds per minute, so nothing is
    rounded.
    """

    size: int
    level: int
    at: int

    @classmethod
    def full(cls, size: int, at: int) -> "TokenBucket":
        return cls(size, size * _MINUTE, at)

    def at_instant(self, now: int) -> "TokenBucket":
        """Return the bucket as of `now`."""
        level = min(self.level + max(now - self.at, 0) * self.size, self.size * _MINUTE)
        return replace(self, level=level, at=max(now, self.at))

    def taken(self, now: int) -> "TokenBucket | None":
        """Return the bucket after one call at `now`; None if it is empty."""
        bucket = self.at_instant(now)
        return replace(bucket, level=bucket.level - _MINUTE) if bucket.left else None

    @property
    def left(self) -> int:
        return self.level // _MINUTE

    @property
    def full_at(self) -> int:
        """When it is full again."""
        return self.at + -(-(self.size * _MINUTE - self.level) // self.size)

    @property
    def next_at(self) -> int:
        """When the next call is possible."""
        return self.at + max(-(-(_MINUTE - self.level) // self.size), 0)


def too_many_calls(limit: int, organization: str, seconds: int, headers: dict[str, str]) -> RateLimited:
    """Return the 429 for a call over the limit per minute; `seconds` until the next call is possible."""
    return RateLimited(
        f"This request would exceed your organization's rate limit of {limit:,} requests per minute "
        f"(org: {organization}). {_ADVICE}",
        headers={"retry-after": str(max(seconds, 1)), **headers},
    )


def queue_full(limit: int, organization: str, seconds: int) -> RateLimited:
    """Return the 429 for a batch that does not fit into the queue; `seconds` until a batch in it ends."""
    return RateLimited(
        f"This request would exceed your organization's rate limit of {limit:,} batch requests in the processing "
        f"queue (org: {organization}). {_ADVICE}",
        headers={"retry-after": str(max(seconds, 1))},
    )


def spent_too_much(next_month: str) -> RateLimited:
    """Return the 429 for a call after the monthly limit is spent; `next_month` is the first day of the next one, as
    `YYYY-MM-DD`.
    """
    return RateLimited(
        "You have reached your API usage limits: your organization has crossed its monthly API usage threshold, set "
        f"based on your organization's API tier. You will regain access on {next_month} at 00:00 UTC.",
        details={"error_code": "enforced_spend_limit_reached"},
    )


def month_after(day: str) -> str:
    """Return the first day of the month after a day, both as `YYYY-MM-DD`."""
    year, month = int(day[:4]), int(day[5:7])
    return f"{year + month // 12:04}-{month % 12 + 1:02}-01"
