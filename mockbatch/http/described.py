"""What an endpoint takes and answers, written beside it, for the OpenAPI document."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from msgspec import Struct

from mockbatch.core.vocabulary import OfNoSession, Operation

H = TypeVar("H", bound=Callable[..., Any])

Caller = Literal["key", "admin", "own", "all", "anyone"]
"""Who may call: a key of the API, an admin key; of the control plane whoever has a key, as far as the session of that
reaches (`own`), or only who may reach beyond it (`all`); or `anyone`."""

JSON, JSONL, EVENTS = "application/json", "application/x-jsonl", "text/event-stream"


class Parameter(Struct, frozen=True):
    """A parameter of the query."""

    name: str
    schema: dict[str, Any]
    help: str


class Description(Struct, frozen=True):
    """What goes in, as JSON or a form, and what comes out by content type; `caller` is who may call, `op` how the
    journal and rules call it.
    """

    takes: Any
    answers: dict[str, Any]
    query: tuple[Parameter, ...]
    caller: Caller
    form: tuple[str, ...]
    op: str


PAGE = (
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20}, "Entries in a page."),
    Parameter("after_id", {"type": "string"}, "The page right after this entry."),
    Parameter("before_id", {"type": "string"}, "The page right before this entry."),
)


def described(
    answers: Any,
    *,
    caller: Caller,
    takes: Any = None,
    kind: str = JSON,
    more: dict[str, Any] | None = None,
    query: tuple[Parameter, ...] = (),
    form: tuple[str, ...] = (),
    op: Operation | OfNoSession | Literal[""] = "",
) -> Callable[[H], H]:
    """Note the types of a handler; `more` are answers of other content types, `form` fields, the first a file."""

    def note(handler: H) -> H:
        handler.__description__ = Description(takes, {kind: answers, **(more or {})}, query, caller, form, op)  # type: ignore[attr-defined]
        return handler

    return note


def description_of(handler: Callable[..., Any]) -> Description:
    """What was noted of a handler. Raises AttributeError where nothing was."""
    found: Description = handler.__description__  # type: ignore[attr-defined]
    return found


def op_of(handler: Callable[..., Any]) -> str:
    """How the journal calls what a handler does; nothing where it takes no note of it."""
    found: Description | None = getattr(handler, "__description__", None)
    return found.op if found else ""
