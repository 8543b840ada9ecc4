"""Calls of tools and their results.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
"""

from collections.abc import Iterator
from typing import Any

from mockbatch.core.contract.refusals.asked import Asked, Turn
from mockbatch.core.contract.refusals.refusal import Found, Refusal, request, said, text

_PAGE, _SEEN = "agents-and-tools/tool-use/handle-tool-calls", "2026-10-10"
_HELLO = said(text("Hello"))
_STATE = {"type": "browser_state", "tabs": []}


def _use(name: str = "toolu_1") -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "look_up", "input": {}}


def _result(name: str = "toolu_1") -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": name, "content": "found"}


def _browsed(*states: dict[str, Any]) -> list[dict[str, Any]]:
    return [_HELLO, said(_use(), role="assistant"), said({**_result(), "content": list(states)})]


def _many_states(asked: Asked) -> Found:
    for placed in asked.of("tool_result"):
        inner = placed.block.get("content")
        states = [part for part in inner if part["type"] == "browser_state"] if isinstance(inner, list) else []
        if len(states) > 1 or (states and placed.block.get("is_error")):
            return {"where": placed.path}
    return None


def _calls(turn: Turn) -> list[str]:
    return [block["id"] for block in turn.blocks if block["type"] == "tool_use"]


def _double_use(asked: Asked) -> Found:
    seen = set()
    for placed in asked.of("tool_use"):
        if placed.block["id"] in seen:
            return {"where": placed.path}
        seen.add(placed.block["id"])
    return None


def _pairs(asked: Asked) -> Iterator[tuple[Turn, set[str], list[tuple[str, str]]]]:
    """Each turn, the calls that are open before it, and the path and call of each of its results."""
    open_calls: set[str] = set()
    for turn in asked.turns:
        if turn.role == "system":
            continue
        answers = [
            (f"messages.{turn.place}.content.{place}", block["tool_use_id"])
            for place, block in enumerate(turn.blocks)
            if block["type"] == "tool_result"
        ]
        yield turn, open_calls, answers
        if turn.role == "assistant":
            open_calls = set(_calls(turn))
        else:
            open_calls = open_calls - {name for _, name in answers} if _goes_on(asked, turn) else set()


def _goes_on(asked: Asked, turn: Turn) -> bool:
    """Whether the next turn is of the same role, and so the same turn."""
    following = asked.turns[turn.place + 1 : turn.place + 2]
    return bool(following) and following[0].role == turn.role


def _unexpected(asked: Asked) -> Found:
    for _, open_calls, answers in _pairs(asked):
        for path, name in answers:
            if name not in open_calls:
                return {"where": path, "id": name}
    return None


def _double_result(asked: Asked) -> Found:
    for _, _, answers in _pairs(asked):
        seen = set()
        for path, name in answers:
            if name in seen:
                return {"where": path, "id": name}
            seen.add(name)
    return None


def _missing(asked: Asked) -> Found:
    """Calls without a result right behind them; words before a result part it from its call."""
    before = 0
    for turn, open_calls, answers in _pairs(asked):
        if turn.role == "user" and open_calls and not _goes_on(asked, turn):
            answered = {name for _, name in answers}
            words_first = bool(answers) and turn.blocks[0]["type"] != "tool_result"
            missing = sorted(open_calls if words_first else open_calls - answered)
            if missing:
                return {"index": before, "ids": ", ".join(missing)}
        before = turn.place if turn.role == "assistant" else before
    return None


REFUSALS = (
    Refusal(
        name="duplicate tool_use ids",
        says="{where}: `tool_use` ids must be unique",
        on="<tool_use>",
        finds=_double_use,
        refused=request(
            messages=[_HELLO, said(_use(), _use(), role="assistant"), said(_result())],
        ),
        taken=request(
            messages=[
                _HELLO,
                said(_use(), _use("toolu_2"), role="assistant"),
                said(_result(), _result("toolu_2")),
            ]
        ),
        source="https://github.com/BerriAI/litellm/issues/23510",
        seen="2026-03-13",
    ),
    Refusal(
        name="a tool_result without a tool_use",
        says="{where}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must "
        "have a corresponding `tool_use` block in the previous message.",
        on="<tool_result>",
        finds=_unexpected,
        refused=request(messages=[_HELLO, said(_use(), role="assistant"), said(_result("toolu_2"))]),
        taken=request(messages=[_HELLO, said(_use(), role="assistant"), said(_result())]),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="two results of one tool_use",
        says="{where}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}",
        on="<tool_result>",
        finds=_double_result,
        refused=request(messages=[_HELLO, said(_use(), role="assistant"), said(_result(), _result())]),
        taken=request(messages=[_HELLO, said(_use(), role="assistant"), said(_result(), text("And?"))]),
        source="public logs",
        seen="2026-03",
    ),
    Refusal(
        name="a tool_use without its result right behind it",
        says="messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. Each "
        "`tool_use` block must have a corresponding `tool_result` block in the next message.",
        on="<tool_use>",
        finds=_missing,
        refused=request(messages=[_HELLO, said(_use(), role="assistant"), said(text("And?"), _result())]),
        taken=request(messages=[_HELLO, said(_use(), role="assistant"), said(_result(), text("And?"))]),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="more than one browser_state in a result",
        says="{where}: at most one `browser_state` block is allowed in a `tool_result`, and none with `is_error`",
        on="<tool_result>",
        finds=_many_states,
        refused=request(messages=_browsed(_STATE, _STATE)),
        taken=request(messages=_browsed(_STATE)),
        source="SDK types, tool_result_block_param",
        seen="2026-11-24",
        guess=True,
    ),
)
