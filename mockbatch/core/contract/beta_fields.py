"""The parts of a request that require a beta header, and the headers that enable them.

Without such a header the API does not know the part. It responds with `<path>: Extra inputs are not permitted`, or
reports that a tag or a value is not one of those it expects.

Source: the types of the official SDK, `anthropic.types` against `anthropic.types.beta`, and the pages named below, all
under https://platform.claude.com/docs/en/.
"""

from typing import Any

from msgspec import Struct


class BetaField(Struct, frozen=True):
    """One part of a request: its path, the betas of which any one enables it, the source, and an example request.

    `path` names the keys from the top; `[]` is any item, `=x` the value x, `:x` the member of that type. `besides` are
    further betas that the surroundings of the part in `example` need.
    """

    path: str
    betas: tuple[str, ...]
    source: str
    example: dict[str, Any]
    besides: tuple[str, ...] = ()


_MCP = ("mcp-client-2025-04-04", "mcp-client-2025-11-20", "mcp-client-2026-09-15")
_MCP_TOOLSET = ("mcp-client-2025-11-20", "mcp-client-2026-09-15")
_COMPACT = ("compact-2026-01-12", "compact-2026-09-04")
_FALLBACK = ("server-side-fallback-2026-06-01", "server-side-fallback-2026-07-01")
_TOOL_CHANGES = ("mid-conversation-tool-changes-2026-07-01", "inline-tools-2026-09-15")
_ADVISOR = ("advisor-tool-2026-03-01",)

_SDK = "SDK types"
_MCP_PAGE = "agents-and-tools/mcp-connector"
_SYSTEM_PAGE = "build-with-claude/mid-conversation-system-messages"
_COMPACTION_PAGE = "build-with-claude/compaction"
_FALLBACK_PAGE = "build-with-claude/refusals-and-fallback"
_COMPUTER_PAGE = "agents-and-tools/tool-use/computer-use-tool"


def _content(*blocks: dict[str, Any], role: str = "user") -> dict[str, Any]:
    start = [] if role == "user" else [{"role": "user", "content": "hi"}]
    return {"messages": [*start, {"role": role, "content": list(blocks)}]}


def _system(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}, {"role": "system", **fields}]}


def _tool(kind: str, **fields: Any) -> dict[str, Any]:
    return {"tools": [{"type": kind, **fields}]}


def _screen(kind: str) -> dict[str, Any]:
    return _tool(kind, name="computer", display_width_px=1024, display_height_px=768)


def _change(kind: str, **tool: Any) -> dict[str, Any]:
    return _system(content=[{"type": kind, "tool": tool}])


_SERVER = {"type": "url", "name": "docs", "url": "https://example.com/mcp"}
_CALL = {"id": "mcptoolu_1", "name": "find", "server_name": "docs", "input": {}}
_BASH = {"type": "bash_20250124", "name": "bash"}

BETA_FIELDS = (
    BetaField(
        "billing_policy",
        ("user-profiles-billing-2026-10-01",),
        _SDK,
        {"billing_policy": {"type": "billing_policy", "bill_to": "self"}},
    ),
    BetaField(
        "user_profile_id",
        ("user-profiles-2026-03-24", "user-profiles-2026-08-18", "user-profiles-2026-09-04"),
        _SDK,
        {"user_profile_id": "uprof_1"},
    ),
    BetaField("compaction", ("compact-2026-09-04",), _COMPACTION_PAGE, {"compaction": {"type": "summarize"}}),
    BetaField(
        "context_management",
        ("context-management-2025-06-27", "compact-2026-01-12"),
        "build-with-claude/context-editing",
        {"context_management": {"edits": []}},
    ),
    BetaField(
        "context_management.edits[]:compact_20260112",
        ("compact-2026-01-12",),
        _COMPACTION_PAGE,
        {"context_management": {"edits": [{"type": "compact_20260112"}]}},
        ("context-management-2025-06-27",),
    ),
    BetaField(
        "fallback_credit_token",
        ("fallback-credit-2026-06-01", "fallback-credit-2026-07-01"),
        _FALLBACK_PAGE,
        {"fallback_credit_token": "x"},
    ),
    BetaField(
        "fallback_credit_token:object",
        ("fallback-credit-2026-07-01",),
        "SDK types, BetaFallbackCreditTokenParam",
        {"fallback_credit_token": {"token": "x", "mode": "strict"}},
    ),
    BetaField("fallbacks", _FALLBACK, _FALLBACK_PAGE, {"fallbacks": [{"model": "claude-opus-4-8"}]}),
    BetaField("fallbacks=default", _FALLBACK[1:], _FALLBACK_PAGE, {"fallbacks": "default"}),
    BetaField("mcp_servers", _MCP, _MCP_PAGE, {"mcp_servers": [_SERVER]}),
    BetaField(
        "output_config.task_budget",
        ("task-budgets-2026-03-13",),
        "build-with-claude/task-budgets",
        {"output_config": {"task_budget": {"type": "tokens", "total": 64_000}}},
    ),
    BetaField(
        "output_format",
        ("structured-outputs-2025-11-13",),
        "SDK types of 2025 and 2026-08",
        {"output_format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}}},
    ),
    BetaField("thread", ("message-threads-2026-08-12",), _SDK, {"thread": {"type": "create"}}),
    BetaField(
        "thinking.block_binding",
        ("thinking-binding-controls-2026-08-01",),
        "build-with-claude/preserved-thinking",
        {"thinking": {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}},
    ),
    BetaField(
        "thinking.display=updates",
        ("thinking-display-updates-2026-08-18",),
        "build-with-claude/thinking",
        {"thinking": {"type": "adaptive", "display": "updates"}},
    ),
    BetaField(
        "messages[].clear_at",
        ("mid-conversation-system-clear-at-2026-08-21",),
        _SYSTEM_PAGE,
        _system(content="Be brief.", clear_at="next_user_message"),
    ),
    BetaField(
        "messages[].output_config",
        ("mid-conversation-output-config-2026-07-01",),
        "build-with-claude/effort",
        _system(content=[], output_config={"effort": "low"}),
    ),
    BetaField(
        "messages[].content[]:advisor_tool_result",
        _ADVISOR,
        "agents-and-tools/tool-use/advisor-tool",
        _content(
            {
                "type": "advisor_tool_result",
                "tool_use_id": "srvtoolu_1",
                "content": {"type": "advisor_result", "text": "x"},
            },
            role="assistant",
        ),
    ),
    BetaField(
        "messages[].content[].name=advisor",
        _ADVISOR,
        "agents-and-tools/tool-use/advisor-tool",
        _content({"type": "server_tool_use", "id": "srvtoolu_1", "name": "advisor", "input": {}}, role="assistant"),
    ),
    BetaField(
        "messages[].content[]:compaction", _COMPACT, _COMPACTION_PAGE, _content({"type": "compaction", "content": "x"})
    ),
    BetaField(
        "messages[].content[]:fallback",
        _FALLBACK,
        _FALLBACK_PAGE,
        _content(
            {"type": "fallback", "from": {"model": "claude-opus-5"}, "to": {"model": "claude-opus-4-8"}},
            role="assistant",
        ),
    ),
    BetaField(
        "messages[].content[]:mcp_tool_use",
        _MCP,
        _MCP_PAGE,
        _content({"type": "mcp_tool_use", **_CALL}, role="assistant"),
    ),
    BetaField(
        "messages[].content[]:mcp_tool_result",
        _MCP,
        _MCP_PAGE,
        _content({"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "content": "x"}, role="assistant"),
    ),
    BetaField(
        "messages[].content[]:mcp_tool_listing",
        _MCP[2:],
        _MCP_PAGE,
        _content({"type": "mcp_tool_listing", "mcp_server_name": "docs", "tools": []}, role="assistant"),
    ),
    BetaField(
        "messages[].content[]:tool_addition",
        _TOOL_CHANGES,
        _SYSTEM_PAGE,
        _change("tool_addition", type="tool_reference", name="bash"),
    ),
    BetaField(
        "messages[].content[]:tool_removal",
        _TOOL_CHANGES,
        _SYSTEM_PAGE,
        _change("tool_removal", type="tool_reference", name="bash"),
    ),
    BetaField(
        "messages[].content[].tool:tool_definition",
        _TOOL_CHANGES[1:],
        _SYSTEM_PAGE,
        _change("tool_addition", type="tool_definition", definition=_BASH),
        _TOOL_CHANGES[:1],
    ),
    BetaField("tools[]:advisor_20260301", _ADVISOR, _SDK, _tool("advisor_20260301", name="advisor", model="x")),
    BetaField("tools[]:bash_20241022", ("computer-use-2024-10-22",), _SDK, _tool("bash_20241022", name="bash")),
    BetaField("tools[]:computer_20241022", ("computer-use-2024-10-22",), _COMPUTER_PAGE, _screen("computer_20241022")),
    BetaField("tools[]:computer_20250124", ("computer-use-2025-01-24",), _COMPUTER_PAGE, _screen("computer_20250124")),
    BetaField("tools[]:computer_20251124", ("computer-use-2025-11-24",), _COMPUTER_PAGE, _screen("computer_20251124")),
    BetaField("tools[]:mcp_toolset", _MCP_TOOLSET, _MCP_PAGE, _tool("mcp_toolset", mcp_server_name="docs")),
    BetaField(
        "tools[].tools",
        _MCP[2:],
        _MCP_PAGE,
        _tool("mcp_toolset", mcp_server_name="docs", tools=[]),
        _MCP_TOOLSET[:1],
    ),
    BetaField(
        "tools[]:text_editor_20241022",
        ("computer-use-2024-10-22",),
        _SDK,
        _tool("text_editor_20241022", name="str_replace_editor"),
    ),
)

OPENED_BY = {field.path: frozenset(field.betas) for field in BETA_FIELDS}
"""The betas of which any one enables the part of a request at that path."""

OPENING = frozenset(beta for betas in OPENED_BY.values() for beta in betas)
"""The betas that enable any part of a request."""
