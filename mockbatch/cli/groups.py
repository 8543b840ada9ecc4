"""Command groups: lazy imports, sections in --help, and suggestions for mistyped names."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import ClassVar

import click

from mockbatch.core.suggestions import did_you_mean

Sections = Mapping[str, Mapping[str, str]]
"""Per heading, the names of commands and the modules that define them as `command`."""


def completing(names: Iterable[str]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return a function for shell completion of these names."""
    return lambda context, parameter, begun: [name for name in names if name.startswith(begun)]


class Group(click.Group):
    """A group that suggests the nearest command for an unknown one.

    `default` is the command to run if none is given. `words` maps synonyms to the commands to suggest.
    """

    default: str | None = None
    words: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self.default is not None and not ctx.resilient_parsing:
            first = args[0] if args else "-"
            if first.startswith("-") and first not in ctx.help_option_names:
                args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing and not name.startswith("-"):
            known = [*self.words, *self.list_commands(ctx)]
            near = did_you_mean(name, known, lambda found: repr(self.words.get(found, found)))
            raise click.UsageError(f"No such command {name!r}.{near}", ctx)
        return super().resolve_command(ctx, args)


class Lazy(Group):
    """A group that imports its commands when they are called, so that none pays for another."""

    sections: ClassVar[Sections] = {}
    unlisted: ClassVar[Mapping[str, str]] = {}
    """Commands for programs, hidden from --help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for commands in self.sections.values() for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for commands in (*self.sections.values(), self.unlisted):
            if cmd_name in commands:
                command: click.Command = import_module(f"mockbatch.cli.{commands[cmd_name]}").command
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.list_commands(ctx)))
        for heading, names in self.sections.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            limit = formatter.width - 6 - width
            rows = [(name.ljust(width), one.get_short_help_str(limit)) for name, one in commands if one]
            with formatter.section(heading):
                formatter.write_dl(rows)
