"""Missing, unknown or malformed parts, in the validator's words. `shapes/` detects them.

Source: https://platform.claude.com/docs/en/api/messages/create, and measured by a third party, 2026-09-04
"""

from typing import Any

from mockbatch.core.contract.beta_fields import BETA_FIELDS, BetaField
from mockbatch.core.contract.errors import ApiError, InvalidRequest, NotFound
from mockbatch.core.contract.refusals.refusal import OLDEST, Example, Refusal, said, text

_CAPTURED, _MEASURED = "captured batch", "measured by a third party"
_EXTRA = "Extra inputs are not permitted"
_TOOL = {"name": "look_up", "input_schema": {"type": "object"}}


def _shape(
    name: str,
    says: str,
    refused: dict[str, Any],
    taken: dict[str, Any] | None = None,
    source: str = _MEASURED,
    error: type[ApiError] = InvalidRequest,
    version: str = "2026-10-21",
) -> Refusal:
    return Refusal(
        name=name,
        says=says,
        on="",
        refused=Example(refused, version),
        taken=Example(taken or {}, version),
        source=source,
        seen="2026-09-04",
        error=error,
    )


def _null(name: str, says: str, taken: Any) -> Refusal:
    return _shape(f"null for {name}", f"{name}: {says}", {name: None}, {name: taken} if taken is not None else None)


def _beta(field: BetaField) -> Refusal:
    """Return an entry for a part that requires a beta header."""
    return Refusal(
        name=f"without its beta header: {field.path}",
        says="{path}: Extra inputs are not permitted" if _is_key(field.path) else "{problem}",
        on="",
        refused=_on_its_model(field, field.besides),
        taken=_on_its_model(field, (*field.besides, field.betas[-1])),
        source=field.source,
        seen="2026-11-24",
    )


def _is_key(path: str) -> bool:
    """Return whether a path leads to a key rather than to a value or a type of it."""
    return not any(mark in path.rpartition(".")[2] for mark in ":=")


def _on_its_model(field: BetaField, betas: tuple[str, ...]) -> Example:
    model = "claude-haiku-4-5" if field.path.endswith("computer_20250124") else "claude-opus-5"
    change = {"model": model, "max_tokens": 2_000, **field.example}
    messages = change.get("messages", [])
    if messages and messages[-1]["role"] == "assistant":
        change["messages"] = [*messages, said(text("Go on."))]
    return Example(change, betas=betas)


REFUSALS = (
    _shape("no model", "model: Field required", {"model": ...}, source=_CAPTURED),
    _shape("no messages", "messages: Field required", {"messages": ...}, source=_CAPTURED),
    _shape("no max_tokens", "max_tokens: Field required", {"max_tokens": ...}, source=_CAPTURED),
    _shape("an empty model", "model: String should have at least 1 character", {"model": ""}),
    _shape("a model that is not a string", "model: Input should be a valid string", {"model": 5}),
    _shape(
        "an unknown model",
        "model: claude-none-1",
        {"model": "claude-none-1"},
        source=_CAPTURED,
        error=NotFound,
    ),
    _shape("max_tokens below 1", "max_tokens: must be greater than or equal to 1", {"max_tokens": 0}, source=_CAPTURED),
    _shape("max_tokens that is not an integer", "max_tokens: Input should be a valid integer", {"max_tokens": "5"}),
    _shape("messages that are not a list", "messages: Input should be a valid array", {"messages": "hello"}),
    _shape("no message", "messages: at least one message is required", {"messages": []}, source=_CAPTURED),
    _shape(
        "an unknown role",
        'messages: Unexpected role "bogus". Allowed roles are "user" or "assistant"',
        {"messages": [said(text("Hello"), role="bogus")]},
    ),
    _shape("a system prompt of another shape", "system: Input should be a valid array", {"system": 7}),
    _shape("unknown keys", f"extra_headers: {_EXTRA}", {"extra_headers": {}}, source=_CAPTURED),
    _shape("betas in the body", f"betas: {_EXTRA}", {"betas": ["x"]}, source=_CAPTURED),
    _shape(
        "unknown keys of a tool",
        f"tools.0.web_fetch_20250910._requestedType: {_EXTRA}",
        {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch", "_requestedType": "x"}]},
        {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]},
        source=_CAPTURED,
    ),
    _shape("temperature", f"temperature: {_EXTRA}", {"temperature": 1}, source="api/migration-2026-10-21"),
    _shape("top_p", f"top_p: {_EXTRA}", {"top_p": 0.99}, source="api/migration-2026-10-21"),
    _shape("top_k", f"top_k: {_EXTRA}", {"top_k": 5}, source="api/migration-2026-10-21"),
    _shape(
        "a temperature out of range", "temperature: range: 0..1", {"temperature": 2}, {"temperature": 1}, version=OLDEST
    ),
    _shape(
        "an unknown inference_geo",
        "inference_geo: must be one of ['global', 'us']",
        {"model": "claude-opus-4-8", "inference_geo": "mars"},
        {"model": "claude-opus-4-8", "inference_geo": "us"},
    ),
    _shape(
        "a thinking budget below 1,024",
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        {"thinking": {"type": "enabled", "budget_tokens": 5}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2_000},
        source="build-with-claude/extended-thinking",
    ),
    _null("tools", "Input should be a valid array", [_TOOL]),
    _null("tool_choice", "Input should be an object", None),
    _null("system", "Input should be a valid array", "Be brief."),
    _null("thinking", "Input should be an object", {"type": "disabled"}),
    _null("output_config", "Input does not match the expected shape.", None),
    _null("stream", "Input should be a valid boolean", False),
    _null("service_tier", "Input should be 'auto' or 'standard_only'", "auto"),
    # never accepted in batches, with a header or without
    *(_beta(field) for field in BETA_FIELDS if field.path != "thread"),
)
