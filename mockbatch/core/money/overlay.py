"""Prices that the price package lacks, or has no dates for.

Source: https://platform.claude.com/docs/en/about-claude/pricing, 2026-11-22.
"""

from decimal import Decimal

from mockbatch.core.money.rates import Price

AS_OF = "2026-11-22"

SAME_AS = {"claude-mythos-5": "claude-fable-5", "claude-mythos-5-1": "claude-fable-5-1"}
"""Models that cost the same as another one."""


def _sonnet_5_5(cache_read: str, since: str = "") -> Price:
    return Price(
        "claude-sonnet-5-5",
        input=Decimal(2),
        cache_write_5m=Decimal("2.50"),
        cache_write_1h=Decimal(4),
        cache_read=Decimal(cache_read),
        output=Decimal(10),
        since=since,
    )


# no prompt caching
_INSTANT = Price(
    "claude-instant-1.2",
    input=Decimal("0.80"),
    cache_write_5m=Decimal("0.80"),
    cache_write_1h=Decimal("0.80"),
    cache_read=Decimal("0.80"),
    output=Decimal("2.40"),
)

OVERLAY: tuple[Price, ...] = (_sonnet_5_5("0.20"), _sonnet_5_5("0.10", since="2026-10-07"), _INSTANT)
