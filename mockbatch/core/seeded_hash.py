"""Deterministic randomness: each value is a hash of a seed and an identity.

Neither order nor parallelism nor the process can change it.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import repeat
from typing import Literal

from xxhash import xxh3_64_intdigest, xxh3_128_digest, xxh3_128_intdigest

_SPAN = 1 << 64

LuckBy = Literal["custom_id", "content"]
"""The identity that seeds the draws of a request: its custom_id, or its content."""


def luck_of(custom_id: str, params: bytes | memoryview, by: LuckBy) -> str:
    """Return the identity that seeds the draws of a request."""
    return custom_id if by == "custom_id" else f"{xxh3_64_intdigest(params):016x}"


@lru_cache(maxsize=1024)
def derive_seed(seed: int, *identity: str | int) -> int:
    """Derive a 64-bit seed for `identity` from `seed`."""
    return xxh3_64_intdigest("\x1f".join(map(str, identity)).encode(), seed=seed % _SPAN)


def hash64(seed: int, name: str) -> int:
    """Return 64 uniform bits for `name` under `seed`."""
    return xxh3_64_intdigest(name.encode(), seed=seed)


def draws(seed: int, names: Iterable[str]) -> list[int]:
    """Return the `draw` for each name."""
    return list(map(xxh3_64_intdigest, map(str.encode, names), repeat(seed)))


def draws_of(seeds: Iterable[int], contents: Iterable[bytes | memoryview]) -> Iterator[int]:
    """Return the `draw_of` each content under the seed with the same index."""
    return map(xxh3_64_intdigest, contents, seeds)


def draw_of(seed: int, content: bytes | memoryview) -> int:
    """Return 64 uniform bits for `content` under `seed`."""
    return xxh3_64_intdigest(content, seed=seed)


def wide_draw(seed: int, name: str) -> int:
    """Return 128 uniform bits for `name` under `seed`."""
    return xxh3_128_intdigest(name.encode(), seed=seed)


def wide_draw_bytes(seed: int, name: str) -> bytes:
    """Return the same bits as 16 bytes."""
    return xxh3_128_digest(name.encode(), seed=seed)


def to_unit_interval(bits: int) -> float:
    """Map a draw to a number in (0, 1), both ends excluded."""
    return ((bits >> 11) + 0.5) / (1 << 53)


def threshold(share: float) -> int:
    """Return the bound below which a draw falls with probability `share`."""
    return min(int(share * _SPAN), _SPAN) if share < 1 else _SPAN
