"""The requested part of a list."""

from msgspec import Struct


class Window(Struct, frozen=True):
    """At most `limit` entries, right after or right before a given one, or from the start."""

    limit: int = 20
    after_id: str | None = None
    before_id: str | None = None
