"""Every option of a server. The command line, the environment, the file and the documentation are made of this list."""

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
from mockbatch.core.draws import LuckBy
from mockbatch.core.money.cache_hits import HITS, CacheSettings, parse_hits, parse_scope
from mockbatch.core.money.cache_hits import Scope as CacheScope
from mockbatch.core.rules import presets as rule_presets
from mockbatch.core.rules.fault import LARGEST_COUNT, RuleError
from mockbatch.core.rules.match import check
from mockbatch.core.rules.rules import Rule, hides, parse_rule, together
from mockbatch.core.sizes import parse_size
from mockbatch.core.time.delays import PRESETS
from mockbatch.core.time.spans import parse_instant, parse_span

if TYPE_CHECKING:
    from mockbatch.core.money.own_prices import OwnPrices

_SHARE = parsers.between(0, 1, float)


class Config(Struct, frozen=True, kw_only=True):
    """The options of a server. Spans are microseconds, instants microseconds since 1970, sizes bytes."""

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
        "What `results_url` begins with; by default the address that the caller used.",
        parsers.url,
        "URL",
        of_server=True,
    )
    allow_host: tuple[str, ...] = option(
        "allow_host",
        "data",
        (),
        "Let browsers reach the dashboard and the control plane under this name too.",
        parsers.names,
        "HOST",
        many=True,
        of_server=True,
    )
    db: str | None = option(
        "db",
        "file",
        None,
        "Keep everything in this SQLite file; by default it is gone when the server stops.",
        str,
        "PATH",
        of_server=True,
    )
    durability: str = option(
        "durability",
        "data",
        "process",
        "What an acknowledged batch in --db survives: the end of the `process`, or the loss of `power` too.",
        parsers.choice("process", "power"),
        "process|power",
        of_server=True,
    )
    seed: int = option(
        "seed", "data", 0, "The seed of everything that is drawn by lot.", parsers.between(0, 2**63 - 1), "NUMBER"
    )
    speedup: float = option(
        "speedup", "data", 1.0, "How many virtual seconds pass in a real one.", parsers.between(0, 1e9, float), "FACTOR"
    )
    clock_start: int | None = option(
        "clock_start",
        "data",
        None,
        "The virtual time at which a session starts; by default the real time.",
        parse_instant,
        "TIME",
    )
    frozen: bool = option("frozen", "data", False, "Virtual time stands still until it is advanced.", parsers.flag)
    progression: str = option(
        "progression",
        "data",
        "time",
        "What makes a batch end: `time`, nothing (`immediate`), or the Nth retrieve (`polls:N`).",
        parsers.progression,
        "time|immediate|polls:N",
    )
    poll_advances: int = option(
        "poll_advances",
        "data",
        0,
        "How much virtual time a retrieve of an unfinished batch costs, like 5m.",
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
        "How long a batch waits until work starts; replaces the preset.",
        parsers.delay,
        "DELAY",
        is_data=parsers.is_inline_delay,
    )
    delay: str | None = option(
        "delay",
        "file",
        None,
        "How long each request takes from then on; replaces the preset.",
        parsers.delay,
        "DELAY",
        is_data=parsers.is_inline_delay,
    )
    never: float | None = option(
        "never", "data", None, "The share of requests that never finish, so that they expire.", _SHARE, "SHARE"
    )
    capacity: int | None = option(
        "capacity",
        "data",
        None,
        "How many requests of a session run at once; by default all.",
        parsers.between(1, 1_000_000),
        "NUMBER",
    )
    cancel_delay: int = option(
        "cancel_delay",
        "data",
        25_000_000,
        "How long a cancel takes, while what is in flight may finish.",
        parse_span,
        "SPAN",
    )
    fault: tuple[Rule, ...] = option(
        "fault",
        "data",
        (),
        "Arm a fault, like results.cut,after_items=73,how=reset,times=1; `mockbatch faults` lists them.",
        parsers.faults,
        "FAULT,KEY=VALUE...",
        many=True,
        separator="\n",
    )
    preset: str | None = option(
        "preset",
        "data",
        None,
        "Options and rules under one name; what is told otherwise wins. "
        + "; ".join(f"`{name}`: {preset.summary}" for name, preset in rule_presets.PRESETS.items())
        + ".",
        parsers.choice(*rule_presets.PRESETS),
        "|".join(rule_presets.PRESETS),
    )
    owner: str = ""
    """The token of the process that started the server, which may name files and functions over HTTP."""
    files: tuple[str, ...] = ()
    """The configuration files that were read."""
    origins: Mapping[str, str] = {}
    """Where each option that was set comes from, as a person would say it."""
    rules: tuple[Rule, ...] = ()
    """The rules of the file, and before them those of a session."""
    mix: str | None = option(
        "mix", "data", None, "The shares of succeeded/errored/expired/canceled rows, like 90/5/3/2.", parsers.mix, "MIX"
    )
    replies: str | None = option(
        "replies",
        "code",
        None,
        "A Python function that makes all replies which no rule makes, given the request; it is looked for here too.",
        parsers.function,
        "MODULE:FUNCTION",
    )
    tokens: str = option(
        "tokens",
        "data",
        "counted",
        "How many tokens are used: `counted` ones, or round numbers: `fixed:input=1000,output=200`.",
        parsers.tokens,
        "counted|fixed:input=N,output=N",
    )
    cache_hits: str = option(
        "cache_hits",
        "data",
        "first_writes",
        "What rows of a batch find in the prompt cache: "
        + "; ".join(f"`{name}`: {told}" for name, told in HITS.items())
        + ".",
        parse_hits,
        "|".join(HITS),
    )
    cache_scope: CacheScope = option(
        "cache_scope",
        "data",
        "separate",
        "Whether batches and /v1/messages have a `separate` prompt cache each, or a `shared` one.",
        parse_scope,
        "|".join(get_args(CacheScope)),
    )
    report_lag: int = option(
        "report_lag", "data", 0, "How far the usage and cost reports lag behind, in virtual time.", parse_span, "SPAN"
    )
    spend_limit: Decimal | None = option(
        "spend_limit",
        "data",
        None,
        "How many USD a session may spend in a calendar month; replaces the tier's.",
        parsers.amount,
        "USD",
    )
    fail_rate: float = option("fail_rate", "data", 0.0, "The share of requests that end as `errored`.", _SHARE, "SHARE")
    fail_attempts: int | None = option(
        "fail_attempts",
        "data",
        None,
        "After how many attempts of the same request --fail-rate lets it pass; by default it fails each time.",
        parsers.between(1, LARGEST_COUNT),
        "NUMBER",
    )
    luck_by: LuckBy = option(
        "luck_by",
        "data",
        "custom_id",
        "What decides, with the seed, which rows fail: their `custom_id`, or their `content`, for programs "
        "whose custom_ids are never the same.",
        parsers.choice(*get_args(LuckBy)),
        "|".join(get_args(LuckBy)),
    )
    results_order: str = option(
        "results_order",
        "data",
        "shuffled",
        "The order of the lines in the results.",
        parsers.choice(*get_args(ResultsOrder)),
        "|".join(get_args(ResultsOrder)),
    )
    validation: Validation = option(
        "validation",
        "data",
        "api",
        "When requests are checked: as the `api` does, after create, in the results; `early`, at create, with a 400; "
        "or `off`, not at all.",
        parsers.choice(*get_args(Validation)),
        "|".join(get_args(Validation)),
    )
    models: Policy = option(
        "models",
        "data",
        "known",
        "Which models there are: the `known` ones, retired ones too; `strict`: each until the virtual day on which it "
        "retires; `any`: every name.",
        parsers.choice(*get_args(Policy)),
        "|".join(get_args(Policy)),
    )
    extra_models: tuple[Model, ...] = option(
        "extra_models",
        "data",
        (),
        "A further model, like a known one: my-model=claude-haiku-4-5.",
        parsers.extra_models,
        "NAME=MODEL",
        many=True,
    )
    api_key: tuple[str, ...] = option(
        "api_key",
        "data",
        (),
        "Admit this API key only; every other one is refused.",
        parsers.names,
        "KEY",
        many=True,
        of_server=True,
    )
    control_key: tuple[str, ...] = option(
        "control_key",
        "data",
        (),
        "Let callers with this key, and those on this machine, look beyond a session of their own.",
        parsers.names,
        "KEY",
        many=True,
        of_server=True,
    )
    prices: "OwnPrices | None" = option(
        "prices",
        "file",
        None,
        "Prices that go before the built-in ones, from this TOML file.",
        parsers.price_file,
        "PATH",
    )
    tier: str | None = option(
        "tier",
        "data",
        None,
        "The rate limits of this usage tier, on the virtual clock; by default none.",
        parsers.choice(*TIERS),
        "|".join(TIERS),
    )
    requests_per_minute: int | None = option(
        "requests_per_minute",
        "data",
        None,
        "How many calls of the batch endpoints a session may make in a virtual minute; replaces the tier's.",
        parsers.between(1, 1_000_000_000),
        "NUMBER",
    )
    queue_limit: int | None = option(
        "queue_limit",
        "data",
        None,
        "How many requests of a session may be in unfinished batches; replaces the tier's.",
        parsers.between(1, 1_000_000_000),
        "NUMBER",
    )
    max_requests: int = option(
        "max_requests", "data", 100_000, "How many requests a batch may have.", parsers.between(1, 1_000_000), "NUMBER"
    )
    max_bytes: int = option(
        "max_bytes", "data", 256_000_000, "How large the body of a batch may be.", parse_size, "SIZE"
    )
    gzip_from: int | None = option(
        "gzip_from",
        "data",
        1000,
        "The smallest answer of the API that is compressed with gzip when the caller accepts it; `off` for none.",
        parsers.size_or_off,
        "SIZE|off",
    )
    replay: str | None = option(
        "replay", "file", None, "Answer with what was recorded in this fixture, a file or a folder.", str, "PATH"
    )
    replay_mode: Mode = option(
        "replay_mode",
        "data",
        "none",
        "What a request that was not recorded gets: `none`, an error that shows the nearest recording; `fake`, a reply "
        "that is made up. Those that call the upstream, and only with --record: `once`, where there is no fixture yet; "
        "`new_episodes`, for what is not in it; `all`, for everything.",
        parsers.choice(*get_args(Mode)),
        "|".join(get_args(Mode)),
    )
    replay_used: str | None = option(
        "replay_used",
        "file",
        None,
        "Note in this file which recordings were played, for `mockbatch fixtures prune --used`.",
        str,
        "PATH",
        of_server=True,
    )
    match_on: tuple[str, ...] = option(
        "match_on",
        "data",
        MATCH_ON,
        "A field that counts when a request is compared with a recorded one; `all` but `stream`.",
        parsers.match_on,
        "FIELD",
        many=True,
    )
    webhook: str | None = option(
        "webhook",
        "data",
        None,
        "Call this URL when a batch has ended, expired or was canceled; an extension.",
        parsers.url,
        "URL",
    )
    webhook_secret: str | None = option(
        "webhook_secret",
        "data",
        None,
        "Sign what webhooks send with this secret; by default one that is made of the seed.",
        parsers.secret,
        "whsec_...",
        of_server=True,
    )
    webhook_allow: tuple[str, ...] = option(
        "webhook_allow",
        "data",
        (),
        "Let webhooks call this host too, and not only this machine.",
        parsers.names,
        "HOST",
        many=True,
        of_server=True,
    )
    ready_file: str | None = option(
        "ready_file",
        "file",
        None,
        "Write the URL and the process id to this file, as JSON, once connections are accepted.",
        str,
        "PATH",
        of_server=True,
    )
    row_processes: int = option(
        "row_processes",
        "data",
        0,
        "Check and answer the requests of large batches in up to this many processes besides the server's own.",
        parsers.between(0, 64),
        "N",
        of_server=True,
    )
    log_requests: bool | None = option(
        "log_requests",
        "data",
        None,
        "Write a line for each call to standard error, and for each batch when it ends; `serve` does so in a terminal "
        "unless told --no-log-requests.",
        parsers.flag,
        "",
        of_server=True,
        is_switch=True,
    )
    log_level: str = option(
        "log_level",
        "data",
        "warning",
        "What is told on standard error.",
        parsers.choice("debug", "info", "warning", "error", "critical"),
        "LEVEL",
        of_server=True,
    )

    def catalogue(self) -> Models:
        """The models that there are under these options."""
        return Models("any" if self.validation == "off" else self.models, self.extra_models)

    def all_rules(self) -> tuple[Rule, ...]:
        """The rules in the order in which they are asked: of flags, of the file, of the mix, of the preset, and last
        the function that makes all other replies.

        Raises RuleError for one that can never match. Those of the preset give way.
        """
        own = [*self.fault, *self.rules, *self._mix()]
        models = self.known_models()
        for rule in own:
            try:
                check(rule.match, rule.on, models)
            except RuleError as error:
                raise RuleError(f"rule {rule.name!r}: {error}") from None
        giving_way = [rule for rule in self._of_preset() if not any(hides(other, rule) for other in own)]
        return (*together(own, lambda at: f"rule {own[at].name!r}"), *giving_way, *self._own_replies())

    def implied_rules(self) -> tuple[Rule, ...]:
        """Those of the rules that nobody wrote: they follow from another option."""
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
        """The names that a request may have for a model; none where it may have any."""
        models = self.catalogue()
        if models.policy == "any":
            return ()
        return tuple(name for model in models.all() for name in (model.id, *model.aliases))

    def _prompt_lengths(self) -> tuple[int, ...]:
        """Where the price of a request may change with the length of its prompt."""
        own = (price.above for price in self.prices.prices) if self.prices else ()
        return tuple(sorted({100_000, 200_000, *own} - {0}))

    def rate_limits(self) -> RateLimits:
        """The limits that are enforced; None for what has none."""
        tier = TIERS[self.tier].batches if self.tier else RateLimits()
        return RateLimits(
            self.requests_per_minute or tier.requests_per_minute,
            self.queue_limit or tier.queued,
            tier.spending if self.spend_limit is None else self.spend_limit,
        )

    @property
    def takes_its_time(self) -> bool:
        """Whether nothing was told of how long batches take."""
        preset = self.delay_preset == OPTIONS["delay_preset"].default
        return preset and self.wait is None and self.delay is None and self.never is None and self.progression == "time"

    def profile(self) -> Profile:
        """What decides about a batch that is created under these options."""
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
