"""Luck, made of hashes: a draw depends on who asks, never on what was drawn before.

Every draw is a hash of a seed and an identity, so neither order nor parallelism nor the process can change it.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import repeat
from typing import Literal

from xxhash import xxh3_64_intdigest, xxh3_128_digest, xxh3_128_intdigest

_SPAN = 1 << 64

LuckBy = Literal["custom_id", "content"]
"""By what a request has its luck: its custom_id, or what it asks for, whatever it is called."""


def luck_of(custom_id: str, params: bytes | memoryview, by: LuckBy) -> str:
    """The name under which the luck of a request is drawn."""
    return custom_id if by == "custom_id" else f"{xxh3_64_intdigest(params):016x}"


@lru_cache(maxsize=1024)
def subseed(seed: int, *identity: str | int) -> int:
    """A 64-bit seed of its own for `identity` under `seed`."""
    return xxh3_64_intdigest("\x1f".join(map(str, identity)).encode(), seed=seed % _SPAN)


def draw(seed: int, name: str) -> int:
    """64 uniform bits for `name` under `seed`."""
    return xxh3_64_intdigest(name.encode(), seed=seed)


def draws(seed: int, names: Iterable[str]) -> list[int]:
    """`draw` for each of many names."""
    return list(map(xxh3_64_intdigest, map(str.encode, names), repeat(seed)))


def draws_of(seeds: Iterable[int], contents: Iterable[bytes | memoryview]) -> Iterator[int]:
    """`draw_of` for each of many contents, each under a seed of its own."""
    return map(xxh3_64_intdigest, contents, seeds)


def draw_of(seed: int, content: bytes | memoryview) -> int:
    """64 uniform bits for some bytes under `seed`."""
    return xxh3_64_intdigest(content, seed=seed)


def wide_draw(seed: int, name: str) -> int:
    """128 uniform bits for `name` under `seed`."""
    return xxh3_128_intdigest(name.encode(), seed=seed)


def wide_draw_bytes(seed: int, name: str) -> bytes:
    """The same bits as 16 bytes."""
    return xxh3_128_digest(name.encode(), seed=seed)


def fraction(bits: int) -> float:
    """A draw as a number in (0, 1), both ends excluded."""
    return ((bits >> 11) + 0.5) / (1 << 53)


def threshold(share: float) -> int:
    """The bound below which a draw falls with probability `share`."""
    return min(int(share * _SPAN), _SPAN) if share < 1 else _SPAN
