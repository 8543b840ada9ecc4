"""The reply that a rule gives to a row or a message."""

from collections.abc import Callable, Mapping
from typing import Any

from mockbatch.core.replies.forms import ReplySpec
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.items import ItemDecision
from mockbatch.core.rules.rules import Rule
from mockbatch.core.sizes import parse_size

_STOPS = {
    "pause_turn": {"kind": "pause_turn"},
    "model_context_window_exceeded": {"kind": "context_exceeded"},
    "max_tokens": {"kind": "truncate"},
    "refusal": {"kind": "refusal"},
}
REPLY_FAULTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "item.truncate": lambda told: {"kind": "truncate", "cut": told["cut"]},
    "item.refusal": lambda told: {"kind": "refusal"},
    "item.empty_content": lambda told: {"kind": "empty"},
    "item.thinking_first": lambda told: {"kind": "thinking_first"},
    "item.wrong_tool": lambda told: {"kind": "wrong_tool"},
    "item.schema_violation": lambda told: {"kind": "schema_violation"},
    "item.stop_reason": lambda told: _STOPS.get(told["stop_reason"], {"kind": "natural", **told}),
    "item.output_bytes": lambda told: {"kind": "huge_line", "bytes": parse_size(str(told["size"]))},
}
"""The replies that faults stand for."""


def read_reply(value: Any) -> ReplySpec:
    """Parse the reply of a rule with `parse_reply`. Raises ValueError."""
    # not before: the kinds of replies are a large part of the startup time, and startup needs none
    from mockbatch.core.replies.kinds import parse_reply

    return parse_reply(value)


def unsendable(value: Any) -> str | None:
    """Return why a reply may not be set over HTTP, or None if it may."""
    if value is None or isinstance(value, str):
        return None
    from mockbatch.core.replies.kinds import unsendable as problem_of

    return problem_of(value)


def reply_of(decision: ItemDecision) -> ReplySpec | None:
    """Return the reply that a rule decided on for a row, or None if the request determines it."""
    if decision.reply is not None:
        return decision.reply if isinstance(decision.reply, ReplySpec) else read_reply(decision.reply)
    if decision.fault is not None:
        return read_reply(REPLY_FAULTS[decision.fault](decision.options))
    return None


def reply_of_call(rule: Rule) -> ReplySpec | None:
    """Like `reply_of`, for a rule that matched a call of `/v1/messages`."""
    if rule.reply is not None:
        return read_reply(rule.reply)
    if rule.fault is None:
        return None
    return read_reply(REPLY_FAULTS[rule.fault]({name: rule.option(name) for name in _options(rule)}))


def _options(rule: Rule) -> list[str]:
    assert rule.fault is not None
    return list(FAULTS[rule.fault].options)
