"""The conditions under which the requests of a batch are processed."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from msgspec import Struct

from mockbatch.core.contract.params import Terms
from mockbatch.core.contract.request_slicer import RequestItem
from mockbatch.core.rows.row import Row
from mockbatch.core.rules.faults import random_fault
from mockbatch.core.rules.items import Cutoffs, ItemRules
from mockbatch.core.seeded_hash import LuckBy, luck_of
from mockbatch.core.tokens import COUNTED, TokenRule

_QUICK = 256 << 10
_SLOW = (b"schema", b"document", b'"image', b"\\u")


class RowReplayer(Protocol):
    """Replays recordings: returns a row for a request, or None to process it normally."""

    def row(self, params: dict[str, Any], custom_id: str, index: int, raw: bytes) -> Row | None: ...


class Conditions(Struct, frozen=True):
    """The conditions under which the requests of a batch are processed.

    `files` are those that they may reference, `rules` decide about rows, with `cutoffs` for quotas, and `player` has
    the recordings, if any.
    """

    terms: Terms
    seed: int = 0
    fail_rate: float = 0
    files: Collection[str] = ()
    tokens: TokenRule = COUNTED
    rules: ItemRules | None = None
    cutoffs: Cutoffs = ()
    session: str = ""
    batch: str = ""
    created_at: str = ""
    player: RowReplayer | None = None
    fail_attempts: int | None = None
    luck_by: LuckBy = "custom_id"

    @property
    def needs_attempts(self) -> bool:
        """Whether the number of submissions of a request matters."""
        return bool(self.fail_rate and self.fail_attempts) or (self.rules is not None and self.rules.needs_attempts)

    def luck(self, item: RequestItem) -> str:
        """Return the identity that seeds the draws of a request."""
        return luck_of(item.custom_id, item.params, self.luck_by)

    def drawn_fault(self, item: RequestItem, attempt: int) -> str | None:
        """Return the random fault of a request at its `attempt`th submission, if any."""
        if self.fail_attempts is not None and attempt > self.fail_attempts:
            return None
        return random_fault(self.seed, self.luck(item), self.fail_rate)

    def is_quick(self, items: Sequence[RequestItem]) -> bool:
        """Return whether checking and replying to these requests is fast: they are small, without rules, schemas and
        media.
        """
        if self.rules or self.player:
            return False
        joined = b"".join(bytes(item.params) for item in items)
        return len(joined) <= _QUICK and not any(word in joined for word in _SLOW)
