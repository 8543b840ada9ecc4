"""Thinking before the answer: whether, how much, and what is shown of it.

Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking, .../adaptive-thinking, .../effort
"""

from typing import Any

from mockbatch.core.contract import ids, wire
from mockbatch.core.replies.draft import Draft, Request
from mockbatch.core.replies.prose import sentences
from mockbatch.core.replies.request_access import answers_tools, choice_of

# per effort: how many of 16 requests get thinking, and its maximum tokens
_SHARES: dict[str, int] = {"low": 4, "medium": 8, "high": 15, "xhigh": 16, "max": 16}
_TOKENS: dict[str, int] = {"low": 80, "medium": 200, "high": 500, "xhigh": 1_200, "max": 2_400}
_LEAST = 16
_SIGNATURE, _ENCRYPTED = 332, 440


def thinks(request: Request) -> bool:
    """Return whether the model thinks about this request: not if it cannot, nor if a tool call is forced."""
    model, mode = request.model, _options(request.params).get("type")
    if model.thinks == "never" or choice_of(request.params)[0] in ("any", "tool"):
        return False
    if mode is None:
        mode = "adaptive" if model.thinks_unasked else "disabled"
    if mode == "adaptive":
        share = 16 if model.thinks == "always" else _SHARES.get(_effort(request), 16)
        return request.dice("thinks").chance(share, 16)
    return mode == "enabled" or (mode == "between_tools" and answers_tools(request.params))


def think(draft: Draft) -> None:
    """Write the thinking block, if any."""
    if thinks(draft.request):
        think_surely(draft)


def think_surely(draft: Draft, *, redacted: bool = False, shown: bool | None = None) -> None:
    """Write a thinking block: redacted, or with a summary if `shown` (None: as the request specifies)."""
    request = draft.request
    dice = request.dice("thinking")
    tokens = _tokens(request, draft.room, dice.between(_LEAST, _TOKENS.get(_effort(request), 500)))
    if redacted:
        draft.thought(wire.RedactedThinkingBlock(ids.opaque(request.key, "redacted", _ENCRYPTED)), tokens)
        return
    text = sentences(dice, dice.between(1, 3)) if (_is_shown(request) if shown is None else shown) else ""
    draft.thought(wire.ThinkingBlock(text, ids.opaque(request.key, "signature", _SIGNATURE)), tokens)


def _tokens(request: Request, room: int, wanted: int) -> int:
    """Return the thinking tokens: within the budget, and at most half of the room."""
    budget = _options(request.params).get("budget_tokens")
    if isinstance(budget, int):
        wanted = min(wanted, budget)
    return max(min(wanted, room // 2), 1)


def _is_shown(request: Request) -> bool:
    display = _options(request.params).get("display")
    return display == "summarized" if display else request.model.shows_thinking


def _effort(request: Request) -> str:
    config = request.params.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    return effort if isinstance(effort, str) else request.model.default_effort


def _options(params: dict[str, Any]) -> dict[str, Any]:
    thinking = params.get("thinking")
    return thinking if isinstance(thinking, dict) else {}
