"""A user's own prices: `prices.toml`, read as decimals.

as_of = "2026-11-22"

[[price]]
model = "house-model"
input = 0.10            # USD per million tokens
cache_write_5m = 0.125
cache_write_1h = 0.20
cache_read = 0.01
output = 0.50
web_search = 10         # optional: USD per thousand
since = 2026-01-01      # optional: the first day on which it holds
above = 100_000         # optional: for all tokens of requests with a longer prompt
"""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Struct

from mockbatch.core.money.overlay import AS_OF
from mockbatch.core.money.rates import TOKEN_CLASSES, Price
from mockbatch.core.suggestions import did_you_mean

_KEYS = ("model", *TOKEN_CLASSES, "web_search", "since", "above")


class OwnPrices(Struct, frozen=True):
    """The contents of a price file."""

    prices: tuple[Price, ...] = ()
    as_of: str = AS_OF


def parse_prices(text: str) -> OwnPrices:
    """Parse prices from TOML. Raises ValueError with a one-sentence message."""
    # imported lazily: most starts have no price file
    import tomllib

    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(str(error)) from None
    _refuse_unknown(content, ("as_of", "price"), "the file")
    entries = content.get("price")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("it has no [[price]]")
    prices = tuple(_price(entry, index) for index, entry in enumerate(entries, 1))
    _refuse_doubles(prices)
    return OwnPrices(prices, _day(content.get("as_of", AS_OF), "as_of"))


def _price(entry: dict[str, Any], index: int) -> Price:
    model = entry.get("model")
    if not isinstance(model, str) or not model:
        raise ValueError(f"price {index} has no model")
    _refuse_unknown(entry, _KEYS, model)
    amounts = {name: _amount(entry.get(name), f"{model}: {name}") for name in TOKEN_CLASSES}
    if "web_search" in entry:
        amounts["web_search"] = _amount(entry["web_search"], f"{model}: web_search")
    since = _day(entry["since"], f"{model}: since") if "since" in entry else ""
    return Price(model, **amounts, since=since, above=_length(entry.get("above", 0), model))


def _amount(value: Any, where: str) -> Decimal:
    if value is None:
        raise ValueError(f"{where} is missing")
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(f"{where} is not an amount")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{where} is {value!r}, which is not an amount") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{where} is {amount}, and a price is 0 or more")
    return amount


def _day(value: Any, where: str) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(f"{where} is {str(value)!r}, which is not a date like 2026-01-01") from None


def _length(value: Any, model: str) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{model}: above is {value!r}, which is not a number of tokens")
    return value


def _refuse_unknown(table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"{where} has an unknown key {key}.{did_you_mean(key, known, str)}")


def _refuse_doubles(prices: tuple[Price, ...]) -> None:
    seen = set()
    for price in prices:
        place = (price.model, price.since, price.above)
        if place in seen:
            raise ValueError(f"{price.model} has two prices for the same days and prompts")
        seen.add(place)
