"""Every option, once: its default, its help, how its text is read. The command line, the environment, the
configuration file and the documentation are all made of this list.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.batch import Profile, ResultsOrder
from mockbatch.core.cassette.matching import MATCH_ON, Mode, parse_match_on
from mockbatch.core.contract.catalog import MODELS, Model, Models, Policy, model_like
from mockbatch.core.contract.limits import TIERS, RateLimits
from mockbatch.core.contract.params import Validation
from mockbatch.core.hosts import host_of, may_be_called
from mockbatch.core.money.cache_hits import HITS, CacheSettings, parse_hits, parse_scope
from mockbatch.core.money.cache_hits import Scope as CacheScope
from mockbatch.core.names import did_you_mean
from mockbatch.core.rules import presets as rule_presets
from mockbatch.core.rules.fault import RuleError
from mockbatch.core.rules.match import check
from mockbatch.core.rules.mixes import parse_mix
from mockbatch.core.rules.replied import read_reply
from mockbatch.core.rules.rules import Rule, hides, parse_rule, parse_rules, together
from mockbatch.core.rules.written import parse_flag
from mockbatch.core.sizes import parse_size
from mockbatch.core.time.delays import PRESETS, inlined, parse_delay
from mockbatch.core.time.spans import format_instant, format_span, parse_instant, parse_span
from mockbatch.core.tokens import parse_tokens

if TYPE_CHECKING:
    from mockbatch.core.money.own_prices import OwnPrices

Parse = Callable[[str], Any]


class ConfigError(Exception):
    """An option that cannot be used; the message is one sentence for the person who wrote it."""


def _choice(*names: str) -> Parse:
    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(f"{text!r} is not one of them.{did_you_mean(text, names)} Known: {', '.join(names)}")
        return text

    return parse


def _between(low: float, high: float, kind: type = int) -> Parse:
    def parse(text: str) -> Any:
        try:
            number = kind(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a{'n integer' if kind is int else ' number'}") from None
        if not low <= number <= high:
            raise ValueError(f"{text} is not between {low:,} and {high:,}")
        return number

    return parse


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() in ("true", "1", "yes", "on")


def _delay(text: str) -> str:
    text = inlined(text, lambda path: Path(path).read_text().split())
    parse_delay(text)
    return text


def _progression(text: str) -> str:
    kind, _, count = text.partition(":")
    if kind == "polls" and count.isdigit() and int(count) > 0:
        return text
    return str(_choice("immediate", "time", "polls:N")(text if text != "polls:N" else "polls"))


def _match_on(text: str) -> tuple[str, ...]:
    return parse_match_on(_names(text))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in map(str.strip, text.split(",")) if name)


def _extra_models(text: str) -> tuple[Model, ...]:
    return tuple(_extra_model(entry) for entry in _names(text))


def _extra_model(entry: str) -> Model:
    name, equals, known = entry.partition("=")
    if not name or not equals:
        raise ValueError(f"{entry!r} is not a model; write it like my-model=claude-haiku-4-5")
    try:
        return model_like(name.strip(), known.strip())
    except ValueError as error:
        raise ValueError(f"{error}.{did_you_mean(known, MODELS)}") from None


def _price_file(text: str) -> "OwnPrices":
    # not before: most starts have no price file
    from mockbatch.core.money.own_prices import parse_prices

    try:
        return parse_prices(Path(text).read_text())
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None


def _faults(text: str) -> tuple[Rule, ...]:
    return tuple(parse_flag(line) for line in map(str.strip, text.split("\n")) if line)


def _tokens(text: str) -> str:
    parse_tokens(text)
    return text


def _function(text: str) -> str:
    module, colon, name = text.partition(":")
    if not (colon and module and name):
        raise ValueError(f"{text!r} is no function; write it like mymodule:function")
    return text


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except ArithmeticError:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{text!r} is not an amount; write it like 500 or 0.25")
    return amount


def _mix(text: str) -> str:
    parse_mix(text)
    return text


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")) or any(mark in text for mark in "{} "):
        raise ValueError(f"{text!r} is not a URL; write it like https://mock.example.com")
    return text.rstrip("/")


def _secret(text: str) -> str:
    from base64 import b64decode

    try:
        good = text.startswith("whsec_") and b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        good = False
    if not good:
        raise ValueError("a secret is written whsec_ and then base64")
    return text


class Option(Struct, frozen=True):
    """One option: its default, a sentence of help, how its text is read and how its value is called.

    Of an option with `many` values the text has the separator between them. One that is `of_server` is the same for all
    sessions; the others a session may have of its own.
    """

    default: Any
    help: str
    parse: Parse
    metavar: str
    many: bool = False
    of_server: bool = False
    separator: str = ","

    @property
    def is_flag(self) -> bool:
        return isinstance(self.default, bool)


OPTIONS: dict[str, Option] = {}


def option(
    name: str,
    default: Any,
    help: str,
    parse: Parse = str,
    metavar: str = "TEXT",
    *,
    many: bool = False,
    of_server: bool = False,
    separator: str = ",",
) -> Any:
    """Register an option; answers its default."""
    OPTIONS[name] = Option(default, help, parse, metavar, many, of_server, separator)
    return default


_SHARE = _between(0, 1, float)


class Config(Struct, frozen=True, kw_only=True):
    """The options of a server. Spans are microseconds, instants microseconds since 1970, sizes bytes."""

    host: str = option("host", "127.0.0.1", "The address to listen on.", of_server=True)
    port: int = option(
        "port", 8787, "The port to listen on; 0 picks a free one.", _between(0, 65535), "PORT", of_server=True
    )
    public_url: str | None = option(
        "public_url",
        None,
        "What `results_url` begins with; by default the address that the caller used.",
        _url,
        "URL",
        of_server=True,
    )
    db: str | None = option(
        "db",
        None,
        "Keep everything in this SQLite file; by default it is gone when the server stops.",
        str,
        "PATH",
        of_server=True,
    )
    durability: str = option(
        "durability",
        "process",
        "What an acknowledged batch in --db survives: the end of the `process`, or the loss of `power` too.",
        _choice("process", "power"),
        "process|power",
        of_server=True,
    )
    seed: int = option("seed", 0, "The seed of everything that is drawn by lot.", _between(0, 2**63 - 1), "NUMBER")
    speedup: float = option(
        "speedup", 1.0, "How many virtual seconds pass in a real one.", _between(0, 1e9, float), "FACTOR"
    )
    clock_start: int | None = option(
        "clock_start",
        None,
        "The virtual time at which a session starts; by default the real time.",
        parse_instant,
        "TIME",
    )
    frozen: bool = option("frozen", False, "Virtual time stands still until it is advanced.", _flag)
    progression: str = option(
        "progression",
        "time",
        "What makes a batch end: `time`, nothing (`immediate`), or the Nth retrieve (`polls:N`).",
        _progression,
        "time|immediate|polls:N",
    )
    poll_advances: int = option(
        "poll_advances",
        0,
        "How much virtual time a retrieve of an unfinished batch costs, like 5m.",
        parse_span,
        "SPAN",
    )
    delay_preset: str = option(
        "delay_preset",
        "realistic",
        "; ".join(f"`{name}`: {preset.summary}" for name, preset in PRESETS.items()) + ".",
        _choice(*PRESETS),
        "|".join(PRESETS),
    )
    wait: str | None = option(
        "wait", None, "How long a batch waits until work starts; replaces the preset.", _delay, "DELAY"
    )
    delay: str | None = option(
        "delay", None, "How long each request takes from then on; replaces the preset.", _delay, "DELAY"
    )
    never: float | None = option(
        "never", None, "The share of requests that never finish, so that they expire.", _SHARE, "SHARE"
    )
    capacity: int | None = option(
        "capacity",
        None,
        "How many requests of a session run at once; by default all.",
        _between(1, 1_000_000),
        "NUMBER",
    )
    cancel_delay: int = option(
        "cancel_delay", 25_000_000, "How long a cancel takes, while what is in flight may finish.", parse_span, "SPAN"
    )
    fault: tuple[Rule, ...] = option(
        "fault",
        (),
        "Arm a fault, like results.cut,after_items=73,how=reset,times=1; `mockbatch faults` lists them.",
        _faults,
        "FAULT,KEY=VALUE...",
        many=True,
        separator="\n",
    )
    preset: str | None = option(
        "preset",
        None,
        "Options and rules under one name; what is told otherwise wins. "
        + "; ".join(f"`{name}`: {preset.summary}" for name, preset in rule_presets.PRESETS.items())
        + ".",
        _choice(*rule_presets.PRESETS),
        "|".join(rule_presets.PRESETS),
    )
    rules: tuple[Rule, ...] = ()
    """The rules of the file, and before them those of a session."""
    mix: str | None = option(
        "mix", None, "The shares of succeeded/errored/expired/canceled rows, like 90/5/3/2.", _mix, "MIX"
    )
    replies: str | None = option(
        "replies",
        None,
        "A Python function that makes all replies which no rule makes, given the request; it is looked for here too.",
        _function,
        "MODULE:FUNCTION",
    )
    tokens: str = option(
        "tokens",
        "counted",
        "How many tokens are used: `counted` ones, or round numbers: `fixed:input=1000,output=200`.",
        _tokens,
        "counted|fixed:input=N,output=N",
    )
    cache_hits: str = option(
        "cache_hits",
        "first_writes",
        "What rows of a batch find in the prompt cache: "
        + "; ".join(f"`{name}`: {told}" for name, told in HITS.items())
        + ".",
        parse_hits,
        "|".join(HITS),
    )
    cache_scope: CacheScope = option(
        "cache_scope",
        "separate",
        "Whether batches and /v1/messages have a `separate` prompt cache each, or a `shared` one.",
        parse_scope,
        "|".join(get_args(CacheScope)),
    )
    report_lag: int = option(
        "report_lag", 0, "How far the usage and cost reports lag behind, in virtual time.", parse_span, "SPAN"
    )
    spend_limit: Decimal | None = option(
        "spend_limit",
        None,
        "How many USD a session may spend in a calendar month; replaces the tier's.",
        _amount,
        "USD",
    )
    fail_rate: float = option("fail_rate", 0.0, "The share of requests that end as `errored`.", _SHARE, "SHARE")
    results_order: str = option(
        "results_order",
        "shuffled",
        "The order of the lines in the results.",
        _choice(*get_args(ResultsOrder)),
        "|".join(get_args(ResultsOrder)),
    )
    validation: Validation = option(
        "validation",
        "api",
        "When requests are checked: as the `api` does, after create, in the results; `early`, at create, with a 400; "
        "or `off`, not at all.",
        _choice(*get_args(Validation)),
        "|".join(get_args(Validation)),
    )
    models: Policy = option(
        "models",
        "known",
        "Which models there are: the `known` ones, retired ones too; `strict`: each until the virtual day on which it "
        "retires; `any`: every name.",
        _choice(*get_args(Policy)),
        "|".join(get_args(Policy)),
    )
    extra_models: tuple[Model, ...] = option(
        "extra_models",
        (),
        "A further model, like a known one: my-model=claude-haiku-4-5.",
        _extra_models,
        "NAME=MODEL",
        many=True,
    )
    api_key: tuple[str, ...] = option(
        "api_key", (), "Admit this API key only; every other one is refused.", _names, "KEY", many=True, of_server=True
    )
    prices: "OwnPrices | None" = option(
        "prices", None, "Prices that go before the built-in ones, from this TOML file.", _price_file, "PATH"
    )
    tier: str | None = option(
        "tier",
        None,
        "The rate limits of this usage tier, on the virtual clock; by default none.",
        _choice(*TIERS),
        "|".join(TIERS),
    )
    requests_per_minute: int | None = option(
        "requests_per_minute",
        None,
        "How many calls of the batch endpoints a session may make in a virtual minute; replaces the tier's.",
        _between(1, 1_000_000_000),
        "NUMBER",
    )
    queue_limit: int | None = option(
        "queue_limit",
        None,
        "How many requests of a session may be in unfinished batches; replaces the tier's.",
        _between(1, 1_000_000_000),
        "NUMBER",
    )
    max_requests: int = option(
        "max_requests", 100_000, "How many requests a batch may have.", _between(1, 1_000_000), "NUMBER"
    )
    max_bytes: int = option("max_bytes", 256_000_000, "How large the body of a batch may be.", parse_size, "SIZE")
    replay: str | None = option(
        "replay", None, "Answer with what was recorded in this fixture, a file or a folder.", str, "PATH"
    )
    replay_mode: Mode = option(
        "replay_mode",
        "none",
        "What a request that was not recorded gets: `none`, an error that shows the nearest recording; `fake`, a reply "
        "that is made up. Those that call the upstream, and only with --record: `once`, where there is no fixture yet; "
        "`new_episodes`, for what is not in it; `all`, for everything.",
        _choice(*get_args(Mode)),
        "|".join(get_args(Mode)),
    )
    match_on: tuple[str, ...] = option(
        "match_on",
        MATCH_ON,
        "A field that counts when a request is compared with a recorded one; `all` but `stream`.",
        _match_on,
        "FIELD",
        many=True,
    )
    webhook: str | None = option(
        "webhook", None, "Call this URL when a batch has ended, expired or was canceled; an extension.", _url, "URL"
    )
    webhook_secret: str | None = option(
        "webhook_secret",
        None,
        "Sign what webhooks send with this secret; by default one that is made of the seed.",
        _secret,
        "whsec_...",
        of_server=True,
    )
    webhook_allow: tuple[str, ...] = option(
        "webhook_allow",
        (),
        "Let webhooks call this host too, and not only this machine.",
        _names,
        "HOST",
        many=True,
        of_server=True,
    )
    ready_file: str | None = option(
        "ready_file",
        None,
        "Write the URL and the process id to this file once connections are accepted.",
        str,
        "PATH",
        of_server=True,
    )
    log_level: str = option(
        "log_level",
        "warning",
        "What is told on standard error.",
        _choice("debug", "info", "warning", "error", "critical"),
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
        own = [*self.fault, *self.rules]
        if self.mix is not None:
            own.append(parse_rule({"name": "mix", "fault": "item.mix", "mix": self.mix}, "mix"))
        models = self.known_models()
        for rule in own:
            try:
                check(rule.match, rule.on, models)
            except RuleError as error:
                raise RuleError(f"rule {rule.name!r}: {error}") from None
        preset = rule_presets.PRESETS[self.preset].rules() if self.preset else ()
        giving_way = [rule for rule in preset if not any(hides(other, rule) for other in own)]
        return (*together(own, lambda at: f"rule {own[at].name!r}"), *giving_way, *self._own_replies())

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
        return RateLimits(self.requests_per_minute or tier.requests_per_minute, self.queue_limit or tier.queued)

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
        )


def overridden(base: Config, options: Mapping[str, Any]) -> Config:
    """`base` with some options of a session, by name, and its `rules` before those that there are.

    Raises ConfigError for unknown, wrong and the server's ones.
    """
    given = _options({name: value for name, value in options.items() if name != "rules"}, "options")
    for name in given:
        if OPTIONS[name].of_server:
            raise ConfigError(f"options: {name} is the same for all sessions of a server")
    preset = _preset([("options", given)])
    texts = {**(preset.options if preset else {}), **given}
    values = {name: _read(name, text, "options") for name, text in texts.items()}
    tables = [_File("options", {}, options["rules"])] if "rules" in options else []
    return _sound(replace(base, **values, rules=(*_file_rules(tables), *base.rules)))


class Source(Struct, frozen=True):
    """Where a value came from, as a person would say it."""

    value: Any
    origin: str


def resolve(
    flags: Mapping[str, str], environ: Mapping[str, str], file: Path | None, folder: Path
) -> tuple[Config, dict[str, Source]]:
    """The configuration and the origin of each value: flag, environment, file, default, the first that has it.

    `file` is a named configuration file; without one, `mockbatch.toml` in `folder` is read, or the table
    `[tool.mockbatch]` of its `pyproject.toml`. Raises ConfigError.
    """
    files = list(_from_files(file, folder))
    layers: list[tuple[str, Mapping[str, str]]] = [
        ("flag", flags),
        ("environment", _from_environment(environ)),
        *((found.origin, found.options) for found in files),
    ]
    preset = _preset(layers)
    if preset is not None:
        layers.append(("preset", preset.options))
    values, sources = {}, {}
    for name, spec in OPTIONS.items():
        for origin, layer in layers:
            if name in layer:
                values[name] = _read(name, layer[name], origin)
                sources[name] = Source(values[name], _told(origin, name))
                break
        else:
            sources[name] = Source(spec.default, "default")
    config = _sound(Config(**values, rules=tuple(_file_rules(files))))
    _check_webhook(config, sources["webhook"].origin)
    return config, sources


def _sound(config: Config) -> Config:
    """The configuration, whose rules can stand together, and each of which can match."""
    try:
        config.all_rules()
    except RuleError as error:
        raise ConfigError(str(error)) from None
    return config


def _check_webhook(config: Config, origin: str) -> None:
    if config.webhook and not may_be_called(config.webhook, config.webhook_allow):
        host = host_of(config.webhook)
        raise ConfigError(f"{origin}: {host} is not this machine; allow it with {flag_of('webhook_allow')} {host}")


def _preset(layers: Iterable[tuple[str, Mapping[str, str]]]) -> rule_presets.Preset | None:
    for origin, layer in layers:
        if "preset" in layer:
            return rule_presets.PRESETS[_read("preset", layer["preset"], origin)]
    return None


def _file_rules(files: Iterable["_File"]) -> Iterable[Rule]:
    for found in files:
        if found.rules is not None:
            try:
                yield from parse_rules(_with_templates(found), found.where, read_reply=read_reply)
            except RuleError as error:
                raise ConfigError(str(error)) from None


def _with_templates(found: "_File") -> Any:
    """The rules of a file, with the templates that they name read from beside it."""
    if not isinstance(found.rules, list):
        return found.rules
    tables = []
    for index, table in enumerate(found.rules):
        reply = table.get("reply") if isinstance(table, dict) else None
        if isinstance(reply, dict) and isinstance(reply.get("file"), str):
            try:
                text = (found.folder / reply["file"]).read_text()
            except OSError as error:
                raise ConfigError(f"{found.where(index)}: {reply['file']}: {os.strerror(error.errno or 0)}") from None
            reply = {name: told for name, told in reply.items() if name != "file"} | {"template": text}
            table = {**table, "reply": reply}
        tables.append(table)
    return tables


def _told(origin: str, name: str) -> str:
    return {"flag": f"flag {flag_of(name)}", "environment": f"environment {variable_of(name)}"}.get(origin, origin)


def flag_of(name: str) -> str:
    return "--" + name.replace("_", "-")


def variable_of(name: str) -> str:
    return "MOCKBATCH_" + name.upper()


def _read(name: str, text: str, origin: str) -> Any:
    try:
        return OPTIONS[name].parse(text)
    except (ValueError, OSError) as error:
        where = _told(origin, name)
        raise ConfigError(f"{where}: {error}" if where != origin else f"{origin}: {name}: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for variable, text in environ.items():
        if variable.startswith("MOCKBATCH_") and variable not in _OTHER_VARIABLES:
            name = variable.removeprefix("MOCKBATCH_").lower()
            _refuse_unknown(name, "environment", variable_of)
            found[name] = text
    return found


_OTHER_VARIABLES = {"MOCKBATCH_CONFIG", "MOCKBATCH_URL"}


class _File(Struct, frozen=True):
    """A file, or the table of one: its options, its rules, and the lines on which these begin."""

    origin: str
    options: Mapping[str, str]
    rules: Any = None
    lines: tuple[int, ...] = ()
    folder: Path = Path()

    def where(self, index: int) -> str:
        """How to tell of the rule at `index`."""
        line = f":{self.lines[index]}" if index < len(self.lines) else ""
        return f"{self.origin}{line}: rules[{index}]"


def _from_files(file: Path | None, folder: Path) -> Iterable[_File]:
    if file is not None:
        return [_file(file, _toml(file), str(file), str(file))]
    found = []
    if (own := folder / "mockbatch.toml").is_file():
        found.append(_file(own, _toml(own), own.name, own.name))
    if (shared := folder / "pyproject.toml").is_file() and (table := _toml(shared).get("tool", {}).get("mockbatch")):
        found.append(_file(shared, table, "pyproject.toml", "pyproject.toml [tool.mockbatch]"))
    return found


def _file(path: Path, table: Mapping[str, Any], origin: str, told: str) -> _File:
    rules = table.get("rules")
    options = _options({key: value for key, value in table.items() if key != "rules"}, told)
    heads = re.compile(r"\s*\[\[\s*(tool\s*\.\s*mockbatch\s*\.\s*)?rules\s*\]\]").match
    lines = [number for number, line in enumerate(path.read_text().splitlines(), 1) if heads(line)] if rules else []
    return _File(origin, options, rules, tuple(lines), path.parent)


def _toml(path: Path) -> dict[str, Any]:
    # not before: most starts have no file
    import tomllib

    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"{path}: {os.strerror(error.errno or 0)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None


def _options(table: Mapping[str, Any], origin: str) -> dict[str, str]:
    found = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        _refuse_unknown(name, origin, str)
        found[name] = _as_text(value, f"{origin}: {key}", OPTIONS[name])
    return found


def _as_text(value: Any, where: str, spec: Option) -> str:
    if spec.many and isinstance(value, list):
        return spec.separator.join(map(str, value))
    if spec.many and isinstance(value, dict):
        return ",".join(f"{name}={text}" for name, text in value.items())
    if isinstance(value, dict | list):
        raise ConfigError(f"{where} wants a single value")
    return str(value)


def _refuse_unknown(name: str, origin: str, spelled: Callable[[str], str]) -> None:
    if name not in OPTIONS:
        raise ConfigError(
            f"{origin}: unknown option {spelled(name)}.{did_you_mean(name, [*OPTIONS, 'rules'], spelled)}"
        )


_SECRETS = {"api_key", "webhook_secret"}
_SPANS, _INSTANTS = {"poll_advances", "cancel_delay", "report_lag"}, {"clock_start"}


def readable(name: str, value: Any) -> Any:
    """The value of an option as a person writes it; of keys no more than is needed to know them again."""
    if value is None:
        return None
    if name in _SPANS:
        return format_span(value)
    if name in _SECRETS:
        return ", ".join(f"{entry[:12]}..." for entry in (value if isinstance(value, tuple) else (value,))) or None
    if name == "prices":
        return f"{len(value.prices)} prices as of {value.as_of}"
    if isinstance(value, tuple):
        return ", ".join(_entry(entry) for entry in value) or None
    return format_instant(value) if name in _INSTANTS else value


def _entry(entry: Any) -> str:
    """A model and a rule by their names."""
    if isinstance(entry, Rule):
        return entry.name
    return f"{entry.id}={entry.like}" if isinstance(entry, Model) else str(entry)
