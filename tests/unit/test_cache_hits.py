"""What rows of a batch find in the cache, under each setting."""

import pytest

from mockbatch.core.money.cache_hits import CacheSettings, hits, luck_of, parse_hits, parse_scope, row_use
from mockbatch.core.money.prompt_cache import CacheUse, Prefix

ROWS = [luck_of(7, "msgbatch_a", f"row-{index}") for index in range(2000)]


@pytest.mark.parametrize(
    ("setting", "fresh", "written", "left"),
    [("none", 0, 0, 0), ("first_writes", 0, 1, 1), ("all", 1, 1, 1), ("rate:1", 0, 1, 1), ("rate:0", 0, 0, 0)],
)
def test_a_setting_decides_what_is_found(setting: str, fresh: int, written: int, left: int) -> None:
    """What nobody wrote, what an earlier row wrote, what an earlier batch left."""
    settings = CacheSettings(setting)
    for luck in ROWS[:50]:
        assert hits(settings, luck, left=False, written=False) == bool(fresh)
        assert hits(settings, luck, left=False, written=True) == bool(written)
        assert hits(settings, luck, left=True, written=False) == bool(left)


def test_a_rate_is_kept_and_depends_on_the_row_only() -> None:
    """The same row always has the same luck, in another batch another one."""
    found = [hits(CacheSettings("rate:0.6"), luck, left=False, written=True) for luck in ROWS]
    assert 0.56 < sum(found) / len(found) < 0.64
    assert luck_of(7, "msgbatch_a", "row-3") == ROWS[3]
    assert luck_of(7, "msgbatch_b", "row-3") != ROWS[3] != luck_of(8, "msgbatch_a", "row-3")


def test_a_row_reads_the_longest_prefix_that_it_finds() -> None:
    """And writes the rest."""
    found = [Prefix(1, 1000, 3600, True), Prefix(2, 3000, 300, True)]

    def used(setting: str) -> CacheUse:
        return row_use(found, CacheSettings(setting), ROWS[0], lambda key: False, lambda key: key == 1)

    assert used("first_writes") == CacheUse(1000, 2000, 0)
    assert used("none") == CacheUse(0, 2000, 1000)
    assert used("all") == CacheUse(3000, 0, 0)


@pytest.mark.parametrize("text", ["none", "first_writes", "all", "rate:0.6", "rate:1", "rate:0"])
def test_settings_are_read_as_written(text: str) -> None:
    assert parse_hits(text) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("first_write", "Did you mean 'first_writes'? Known: none, first_writes, rate:P, all"),
        ("rate", "'' is not a share between 0 and 1; write it like rate:0.6"),
        ("rate:2", "'2' is not a share"),
        ("rate:nan", "'nan' is not a share"),
        ("rate:P", "'P' is not a share"),
        ("all:1", "is not one of them"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_right_ones(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_hits(text)
    assert message in str(caught.value)


def test_a_scope_is_one_of_two() -> None:
    assert parse_scope("shared") == "shared"
    with pytest.raises(ValueError, match=r"Did you mean 'separate'\?"):
        parse_scope("seperate")
