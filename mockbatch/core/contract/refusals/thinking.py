"""Thinking and effort, by model.

Source: https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting and .../api/errors
"""

from collections.abc import Callable
from typing import Any

from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import Found, Refusal, request, text

_PAGE, _SEEN = "build-with-claude/thinking-troubleshooting", "2026-10-10"
_ERRORS = "api/errors"
_BUDGET = {"type": "enabled", "budget_tokens": 1024}
_OFF, _ON, _BETWEEN = {"type": "disabled"}, {"type": "adaptive"}, {"type": "between_tools"}
_INSTEAD = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
_IN_CONVERSATION = "mid-conversation-output-config-2026-07-01"


def _lacks(mode: str, suits: Callable[[ParsedRequest], bool] = lambda asked: True) -> Callable[[ParsedRequest], Found]:
    return lambda asked: asked.thinking == mode and mode not in asked.model.thinking and suits(asked)


def _is_preview(asked: ParsedRequest) -> bool:
    """Return whether the model always thinks and accepts a budget."""
    return asked.model.thinks == "always" and "enabled" in asked.model.thinking


def _without_thinking(asked: ParsedRequest) -> Found:
    if asked.thinking not in ("disabled", "between_tools") or asked.effort is None or not asked.model.efforts:
        return None
    highest = asked.model.efforts_unthinking[-1]
    return asked.effort not in asked.model.efforts_unthinking and {"effort": asked.effort, "highest": highest}


def _level(asked: ParsedRequest) -> Found:
    if asked.effort is None or not asked.model.efforts or asked.effort in asked.model.efforts:
        return None
    return {"effort": asked.effort, "levels": ", ".join(sorted(asked.model.efforts))}


def _changed(asked: ParsedRequest) -> Found:
    """Find a system message that changes the effort while thinking is off."""
    if asked.thinks or not any(turn.role == "system" for turn in asked.turns):
        return None
    now = asked.effort or asked.model.default_effort
    for turn in asked.turns:
        effort = (turn.message.get("output_config") or {}).get("effort")
        if effort is not None and effort != now:
            return {"index": turn.place, "effort": effort, "before": now}
    return None


def _effort(level: str) -> dict[str, Any]:
    return {"output_config": {"effort": level}}


REFUSALS = (
    Refusal(
        name="thinking on models that never think",
        says="'{model}' does not support thinking.",
        on="thinking",
        finds=lambda asked: (
            asked.model.thinks == "never" and asked.thinking not in ("disabled", None) and {"model": asked.model.id}
        ),
        refused=request(model="claude-3-5-haiku-20241022", thinking=_BUDGET, max_tokens=2_000),
        taken=request(model="claude-haiku-4-5", thinking=_BUDGET, max_tokens=2_000),
        source="https://github.com/anthropics/claude-code/issues/12914",
        seen="2025-12-02",
    ),
    Refusal(
        name="thinking.type enabled",
        says=f'"thinking.type.enabled" is not supported for this model. {_INSTEAD}',
        on="thinking",
        finds=_lacks("enabled"),
        refused=request(model="claude-opus-4-8", thinking=_BUDGET, max_tokens=2_000),
        taken=request(model="claude-opus-4-6", thinking=_BUDGET, max_tokens=2_000),
        source=_ERRORS,
        seen=_SEEN,
    ),
    Refusal(
        name="thinking.type adaptive",
        says="adaptive thinking is not supported on this model",
        on="thinking",
        finds=_lacks("adaptive"),
        refused=request(thinking=_ON),
        taken=request(model="claude-opus-4-6", thinking=_ON),
        source=_ERRORS,
        seen=_SEEN,
    ),
    Refusal(
        name="thinking.type disabled on Mythos Preview",
        says='"thinking.type.disabled" is not supported for this model. Thinking defaults to adaptive mode when not '
        'specified; use "thinking.type.enabled" with "budget_tokens" for extended thinking.',
        on="thinking",
        finds=_lacks("disabled", _is_preview),
        refused=request(model="claude-mythos-preview", thinking=_OFF),
        taken=request(model="claude-mythos-preview", thinking=_BUDGET, max_tokens=2_000),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="thinking.type disabled where between_tools turns it off",
        says='To turn thinking off on this model, send "thinking": {"type": "between_tools"} instead of '
        '{"type": "disabled"}. The model does not think before responding. The short updates it writes between tool '
        "calls come back as thinking blocks.",
        on="thinking",
        finds=_lacks("disabled", lambda asked: "between_tools" in asked.model.thinking),
        refused=request(model="claude-sonnet-5-5", thinking=_OFF),
        taken=request(model="claude-sonnet-5-5", thinking=_BETWEEN),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="thinking.type disabled",
        says=f'"thinking.type.disabled" is not supported for this model. {_INSTEAD}',
        on="thinking",
        finds=_lacks("disabled"),
        refused=request(model="claude-opus-5-5", thinking=_OFF),
        taken=request(model="claude-opus-5", thinking=_OFF),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="thinking.type between_tools",
        says='"thinking.type.between_tools" is not supported for this model.',
        on="thinking",
        finds=_lacks("between_tools"),
        refused=request(model="claude-opus-5-5", thinking=_BETWEEN),
        taken=request(model="claude-sonnet-5-5", thinking=_BETWEEN),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="a thinking budget of all tokens",
        says="`max_tokens` must be greater than `thinking.budget_tokens`.",
        on="thinking",
        finds=lambda asked: (
            asked.thinking == "enabled"
            and "max_tokens" in asked.params
            and asked.params["thinking"]["budget_tokens"] >= asked.params["max_tokens"] > 0
        ),
        refused=request(thinking=_BUDGET, max_tokens=1_024),
        taken=request(thinking=_BUDGET, max_tokens=1_025),
        source="build-with-claude/extended-thinking",
        seen=_SEEN,
    ),
    Refusal(
        name="effort on models without it",
        says="This model does not support the effort parameter.",
        on="output_config",
        finds=lambda asked: asked.effort is not None and not asked.model.efforts,
        refused=request(**_effort("low")),
        taken=request(model="claude-opus-4-5", **_effort("low")),
        source=_ERRORS,
        seen=_SEEN,
    ),
    Refusal(
        name="an effort level that the model lacks",
        says="This model does not support effort level '{effort}'. Supported levels: {levels}.",
        on="output_config",
        finds=_level,
        refused=request(model="claude-opus-4-6", **_effort("xhigh")),
        taken=request(model="claude-opus-4-7", **_effort("xhigh")),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="high effort without thinking",
        says="output_config.effort '{effort}' is not supported when thinking is disabled on this model. Use effort "
        "'{highest}' or below, or enable thinking.",
        on="output_config",
        finds=_without_thinking,
        refused=request(model="claude-opus-5", thinking=_OFF, **_effort("xhigh")),
        taken=request(model="claude-sonnet-5", thinking=_OFF, **_effort("xhigh")),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="effort that changes without thinking",
        says="messages.{index}: output_config.effort '{effort}' differs from the '{before}' in effect before it; "
        "effort cannot change when thinking is disabled on this model. Use effort '{before}', or enable thinking.",
        on="@system",
        finds=_changed,
        refused=request(
            betas=(_IN_CONVERSATION,),
            model="claude-opus-5",
            thinking=_OFF,
            messages=[
                {"role": "user", "content": "Hello"},
                {"role": "system", "content": [], "output_config": {"effort": "low"}},
            ],
        ),
        taken=request(
            betas=(_IN_CONVERSATION,),
            model="claude-opus-5",
            messages=[
                {"role": "user", "content": [text("Hello")]},
                {"role": "system", "content": [], "output_config": {"effort": "low"}},
            ],
        ),
        source=_PAGE,
        seen=_SEEN,
    ),
)
