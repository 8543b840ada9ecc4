"""Calls of client tools.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
"""

from typing import Any

from msgspec import Struct

from mockbatch.core.replies.draft import Draft
from mockbatch.core.replies.nearest import nearest
from mockbatch.core.replies.request_access import choice_of, kind_of, tools_of


class Tool(Struct, frozen=True):
    """A callable tool: its name, the schema of its input, and its toolset."""

    name: str
    schema: dict[str, Any]
    toolset: str | None = None
    deferred: bool = False


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_PATHS = {"enum": ["/repo/README.md", "/repo/src/main.py", "/repo/tests/test_main.py"]}
_POINT = {"type": "array", "prefixItems": [{"type": "integer", "minimum": 0, "maximum": 700}] * 2, "items": False}
# inputs of the tools that the API defines
_DEFINED: dict[str, dict[str, Any]] = {
    "bash": _object(command={"enum": ["ls -la", "cat README.md", "git status --short", "python -m pytest -q"]}),
    "text_editor": _object(command={"const": "view"}, path=_PATHS),
    "memory": _object(command={"const": "view"}, path={"enum": ["/memories", "/memories/notes.md"]}),
    "computer": {
        "anyOf": [
            _object(action={"const": "screenshot"}),
            _object(action={"const": "left_click"}, coordinate={**_POINT, "minItems": 2}),
        ]
    },
}
_MEMBERS = {
    "computer_toolset": Tool("screenshot", _object(), "computer"),
    "browser_toolset": Tool("navigate", _object(url={"type": "string", "format": "uri"}), "browser"),
}
_ANY = {"type": "object"}


def callable_tools(params: dict[str, Any]) -> list[Tool]:
    """Return the client tools of a request."""
    found = []
    for tool in tools_of(params):
        kind, name = kind_of(tool), tool.get("name")
        if kind in _MEMBERS:
            found.append(_MEMBERS[kind])
        elif isinstance(name, str) and (kind == "custom" or kind in _DEFINED):
            schema = _DEFINED.get(kind) or tool.get("input_schema")
            deferred = tool.get("defer_loading") is True
            found.append(Tool(name, schema if isinstance(schema, dict) else _ANY, deferred=deferred))
    return found


def call_some(draft: Draft, tools: list[Tool]) -> None:
    """Call one of the tools that `tool_choice` allows; sometimes several, if parallel calls are allowed."""
    kind, name, alone = choice_of(draft.request.params)
    if kind == "tool":
        tools, alone = [tool for tool in tools if tool.name == name] or tools, True
    dice = draft.request.dice("calls")
    if kind == "auto" and not draft.request.model.thinks_between_tools and dice.chance(1, 2):
        draft.text("Let me look that up.")
    for _ in range(1 if alone else dice.choose((1, 1, 1, 2, 2, 3))):
        call(draft, dice.choose(tools))


def call(draft: Draft, tool: Tool) -> None:
    """Call a tool with an input that is valid against its schema, or nearly so."""
    what = f"the input_schema of the tool {tool.name!r}"
    found = nearest(tool.schema, draft.request.dice(f"input/{len(draft.blocks)}"), what)
    if isinstance(found.value, dict):
        draft.note(found.unmet)
        draft.call(tool.name, found.value, tool.toolset)
    else:
        draft.note(found.unmet or f"No object was found that meets {what}.")
        draft.call(tool.name, {}, tool.toolset)
