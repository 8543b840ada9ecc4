"""Read options from flags, the environment, files, presets and session requests."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.config.options import OPTIONS, ConfigError, Option
from mockbatch.config.settings import Config
from mockbatch.core.hosts import host_of, may_be_called
from mockbatch.core.rules import presets as rule_presets
from mockbatch.core.rules.items import read_reply, unsendable
from mockbatch.core.rules.options import RuleError
from mockbatch.core.rules.rules import Rule, parse_rules
from mockbatch.core.suggestions import did_you_mean


def overridden(base: Config, options: Mapping[str, Any]) -> Config:
    """Return `base` with the options of a session, by name; its `rules` go before those of `base`.

    Raises ConfigError for options that are unknown, invalid or `of_server`.
    """
    given = _without_rules(options)
    for name in given:
        if OPTIONS[name].of_server:
            raise ConfigError(f"options: {name} is the same for all sessions of a server")
    preset = _preset([("options", given)])
    texts = {**(preset.options if preset else {}), **given}
    values = {name: _read(name, text, "options") for name, text in texts.items()}
    tables = [_File("options", {}, options["rules"])] if "rules" in options else []
    config = _sound(replace(base, **values, rules=(*_file_rules(tables), *base.rules)))
    if "webhook" in values:
        _check_webhook(config, "options")
    return config


def check_sent(options: Mapping[str, Any]) -> None:
    """Raise ConfigError if options sent over HTTP name a file or code. Opens and imports nothing."""
    for name, text in _without_rules(options).items():
        spec = OPTIONS[name]
        if not spec.of_server and not spec.may_be_sent(text):
            raise ConfigError(
                f"options: {name} names {_NAMED[spec.means]}, which is not taken over HTTP; start the server with "
                f"{flag_of(name)}, {variable_of(name)} or a configuration file that sets it"
            )
    rules = options.get("rules")
    for index, table in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(table, Mapping) and (problem := unsendable(table.get("reply"))):
            raise ConfigError(f"options: rules[{index}]: reply: {problem}")


_NAMED = {"file": "a file", "code": "a Python function"}


def _without_rules(options: Mapping[str, Any]) -> dict[str, str]:
    return texts_of({name: value for name, value in options.items() if name != "rules"}, "options")


class SettingOrigin(Struct, frozen=True):
    """A value and its origin, in words."""

    value: Any
    origin: str


def resolve(
    flags: Mapping[str, str], environ: Mapping[str, str], file: Path | None, folder: Path | None
) -> tuple[Config, dict[str, SettingOrigin]]:
    """Return the configuration and the origin of each value.

    The first of flag, environment, file, preset and default that sets an option wins. `file` is an explicit
    configuration file; without one, read `mockbatch.toml` in `folder` and the table `[tool.mockbatch]` of its
    `pyproject.toml`; without a folder, no file. Raises ConfigError.
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
                sources[name] = SettingOrigin(values[name], _place(origin, name))
                break
        else:
            sources[name] = SettingOrigin(spec.default, "default")
    origins = {name: sources[name].origin for name in values}
    read = tuple(found.origin for found in files)
    rules = tuple(_file_rules(files))
    config = _sound(Config(**values, owner=environ.get(OWNER, ""), rules=rules, files=read, origins=origins))
    _check_webhook(config, sources["webhook"].origin)
    return config, sources


def _sound(config: Config) -> Config:
    """Return the configuration. Raises ConfigError if its rules conflict or one can never match."""
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
    """Return the rules of a file, with the template files they name (relative to it) inlined."""
    if not isinstance(found.rules, list):
        return found.rules
    tables = []
    for index, table in enumerate(found.rules):
        reply = table.get("reply") if isinstance(table, dict) else None
        if isinstance(reply, dict) and isinstance(reply.get("file"), str):
            try:
                text = (found.folder / reply["file"]).read_text(encoding="utf-8")
            except OSError as error:
                raise ConfigError(f"{found.where(index)}: {reply['file']}: {os.strerror(error.errno or 0)}") from None
            except UnicodeDecodeError as error:
                raise ConfigError(f"{found.where(index)}: {reply['file']}: {error}") from None
            reply = {name: value for name, value in reply.items() if name != "file"} | {"template": text}
            table = {**table, "reply": reply}
        tables.append(table)
    return tables


def _place(origin: str, name: str) -> str:
    return {"flag": f"flag {flag_of(name)}", "environment": f"environment {variable_of(name)}"}.get(origin, origin)


def flag_of(name: str) -> str:
    return "--" + name.replace("_", "-")


def variable_of(name: str) -> str:
    return "MOCKBATCH_" + name.upper()


def _read(name: str, text: str, origin: str) -> Any:
    try:
        return OPTIONS[name].parse(text)
    except (ValueError, OSError) as error:
        where = _place(origin, name)
        raise ConfigError(f"{where}: {error}" if where != origin else f"{origin}: {name}: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for variable, text in environ.items():
        if variable.startswith("MOCKBATCH_") and variable not in _OTHER_VARIABLES:
            name = variable.removeprefix("MOCKBATCH_").lower()
            _refuse_unknown(name, "environment", variable_of)
            found[name] = text
    return found


OWNER = "MOCKBATCH_OWNER"
"""The variable with the token that identifies the process that started the server."""
_OTHER_VARIABLES = {"MOCKBATCH_COMMAND", "MOCKBATCH_CONFIG", "MOCKBATCH_URL", "MOCKBATCH_VIRTUAL_TIME", OWNER}


class _File(Struct, frozen=True):
    """A configuration file or a table in one: its options, its rules, and the first line of each rule."""

    origin: str
    options: Mapping[str, str]
    rules: Any = None
    lines: tuple[int, ...] = ()
    folder: Path = Path()

    def settings(self) -> list[str]:
        """Return what it sets, in words."""
        count = len(self.rules) if isinstance(self.rules, list) else 0
        return [*map(flag_of, self.options), *([f"{count} rule{'s' * (count != 1)}"] if count else [])]

    def where(self, index: int) -> str:
        """Return the location of the rule at `index`, for error messages."""
        line = f":{self.lines[index]}" if index < len(self.lines) else ""
        return f"{self.origin}{line}: rules[{index}]"


def files_used(file: Path | None, folder: Path) -> list[str]:
    """Return the non-empty configuration files that `resolve` reads, each with what it sets. Raises ConfigError."""
    return [f"{found.origin} ({', '.join(sets)})" for found in _from_files(file, folder) if (sets := found.settings())]


def _from_files(file: Path | None, folder: Path | None) -> Iterable[_File]:
    if file is not None:
        table = _toml(file)
        if file.name == "pyproject.toml":
            table = table.get("tool", {}).get("mockbatch", {})
        return [_file(file, table, str(file), str(file))]
    found: list[_File] = []
    if folder is None:
        return found
    if (own := folder / "mockbatch.toml").is_file():
        found.append(_file(own, _toml(own), own.name, own.name))
    if (shared := folder / "pyproject.toml").is_file() and (table := _toml(shared).get("tool", {}).get("mockbatch")):
        found.append(_file(shared, table, "pyproject.toml", "pyproject.toml [tool.mockbatch]"))
    return found


def _file(path: Path, table: Mapping[str, Any], origin: str, label: str) -> _File:
    rules = table.get("rules")
    options = texts_of({key: value for key, value in table.items() if key != "rules"}, label)
    heads = re.compile(r"\s*\[\[\s*(tool\s*\.\s*mockbatch\s*\.\s*)?rules\s*\]\]").match
    lines = (
        [number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if heads(line)]
        if rules
        else []
    )
    return _File(origin, options, rules, tuple(lines), path.parent)


def _toml(path: Path) -> dict[str, Any]:
    # not before: most starts have no file
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {os.strerror(error.errno or 0)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None


def texts_of(table: Mapping[str, Any], origin: str) -> dict[str, str]:
    """Return options given in a file or in Python as texts. Raises ConfigError for unknown ones."""
    found = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        _refuse_unknown(name, origin, str)
        found[name] = _as_text(value, f"{origin}: {key}", OPTIONS[name])
    return found


def _as_text(value: Any, where: str, spec: Option) -> str:
    if spec.many and isinstance(value, list | tuple):
        return spec.separator.join(map(str, value))
    if spec.many and isinstance(value, dict):
        return ",".join(f"{name}={text}" for name, text in value.items())
    if isinstance(value, dict | list | tuple):
        raise ConfigError(f"{where} must be a single value")
    return str(value)


def _refuse_unknown(name: str, origin: str, spelled: Callable[[str], str]) -> None:
    if name not in OPTIONS:
        raise ConfigError(
            f"{origin}: unknown option {spelled(name)}.{did_you_mean(name, [*OPTIONS, 'rules'], spelled)}"
        )
