"""Make the list prices of models from the package genai-prices.

Run as `python -m tests.tools.make_prices`. Kept as data, so that no other version of the package bills differently and
none has to be installed: it needs a newer pydantic than many projects have.
"""

from decimal import Decimal
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from genai_prices.data import providers

from mockbatch.core.contract.catalog import MODELS, Model
from mockbatch.core.money.overlay import SAME_AS
from mockbatch.core.money.rates import Price

TARGET: Final = Path(__file__).parents[2] / "mockbatch" / "core" / "money" / "listed.py"
HEAD: Final = '''"""List prices of the package genai-prices {version}, made by tests/tools/make_prices.py."""

from decimal import Decimal

from mockbatch.core.money.rates import Price

_CLASSES = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search")


def _price(model: str, amounts: str, since: str = "", above: int = 0) -> Price:
    """Return the price that has these amounts, class by class."""
    known = dict(zip(_CLASSES, map(Decimal, amounts.split()), strict=True))
    return Price(model, **known, since=since, above=above)


LISTED: tuple[Price, ...] = (
'''

_NAMES: Final = {
    "input": "input_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "cache_read": "cache_read_mtok",
    "output": "output_mtok",
    "web_search": "web_searches_kcount",
}
_OF_CACHE: Final = ("cache_write_5m", "cache_write_1h", "cache_read")


@cache
def provider() -> Any:
    """Return what the package knows of the provider."""
    return next(provider for provider in providers if provider.id == "anthropic")


def listed() -> tuple[Price, ...]:
    """Return the prices that the package has for the models of the catalogue."""
    found = ((model, provider().find_model(SAME_AS.get(model.id, model.id))) for model in MODELS.values())
    return tuple(price for model, known in found if known for price in _listed(model, known))


def source() -> str:
    """Return the text of the module."""
    lines = "".join(f"    {_line(price)},\n" for price in listed())
    return f"{HEAD.format(version=version('genai-prices'))}{lines})\n"


def _line(price: Price) -> str:
    amounts = " ".join(str(getattr(price, name)) for name in _NAMES)
    since = f', since="{price.since}"' if price.since else ""
    above = f", above={price.above:_}" if price.above else ""
    return f'_price("{price.model}", "{amounts}"{since}{above})'


def _listed(model: Model, known: Any) -> list[Price]:
    """The prices of the package for a model; without tiers that no prompt can reach."""
    dated = known.prices if isinstance(known.prices, list) else [known]
    return [
        _price(model.id, entry.prices, above, _since(entry))
        for entry in dated
        for above in _tiers(entry.prices)
        if above < model.context
    ]


def _since(entry: Any) -> str:
    constraint = getattr(entry, "constraint", None)
    return constraint.start_date.isoformat() if constraint else ""


def _tiers(prices: Any) -> list[int]:
    tiers = getattr(prices.input_mtok, "tiers", ())
    return [0, *(tier.start for tier in tiers)]


def _price(model: str, prices: Any, above: int, since: str) -> Price:
    amounts = {name: _at(getattr(prices, theirs), above) for name, theirs in _NAMES.items()}
    known = {name: amount for name, amount in amounts.items() if amount is not None}
    # models of before the cache read and write nothing there
    return Price(model, **dict.fromkeys(_OF_CACHE, known["input"]) | known, since=since, above=above)


def _at(price: Any, above: int) -> Decimal | None:
    """A price at a tier: those of the package are decimals, alone or with tiers."""
    amount: Decimal | None = getattr(price, "base", price)
    for tier in getattr(price, "tiers", ()):
        if tier.start <= above and above:
            amount = tier.price
    return amount


if __name__ == "__main__":
    TARGET.write_text(source())
