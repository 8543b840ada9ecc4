"""`mockbatch faults`: the faults that can be injected."""

import click
import msgspec

from mockbatch.cli import CommandError
from mockbatch.cli.groups import Group, completing
from mockbatch.cli.output import print_json, print_table, wants_json
from mockbatch.core.rules.fault import Fault
from mockbatch.core.rules.faults import FAULTS, fault_view, meant_instead
from mockbatch.core.rules.options import FaultParam


class _Faults(Group):
    default = "list"

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # the names of faults have dots, those of commands have none
        return super().resolve_command(ctx, ["explain", *args] if "." in args[0] else args)


@click.group("faults", cls=_Faults)
def command() -> None:
    """List or explain the faults that can be injected."""


@command.command("list")
@wants_json
def listed(as_json: bool) -> None:
    """List the faults."""
    if as_json:
        print_json(msgspec.to_builtins(list(map(fault_view, FAULTS.values()))))
        return
    print_table(("fault", "on", "what happens"), ((one.name, one.on[0], one.effect) for one in FAULTS.values()))


@command.command("explain")
@click.argument("name", shell_complete=completing(FAULTS))
@wants_json
def explain(name: str, as_json: bool) -> None:
    """Explain a fault: effect, what the SDK does, how to arm it."""
    fault = FAULTS.get(name)
    if fault is None:
        raise CommandError(f"there is no fault {name!r}.{meant_instead(name)}")
    if as_json:
        print_json({**msgspec.to_builtins(fault_view(fault)), "example": example(fault)})
        return
    click.echo("\n".join(_explained(fault)))


def _explained(fault: type[Fault]) -> list[str]:
    lines = [fault.name, "", f"What happens: {fault.effect}", f"The SDK:      {fault.sdk}"]
    lines.append(f"Strikes on:   {', '.join(fault.on)}")
    if fault.options:
        lines += ["", "Options:", *(_option_line(name, option) for name, option in fault.options.items())]
    lines += ["", "Arm it:", f"  mockbatch serve --fault '{example(fault)}'"]
    if fault.test:
        lines += ["", f"Shown by: {fault.test}"]
    return lines


def _option_line(name: str, option: FaultParam) -> str:
    choices = f" One of {', '.join(option.choices)}." if option.choices and option.kind == "choice" else ""
    default = "" if option.default is None else f" [default {option.default}]"
    return f"  {name:<18}{option.help}{choices}{default}"


def example(fault: type[Fault]) -> str:
    """Return a flag that arms the fault, with its first option."""
    for name, default in fault.defaults().items():
        shown = "/".join(default) if isinstance(default, list) else default
        return f"{fault.name},{name}={str(shown).lower() if isinstance(shown, bool) else shown}"
    return fault.name
