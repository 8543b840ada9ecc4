"""The system prompt, and system messages in the conversation.

Source: https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
"""

from typing import Any

from mockbatch.core.contract.refusals.parsed_request import ParsedRequest, Turn
from mockbatch.core.contract.refusals.refusal import Found, Refusal, request, said, text

_PAGE, _SEEN = "build-with-claude/mid-conversation-system-messages", "2026-10-10"
_MEASURED = "measured by a third party"
_MODEL = "claude-opus-5"
_EFFORT = {"output_config": {"effort": "low"}}
_BETAS = ("mid-conversation-output-config-2026-07-01",)
_CHANGES = ("mid-conversation-tool-changes-2026-07-01",)
_REMOVAL = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "bash"}}
_TAKEN = ("text", "tool_addition", "tool_removal")
_DIRECTIVE = "the directive-only form (content: [] with output_config) is accepted at any position"


def _texts(asked: ParsedRequest) -> list[str]:
    system = asked.params["system"]
    return [block["text"] for block in system] if isinstance(system, list) else []


def _is_directive(turn: Turn) -> bool:
    return not turn.blocks and bool(turn.message.get("output_config"))


def _system(asked: ParsedRequest) -> list[Turn]:
    return [turn for turn in asked.turns if turn.role == "system"]


def _first(asked: ParsedRequest, is_bad: Any) -> Found:
    return next(({"index": turn.place} for turn in _system(asked) if is_bad(turn)), None)


def _precedes_user(asked: ParsedRequest) -> Found:
    def is_bad(turn: Turn) -> bool:
        following = asked.turns[turn.place + 1 :]
        after = next((other.role for other in following if other.role != "system"), None)
        return after == "user" and not _is_directive(turn)

    return _first(asked, is_bad)


def _conversation(*system: dict[str, Any], role: str = "assistant") -> dict[str, Any]:
    start = [said(text("Hello"))]
    return {"model": _MODEL, "messages": [*start, {"role": "system", "content": list(system)}, *_end(role)]}


def _end(role: str) -> list[dict[str, Any]]:
    return [said(text("Hi"), role="assistant"), said(text("And?"))] if role == "assistant" else [said(text("And?"))]


def _steers(turn: Turn) -> bool:
    """Return whether a system message is cleared at a user turn."""
    return turn.message.get("clear_at") == "next_user_message"


def _marked_for_a_turn(asked: ParsedRequest) -> Found:
    for turn in _system(asked):
        places = [place for place, block in enumerate(turn.blocks) if block.get("cache_control")]
        if _steers(turn) and places:
            return {"index": turn.place, "place": places[0]}
    return None


_CLEARED = "(clear_at: 'next_user_message')"
_BOTH_BETAS = (*_BETAS, "mid-conversation-system-clear-at-2026-08-21")


def _for_a_turn(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    conversation = _conversation(*blocks)
    conversation["messages"][1] |= {"clear_at": "next_user_message", **more}
    return conversation


REFUSALS = (
    Refusal(
        name="an empty text in the system prompt",
        says="system: text content blocks must be non-empty",
        on="system",
        finds=lambda asked: any(not words for words in _texts(asked)),
        refused=request(system=[text("")]),
        taken=request(system=[text("Be brief.")]),
        source=_MEASURED,
        seen="2026-09-04",
    ),
    Refusal(
        name="a blank text in the system prompt",
        says="system: text content blocks must contain non-whitespace text",
        on="system",
        finds=lambda asked: any(not words.strip() for words in _texts(asked)),
        refused=request(system=[text(" \n")]),
        taken=request(system=[text(" Be brief.\n")]),
        source=_MEASURED,
        seen="2026-09-04",
    ),
    Refusal(
        name="system messages on models without them",
        says="role 'system' is not supported on this model",
        on="@system",
        finds=lambda asked: not asked.model.system_messages and bool(_system(asked)),
        refused=request(**_conversation(text("Be brief.")) | {"model": "claude-opus-4-7"}),
        taken=request(**_conversation(text("Be brief.")) | {"model": "claude-opus-4-8"}),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="a system message at the start",
        says=f"messages.0: use the top-level 'system' parameter for the initial system prompt; {_DIRECTIVE}",
        on="@system",
        finds=lambda asked: asked.turns[0].role == "system" and not _is_directive(asked.turns[0]),
        refused=request(model=_MODEL, messages=[said(text("Be brief."), role="system"), said(text("Hello"))]),
        taken=request(betas=_BETAS, model=_MODEL, messages=[{**said(role="system"), **_EFFORT}, said(text("Hello"))]),
        source=_MEASURED,
        seen="2026-09-04",
    ),
    Refusal(
        name="an empty system message",
        says="messages.{index}: system content must contain at least one block",
        on="@system",
        finds=lambda asked: _first(asked, lambda turn: not turn.blocks and not _is_directive(turn)),
        refused=request(**_conversation()),
        taken=request(**_conversation(text("Be brief."))),
        source=_MEASURED,
        seen="2026-09-04",
    ),
    Refusal(
        name="other blocks in a system message",
        says="messages.{index}: role 'system' supports text, tool_addition, and tool_removal blocks only",
        on="@system",
        finds=lambda asked: _first(asked, lambda turn: any(block["type"] not in _TAKEN for block in turn.blocks)),
        refused=request(**_conversation({"type": "image", "source": {"type": "url", "url": "https://example.com/a"}})),
        taken=request(**_conversation(text("Be brief."))),
        source=_MEASURED,
        seen="2026-09-04",
    ),
    Refusal(
        name="a system message before one of the user",
        says="messages.{index}: role 'system' must precede an 'assistant' message or end the array; " + _DIRECTIVE,
        on="@system",
        finds=_precedes_user,
        refused=request(**_conversation(text("Be brief."), role="user")),
        taken=request(**_conversation(text("Be brief."))),
        source=_MEASURED,
        seen="2026-09-04",
    ),
    Refusal(
        name="a blank system message",
        says="messages.{index}: system text blocks must contain non-whitespace text",
        on="@system",
        finds=lambda asked: _first(
            asked,
            lambda turn: any(block["type"] == "text" and not block["text"].strip() for block in turn.blocks),
        ),
        refused=request(**_conversation(text(" "))),
        taken=request(**_conversation(text("Be brief."))),
        source=_MEASURED,
        seen="2026-09-04",
    ),
    Refusal(
        name="other blocks in a system message for one turn",
        says=f"messages.{{index}}: a turn-scoped system message supports text blocks only {_CLEARED}",
        on="@system",
        finds=lambda asked: _first(
            asked, lambda turn: _steers(turn) and any(block["type"] != "text" for block in turn.blocks)
        ),
        refused=request(betas=(*_BOTH_BETAS, *_CHANGES), **_for_a_turn(_REMOVAL)),
        taken=request(betas=_BOTH_BETAS, **_for_a_turn(text("Be brief."))),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="output_config in a system message for one turn",
        says=f"messages.{{index}}: output_config is not permitted on a turn-scoped system message {_CLEARED}",
        on="@system",
        finds=lambda asked: _first(asked, lambda turn: _steers(turn) and bool(turn.message.get("output_config"))),
        refused=request(betas=_BOTH_BETAS, **_for_a_turn(text("Be brief."), **_EFFORT)),
        taken=request(betas=_BOTH_BETAS, **_for_a_turn(text("Be brief."))),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="a breakpoint in a system message for one turn",
        says="messages.{index}.content.{place}: cache_control is not permitted on a turn-scoped system message "
        f"{_CLEARED}",
        on="@system",
        finds=_marked_for_a_turn,
        refused=request(betas=_BOTH_BETAS, **_for_a_turn(text("Be brief.", cache_control={"type": "ephemeral"}))),
        taken=request(betas=_BOTH_BETAS, **_for_a_turn(text("Be brief."))),
        source=_PAGE,
        seen=_SEEN,
    ),
)
