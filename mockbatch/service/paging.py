"""Which part of a list is asked for."""

from msgspec import Struct


class Window(Struct, frozen=True):
    """At most `limit` entries, right after one or right before one, or from the start."""

    limit: int = 20
    after_id: str | None = None
    before_id: str | None = None
