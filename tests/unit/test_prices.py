"""Prices: every model by the cent, on its day, and whatever a user writes instead."""

from decimal import Decimal
from pathlib import Path

import pytest

from mockbatch.config import ConfigError, resolve
from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.money.overlay import AS_OF
from mockbatch.core.money.own_prices import parse_prices
from mockbatch.core.money.prices import Prices, price_of
from mockbatch.core.money.rates import TOKEN_CLASSES, ModelRates, Price, factors, plain

# USD per million tokens: input, write for 5 minutes, for an hour, read, output; of the documentation of 2026-11
PUBLISHED = """
claude-fable-5-2            8     10     16    0.20   40
claude-mythos-5-2           8     10     16    0.20   40
claude-fable-5-1            10    12.50  20    0.25   50
claude-mythos-5-1           10    12.50  20    0.25   50
claude-fable-5              10    12.50  20    1.00   50
claude-mythos-5             10    12.50  20    1.00   50
claude-opus-5-5             4     5      8     0.20   20
claude-opus-5               5     6.25   10    0.50   25
claude-opus-4-8             5     6.25   10    0.50   25
claude-opus-4-7             5     6.25   10    0.50   25
claude-opus-4-6             5     6.25   10    0.50   25
claude-opus-4-5-20251101    5     6.25   10    0.50   25
claude-sonnet-5-5           2     2.50   4     0.10   10
claude-sonnet-5             2     2.50   4     0.20   10
claude-sonnet-4-6           3     3.75   6     0.30   15
claude-sonnet-4-5-20250929  3     3.75   6     0.30   15
claude-haiku-5-5            0.10  0.125  0.20  0.01   0.50
claude-haiku-4-5-20251001   1     1.25   2     0.10   5
claude-opus-4-1-20250805    15    18.75  30    1.50   75
claude-opus-4-20250514      15    18.75  30    1.50   75
claude-sonnet-4-20250514    3     3.75   6     0.30   15
claude-3-7-sonnet-20250219  3     3.75   6     0.30   15
claude-3-5-haiku-20241022   0.80  1      1.60  0.08   4
claude-3-haiku-20240307     0.25  0.30   0.50  0.03   1.25
claude-3-opus-20240229      15    18.75  30    1.50   75
claude-3-5-sonnet-20241022  3     3.75   6     0.30   15
claude-3-5-sonnet-20240620  3     3.75   6     0.30   15
claude-3-sonnet-20240229    3     3.75   6     0.30   15
claude-2.1                  8     8      8     8      24
claude-2.0                  8     8      8     8      24
claude-instant-1.2          0.80  0.80   0.80  0.80   2.40
"""
TABLE = {line.split()[0]: tuple(map(Decimal, line.split()[1:])) for line in PUBLISHED.strip().splitlines()}
MILLION, ONE = Decimal(1_000_000), Decimal(1)


def per_million(rates: ModelRates | None) -> tuple[Decimal, ...]:
    assert rates
    return tuple(rates.of(kind) * MILLION for kind in TOKEN_CLASSES)


@pytest.mark.parametrize("model", TABLE)
def test_every_model_has_its_published_price(model: str) -> None:
    """By id and by every alias, for the shortest and the longest prompt that it takes."""
    for name in (model, *MODELS[model].aliases):
        assert per_million(price_of(name, AS_OF)) == TABLE[model]
    if model != "claude-haiku-5-5":
        assert price_of(model, AS_OF, MODELS[model].context) == price_of(model, AS_OF)


def test_no_model_is_without_a_price_but_one() -> None:
    """Nobody published one for the preview; null is not 0."""
    assert MODELS.keys() - TABLE.keys() == {"claude-mythos-preview"}
    assert price_of("claude-mythos-preview", AS_OF) is None


@pytest.mark.parametrize("name", ["claude-unknown", "gpt-5", "", "claude-haiku-4-5-mine"])
def test_an_unknown_model_has_no_price(name: str) -> None:
    """However much its name is like that of another."""
    assert price_of(name, AS_OF) is None


def test_haiku_5_5_costs_more_for_a_long_prompt() -> None:
    """All tokens of the request, from the first token over 100,000."""
    short, long = (per_million(price_of("claude-haiku-5-5", AS_OF, tokens)) for tokens in (100_000, 100_001))
    assert short == TABLE["claude-haiku-5-5"]
    assert long == tuple(map(Decimal, ("0.50", "0.625", "1.00", "0.05", "2.50")))


@pytest.mark.parametrize(
    ("model", "day", "tokens", "kind", "rate"),
    [
        ("claude-sonnet-5-5", "2026-10-06", 0, "cache_read", "0.20"),
        ("claude-sonnet-5-5", "2026-10-07", 0, "cache_read", "0.10"),
        ("claude-sonnet-5-5", "2026-10-06", 0, "output", "10"),
        ("claude-opus-4-6", "2026-03-12", 200_001, "input", "10"),
        ("claude-opus-4-6", "2026-03-12", 200_000, "input", "5"),
        ("claude-opus-4-6", "2026-03-13", 200_001, "input", "5"),
    ],
)
def test_a_price_is_that_of_the_day(model: str, day: str, tokens: int, kind: str, rate: str) -> None:
    """Also where it went down since."""
    rates = price_of(model, day, tokens)
    assert rates
    assert rates.of(kind) * MILLION == Decimal(rate)


@pytest.mark.parametrize("model", TABLE)
def test_a_batch_costs_half_of_every_token(model: str) -> None:
    """And nothing less of a search; the package knows the same of the batches that it knows."""
    from datetime import UTC, datetime

    from genai_prices.data import providers

    rates = price_of(model, AS_OF)
    assert rates
    for kind in TOKEN_CLASSES:
        batch, standard = (factors(rates, kind, tier, "global").rate for tier in ("batch", "standard"))
        assert batch * 2 == standard == rates.of(kind)
    assert factors(rates, "web_search", "batch", "us").rate == Decimal("0.01")
    known = next(provider for provider in providers if provider.id == "anthropic").find_model(model)
    if known and known.price_variants and model != "claude-haiku-5-5" and not model.startswith("claude-sonnet-4-5"):
        theirs = known.get_prices(datetime(2026, 11, 22, tzinfo=UTC), {"processing": "batch"})
        assert theirs.cache_write_1h_mtok == factors(rates, "cache_write_1h", "batch", "global").rate * MILLION


def test_what_is_run_in_the_us_costs_a_tenth_more() -> None:
    """Each class of tokens, on top of the other factors."""
    rates = price_of("claude-opus-5-5", AS_OF)
    assert rates
    assert factors(rates, "cache_read", "batch", "us").rate * MILLION == Decimal("0.11")
    found = factors(rates, "cache_read", "batch", "us")
    assert (found.list_rate * MILLION, found.cache, found.batch, found.geo) == (
        4,
        *map(Decimal, ("0.05", "0.5", "1.1")),
    )


def test_an_extra_model_costs_what_it_is_like() -> None:
    """Unless a price of its own says otherwise."""
    like = {"house": "claude-haiku-4-5-20251001"}
    assert Prices(like=like).of("house", AS_OF) == price_of("claude-haiku-4-5", AS_OF)
    own = [Price("house", ONE, ONE, ONE, ONE, ONE)]
    assert per_million(Prices(own, like).of("house", AS_OF)) == (ONE,) * 5
    assert Prices(like=like).models()[-1] == "house"
    assert [price.model for price in Prices(like=like).table(AS_OF)][-1] == "house"


OWN = """
as_of = "2026-12-01"

[[price]]
model = "claude-haiku-4-5"
input = 0.0625
cache_write_5m = "0.1"
cache_write_1h = 1
cache_read = 0.01
output = 3
since = 2026-06-01

[[price]]
model = "claude-haiku-4-5"
input = 1
cache_write_5m = 1
cache_write_1h = 1
cache_read = 1
output = 1
web_search = 0
since = 2026-06-01
above = 50_000
"""


def test_own_prices_go_before_the_others() -> None:
    """From their day on, for their prompts; exact, whatever way they are written."""
    own = parse_prices(OWN)
    assert own.as_of == "2026-12-01"
    prices = Prices(own.prices)
    expected = tuple(map(Decimal, ("0.0625", "0.1", "1", "0.01", "3")))
    assert per_million(prices.of("claude-haiku-4-5-20251001", AS_OF, 50_000)) == expected
    assert per_million(prices.of("claude-haiku-4-5", AS_OF, 50_001)) == (ONE,) * 5
    assert prices.of("claude-haiku-4-5", "2026-05-31") == price_of("claude-haiku-4-5", AS_OF)
    rates = prices.of("claude-haiku-4-5", AS_OF)
    assert rates
    assert plain(rates.input) == "0.0000000625"


GOOD = OWN[OWN.index("[[price]]") : OWN.index("since")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD.replace("output = 3", "output = -3"), "claude-haiku-4-5: output is -3, and a price is 0 or more"),
        (GOOD.replace("output = 3", ""), "claude-haiku-4-5: output is missing"),
        (GOOD.replace("output = 3", "output = nan"), "claude-haiku-4-5: output is NaN, and a price is 0 or more"),
        (GOOD.replace("output = 3", "output = true"), "claude-haiku-4-5: output is not an amount"),
        (GOOD.replace("output = 3", 'output = "x"'), "claude-haiku-4-5: output is 'x', which is not an amount"),
        (GOOD + "outptu = 3", "claude-haiku-4-5 has an unknown key outptu. Did you mean output?"),
        (GOOD + 'since = "soon"', "claude-haiku-4-5: since is 'soon', which is not a date like 2026-01-01"),
        (GOOD + "above = -1", "claude-haiku-4-5: above is -1, which is not a number of tokens"),
        (GOOD + GOOD, "claude-haiku-4-5 has two prices for the same days and prompts"),
        (GOOD.replace("model", "modle"), "price 1 has no model"),
        ("prices = []", "the file has an unknown key prices. Did you mean price?"),
        ("", "it has no [[price]]"),
        ("[[price]", "Expected ']]'"),
    ],
)
def test_a_wrong_price_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    """At the start, with one sentence that names the file."""
    file = tmp_path / "prices.toml"
    file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        resolve({"prices": str(file)}, {}, None, tmp_path)
    assert str(caught.value).startswith(f"flag --prices: {file}: ")
    assert message in str(caught.value)


def test_a_price_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"flag --prices: .*No such file.*none\.toml"):
        resolve({"prices": str(tmp_path / "none.toml")}, {}, None, tmp_path)


def test_no_price_is_made_twice_for_days_between_two_changes() -> None:
    """However many days and models are asked about, no more is kept."""
    one = Decimal(1)
    prices = Prices([Price("own", one, one, one, one, one, since=day) for day in ("2026-01-01", "2026-02-01")])
    january, february = (prices.of("own", day) for day in ("2026-01-01", "2026-02-01"))
    assert prices.of("own", "2025-12-31") is None
    assert prices.of("own", "2026-01-31") is january
    assert prices.of("own", "2030-01-01") is february


def test_the_listed_prices_are_those_of_the_package() -> None:
    """`python -m tests.tools.make_prices` writes them."""
    from tests.tools.make_prices import TARGET, source

    assert source() == TARGET.read_text()
