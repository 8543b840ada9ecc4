"""A tracker against the ledger: each way to be wrong is found and named."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.money.ledger import LedgerEntry, Origin, TokenCounts, entries_of, unbilled
from mockbatch.core.money.mistakes import MISTAKES, Mistake, amount_of, bill_of
from mockbatch.core.money.overlay import AS_OF
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import plain
from mockbatch.core.money.reconcile import Reconciliation, reconcile
from mockbatch.core.money.tracker import parse_tracker
from mockbatch.core.table import parse_table

PRICES = Prices()
CACHED = TokenCounts(
    input=1_013, cache_write_5m=3_001, cache_write_1h=2_048, cache_read=70_001, output=507, web_search=3
)


def entries(
    name: str = "row-1", counts: TokenCounts = CACHED, model: str = "claude-opus-4-6", geo: str = "us"
) -> list[LedgerEntry]:
    origin = Origin("msgbatch_1", name, f"msg_{name}", model, None, None, f"{AS_OF}T00:00:00Z")
    return entries_of(counts, origin, PRICES.of(model, AS_OF, counts.prompt_tokens), "batch", geo)


def net(found: list[LedgerEntry]) -> Decimal:
    return sum((entry.net or Decimal(0) for entry in found), Decimal(0))


def compared(text: str, ledger: list[LedgerEntry] | None = None) -> Reconciliation:
    return reconcile(parse_tracker(parse_table(text)), entries() if ledger is None else ledger, PRICES)


def reasons(cost: Decimal | str, ledger: list[LedgerEntry] | None = None) -> list[str]:
    """Why a tracker says that much of the only row."""
    told = cost if isinstance(cost, str) else plain(cost)
    found = compared(f"custom_id,cost_usd\nrow-1,{told}\n", ledger)
    return found.differences[0].reasons if found.differences else []


def test_what_agrees_is_clean() -> None:
    """To the last digit, or to the millionth that most write."""
    exact = net(entries())
    for cost in (plain(exact), str(exact.quantize(Decimal("0.000001"), ROUND_HALF_UP))):
        found = compared(f"custom_id,cost_usd\nrow-1,{cost}\n")
        assert (found.clean, found.matched, found.ledger_total) == (True, 1, plain(exact))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.words)
def test_each_mistake_is_found(mistake: Mistake) -> None:
    """From the amount alone, exact or rounded to the millionth."""
    model = "claude-opus-5-5" if "a tenth" in mistake.words else "claude-opus-4-6"
    ledger = entries(model=model)
    wrong = amount_of(mistake.change(bill_of(ledger)))
    for cost in (wrong, wrong.quantize(Decimal("0.000001"), ROUND_HALF_UP)):
        (reason,) = reasons(cost, ledger)
        assert all(part in reason for part in mistake.words.split("{}"))


def test_a_reason_tells_of_how_many_tokens() -> None:
    """As one would write it to the author of the tracker."""
    hour = entries(counts=TokenCounts(cache_write_1h=2_048), geo="global")
    found = compared("custom_id,cost\nrow-1,0.0064\n", hour)
    (difference,) = found.differences
    assert difference.reasons == ["5m rate on 2,048 1h-write tokens"]
    assert (difference.ledger, difference.difference, difference.lines) == ("0.01024", "-0.00384", [2])


def test_two_mistakes_at_once_are_found() -> None:
    """Where no single one explains it."""
    by_words = {mistake.words: mistake for mistake in MISTAKES}
    bill = by_words["batch discount missing"].change(bill_of(entries()))
    bill = by_words["5m rate on {} 1h-write tokens"].change(bill)
    assert set(reasons(amount_of(bill))) == {"batch discount missing", "5m rate on 2,048 1h-write tokens"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda right: right * 100, "cents read as dollars"),
        (lambda right: right / 100, "dollars read as cents"),
        (lambda right: right * 0, "recorded as 0: does the tracker know claude-opus-4-6?"),
        (lambda right: right * 8, "counted 8 times"),
        (lambda right: right.quantize(Decimal("0.01")), "rounded to 2 decimals"),
    ],
)
def test_a_wrong_factor_is_found(change: Callable[[Decimal], Decimal], reason: str) -> None:
    """Where the whole row is off."""
    assert reasons(change(net(entries(geo="global"))), entries(geo="global")) == [reason]


def test_the_rate_of_short_prompts_on_a_long_one_is_found() -> None:
    """Haiku 5.5 costs five times as much there."""
    long = TokenCounts(input=150_000, output=100)
    ledger = entries(counts=long, model="claude-haiku-5-5", geo="global")
    short = (Decimal("0.05") * 150_000 + Decimal("0.25") * 100) / 1_000_000
    assert reasons(short, ledger) == ["the rate of prompts up to 100,000 tokens on a longer one"]


def test_what_nothing_explains_has_no_reason() -> None:
    """Better none than a wrong one."""
    found = compared("custom_id,cost\nrow-1,0.123456789\n")
    assert found.differences[0].reasons == []
    assert not found.clean


def test_rows_that_come_twice_are_named_with_their_lines() -> None:
    """The sum is compared, so each is right by itself."""
    cost = plain(net(entries()))
    found = compared(f"custom_id,cost\nrow-1,{cost}\nrow-1,{cost}\n")
    assert (found.differences[0].reasons, found.differences[0].lines) == (["counted 2 times"], [2, 3])


def test_a_failed_row_that_is_billed_is_named() -> None:
    """One that is not, agrees."""
    origin = Origin("msgbatch_1", "row-1", None, "claude-opus-5", None, None, f"{AS_OF}T00:00:00Z")
    assert reasons("0.01", [unbilled(origin, "expired")]) == ["billed, though expired"]
    assert compared("custom_id,cost\nrow-1,0\n", [unbilled(origin, "expired")]).clean


def test_everything_that_cannot_be_compared_is_named() -> None:
    """And the rest is compared all the same."""
    cost = plain(net(entries()))
    found = compared(
        f"custom_id,cost,currency,costt,xyz\nrow-1,{cost},USD,\nrow-9,1,USD,\nrow-1,1,EUR,\n,1,USD,\nrow-1,much,USD,\n",
        [*entries(), *entries("row-2")],
    )
    assert found.matched == 1
    assert found.unmatched == ["row-9"]
    assert found.missing == ["row-2"]
    assert found.unknown_columns == ["costt. Did you mean cost?"]
    assert found.notes == ["columns that were not compared: xyz"]
    assert found.currencies == ["line 4 (row-1) is in EUR"]
    assert found.problems == ["line 5 has no custom_id", "line 6 (row-1): the cost 'much' is not a number"]
    assert not found.clean


def test_what_has_no_price_is_a_problem_and_no_match() -> None:
    """Null is not 0."""
    ledger = entries(model="my-model")
    found = compared("custom_id,cost\nrow-1,0\n", ledger)
    assert (found.matched, found.compared) == (0, 0)
    assert found.problems == [
        "row-1 has no price in the ledger: my-model",
        "nothing was compared: 1 row of the tracker cannot be",
    ]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("custom_id,cost_usd", "row-1,{}"),
        ("Custom ID,Total Cost USD", "row-1,${}"),
        ("message_id,net", "msg_row-1,{}"),
        ("batch_id,custom_id,spend", "msgbatch_1,row-1,{}"),
        ("msg_id,cost_cents", "msg_row-1,{cents}"),
    ],
)
def test_columns_have_many_names(head: str, row: str) -> None:
    """Of a row, of a message; in dollars, in cents."""
    cost = net(entries())
    text = f"{head}\n{row.format(plain(cost), cents=plain(cost * 100))}\n"
    assert compared(text).clean
    assert compared("\ufeff" + text).clean


def test_classes_are_compared_one_by_one_where_the_tracker_has_them() -> None:
    """So the wrong one is the one that is named."""
    rows = [f"row-1,{entry.kind},{entry.net}" for entry in entries()]
    wrong = rows[0].rpartition(",")[0] + ",1"
    assert compared("custom_id,class,cost\n" + "\n".join(rows)).clean
    found = compared("custom_id,class,cost\n" + "\n".join([wrong, *rows[1:]]))
    assert [difference.id for difference in found.differences] == ["row-1 input"]


def test_tokens_are_compared_where_the_tracker_has_them() -> None:
    """With a cost or without; the flat count of writes is the sum of both."""
    head = "custom_id,input_tokens,cache_creation_input_tokens,ephemeral_1h_input_tokens\n"
    assert compared(f"{head}row-1,1013,5049,2048\n").clean
    found = compared(f"{head}row-1,1013,5049,0\n")
    assert found.differences[0].reasons == ["ephemeral_1h_input_tokens are 0 instead of 2,048"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column with a cost"),
        ("custom_id,price_of_it\na,1\n", "no column with a cost"),
        ("model,cost\na,1\n", "no column that identifies the request"),
    ],
)
def test_what_is_no_tracker_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_tracker(parse_table(text))


@given(st.lists(st.builds(TokenCounts, st.integers(1, 10**6), *[st.integers(0, 10**6)] * 5), min_size=1, max_size=5))
def test_the_ledger_agrees_with_itself(counts: list[TokenCounts]) -> None:
    """Whatever is in it."""
    ledger = [entry for index, one in enumerate(counts) for entry in entries(f"row-{index}", one)]
    names = {entry.custom_id or "" for entry in ledger}
    rows = [f"{name},{plain(net([e for e in ledger if e.custom_id == name]))}" for name in sorted(names)]
    found = compared("custom_id,cost\n" + "\n".join(rows), ledger)
    assert found.clean
    assert found.tracker_total == found.ledger_total
