"""What the requests of a batch are worked on under."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from msgspec import Struct

from mockbatch.core.contract.envelope import Item
from mockbatch.core.contract.params import Terms
from mockbatch.core.draws import LuckBy, luck_of
from mockbatch.core.rows.row import Row
from mockbatch.core.rules.faults import random_fault
from mockbatch.core.rules.items import Cutoffs, ItemRules
from mockbatch.core.tokens import COUNTED, TokenRule

_QUICK = 256 << 10
_SLOW = (b"schema", b"document", b'"image', b"\\u")


class Player(Protocol):
    """Plays recordings: a row for a request, or nothing where it is to be looked at like others."""

    def row(self, params: dict[str, Any], custom_id: str, index: int, raw: bytes) -> Row | None: ...


class Conditions(Struct, frozen=True):
    """What the requests of a batch are looked at under. `files` are those that they may name, `rules` decide about
    rows, with `cutoffs` for those of them that are quotas, and a `player` has the recordings, if there are any.
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
    player: Player | None = None
    fail_attempts: int | None = None
    luck_by: LuckBy = "custom_id"

    @property
    def needs_attempts(self) -> bool:
        """Whether it matters how often a request was sent."""
        return bool(self.fail_rate and self.fail_attempts) or (self.rules is not None and self.rules.needs_attempts)

    def luck(self, item: Item) -> str:
        """The name under which the luck of a request is drawn."""
        return luck_of(item.custom_id, item.params, self.luck_by)

    def drawn_fault(self, item: Item, attempt: int) -> str | None:
        """The fault that is drawn for a request which is sent for the `attempt`th time, if any."""
        if self.fail_attempts is not None and attempt > self.fail_attempts:
            return None
        return random_fault(self.seed, self.luck(item), self.fail_rate)

    def is_quick(self, items: Sequence[Item]) -> bool:
        """Return whether it takes no time to check these requests, or to reply to them: they are small, without rules,
        schemas and media.
        """
        if self.rules or self.player:
            return False
        joined = b"".join(bytes(item.params) for item in items)
        return len(joined) <= _QUICK and not any(word in joined for word in _SLOW)
