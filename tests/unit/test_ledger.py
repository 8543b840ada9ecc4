"""The ledger: what was asked for by the cent, what others were billed, and what always holds."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract import wire
from mockbatch.core.money.ledger import (
    COLUMNS,
    Account,
    Origin,
    Sum,
    Sums,
    TokenCounts,
    account_of,
    context_window,
    cost,
    counts_of,
    entries_of,
    from_csv,
    net,
    to_csv,
    unbilled,
)
from mockbatch.core.money.overlay import AS_OF
from mockbatch.core.money.prices import Prices, price_of
from mockbatch.core.money.rates import CLASSES, EXACT, TOKEN_CLASSES, Price
from mockbatch.core.money.spending import Dated, spending

PRICES = Prices()
NOTHING = Decimal(0)
ORIGIN = Origin("msgbatch_1", "row-1", "msg_1", "claude-opus-4-6", "wrkspc_1", None, "2026-11-22T00:00:00Z")


def billed(model: str, tier: str, **counts: int) -> Decimal:
    rates = price_of(model, AS_OF, TokenCounts(**counts).prompt_tokens)
    assert rates
    return cost(TokenCounts(**counts), rates, tier)


@pytest.mark.parametrize(
    ("model", "requests", "tokens_in", "tokens_out", "standard", "batch"),
    [
        ("claude-sonnet-4", 10_000, 8_000, 1_000, "390.00", "195.00"),
        ("claude-3-5-haiku-latest", 50_000, 500, 50, "30.00", "15.00"),
        ("claude-sonnet-4", 5_000, 1_000, 3_000, "240.00", "120.00"),
        ("claude-3-5-haiku-latest", 100_000, 2_000, 200, "240.00", "120.00"),
        ("claude-opus-4", 1_000, 10_000, 5_000, "525.00", "262.50"),
    ],
)
def test_the_monthly_examples(
    model: str, requests: int, tokens_in: int, tokens_out: int, standard: str, batch: str
) -> None:
    """Five workloads, to the cent."""
    counts = {"input": requests * tokens_in, "output": requests * tokens_out}
    rates = price_of(model, AS_OF)
    assert rates
    assert cost(TokenCounts(**counts), rates, "standard") == Decimal(standard)
    assert cost(TokenCounts(**counts), rates, "batch") == Decimal(batch)


@pytest.mark.parametrize(
    ("model", "kind", "standard", "batch"),
    [
        ("claude-opus-4", "input", "15", "7.50"),
        ("claude-opus-4", "output", "75", "37.50"),
        ("claude-sonnet-4", "input", "3", "1.50"),
        ("claude-sonnet-4", "output", "15", "7.50"),
        ("claude-3-5-haiku-20241022", "input", "0.80", "0.40"),
        ("claude-3-5-haiku-20241022", "output", "4", "2"),
        ("claude-sonnet-4", "cache_write_5m", "3.75", "1.875"),
        ("claude-sonnet-4", "cache_read", "0.30", "0.15"),
    ],
)
def test_a_million_tokens(model: str, kind: str, standard: str, batch: str) -> None:
    """Of each class; a token read from the cache in a batch is 95 % off."""
    assert billed(model, "standard", **{kind: 1_000_000}) == Decimal(standard)
    assert billed(model, "batch", **{kind: 1_000_000}) == Decimal(batch)
    if kind == "cache_read":
        assert 1 - Decimal(batch) / billed(model, "standard", input=1_000_000) == Decimal("0.95")


def test_a_shared_prompt_saves_what_was_promised() -> None:
    """10,000 documents with 5,000 tokens of system prompt, read from the batch cache."""
    saved = billed("claude-sonnet-4", "standard", input=50_000_000) - billed(
        "claude-sonnet-4", "batch", cache_read=50_000_000
    )
    assert saved == Decimal("142.50")


def test_real_bills() -> None:
    """Of batches and writes that people were billed for, and reported."""
    first = billed("claude-opus-4-6", "batch", input=9, output=25)
    assert first + billed("claude-opus-4-6", "batch", input=9, output=18) == Decimal("0.0005825")
    mixed = {"cache_write_5m": 600_000, "cache_write_1h": 400_000}
    assert billed("claude-opus-4-8", "standard", **mixed) == Decimal("7.75")
    assert billed("claude-opus-4-8", "batch", **mixed) == Decimal("3.875")
    assert billed("claude-opus-5", "standard", cache_write_1h=344_139) == Decimal("3.44139")
    assert billed("claude-opus-5", "batch", cache_write_1h=344_139) == Decimal("1.720695")


def test_an_entry_shows_how_its_amount_comes_about() -> None:
    """Class by class; web search is not discounted, what is free is not billed."""
    counts = TokenCounts(input=10, cache_write_1h=1000, output=5, web_search=3, web_fetch=1, code_execution=2)
    rates = price_of("claude-opus-4-6", AS_OF)
    entries = {entry.kind: entry for entry in entries_of(counts, ORIGIN, rates, "batch", "us")}
    assert list(entries) == ["input", "cache_write_1h", "output", "web_search", "web_fetch", "code_execution"]
    hour = entries["cache_write_1h"]
    assert (hour.list_rate, hour.cache_factor, hour.batch_factor, hour.geo_factor) == tuple(
        map(Decimal, ("0.000005", "2", "0.5", "1.1"))
    )
    assert hour.net == Decimal("0.0055")
    assert entries["web_search"].net == Decimal("0.03")
    assert (entries["web_fetch"].net, entries["web_fetch"].billed) == (NOTHING, False)
    assert entries["code_execution"].reason == "code_execution is free"


def test_what_has_no_price_is_null() -> None:
    """And says so; an unanswered request is not billed, and says why."""
    (entry,) = entries_of(TokenCounts(input=5), ORIGIN, None)
    assert (entry.net, entry.list_rate, entry.billed) == (None, None, False)
    assert entry.reason == "there is no price for claude-opus-4-6"
    failed = unbilled(ORIGIN, "expired")
    assert (failed.net, failed.billed, failed.reason) == (NOTHING, False, "expired")
    total = net([Sum(Account("none", 0, "0-200k", "global", "batch"), 1, TokenCounts(input=5))], AS_OF, PRICES)
    assert (total.net, total.unpriced) == (NOTHING, ("none",))


COUNTS = st.builds(TokenCounts, **dict.fromkeys(CLASSES, st.integers(0, 10**9)))
MODELS_PRICED = st.sampled_from(PRICES.models())
TIERS = st.sampled_from(["standard", "batch"])
GEOS = st.sampled_from(["global", "us", "not_available"])
USED = st.tuples(MODELS_PRICED, COUNTS, TIERS, GEOS)


@given(st.lists(USED, max_size=8))
def test_the_sum_of_the_rows_is_the_total(used: list[tuple[str, TokenCounts, str, str]]) -> None:
    """Exactly, and the same as with fractions."""
    sums, rows, fractions = Sums(), Decimal(0), Fraction(0)
    for model, counts, tier, geo in used:
        rates = PRICES.of(model, AS_OF, counts.prompt_tokens)
        assert rates
        sums.add(account_of(model, counts, tier, geo, rates), counts)
        for entry in entries_of(counts, ORIGIN, rates, tier, geo):
            assert entry.net is not None
            rows = EXACT.add(rows, entry.net)
            fractions += (
                Fraction(entry.quantity)
                * Fraction(rates.of(entry.kind))
                * (Fraction(1, 2) if tier == "batch" and entry.kind in TOKEN_CLASSES else 1)
                * (Fraction(11, 10) if geo == "us" and entry.kind in TOKEN_CLASSES else 1)
            )
    assert net(sums, AS_OF, PRICES).net == rows == fractions
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(sums.rows()), type=list[Sum])
    assert net(kept, AS_OF, PRICES).net == rows


@given(MODELS_PRICED, COUNTS, GEOS)
def test_a_batch_is_half_of_standard_class_by_class(model: str, counts: TokenCounts, geo: str) -> None:
    """Each entry, but for what is no token."""
    rates = PRICES.of(model, AS_OF, counts.prompt_tokens)
    for half, whole in zip(
        entries_of(counts, ORIGIN, rates, "batch", geo), entries_of(counts, ORIGIN, rates, "standard", geo), strict=True
    ):
        assert half.net is not None
        assert whole.net == half.net * (2 if half.kind in TOKEN_CLASSES else 1)


@given(st.lists(USED, max_size=4))
def test_no_amount_is_a_float(used: list[tuple[str, TokenCounts, str, str]]) -> None:
    """Nor anything else in an entry."""
    for model, counts, tier, geo in used:
        for entry in entries_of(counts, ORIGIN, PRICES.of(model, AS_OF, counts.prompt_tokens), tier, geo):
            assert not any(isinstance(getattr(entry, name), float) for name in entry.__struct_fields__)


@given(st.lists(USED, max_size=5))
def test_a_ledger_is_read_back_as_it_was_written(used: list[tuple[str, TokenCounts, str, str]]) -> None:
    """Every digit, and what is not there."""
    entries = [
        entry
        for model, counts, tier, geo in used
        for entry in entries_of(counts, ORIGIN, PRICES.of(model, AS_OF, counts.prompt_tokens), tier, geo)
    ]
    entries += [unbilled(ORIGIN, "errored"), *entries_of(TokenCounts(input=1), ORIGIN, None)]
    text = to_csv(entries)
    assert text.splitlines()[0].split(",") == list(COLUMNS)
    assert "E-" not in text
    assert from_csv(text) == entries


@pytest.mark.parametrize(("text", "message"), [("a,b\n1,2\n", "no column batch_id"), ("", "no column")])
def test_what_is_no_ledger_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_csv(text)
    with pytest.raises(ValueError, match="line 2 is not a ledger entry"):
        from_csv(",".join(COLUMNS) + "\n" + "x," * 17)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_flat_count_of_writes_is_the_sum_of_both(short: int, long: int, read: int) -> None:
    """Whatever usage says, the ledger says."""
    usage = wire.Usage(5, short + long, read, wire.CacheCreation(short, long), 7, "batch", "global")
    counts = counts_of(usage)
    assert counts.cache_write_5m + counts.cache_write_1h == usage.cache_creation_input_tokens
    assert counts.prompt_tokens == 5 + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
    assert counts.output == 7


def test_windows_meet_at_200_000() -> None:
    assert [context_window(tokens) for tokens in (200_000, 200_001)] == ["0-200k", "200k-1M"]


@given(st.lists(st.tuples(USED, st.sampled_from(["a", "b", None]), st.integers(0, 3)), max_size=8))
def test_groups_add_up_to_the_total(used: list[tuple[tuple[str, TokenCounts, str, str], str | None, int]]) -> None:
    """However they are grouped, also by class."""
    dated = [
        Dated(
            day * 86_400_000_000,
            AS_OF,
            account_of(model, counts, tier, geo, PRICES.of(model, AS_OF, counts.prompt_tokens)),
            1,
            counts,
            session=session,
            batch_id=session,
        )
        for (model, counts, tier, geo), session, day in used
    ]
    for group_by in ([], ["model"], ["day", "batch"], ["class"], ["session", "class", "service_tier"]):
        found = spending(dated, group_by, PRICES)
        for amount in ("net", "standard"):
            parts = [Fraction(getattr(group, amount)) for group in found.groups]
            assert sum(parts) == Fraction(getattr(found.total, amount))
        assert sum(group.requests for group in found.groups) == len(dated) or "class" in group_by


@given(
    st.lists(st.dates(date(2026, 1, 1), date(2026, 3, 31)).map(str), max_size=4, unique=True),
    st.lists(
        st.tuples(
            st.dates(date(2026, 1, 1), date(2026, 3, 31)).map(str),
            st.sampled_from(["own", "house", "claude-opus-5"]),
            st.integers(1, 99),
        ),
        max_size=12,
    ),
)
def test_each_day_has_its_own_price(changes: list[str], used: list[tuple[str, str, int]]) -> None:
    """The amounts are those of each usage at the prices of its day, whenever prices change."""
    ten = Decimal(10)
    prices = Prices([Price("own", Decimal(nth), ten, ten, ten, ten, since=day) for nth, day in enumerate(changes, 1)])
    dated = [
        Dated(0, day, account_of(model, TokenCounts(), "batch", "global", None), 1, TokenCounts(input=quantity))
        for day, model, quantity in used
    ]
    alone = [net([Sum(one.account, 1, one.counts)], one.priced, prices) for one in dated]
    total = spending(dated, [], prices).total
    if all(one.unpriced for one in alone):
        assert total.net == (None if alone else "0")
    else:
        assert total.net is not None
        assert Fraction(total.net) == sum(Fraction(one.net) for one in alone)


def test_groups_say_what_has_no_price() -> None:
    """A group of which nothing has a price has no amount; the rest is added up."""
    account = Account("my-model", 0, "0-200k", "global", "batch")
    known = Account("claude-opus-5", 0, "0-200k", "global", "batch")
    found = spending(
        [Dated(0, AS_OF, account, 1, TokenCounts(input=5)), Dated(0, AS_OF, known, 2, TokenCounts(output=40))],
        ["model"],
        PRICES,
    )
    assert [(group.by["model"], group.net, group.standard) for group in found.groups] == [
        ("claude-opus-5", "0.0005", "0.001"),
        ("my-model", None, None),
    ]
    assert (found.total.net, found.total.requests, found.unpriced) == ("0.0005", 3, ["my-model"])
    with pytest.raises(ValueError, match="Did you mean 'model'"):
        spending([], ["modle"], PRICES)


def test_merged_sums_are_the_sum() -> None:
    """Of a day, of its batches."""
    account = Account("claude-opus-5", 0, "0-200k", "global", "batch")
    parts = [Sums([Sum(account, 1, TokenCounts(input=number))]) for number in range(1, 4)]
    for one, other in pairwise(parts):
        other.merge(one)
    assert parts[-1].rows() == [Sum(account, 3, TokenCounts(input=6))]
    assert parts[-1].counts() == TokenCounts(input=6)
