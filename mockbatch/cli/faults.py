"""`mockbatch faults`: all that can go wrong on demand."""

import json

import click

from mockbatch.cli import Failure
from mockbatch.core.names import did_you_mean
from mockbatch.core.rules.fault import Fault, Option
from mockbatch.core.rules.faults import FAULTS


@click.group("faults", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the faults that can be armed, or explain one."""
    if context.invoked_subcommand is not None:
        return
    if as_json:
        click.echo(json.dumps([_as_table(fault) for fault in FAULTS.values()], indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("fault", "on", "what happens", box=None, pad_edge=False)
    for fault in FAULTS.values():
        table.add_row(fault.name, fault.on[0], fault.effect)
    Console(highlight=False, markup=False).print(table)


@command.command("explain")
@click.argument("name")
def explain(name: str) -> None:
    """Tell what happens under a fault, how the official SDK reacts, and how to arm it."""
    fault = FAULTS.get(name)
    if fault is None:
        raise Failure(f"there is no fault {name!r}.{did_you_mean(name, FAULTS)} `mockbatch faults` lists them")
    click.echo("\n".join(_explained(fault)))


def _explained(fault: Fault) -> list[str]:
    told = [fault.name, "", f"What happens: {fault.effect}", f"The SDK:      {fault.sdk}"]
    told.append(f"Strikes on:   {', '.join(fault.on)}")
    if fault.options:
        told += ["", "Options:", *(_told(name, option) for name, option in fault.options.items())]
    told += ["", "Arm it:", f"  mockbatch serve --fault '{example(fault)}'"]
    if fault.test:
        told += ["", f"Shown by: {fault.test}"]
    return told


def _told(name: str, option: Option) -> str:
    choices = f" One of {', '.join(option.choices)}." if option.choices and option.kind == "choice" else ""
    default = "" if option.default is None else f" [default {option.default}]"
    return f"  {name:<18}{option.help}{choices}{default}"


def example(fault: Fault) -> str:
    """A flag that arms the fault, with the first of its options."""
    for name, default in fault.defaults().items():
        shown = "/".join(default) if isinstance(default, list) else default
        return f"{fault.name},{name}={str(shown).lower() if isinstance(shown, bool) else shown}"
    return fault.name


def _as_table(fault: Fault) -> dict[str, object]:
    options = {
        name: {"kind": option.kind, "help": option.help, "default": option.default, "choices": list(option.choices)}
        for name, option in fault.options.items()
    }
    return {
        "name": fault.name,
        "on": list(fault.on),
        "effect": fault.effect,
        "sdk": fault.sdk,
        "modes": list(fault.modes),
        "test": fault.test,
        "options": options,
    }
