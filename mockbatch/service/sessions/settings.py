"""The settings of a session: the options of the server, overridden by its own."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.config import Config, ConfigError, overridden
from mockbatch.config import check_sent as check_options
from mockbatch.core.batch import Profile
from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.limits import RateLimits
from mockbatch.core.contract.params import Validation
from mockbatch.core.money.prices import Prices
from mockbatch.core.replies.draft import ReplyError
from mockbatch.core.time.clock import Clock


class Limits(Struct, frozen=True):
    """The limits of a batch."""

    max_requests: int
    max_bytes: int


class Settings(Struct, frozen=True):
    """The settings that apply to the calls of a session."""

    profile: Profile
    limits: Limits
    rates: RateLimits
    models: Models
    validation: Validation
    poll_advances: int
    gzip_from: int | None


def settings_of(config: Config, delay: str | None = None) -> Settings:
    """Return the settings of a session under these options; `delay` is the recorded one, used unless configured."""
    profile = config.profile()
    if delay is not None and config.takes_its_time:
        profile = replace(profile, wait="0s", delay=delay, never=0.0)
    return Settings(
        profile,
        Limits(config.max_requests, config.max_bytes),
        config.rate_limits(),
        config.catalogue(),
        config.validation,
        config.poll_advances,
        config.gzip_from,
    )


def clock_of(config: Config, real: int) -> Clock:
    """Return the clock of a session that opens at a real instant."""
    start = real if config.clock_start is None else config.clock_start
    return Clock(real, start, config.speedup, config.frozen)


def config_of(base: Config, options: Mapping[str, Any]) -> Config:
    """Return the options of a server with overrides. Raises InvalidRequest for unknown or server-wide ones."""
    try:
        config = overridden(base, options)
        check_functions(config)
        return config
    except ConfigError as error:
        raise InvalidRequest(str(error)) from None


def check_sent(options: Mapping[str, Any]) -> None:
    """Raise InvalidRequest for options not allowed over HTTP because they name a file or code."""
    try:
        check_options(options)
    except ConfigError as error:
        raise InvalidRequest(str(error)) from None


def check_functions(config: Config) -> None:
    """Raise ConfigError for a reply function that does not exist."""
    for rule in config.all_rules():
        if isinstance(rule.reply, dict) and "callable" in rule.reply:
            # imported lazily: it loads all kinds of replies
            from mockbatch.service.sessions.functions import function_of

            try:
                function_of(rule.reply["callable"])
            except ReplyError as error:
                raise ConfigError(f"rule {rule.name!r}: {error}") from None


def prices_of(config: Config) -> Prices:
    """Return the prices under a configuration."""
    like = {model.id: model.like for model in config.extra_models if model.like}
    if config.prices is None:
        return Prices(like=like)
    return Prices(config.prices.prices, like, config.prices.as_of)
