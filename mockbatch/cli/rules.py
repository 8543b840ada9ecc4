"""`mockbatch rules`: the rules of a session on a running server."""

import json
from pathlib import Path
from typing import Any

import click

from mockbatch.cli import BadInput
from mockbatch.cli.connect import Remote
from mockbatch.cli.groups import Group, completing
from mockbatch.cli.output import print_json, print_table, wants_json
from mockbatch.cli.remote import wants_server
from mockbatch.config import OPTIONS, resolve
from mockbatch.core.numbers import how_many
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.presets import PRESETS, Preset
from mockbatch.core.rules.written import dump_rule
from mockbatch.core.suggestions import did_you_mean

View = dict[str, Any]
_SHOWN_ELSEWHERE = frozenset({"id", "name", "on", "match", "with", "http"})


class _Rules(Group):
    default = "list"


@click.group("rules", cls=_Rules)
def command() -> None:
    """List, add or remove the rules of a session.

    A rule injects a fault: which one, where and how often. `mockbatch faults` lists the faults.
    """


@command.command("list")
@wants_server
@wants_json
def listed(server: Remote, as_json: bool) -> None:
    """List the rules in the order in which they are tried."""
    _print(server.mine.get("rules")["rules"], as_json, "no rules: no faults are injected")


@command.command("add")
@click.argument("faults", nargs=-1, metavar="[FAULT[,KEY=VALUE]...]...", shell_complete=completing(FAULTS))
@click.option(
    "--preset",
    metavar="NAME",
    shell_complete=completing(PRESETS),
    help=f"Add the rules and options of a preset: {', '.join(PRESETS)}.",
)
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Add the rules of a TOML file, each a table [[rules]]; its options are ignored.",
)
@wants_server
@wants_json
def add(faults: tuple[str, ...], preset: str | None, path: Path | None, server: Remote, as_json: bool) -> None:
    """Append rules.

    A FAULT has the syntax of `mockbatch serve --fault`, e.g. results.cut,after_items=73,times=1
    """
    chosen = _preset(preset) if preset else Preset("")
    tables = [*_of_faults(faults), *(_of_file(path) if path else []), *map(dict, chosen.tables)]
    if not (tables or chosen.options):
        raise click.UsageError("give a fault, --preset or --file; `mockbatch faults` lists the faults")
    added = server.mine.post("rules", rules=tables)["rules"] if tables else []
    if chosen.options:
        server.mine.patch("sessions", server.session["id"], options=chosen.options)
    if chosen.options and not as_json:
        changed = ", ".join(f"{name} = {text}" for name, text in chosen.options.items())
        click.echo(f"from now on: {changed}")
    if added or as_json:
        _print(added, as_json, "")


@command.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="ID...")
@wants_server
@wants_json
def remove(names: tuple[str, ...], server: Remote, as_json: bool) -> None:
    """Remove rules by ID or name."""
    views = server.mine.get("rules")["rules"]
    removed = [server.mine.delete("rules", id) for id in [_identified(name, views) for name in names]]
    if as_json:
        print_json(removed)
    else:
        click.echo(f"removed {', '.join(view['id'] for view in removed)}")


@command.command("clear")
@wants_server
@wants_json
def clear(server: Remote, as_json: bool) -> None:
    """Remove all rules."""
    gone = server.mine.get("rules")["rules"]
    server.mine.delete("rules")
    if as_json:
        print_json(gone)
    else:
        click.echo(f"removed {how_many(len(gone), 'rule')}")


def _preset(name: str) -> Preset:
    """Return a preset by name. Raises BadParameter."""
    try:
        return PRESETS[OPTIONS["preset"].parse(name)]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--preset") from None


def _of_faults(texts: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the rule tables of faults in flag syntax. Raises BadInput."""
    try:
        return [dump_rule(rule) for text in texts for rule in OPTIONS["fault"].parse(text)]
    except ValueError as error:
        raise BadInput(str(error)) from None


def _of_file(path: Path) -> list[dict[str, Any]]:
    """Return the rule tables of a file. Raises ConfigError if it is invalid, BadInput if it has none."""
    config, _ = resolve({}, {}, path, Path.cwd())
    if not config.rules:
        raise BadInput(f"{path}: has no rules; each is a table [[rules]]")
    return [dump_rule(rule) for rule in config.rules]


def _identified(name: str, views: list[View]) -> str:
    """Return the ID of a rule given by ID or name. Raises BadInput."""
    ids = [view["id"] for view in views]
    named = [view["id"] for view in views if view["name"] == name]
    if name in ids or len(named) == 1:
        return name if name in ids else str(named[0])
    if named:
        raise BadInput(f"{len(named)} rules are called {name!r}: name one of {', '.join(named)}")
    known = [*ids, *(view["name"] for view in views)]
    raise BadInput(f"there is no rule {name!r}.{did_you_mean(name, known)} `mockbatch rules` lists them")


def _print(views: list[View], as_json: bool, nothing: str) -> None:
    if as_json:
        print_json(views)
    elif not views:
        click.echo(nothing)
    else:
        print_table(("id", "name", "on", "how", "hits", "left"), map(_cells, views), numbers=[4, 5])
    for view in views:
        if view["warning"]:
            click.echo(f"mockbatch: {view['id']}: {view['warning']}", err=True)


def _cells(view: View) -> list[str]:
    left = "" if view["remaining"] is None else f"{view['remaining']:,}"
    return [view["id"], view["name"], view["rule"]["on"], _how(view["rule"]), f"{view['hits']:,}", left]


def _how(rule: dict[str, Any]) -> str:
    """Return what a rule does, where and when, without what its name implies."""
    fields = {**rule, **rule.get("match", {}), **rule.get("with", {}), **rule.get("http", {})}
    fields |= {"errored": fields["errored"]["type"]} if "errored" in fields else {}
    left_out = _SHOWN_ELSEWHERE | ({"fault"} if fields.get("fault") == rule["name"] else set())
    return " ".join(f"{key}={_short(value)}" for key, value in fields.items() if key not in left_out)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
