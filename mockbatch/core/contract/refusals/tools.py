"""Tools and tool choice.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview and .../api/errors
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from mockbatch.core.bounded_cache import BoundedCache
from mockbatch.core.contract.meta_schema import is_schema
from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import Found, Refusal, request

_PAGE, _ERRORS, _TROUBLES = (
    "agents-and-tools/tool-use/overview",
    "api/errors",
    "build-with-claude/thinking-troubleshooting",
)
_SEEN = "2026-10-10"
_KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_UNIONS = ("oneOf", "allOf", "anyOf")
_OFFERED = (
    *("bash_20250124", "browser_toolset_20260801", "code_execution_20250825", "code_execution_20260120"),
    *("computer_20250124", "computer_20251124", "computer_toolset_20260801", "memory_20250818"),
    *("text_editor_20250429", "text_editor_20250728", "web_fetch_20250910", "web_search_20250305"),
)
_COMPUTER = "computer-use-2025-11-24"


def _tool(schema: Any = None, name: str = "look_up", **more: Any) -> dict[str, Any]:
    return {"name": name, "input_schema": {"type": "object"} if schema is None else schema, **more}


def _screen(kind: str) -> dict[str, Any]:
    return {"type": kind, "name": "computer", "display_width_px": 1024, "display_height_px": 768}


def _first(problem: str) -> Callable[[ParsedRequest], Found]:
    """Find the first tool schema with this problem."""

    def finds(asked: ParsedRequest) -> Found:
        return next(({"index": place} for place, source in asked.tool_sources if problem in _problems(source)), None)

    return finds


def _problems_in(source: bytes) -> frozenset[str]:
    """Return the problems of a tool's input_schema."""
    schema = {name: value for name, value in msgspec.json.decode(source).items() if value is not None}
    found = {
        "union": any(keyword in schema for keyword in _UNIONS),
        "keys": any(not _KEY.fullmatch(name) for name in schema.get("properties", ())),
        "invalid": not is_schema(schema),
    }
    return frozenset(name for name, is_so in found.items() if is_so)


# rows usually share their tools
_problems: BoundedCache[bytes, frozenset[str]] = BoundedCache(_problems_in, 256, 4 << 20)


def _refused_types(asked: ParsedRequest) -> Found:
    asked_for = [tool["type"] for tool in asked.tools if tool.get("type") in asked.model.refused_tools]
    if not asked_for:
        return None
    others = ", ".join(kind for kind in _OFFERED if kind not in asked.model.refused_tools)
    return {"model": asked.model.id, "types": ", ".join(dict.fromkeys(asked_for)), "others": others}


def _named_twice(asked: ParsedRequest) -> bool:
    names = [tool["name"] for tool in asked.tools if "name" in tool]
    return len(set(names)) < len(names)


def _missing(asked: ParsedRequest) -> Found:
    name = (asked.params["tool_choice"] or {}).get("name")
    known = any(tool.get("name") == name for tool in asked.tools)
    return asked.choice == "tool" and not known and {"name": name}


REFUSALS = (
    Refusal(
        name="tool_choice without tools",
        says="tool_choice.{type} may only be specified while providing tools.",
        on="tool_choice",
        finds=lambda asked: bool(asked.choice) and not asked.tools and {"type": asked.choice},
        refused=request(tool_choice={"type": "any"}),
        taken=request(tools=[_tool()], tool_choice={"type": "any"}),
        source="measured by a third party",
        seen="2026-09-04",
    ),
    Refusal(
        name="tool_choice of an unknown tool",
        says="Tool '{name}' not found in provided tools",
        on="tool_choice",
        finds=_missing,
        refused=request(tools=[_tool()], tool_choice={"type": "tool", "name": "search"}),
        taken=request(tools=[_tool()], tool_choice={"type": "tool", "name": "look_up"}),
        source="measured by a third party",
        seen="2026-09-04",
    ),
    Refusal(
        name="a forced tool on models without it",
        says='tool_choice: type "tool" and "any" are not supported for this model.',
        on="tool_choice",
        finds=lambda asked: asked.forces and not asked.model.forced_tools,
        refused=request(model="claude-opus-5-5", tools=[_tool()], tool_choice={"type": "any"}),
        taken=request(model="claude-haiku-5-5", tools=[_tool()], tool_choice={"type": "any"}),
        source=_TROUBLES,
        seen=_SEEN,
    ),
    Refusal(
        name="a forced tool beside thinking",
        says="Thinking may not be enabled when tool_choice forces tool use.",
        on="tool_choice",
        finds=lambda asked: asked.forces and asked.thinking == "enabled",
        refused=request(
            tools=[_tool()],
            tool_choice={"type": "any"},
            thinking={"type": "enabled", "budget_tokens": 1024},
            max_tokens=2_000,
        ),
        taken=request(
            tools=[_tool()],
            tool_choice={"type": "auto"},
            thinking={"type": "enabled", "budget_tokens": 1024},
            max_tokens=2_000,
        ),
        source="build-with-claude/extended-thinking",
        seen=_SEEN,
    ),
    Refusal(
        name="duplicate tool names",
        says="tools: Tool names must be unique.",
        on="tools",
        finds=_named_twice,
        refused=request(tools=[_tool(), _tool()]),
        taken=request(tools=[_tool(), _tool(name="search")]),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="tool types that the model lacks",
        says="'{model}' does not support tool types: {types}. Did you mean one of {others}?",
        on="tools",
        finds=_refused_types,
        refused=request(betas=(_COMPUTER,), model="claude-opus-5-5", tools=[_screen("computer_20251124")]),
        taken=request(betas=(_COMPUTER,), model="claude-opus-4-8", tools=[_screen("computer_20251124")]),
        source="agents-and-tools/tool-use/computer-use-tool",
        seen=_SEEN,
    ),
    Refusal(
        name="a union at the top of an input_schema",
        says="tools.{index}.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level",
        on="tools",
        finds=_first("union"),
        refused=request(tools=[_tool({"type": "object", "anyOf": [{"required": ["a"]}]})]),
        taken=request(tools=[_tool({"type": "object", "properties": {"anyOf": {"anyOf": [{"type": "string"}]}}})]),
        source="https://github.com/langchain-ai/langchain/issues/39271",
        seen="2026-08-05",
    ),
    Refusal(
        name="property names with other characters",
        says="tools.{index}.custom.input_schema.properties: Property keys should match pattern "
        "'^[a-zA-Z0-9_.-]{{1,64}}$'",
        on="tools",
        finds=_first("keys"),
        refused=request(tools=[_tool({"type": "object", "properties": {"straße": {}}})]),
        taken=request(tools=[_tool({"type": "object", "properties": {"a.b-c_1": {}}})]),
        source="https://github.com/tombii/better-ccflare/issues/357",
        seen="2026-07-30",
    ),
    Refusal(
        name="an invalid input_schema",
        says="tools.{index}.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12 "
        "(https://json-schema.org/draft/2020-12). Learn more about tool use at "
        "https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview.",
        on="tools",
        finds=_first("invalid"),
        refused=request(tools=[_tool(), _tool({"type": "object", "properties": {"a": {"type": "text"}}}, "second")]),
        taken=request(tools=[_tool(), _tool({"type": "object", "properties": {"a": {"pattern": "(?=a)a"}}}, "second")]),
        source="https://github.com/anthropics/claude-code/issues/86665",
        seen="2026-08-14",
    ),
)
