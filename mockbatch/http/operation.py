"""Request and response types of an endpoint, declared on its handler, for the OpenAPI document."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from msgspec import Struct

from mockbatch.core.vocabulary import OfNoSession, Operation

H = TypeVar("H", bound=Callable[..., Any])

Caller = Literal["key", "admin", "own", "all", "anyone"]
"""Who may call. Of the API: `key` or `admin` (an admin key). Of the control plane: `own` (any key, limited to its
session), `all` (only callers that may reach beyond their session) or `anyone`.
"""

JSON, JSONL, EVENTS = "application/json", "application/x-jsonl", "text/event-stream"


class Parameter(Struct, frozen=True):
    """A query parameter."""

    name: str
    schema: dict[str, Any]
    help: str


class Description(Struct, frozen=True):
    """The request body, as JSON or a form, and the responses by content type. `caller` is who may call, `op` the name
    of the operation in the journal and in rules.
    """

    takes: Any
    answers: dict[str, Any]
    query: tuple[Parameter, ...]
    caller: Caller
    form: tuple[str, ...]
    op: str


PAGE = (
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20}, "Entries per page."),
    Parameter("after_id", {"type": "string"}, "The page right after this entry."),
    Parameter("before_id", {"type": "string"}, "The page right before this entry."),
)


def operation(
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
    """Declare the types of a handler; `more` are responses of other content types, `form` fields, the first of them a
    file.
    """

    def note(handler: H) -> H:
        handler.__description__ = Description(takes, {kind: answers, **(more or {})}, query, caller, form, op)  # type: ignore[attr-defined]
        return handler

    return note


def description_of(handler: Callable[..., Any]) -> Description:
    """Return the declaration of a handler. Raises AttributeError if it has none."""
    found: Description = handler.__description__  # type: ignore[attr-defined]
    return found


def op_of(handler: Callable[..., Any]) -> str:
    """Return the journal's name of the operation of a handler; empty if it is not logged."""
    found: Description | None = getattr(handler, "__description__", None)
    return found.op if found else ""
