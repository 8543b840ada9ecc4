"""Shared by the commands about money: price options and formatting of amounts."""

from decimal import ROUND_HALF_EVEN, Decimal

import click

from mockbatch.cli import configured
from mockbatch.config import OPTIONS, Config
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import plain
from mockbatch.service.sessions.settings import prices_of

_FINE = Decimal("0.000001")
_CENT = Decimal("0.01")


def price_options() -> list[click.Parameter]:
    """Return the options that select prices."""
    return [
        click.Option(["--prices"], metavar="PATH", help=OPTIONS["prices"].help),
        click.Option(["--extra-models"], multiple=True, metavar="NAME=MODEL", help=OPTIONS["extra_models"].help),
        click.Option(["--config"], metavar="PATH", help="Read options from this file."),
        click.Option(
            ["--day"], metavar="DAY", help="Use the prices of this day, e.g. 2026-11-22; default: the newest known."
        ),
    ]


def priced(prices: str | None, extra_models: tuple[str, ...], config: str | None) -> tuple[Config, Prices]:
    """Return the configuration and the prices for these options. Raises BadConfig."""
    found, _ = configured({"prices": prices, "extra_models": extra_models, "config": config})
    return found, prices_of(found)


def day_of(text: str | None, prices: Prices) -> str:
    """Parse a day; without one, return that of the price list. Raises BadParameter."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() if text else prices.as_of
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a day; write it like 2026-11-22", param_hint="--day") from None


def dollars(amount: Decimal | None) -> str:
    """Format an amount for people: in cents, with more digits below a dollar."""
    if amount is None:
        return "no price"
    if amount and abs(amount) < 1:
        return f"${plain(amount.quantize(_FINE, ROUND_HALF_EVEN))}"
    return f"${amount.quantize(_CENT, ROUND_HALF_EVEN):,}"


def exact(amount: Decimal | None) -> str | None:
    """Format an amount for machines, with all digits."""
    return None if amount is None else plain(amount)
