"""What the rows of a batch find in the prompt cache: they run in parallel, so it is a matter of luck, and a setting.

Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, get_args

from msgspec import Struct

from mockbatch.core.draws import draw, subseed, threshold
from mockbatch.core.money.prompt_cache import UNCACHED, CacheUse, Prefix, use
from mockbatch.core.names import did_you_mean

Scope = Literal["separate", "shared"]
HITS = {
    "none": "nothing is ever read",
    "first_writes": "the first row with a prefix writes it, the others read it",
    "rate:P": "a row reads with this probability what is there, else it writes",
    "all": "every row reads",
}


class CacheSettings(Struct, frozen=True, omit_defaults=True):
    """What rows of a batch read (`hits`), and whether a batch and calls of /v1/messages see each other's (`scope`)."""

    hits: str = "first_writes"
    scope: Scope = "separate"


def parse_hits(text: str) -> str:
    """`none`, `first_writes`, `rate:0.6` or `all`. Raises ValueError."""
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
    """`separate` or `shared`. Raises ValueError."""
    known = get_args(Scope)
    if text not in known:
        raise ValueError(f"{text!r} is not one of them.{did_you_mean(text, known)} Known: {', '.join(known)}")
    return text


def luck_of(seed: int, batch_id: str, custom_id: str) -> int:
    """64 bits that decide for a row of a batch whether it reads, where that is a matter of luck."""
    return draw(subseed(seed, "cache", batch_id), custom_id)


def hits(settings: CacheSettings, luck: int, *, left: bool, written: bool) -> bool:
    """Whether a row finds an entry.

    `left`: an earlier batch left it alive; `written`: an earlier row of this batch wrote it. What nobody wrote is found
    under `all` only, as if the cache had been warmed.
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
    """What a row with these prefixes reads and writes; `left` and `written` tell of an entry by its key."""
    if not found:
        return UNCACHED
    return use(found, lambda key: hits(settings, luck, left=left(key), written=written(key)))
