"""One refusal: its condition, the API's message, a request it refuses, and a similar one it accepts."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct

from mockbatch.core.contract.errors import ApiError, InvalidRequest
from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.shape_check import Surface

NEWEST, OLDEST = "2026-10-21", "2023-06-01"

Stage = Literal["call", "create", "row"]
"""When it is reported: by any call, when a batch is created, or as the result of a request."""

Found = Mapping[str, Any] | bool | None
"""The result of a check: nothing, or the values for the message."""


class Long(Struct, frozen=True):
    """A text repeated `times` times; in an example it takes no memory until it is sent."""

    text: str
    times: int


def _written(value: Any) -> Any:
    if isinstance(value, Long):
        return value.text * value.times
    if isinstance(value, dict):
        return {name: _written(part) for name, part in value.items()}
    return [_written(part) for part in value] if isinstance(value, list) else value


class Example(Struct, frozen=True):
    """A request: changes to an ordinary one, where `...` removes a key, and the terms it is sent under."""

    change: dict[str, Any]
    version: str = NEWEST
    betas: tuple[str, ...] = ()
    surface: Surface = "batch"
    profile: str = ""

    @property
    def params(self) -> dict[str, Any]:
        ordinary = {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello"}]}
        return {name: _written(value) for name, value in (ordinary | self.change).items() if value is not ...}


def request(version: str = NEWEST, betas: tuple[str, ...] = (), surface: Surface = "batch", **change: Any) -> Example:
    """Return an example of a request that differs from an ordinary one."""
    return Example(change, version, betas, surface)


def said(*content: dict[str, Any], role: str = "user") -> dict[str, Any]:
    """Return a message."""
    return {"role": role, "content": list(content)}


def text(words: str, **more: Any) -> dict[str, Any]:
    """Return a block of text."""
    return {"type": "text", "text": words, **more}


class Refusal(Struct, frozen=True, kw_only=True):
    """One entry of the table.

    `finds` is called if the request has `on`, one of its triggers, and returns the values for the braces of `says`. An
    entry without `finds` is detected when the body or its shape is parsed. `source` is a page under
    https://platform.claude.com/docs/en/ or a public report; `seen` is its date. A `guess` has no published text.
    """

    name: str
    says: str
    on: str
    finds: Callable[[ParsedRequest], Found] | None = None
    refused: Example
    taken: Example
    source: str
    seen: str
    guess: bool = False
    stage: Stage = "row"
    error: type[ApiError] = InvalidRequest

    def details(self, found: Found) -> dict[str, Any]:
        """Return the details of the error: the message may be shown, and the finding may add more."""
        more = found.get("details", {}) if isinstance(found, Mapping) else {}
        return {"error_visibility": "user_facing", **more}

    def text(self, found: Found) -> str:
        """Return the message for a finding."""
        return self.says.format_map(found) if isinstance(found, Mapping) else self.says
