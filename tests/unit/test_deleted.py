"""Deleted batches are packed small, and nothing that is asked of them is lost."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mockbatch.core.batch import Batch, Profile, Reason, canceled
from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.deleted import Deleted, as_deleted
from mockbatch.core.money.ledger import Account, Sum, TokenCounts
from mockbatch.core.time.timeline import Timeline

T = 1_790_000_000_000_000
SUM = Sum(Account("claude-opus-5", 0, "0-200k", "global", "batch"), 10, TokenCounts(100, output=200))
BATCH = Batch(7, "msgbatch_01" + "a" * 22, "s", 1 << 62, (10,), 1 << 62, Timeline(T, T, T, T), sums=(SUM,))
REASONS = (Reason(2, "api_error", "Internal server error", refused=False),)


@given(st.lists(st.integers(0, 1 << 62), min_size=4, max_size=9), st.integers(0, 1 << 80), st.booleans())
def test_what_is_unpacked_is_what_was_packed(instants: list[int], tokens: int, hooked: bool) -> None:
    """Whatever its instants, its tokens and its webhook."""
    used = replace(SUM, counts=TokenCounts(tokens))
    batch = replace(BATCH, timeline=Timeline(*instants), sums=(used,), webhook="http://x/" * hooked, downloads=2)
    batch = replace(batch, tally=RequestCounts(succeeded=8, errored=2))
    deleted = Deleted("s")
    deleted.add(as_deleted(batch, REASONS))
    assert deleted.get(batch.id) == as_deleted(batch, REASONS)
    assert list(deleted.in_order()) == [as_deleted(batch, REASONS)]


def test_the_oldest_comes_first() -> None:
    """In whatever order they were deleted."""
    deleted = Deleted("s")
    for seq in (300, 2, 70_000, 1):
        deleted.add(as_deleted(replace(BATCH, seq=seq, id=f"msgbatch_{seq}"), ()))
    assert [batch.seq for batch in deleted.in_order()] == [1, 2, 300, 70_000]
    deleted.discard("msgbatch_2")
    assert (len(deleted), "msgbatch_2" in deleted, deleted.get("msgbatch_2")) == (3, False, None)


def test_a_deleted_batch_takes_a_few_hundred_bytes() -> None:
    """Canceled ones too."""
    deleted = Deleted("s")
    deleted.add(as_deleted(canceled(replace(BATCH, timeline=Timeline(T, T, T, T + 9)), Profile(), T), ()))
    (packed,) = deleted._packed.values()
    assert len(packed) < 300
