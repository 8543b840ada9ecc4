"""Every option, once: its default, its help, how its text is read. The command line, the environment, the
configuration file and the documentation are all made of this list.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from msgspec import Struct

from mockbatch.core.batch import Profile, ResultsOrder
from mockbatch.core.cassette.matching import MATCH_ON, Mode, parse_match_on
from mockbatch.core.contract.catalog import MODELS, Model, Models, Policy, model_like
from mockbatch.core.contract.limits import TIERS, RateLimits
from mockbatch.core.contract.params import Validation
from mockbatch.core.names import did_you_mean
from mockbatch.core.time.delays import PRESETS, inlined, parse_delay
from mockbatch.core.time.spans import parse_instant, parse_span

Parse = Callable[[str], Any]

_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


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


def _size(text: str) -> int:
    digits = text.rstrip("bBkKmMgGiI ")
    unit = text[len(digits) :].strip().lower()
    if unit not in _SIZES or not digits.replace(".", "", 1).isdigit():
        raise ValueError(f"{text!r} is not a size; write it like 256MB or 64KiB")
    return int(float(digits) * _SIZES[unit])


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


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")) or any(mark in text for mark in "{} "):
        raise ValueError(f"{text!r} is not a URL; write it like https://mock.example.com")
    return text.rstrip("/")


class Option(Struct, frozen=True):
    """One option: its default, a sentence of help, how its text is read and how its value is called.

    Of an option with `many` values the text has commas between them.
    """

    default: Any
    help: str
    parse: Parse
    metavar: str
    many: bool = False

    @property
    def is_flag(self) -> bool:
        return isinstance(self.default, bool)


OPTIONS: dict[str, Option] = {}


def option(name: str, default: Any, help: str, parse: Parse = str, metavar: str = "TEXT", *, many: bool = False) -> Any:
    """Register an option; answers its default."""
    OPTIONS[name] = Option(default, help, parse, metavar, many)
    return default


_SHARE = _between(0, 1, float)


class Config(Struct, frozen=True, kw_only=True):
    """The options of a server. Spans are microseconds, instants microseconds since 1970, sizes bytes."""

    host: str = option("host", "127.0.0.1", "The address to listen on.")
    port: int = option("port", 8787, "The port to listen on; 0 picks a free one.", _between(0, 65535), "PORT")
    public_url: str | None = option(
        "public_url", None, "What `results_url` begins with; by default the address that the caller used.", _url, "URL"
    )
    db: str | None = option(
        "db", None, "Keep everything in this SQLite file; by default it is gone when the server stops.", str, "PATH"
    )
    durability: str = option(
        "durability",
        "process",
        "What an acknowledged batch in --db survives: the end of the `process`, or the loss of `power` too.",
        _choice("process", "power"),
        "process|power",
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
        "api_key", (), "Admit this API key only; every other one is refused.", _names, "KEY", many=True
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
    max_bytes: int = option("max_bytes", 256_000_000, "How large the body of a batch may be.", _size, "SIZE")
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
    ready_file: str | None = option(
        "ready_file", None, "Write the URL and the process id to this file once connections are accepted.", str, "PATH"
    )
    log_level: str = option(
        "log_level",
        "warning",
        "What is told on standard error.",
        _choice("debug", "info", "warning", "error", "critical"),
        "LEVEL",
    )

    def catalogue(self) -> Models:
        """The models that there are under these options."""
        return Models("any" if self.validation == "off" else self.models, self.extra_models)

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
        )


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
    layers: list[tuple[str, Mapping[str, str]]] = [
        ("flag", flags),
        ("environment", _from_environment(environ)),
        *_from_files(file, folder),
    ]
    values, sources = {}, {}
    for name, spec in OPTIONS.items():
        for origin, layer in layers:
            if name in layer:
                values[name] = _read(name, layer[name], origin)
                sources[name] = Source(values[name], _told(origin, name))
                break
        else:
            sources[name] = Source(spec.default, "default")
    return Config(**values), sources


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


def _from_files(file: Path | None, folder: Path) -> Iterable[tuple[str, Mapping[str, str]]]:
    if file is not None:
        return [(str(file), _options(_toml(file), str(file)))]
    found = []
    if (own := folder / "mockbatch.toml").is_file():
        found.append((own.name, _options(_toml(own), own.name)))
    if (shared := folder / "pyproject.toml").is_file() and (table := _toml(shared).get("tool", {}).get("mockbatch")):
        found.append(("pyproject.toml", _options(table, "pyproject.toml [tool.mockbatch]")))
    return found


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
        found[name] = _as_text(value, f"{origin}: {key}", many=OPTIONS[name].many)
    return found


def _as_text(value: Any, where: str, *, many: bool) -> str:
    if many and isinstance(value, list):
        return ",".join(map(str, value))
    if many and isinstance(value, dict):
        return ",".join(f"{name}={text}" for name, text in value.items())
    if isinstance(value, dict | list):
        raise ConfigError(f"{where} wants a single value")
    return str(value)


def _refuse_unknown(name: str, origin: str, spelled: Callable[[str], str]) -> None:
    if name not in OPTIONS:
        raise ConfigError(f"{origin}: unknown option {spelled(name)}.{did_you_mean(name, OPTIONS, spelled)}")
