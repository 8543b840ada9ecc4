"""Options: each once, with its default, its help, and how its text is read."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from mockbatch.config.parsers import Parse
from mockbatch.core.time.spans import format_span, parse_span

Meaning = Literal["data", "file", "code"]
"""What the text of an option is: a value, or the name of a file or of code, which may not come over HTTP."""


class ConfigError(Exception):
    """An option that cannot be used; the message is one sentence for the person who wrote it."""


class Option(Struct, frozen=True):
    """One option: what its text means, its default, its help, how its text is read and how its value is called.

    Of an option with `many` values the text has the separator between them. One that is `of_server` is the same for all
    sessions; the others a session may have of its own. `is_data` tells, of an option that may name a file, which of its
    texts name none. A switch is on, off, or neither.
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
        """Whether this text may come over HTTP, as it names neither a file nor code."""
        return self.means == "data" or (self.is_data is not None and self.is_data(text))

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
    """Register an option; answers its default."""
    OPTIONS[name] = Option(means, default, help, parse, metavar, many, of_server, separator, is_data, is_switch)
    return default
