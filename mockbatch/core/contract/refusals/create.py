"""The errors of create: the body around the requests, without their `params`.

Source: https://platform.claude.com/docs/en/api/creating-message-batches and captured calls
"""

from typing import Any

from mockbatch.core.contract.errors import ApiError, InvalidRequest, RequestTooLarge
from mockbatch.core.contract.refusals.refusal import Example, Refusal, request

_CAPTURED = "captured calls"
_SPEC = "api/creating-message-batches"


def _create(
    name: str,
    says: str,
    refused: Any = None,
    source: str = _CAPTURED,
    seen: str = "2026-08",
    error: type[ApiError] = InvalidRequest,
    guess: bool = False,
) -> Refusal:
    """Return an entry for a body, given as a value or as its text."""
    return Refusal(
        name=name,
        says=says,
        on="",
        refused=Example({"body": refused}) if refused is not None else request(),
        taken=Example({"body": {"requests": [item("a")]}}),
        source=source,
        seen=seen,
        guess=guess,
        stage="create",
        error=error,
    )


def item(custom_id: Any, **more: Any) -> dict[str, Any]:
    """Return a request of a batch."""
    return {"custom_id": custom_id, "params": request().params, **more}


REFUSALS = (
    _create("a body that is not JSON", "The request body is not valid JSON: {problem}", '{"requests": ['),
    _create("no requests", "requests: Field required", {}, _SPEC, guess=True),
    _create(
        "an empty list of requests",
        "requests: List should have at least 1 item after validation, not 0",
        {"requests": []},
    ),
    _create(
        "more than 100,000 requests",
        "requests: List should have at most 100000 items after validation, not {count}",
        source=_SPEC,
        guess=True,
    ),
    _create("no custom_id", "requests.0.custom_id: Field required", {"requests": [{"params": request().params}]}),
    _create("no params", "requests.0.params: Field required", {"requests": [{"custom_id": "a"}]}, _SPEC, guess=True),
    _create(
        "an empty custom_id",
        "requests.0.custom_id: String should have at least 1 character",
        {"requests": [item("")]},
        _SPEC,
        guess=True,
    ),
    _create(
        "a custom_id that is too long",
        "requests.0.custom_id: String should have at most 64 characters",
        {"requests": [item("a" * 65)]},
    ),
    _create(
        "a custom_id with other characters",
        "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
        {"requests": [item("a b")]},
    ),
    _create(
        "a duplicate custom_id",
        "requests: custom_id's must be unique within a batch. Duplicate custom_id found: dup",
        {"requests": [item("dup"), item("dup")]},
    ),
    _create(
        "unknown keys of the body",
        "betas: Extra inputs are not permitted",
        {"requests": [item("a")], "betas": []},
        _SPEC,
        guess=True,
    ),
    _create(
        "unknown keys of a request",
        "requests.0.method: Extra inputs are not permitted",
        {"requests": [item("a", method="POST")]},
        _SPEC,
        guess=True,
    ),
    _create(
        "a body of more than 256 MB", "Request exceeds the maximum size", source="api/errors", error=RequestTooLarge
    ),
)
