"""What the commands about money share: which prices hold, and how amounts are shown."""

from decimal import ROUND_HALF_EVEN, Decimal

import click

from mockbatch.cli import configured
from mockbatch.config import OPTIONS, Config
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import plain
from mockbatch.service.settings import prices_of

_FINE = Decimal("0.000001")
_CENT = Decimal("0.01")


def price_options() -> list[click.Parameter]:
    """The options that say which prices hold."""
    return [
        click.Option(["--prices"], metavar="PATH", help=OPTIONS["prices"].help),
        click.Option(["--extra-models"], multiple=True, metavar="NAME=MODEL", help=OPTIONS["extra_models"].help),
        click.Option(["--config"], metavar="PATH", help="Read options from this file."),
        click.Option(
            ["--day"], metavar="DAY", help="Prices of this day, like 2026-11-22; by default the newest known."
        ),
    ]


def priced(prices: str | None, extra_models: tuple[str, ...], config: str | None) -> tuple[Config, Prices]:
    """The configuration and the prices of these options. Raises BadConfig."""
    found, _ = configured({"prices": prices, "extra_models": extra_models, "config": config})
    return found, prices_of(found)


def day_of(text: str | None, prices: Prices) -> str:
    """The day that an option names, or that of the price list. Raises BadParameter."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() if text else prices.as_of
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a day; write it like 2026-11-22", param_hint="--day") from None


def dollars(amount: Decimal | None) -> str:
    """An amount for people: cents, and more digits only where there are hardly any cents."""
    if amount is None:
        return "no price"
    if amount and abs(amount) < 1:
        return f"${plain(amount.quantize(_FINE, ROUND_HALF_EVEN))}"
    return f"${amount.quantize(_CENT, ROUND_HALF_EVEN):,}"


def exact(amount: Decimal | None) -> str | None:
    """An amount for machines: all of its digits."""
    return None if amount is None else plain(amount)
