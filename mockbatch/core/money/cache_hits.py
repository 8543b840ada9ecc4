"""Simulated prompt cache hits of batch rows: rows run in parallel, so hits depend on chance and on a setting.

Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, get_args

from msgspec import Struct

from mockbatch.core.money.prompt_cache import UNCACHED, CacheUse, Prefix, use
from mockbatch.core.seeded_hash import derive_seed, hash64, threshold
from mockbatch.core.suggestions import did_you_mean

Scope = Literal["separate", "shared"]
HITS = {
    "none": "no row ever reads",
    "first_writes": "the first row with a prefix writes it, the others read it",
    "rate:P": "a row reads an existing entry with this probability, else it writes",
    "all": "every row reads",
}


class CacheSettings(Struct, frozen=True, omit_defaults=True):
    """What batch rows read (`hits`), and whether batches and /v1/messages share entries (`scope`)."""

    hits: str = "first_writes"
    scope: Scope = "separate"


def parse_hits(text: str) -> str:
    """Validate `none`, `first_writes`, `rate:0.6` or `all`. Raises ValueError."""
    kind, colon, share = text.partition(":")
    if text in HITS and not colon:
        return text
    if kind == "rate":
        if _is_share(share):
            return text
        raise ValueError(f"{share!r} is not a share between 0 and 1; write it like rate:0.6")
    known = [name.partition(":")[0] for name in HITS]
    raise ValueError(f"{text!r} is not one of them.{did_you_mean(kind, known)} Known: {', '.join(HITS)}")


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def parse_scope(text: str) -> str:
    """Validate `separate` or `shared`. Raises ValueError."""
    known = get_args(Scope)
    if text not in known:
        raise ValueError(f"{text!r} is not one of them.{did_you_mean(text, known)} Known: {', '.join(known)}")
    return text


def luck_of(seed: int, batch_id: str, custom_id: str) -> int:
    """Return the 64 bits that decide whether a row of a batch reads, if that is random."""
    return hash64(derive_seed(seed, "cache", batch_id), custom_id)


def hits(settings: CacheSettings, luck: int, *, left: bool, written: bool) -> bool:
    """Return whether a row finds an entry.

    `left`: an earlier batch left it alive; `written`: an earlier row of this batch wrote it. Entries that were never
    written are found only under `all`, as if the cache had been warmed.
    """
    match settings.hits:
        case "none":
            return False
        case "all":
            return True
        case "first_writes":
            return left or written
    return (left or written) and luck < _bound(settings.hits)


@lru_cache(maxsize=64)
def _bound(rate: str) -> int:
    return threshold(float(rate.partition(":")[2]))


def row_use(
    found: list[Prefix],
    settings: CacheSettings,
    luck: int,
    left: Callable[[int], bool],
    written: Callable[[int], bool],
) -> CacheUse:
    """Return what a row with these prefixes reads and writes; `left` and `written` look up an entry by its key."""
    if not found:
        return UNCACHED
    return use(found, lambda key: hits(settings, luck, left=left(key), written=written(key)))
