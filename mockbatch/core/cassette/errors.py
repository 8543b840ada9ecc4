"""Check whether the API could have sent a recorded error."""

from collections.abc import Iterator
from typing import Any

from mockbatch.core.cassette.interaction import Interaction
from mockbatch.core.contract.errors import ApiError, Unverified
from mockbatch.core.suggestions import did_you_mean

_OUTER, _INNER = frozenset({"type", "error", "request_id"}), frozenset({"type", "message", "details"})
_ANY_FROM = 500


def error_problem(interaction: Interaction) -> str | None:
    """Return what is wrong with the error of an interaction, if the API never sends one like it."""
    error = interaction.error
    if error is None:
        return None
    inner = error.get("error")
    if error.get("type") != "error" or not isinstance(inner, dict):
        return 'the API sends errors as {"type": "error", "error": {"type": ..., "message": ...}, "request_id": ...}'
    if not isinstance(inner.get("type"), str) or not isinstance(inner.get("message"), str):
        return "an API error has a `type` and a `message`, both strings"
    for fields, known in ((error, _OUTER), (inner, _INNER)):
        if strange := next((name for name in fields if name not in known), None):
            return f"an API error has no `{strange}`"
    if not isinstance(error.get("request_id"), str | None):
        return "the `request_id` of an error is a string or null"
    return _type_problem(inner["type"], interaction.status)


def _type_problem(kind: str, status: int) -> str | None:
    statuses = {known.status for known in _family(ApiError) if known.type == kind}
    if not statuses:
        types = sorted({known.type for known in _family(ApiError)})
        return f"the API has no error of type {kind!r}.{did_you_mean(kind, types)}"
    if status and status not in statuses and not (kind == "api_error" and status >= _ANY_FROM):
        return f"an error of type {kind} has status {' or '.join(map(str, sorted(statuses)))}, not {status}"
    return None


def _family(kind: type[ApiError]) -> Iterator[Any]:
    """Yield the error classes of the API."""
    for one in kind.__subclasses__():
        if one is not Unverified and "status" in vars(one):
            yield one
        yield from _family(one)
