"""Rules as text: parsed from a flag, dumped as a table, as TOML and as a line of a test."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mockbatch.core.rules.faults import FAULTS, KEYED
from mockbatch.core.rules.match import Match
from mockbatch.core.rules.options import RuleError
from mockbatch.core.rules.rules import KEYS, ReadReply, Rule, parse_rule

_SHARES = ("rate", "probability", "share")
_CHOOSING = ("rate", "exactly", "skip", "times", "every", "probability", "fail_attempts")


def parse_flag(
    text: str, where: str = "", *, read_reply: ReadReply | None = None, known_models: Iterable[str] = ()
) -> Rule:
    """Parse a text like `results.cut,after_items=73,how=reset,times=1`: a fault, then keys. Raises RuleError."""
    try:
        table = _split(text)
    except RuleError as error:
        raise RuleError(f"{where}: {error}" if where else str(error)) from None
    return parse_rule(table, where, read_reply=read_reply, known_models=known_models)


def _split(text: str) -> dict[str, Any]:
    first, *others = text.split(",")
    table: dict[str, Any] = {}
    if "=" in first:
        others = [first, *others]
    else:
        table["fault"] = first.strip()
    fault = FAULTS.get(table.get("fault", ""))
    known = {*KEYS, *Match.__struct_fields__, *(fault.options if fault else ())}
    key = ""
    for part in others:
        name, equals, value = part.partition("=")
        # a value may contain commas, and a delay equals signs after them
        goes_on = key and (not equals or (name.strip() not in known and ":" in str(table[key])))
        if goes_on:
            table[key] += f",{part}"
        elif not equals:
            raise RuleError(f"{part!r} is not a key; write it like {part.strip() or 'times'}=...")
        else:
            key = name.strip()
            if key in table:
                raise RuleError(f"{key}: given twice")
            value = value.strip()
            table[key] = f"0{value}" if key in _SHARES and value.startswith(".") else value
    return table


def dump_rule(rule: Rule) -> dict[str, Any]:
    """Return the table that `parse_rule` reads back."""
    table: dict[str, Any] = {"name": rule.name}
    if rule.id:
        table["id"] = rule.id
    table["on"] = rule.on
    if not rule.enabled:
        table["enabled"] = False
    if rule.match.given():
        table["match"] = {name: getattr(rule.match, name) for name in rule.match.given()}
    table.update(_chosen(rule))
    if rule.during is not None:
        table["during"] = rule.during.written()
    return {**table, **_done(rule)}


def _chosen(rule: Rule) -> dict[str, Any]:
    return {name: value for name in _CHOOSING if (value := getattr(rule, name))}


def _done(rule: Rule) -> dict[str, Any]:
    """Return the action of the rule."""
    if rule.errored is not None:
        fields = rule.errored.__struct_fields__
        return {"errored": {name: value for name in fields if (value := getattr(rule.errored, name)) is not None}}
    if rule.fault is not None:
        if key := FAULTS[rule.fault].key:
            return {key: dict(rule.options)}
        return {"fault": rule.fault, **({"with": dict(rule.options)} if rule.options else {})}
    return {"outcome": rule.outcome} if rule.outcome else {"reply": rule.reply}


def as_toml(rule: Rule) -> str:
    """Return the rule as a table of a rules file. Values that TOML cannot represent are omitted."""
    table = {name: value for name, value in dump_rule(rule).items() if name != "id"}
    return "[[rules]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        pairs = (f"{_toml_key(str(key))} = {_toml(one)}" for key, one in value.items() if one is not None)
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value if one is not None) + "]"
    return json.dumps(value)


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml(key)


def as_pytest(rule: Rule) -> str:
    """Return the rule as a line of a test that uses the `mockbatch` fixture."""
    match = {name: getattr(rule.match, name) for name in rule.match.given()}
    during = {} if rule.during is None else {"during": rule.during.written()}
    chosen = _arguments([repr(rule.on)], {**match, **_chosen(rule), **during})
    return f"mockbatch.on({chosen}).{_method(rule)}"


def _method(rule: Rule) -> str:
    (key, done), *_ = _done(rule).items()
    if key == "fault":
        return f"fault({_arguments([repr(rule.fault)], rule.options)})"
    if key in KEYED:
        first = next(iter(KEYED[key].options))
        others = {name: value for name, value in done.items() if name != first}
        return f"{key}({_arguments([repr(done[first])] if first in done else [], others)})"
    return f"{key}({done!r})"


def _arguments(positional: list[str], named: Mapping[str, Any]) -> str:
    return ", ".join([*positional, *(f"{name}={value!r}" for name, value in named.items())])
