"""The registry of options: default, help text and parser of each."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from mockbatch.config.parsers import Parse
from mockbatch.core.time.spans import format_span, parse_span

Meaning = Literal["data", "file", "code"]
"""The meaning of an option's text: a value, or the name of a file or of code. Names are refused over HTTP."""


class ConfigError(Exception):
    """An invalid option; the message is one sentence for the user."""


class Option(Struct, frozen=True):
    """One option: the meaning of its text, its default, help, parser and metavar.

    The text of an option with `many` values is a list with `separator`. An option that is `of_server` is the same for
    all sessions; the others can be set per session. For an option that may name a file, `is_data` returns whether a
    text does not. A switch is on, off, or unset.
    """

    means: Meaning
    default: Any
    help: str
    parse: Parse
    metavar: str
    many: bool = False
    of_server: bool = False
    separator: str = ","
    is_data: Callable[[str], bool] | None = None
    is_switch: bool = False

    def may_be_sent(self, text: str) -> bool:
        """Whether this text names neither a file nor code, so that it may be sent over HTTP."""
        return self.means == "data" or (self.is_data is not None and self.is_data(text))

    @property
    def is_flag(self) -> bool:
        return isinstance(self.default, bool)

    @property
    def shown_default(self) -> str:
        """The default as a user would write it; empty if there is none."""
        if self.default in (None, False, "", ()):
            return ""
        if isinstance(self.default, tuple):
            return self.separator.join(map(str, self.default))
        return format_span(self.default) if self.parse is parse_span else str(self.default)


OPTIONS: dict[str, Option] = {}


def option(
    name: str,
    means: Meaning,
    default: Any,
    help: str,
    parse: Parse = str,
    metavar: str = "TEXT",
    *,
    many: bool = False,
    of_server: bool = False,
    separator: str = ",",
    is_data: Callable[[str], bool] | None = None,
    is_switch: bool = False,
) -> Any:
    """Register an option and return its default."""
    OPTIONS[name] = Option(means, default, help, parse, metavar, many, of_server, separator, is_data, is_switch)
    return default
