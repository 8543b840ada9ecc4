"""Options: each once, with its default, its help, and how its text is read."""

from typing import Any

from msgspec import Struct

from mockbatch.config.parsers import Parse
from mockbatch.core.time.spans import format_span, parse_span


class ConfigError(Exception):
    """An option that cannot be used; the message is one sentence for the person who wrote it."""


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

    @property
    def shown_default(self) -> str:
        """The default as a person writes it, empty where there is none."""
        if self.default in (None, False, "", ()):
            return ""
        if isinstance(self.default, tuple):
            return self.separator.join(map(str, self.default))
        return format_span(self.default) if self.parse is parse_span else str(self.default)


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
