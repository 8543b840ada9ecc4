"""All server options. Flags, environment variables, the configuration file and the docs are derived from this list."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, cast, get_args

from msgspec import Struct

from mockbatch.config import parsers
from mockbatch.config.options import OPTIONS, option
from mockbatch.core.batch import Profile, ResultsOrder
from mockbatch.core.cassette.matching import MATCH_ON, Mode
from mockbatch.core.contract.catalog import Model, Models, Policy
from mockbatch.core.contract.limits import TIERS, RateLimits
from mockbatch.core.contract.params import Validation
from mockbatch.core.money.cache_hits import HITS, CacheSettings, parse_hits, parse_scope
from mockbatch.core.money.cache_hits import Scope as CacheScope
from mockbatch.core.rules import presets as rule_presets
from mockbatch.core.rules.match import check
from mockbatch.core.rules.options import LARGEST_COUNT, RuleError
from mockbatch.core.rules.rules import Rule, hides, parse_rule, together
from mockbatch.core.seeded_hash import LuckBy
from mockbatch.core.sizes import parse_size
from mockbatch.core.time.delays import PRESETS
from mockbatch.core.time.spans import parse_instant, parse_span

if TYPE_CHECKING:
    from mockbatch.core.money.own_prices import OwnPrices

_SHARE = parsers.between(0, 1, float)


class Config(Struct, frozen=True, kw_only=True):
    """The options of a server. Spans are in microseconds, instants in microseconds since 1970, sizes in bytes."""

    host: str = option("host", "data", "127.0.0.1", "The address to listen on.", of_server=True)
    port: int = option(
        "port",
        "data",
        8787,
        "The port to listen on; 0 picks a free one.",
        parsers.between(0, 65535),
        "PORT",
        of_server=True,
    )
    public_url: str | None = option(
        "public_url",
        "data",
        None,
        "Base of `results_url`; default: the address that the client used.",
        parsers.url,
        "URL",
        of_server=True,
    )
    allow_host: tuple[str, ...] = option(
        "allow_host",
        "data",
        (),
        "Another host name under which browsers may use the dashboard and the control plane.",
        parsers.names,
        "HOST",
        many=True,
        of_server=True,
    )
    db: str | None = option(
        "db",
        "file",
        None,
        "Store everything in this SQLite file; by default all is lost when the server stops.",
        str,
        "PATH",
        of_server=True,
    )
    durability: str = option(
        "durability",
        "data",
        "process",
        "Durability of --db: acknowledged batches survive a crash of the `process`, or a `power` failure too (slower).",
        parsers.choice("process", "power"),
        "process|power",
        of_server=True,
    )
    seed: int = option("seed", "data", 0, "The seed of all random choices.", parsers.between(0, 2**63 - 1), "NUMBER")
    speedup: float = option(
        "speedup", "data", 1.0, "Virtual seconds per real second.", parsers.between(0, 1e9, float), "FACTOR"
    )
    clock_start: int | None = option(
        "clock_start",
        "data",
        None,
        "The virtual time at which sessions start; default: the real time.",
        parse_instant,
        "TIME",
    )
    frozen: bool = option("frozen", "data", False, "Freeze virtual time; it moves only when advanced.", parsers.flag)
    progression: str = option(
        "progression",
        "data",
        "time",
        "When batches end: as virtual `time` passes, at the first retrieve (`immediate`), or at the Nth (`polls:N`).",
        parsers.progression,
        "time|immediate|polls:N",
    )
    poll_advances: int = option(
        "poll_advances",
        "data",
        0,
        "Advance virtual time by this much at each retrieve of an unfinished batch, e.g. 5m.",
        parse_span,
        "SPAN",
    )
    delay_preset: str = option(
        "delay_preset",
        "data",
        "realistic",
        "; ".join(f"`{name}`: {preset.summary}" for name, preset in PRESETS.items()) + ".",
        parsers.choice(*PRESETS),
        "|".join(PRESETS),
    )
    wait: str | None = option(
        "wait",
        "file",
        None,
        "How long a batch waits before processing starts; replaces the preset's.",
        parsers.delay,
        "DELAY",
        is_data=parsers.is_inline_delay,
    )
    delay: str | None = option(
        "delay",
        "file",
        None,
        "How long each request then takes; replaces the preset's.",
        parsers.delay,
        "DELAY",
        is_data=parsers.is_inline_delay,
    )
    never: float | None = option(
        "never", "data", None, "The share of requests that never finish and so expire.", _SHARE, "SHARE"
    )
    capacity: int | None = option(
        "capacity",
        "data",
        None,
        "The number of requests a session processes concurrently; default: unlimited.",
        parsers.between(1, 1_000_000),
        "NUMBER",
    )
    cancel_delay: int = option(
        "cancel_delay",
        "data",
        25_000_000,
        "How long a cancel takes; requests in flight may finish meanwhile.",
        parse_span,
        "SPAN",
    )
    fault: tuple[Rule, ...] = option(
        "fault",
        "data",
        (),
        "Arm a fault, e.g. results.cut,after_items=73,how=reset,times=1; `mockbatch faults` lists all.",
        parsers.faults,
        "FAULT,KEY=VALUE...",
        many=True,
        separator="\n",
    )
    preset: str | None = option(
        "preset",
        "data",
        None,
        "A named set of options and rules; options and rules of your own take precedence. "
        + "; ".join(f"`{name}`: {preset.summary}" for name, preset in rule_presets.PRESETS.items())
        + ".",
        parsers.choice(*rule_presets.PRESETS),
        "|".join(rule_presets.PRESETS),
    )
    owner: str = ""
    """The token of the process that started the server; with it, files and functions may be named over HTTP."""
    files: tuple[str, ...] = ()
    """The configuration files read."""
    origins: Mapping[str, str] = {}
    """The origin of each option that was set, in words."""
    rules: tuple[Rule, ...] = ()
    """The rules of a session, followed by those of the configuration file."""
    mix: str | None = option(
        "mix", "data", None, "The shares of succeeded/errored/expired/canceled rows, e.g. 90/5/3/2.", parsers.mix, "MIX"
    )
    replies: str | None = option(
        "replies",
        "code",
        None,
        "A Python function that makes the reply to a request if no rule does; the current directory is importable.",
        parsers.function,
        "MODULE:FUNCTION",
    )
    tokens: str = option(
        "tokens",
        "data",
        "counted",
        "Token usage: `counted`, or constant, e.g. `fixed:input=1000,output=200`.",
        parsers.tokens,
        "counted|fixed:input=N,output=N",
    )
    cache_hits: str = option(
        "cache_hits",
        "data",
        "first_writes",
        "Simulated prompt cache hits of the rows of a batch: "
        + "; ".join(f"`{name}`: {summary}" for name, summary in HITS.items())
        + ".",
        parse_hits,
        "|".join(HITS),
    )
    cache_scope: CacheScope = option(
        "cache_scope",
        "data",
        "separate",
        "Whether batches and /v1/messages have `separate` prompt caches or a `shared` one.",
        parse_scope,
        "|".join(get_args(CacheScope)),
    )
    report_lag: int = option(
        "report_lag",
        "data",
        0,
        "How far the usage and cost reports lag behind, in virtual time, e.g. 5m.",
        parse_span,
        "SPAN",
    )
    spend_limit: Decimal | None = option(
        "spend_limit",
        "data",
        None,
        "The USD a session may spend per calendar month; replaces the tier's limit.",
        parsers.amount,
        "USD",
    )
    fail_rate: float = option("fail_rate", "data", 0.0, "The share of requests that end as `errored`.", _SHARE, "SHARE")
    fail_attempts: int | None = option(
        "fail_attempts",
        "data",
        None,
        "How many times --fail-rate fails the same request before it passes; default: every time.",
        parsers.between(1, LARGEST_COUNT),
        "NUMBER",
    )
    luck_by: LuckBy = option(
        "luck_by",
        "data",
        "custom_id",
        "What selects, with the seed, the rows that fail: their `custom_id`, or their `content`, for programs "
        "whose custom_ids differ in each run.",
        parsers.choice(*get_args(LuckBy)),
        "|".join(get_args(LuckBy)),
    )
    results_order: str = option(
        "results_order",
        "data",
        "shuffled",
        "The order of the rows in the results.",
        parsers.choice(*get_args(ResultsOrder)),
        "|".join(get_args(ResultsOrder)),
    )
    validation: Validation = option(
        "validation",
        "data",
        "api",
        "When requests are validated: `api`: after create, as the API does, with errors in the results; `early`: at "
        "create, with a 400; `off`: never.",
        parsers.choice(*get_args(Validation)),
        "|".join(get_args(Validation)),
    )
    models: Policy = option(
        "models",
        "data",
        "known",
        "Which models exist: `known`: all known ones, including retired ones; `strict`: each until the virtual day of "
        "its retirement; `any`: every name.",
        parsers.choice(*get_args(Policy)),
        "|".join(get_args(Policy)),
    )
    extra_models: tuple[Model, ...] = option(
        "extra_models",
        "data",
        (),
        "Add a model that behaves like a known one, e.g. my-model=claude-haiku-4-5.",
        parsers.extra_models,
        "NAME=MODEL",
        many=True,
    )
    api_key: tuple[str, ...] = option(
        "api_key",
        "data",
        (),
        "Accept only this API key.",
        parsers.names,
        "KEY",
        many=True,
        of_server=True,
    )
    control_key: tuple[str, ...] = option(
        "control_key",
        "data",
        (),
        "Clients with this key, and those on this machine, may access all sessions.",
        parsers.names,
        "KEY",
        many=True,
        of_server=True,
    )
    prices: "OwnPrices | None" = option(
        "prices",
        "file",
        None,
        "A TOML file with prices that override the built-in ones.",
        parsers.price_file,
        "PATH",
    )
    tier: str | None = option(
        "tier",
        "data",
        None,
        "Enforce the rate limits of this usage tier, on the virtual clock; default: none.",
        parsers.choice(*TIERS),
        "|".join(TIERS),
    )
    requests_per_minute: int | None = option(
        "requests_per_minute",
        "data",
        None,
        "The calls to batch endpoints a session may make per virtual minute; replaces the tier's limit.",
        parsers.between(1, 1_000_000_000),
        "NUMBER",
    )
    queue_limit: int | None = option(
        "queue_limit",
        "data",
        None,
        "The requests a session may have in unfinished batches; replaces the tier's limit.",
        parsers.between(1, 1_000_000_000),
        "NUMBER",
    )
    max_requests: int = option(
        "max_requests",
        "data",
        100_000,
        "The maximum number of requests per batch.",
        parsers.between(1, 1_000_000),
        "NUMBER",
    )
    max_bytes: int = option(
        "max_bytes", "data", 256_000_000, "The maximum body size of a create call.", parse_size, "SIZE"
    )
    gzip_from: int | None = option(
        "gzip_from",
        "data",
        1000,
        "Gzip API responses from this size on if the client accepts it; `off`: never.",
        parsers.size_or_off,
        "SIZE|off",
    )
    replay: str | None = option(
        "replay", "file", None, "Replay the recordings of this fixture, a file or a folder.", str, "PATH"
    )
    replay_mode: Mode = option(
        "replay_mode",
        "data",
        "none",
        "How to answer a request that was not recorded: `none`: an error that shows the nearest recording; `fake`: "
        "a generated reply. With --record, these call the upstream: `once`: if the fixture does not exist yet; "
        "`new_episodes`: for requests missing from it; `all`: for every request.",
        parsers.choice(*get_args(Mode)),
        "|".join(get_args(Mode)),
    )
    replay_used: str | None = option(
        "replay_used",
        "file",
        None,
        "Log the recordings that were replayed to this file, for `mockbatch fixtures prune --used`.",
        str,
        "PATH",
        of_server=True,
    )
    match_on: tuple[str, ...] = option(
        "match_on",
        "data",
        MATCH_ON,
        "A field to compare when matching requests with recordings; `all`: all but `stream`.",
        parsers.match_on,
        "FIELD",
        many=True,
    )
    webhook: str | None = option(
        "webhook",
        "data",
        None,
        "Send a webhook to this URL when a batch ends, expires or is canceled; an extension.",
        parsers.url,
        "URL",
    )
    webhook_secret: str | None = option(
        "webhook_secret",
        "data",
        None,
        "Sign webhooks with this secret; default: one derived from the seed.",
        parsers.secret,
        "whsec_...",
        of_server=True,
    )
    webhook_allow: tuple[str, ...] = option(
        "webhook_allow",
        "data",
        (),
        "Another host that webhooks may call; default: this machine only.",
        parsers.names,
        "HOST",
        many=True,
        of_server=True,
    )
    ready_file: str | None = option(
        "ready_file",
        "file",
        None,
        "Write the URL and the process ID to this file, as JSON, once the server accepts connections.",
        str,
        "PATH",
        of_server=True,
    )
    row_processes: int = option(
        "row_processes",
        "data",
        0,
        "Process the requests of large batches in up to this many additional processes.",
        parsers.between(0, 64),
        "N",
        of_server=True,
    )
    log_requests: bool | None = option(
        "log_requests",
        "data",
        None,
        "Log each call, and each batch that ends, to standard error; default: on for `serve` in a terminal, "
        "otherwise off.",
        parsers.flag,
        "",
        of_server=True,
        is_switch=True,
    )
    log_level: str = option(
        "log_level",
        "data",
        "warning",
        "The log level on standard error.",
        parsers.choice("debug", "info", "warning", "error", "critical"),
        "LEVEL",
        of_server=True,
    )

    def catalogue(self) -> Models:
        """Return the models available under these options."""
        return Models("any" if self.validation == "off" else self.models, self.extra_models)

    def all_rules(self) -> tuple[Rule, ...]:
        """Return the rules in the order in which they are tried: flags, file, mix, preset, and last the function that
        makes all other replies.

        Rules of the preset that another rule hides are left out. Raises RuleError for a rule that can never match.
        """
        own = [*self.fault, *self.rules, *self._mix()]
        models = self.known_models()
        for rule in own:
            try:
                check(rule.match, rule.on, models)
            except RuleError as error:
                raise RuleError(f"rule {rule.name!r}: {error}") from None
        unhidden = [rule for rule in self._of_preset() if not any(hides(other, rule) for other in own)]
        return (*together(own, lambda at: f"rule {own[at].name!r}"), *unhidden, *self._own_replies())

    def implied_rules(self) -> tuple[Rule, ...]:
        """Return the rules that other options imply."""
        return (*self._mix(), *self._of_preset(), *self._own_replies())

    def _mix(self) -> Iterable[Rule]:
        if self.mix is not None:
            yield parse_rule({"name": "mix", "fault": "item.mix", "mix": self.mix}, "mix")

    def _of_preset(self) -> Iterable[Rule]:
        return rule_presets.PRESETS[self.preset].rules() if self.preset else ()

    def _own_replies(self) -> Iterable[Rule]:
        if self.replies is not None:
            for name, scope in (("replies", "item"), ("replies to messages", "messages")):
                yield parse_rule({"name": name, "on": scope, "reply": {"callable": self.replies}}, name)

    def known_models(self) -> tuple[str, ...]:
        """Return the model names that requests may use; empty if they may use any."""
        models = self.catalogue()
        if models.policy == "any":
            return ()
        return tuple(name for model in models.all() for name in (model.id, *model.aliases))

    def _prompt_lengths(self) -> tuple[int, ...]:
        """Return the prompt lengths at which the price of a request may change."""
        own = (price.above for price in self.prices.prices) if self.prices else ()
        return tuple(sorted({100_000, 200_000, *own} - {0}))

    def rate_limits(self) -> RateLimits:
        """Return the limits to enforce; a limit of None is not enforced."""
        tier = TIERS[self.tier].batches if self.tier else RateLimits()
        return RateLimits(
            self.requests_per_minute or tier.requests_per_minute,
            self.queue_limit or tier.queued,
            tier.spending if self.spend_limit is None else self.spend_limit,
        )

    @property
    def takes_its_time(self) -> bool:
        """Whether all options on the duration of batches have their defaults."""
        preset = self.delay_preset == OPTIONS["delay_preset"].default
        return preset and self.wait is None and self.delay is None and self.never is None and self.progression == "time"

    def profile(self) -> Profile:
        """Return the profile of a batch created under these options."""
        preset = PRESETS[self.delay_preset]
        wait, delay, never = preset.wait, preset.delay, preset.never
        if self.wait is not None or self.delay is not None:
            wait, delay, never = self.wait or "0s", self.delay or "0s", 0.0
        if self.progression == "immediate":
            wait, delay, never = "0s", "0s", 0.0
        kind, _, polls = self.progression.partition(":")
        return Profile(
            seed=self.seed,
            wait=wait,
            delay=delay,
            never=never if self.never is None else self.never,
            polls=int(polls) if kind == "polls" else 0,
            capacity=self.capacity,
            cancel_delay=self.cancel_delay,
            fail_rate=self.fail_rate,
            results_order=cast(ResultsOrder, self.results_order),
            tokens=self.tokens,
            cache=CacheSettings(self.cache_hits, self.cache_scope),
            prompt_lengths=self._prompt_lengths(),
            replay=self.replay is not None,
            fail_attempts=self.fail_attempts,
            luck_by=self.luck_by,
        )
