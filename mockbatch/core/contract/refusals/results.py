"""Tool calls and their results.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
"""

from collections.abc import Iterator
from itertools import takewhile
from typing import Any, NamedTuple

from mockbatch.core.contract.refusals.parsed_request import Block, ParsedRequest, Turn
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


def _many_states(asked: ParsedRequest) -> Found:
    for placed in asked.of("tool_result"):
        inner = placed.block.get("content")
        states = [part for part in inner if part["type"] == "browser_state"] if isinstance(inner, list) else []
        if len(states) > 1 or (states and placed.block.get("is_error")):
            return {"where": placed.path}
    return None


def _double_use(asked: ParsedRequest) -> Found:
    seen = set()
    for placed in asked.of("tool_use"):
        if placed.block["id"] in seen:
            return {"where": placed.path}
        seen.add(placed.block["id"])
    return None


class ToolExchange(NamedTuple):
    """Tool calls by id, each with the index of its message, and the user blocks right after them."""

    calls: dict[str, int]
    behind: list[tuple[str, Block]]

    @property
    def results(self) -> list[tuple[str, str]]:
        """The path and the call of each result."""
        return [(path, block["tool_use_id"]) for path, block in self.behind if block["type"] == "tool_result"]

    @property
    def answered(self) -> set[str]:
        """The calls whose result precedes all other user blocks."""
        first = takewhile(lambda one: one[1]["type"] == "tool_result", self.behind)
        return {block["tool_use_id"] for _, block in first}


def _exchanges(asked: ParsedRequest) -> Iterator[ToolExchange]:
    calls: dict[str, int] = {}
    for run in asked.runs:
        if run[0].role == "assistant":
            calls = {block["id"]: turn.place for turn in run for block in turn.blocks if block["type"] == "tool_use"}
        else:
            yield ToolExchange(calls, [(path, block) for turn in run for path, block in _placed(turn)])
            calls = {}


def _placed(turn: Turn) -> Iterator[tuple[str, Block]]:
    return ((f"messages.{turn.place}.content.{place}", block) for place, block in enumerate(turn.blocks))


def _unexpected(asked: ParsedRequest) -> Found:
    for exchange in _exchanges(asked):
        for path, name in exchange.results:
            if name not in exchange.calls:
                return {"where": path, "id": name}
    return None


def _double_result(asked: ParsedRequest) -> Found:
    for exchange in _exchanges(asked):
        seen = set()
        for path, name in exchange.results:
            if name in seen:
                return {"where": path, "id": name}
            seen.add(name)
    return None


def _missing(asked: ParsedRequest) -> Found:
    for exchange in _exchanges(asked):
        missing = sorted(exchange.calls.keys() - exchange.answered)
        if missing:
            return {"index": min(exchange.calls[name] for name in missing), "ids": ", ".join(missing)}
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
