"""Tool definitions and tool choice."""

from typing import Any

from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from mockbatch.core.contract.shapes.blocks import CITATIONS_SWITCH, MCP_TOOL
from mockbatch.core.contract.shapes.parts import (
    CACHE,
    CACHED,
    COUNT,
    FLAG,
    OBJECT,
    TEXT,
    CallFacts,
    Fields,
    an_object,
    listed,
    mapped,
    merged,
    nullable,
    one_value,
    record,
    tagged,
    text,
    union,
)

_CALLERS = ("direct", "code_execution_20250825", "code_execution_20260120", "code_execution_20260521")
_COMMON: Fields = {
    "allowed_callers": listed(one_value(*_CALLERS)),
    "defer_loading": FLAG,
    "strict": FLAG,
    **CACHED,
}
_EXAMPLES: Fields = {"input_examples": listed(OBJECT)}
_NULL_COUNT, _NULL_FLAG, _NULL_TEXTS = nullable(COUNT), nullable(FLAG), nullable(listed(TEXT))

_INPUT_SCHEMA = record(
    {"type": one_value("object")},
    {"properties": nullable(OBJECT), "required": _NULL_TEXTS},
    open_ended=True,
)
_CUSTOM = record(
    {
        "name": text(least=1, pattern=r"^[a-zA-Z0-9_-]{1,128}$"),
        "input_schema": _INPUT_SCHEMA,
    },
    {
        "type": nullable(one_value("custom")),
        "description": TEXT,
        "eager_input_streaming": _NULL_FLAG,
        **_COMMON,
        **_EXAMPLES,
    },
)


def _named(kind: str, name: str, optional: Fields | None = None, required: Fields | None = None) -> Fields:
    return tagged(kind, {"name": one_value(name), **(required or {})}, {**_COMMON, **(optional or {})})


_SCREEN: Fields = {"display_height_px": COUNT, "display_width_px": COUNT}
_SCREENS: Fields = {"display_number": nullable(core.int_schema(strict=True)), **_EXAMPLES}
_EDITOR = "str_replace_based_edit_tool"

_PLACE: Fields = {name: nullable(TEXT) for name in ("city", "country", "region", "timezone")}
_DOMAINS: Fields = {"allowed_domains": _NULL_TEXTS, "blocked_domains": _NULL_TEXTS, "max_uses": _NULL_COUNT}
_SEARCH: Fields = {**_DOMAINS, "user_location": nullable(record({"type": one_value("approximate")}, _PLACE))}
_SOURCE_TOOLS = {"tools": listed(record({"name": TEXT, "type": one_value("tool_reference")}))}
_ALL_OR_NONE = {**tagged("all"), **tagged("none")}
_SOURCES = nullable(union({**_ALL_OR_NONE, **tagged("only", _SOURCE_TOOLS), **tagged("except", _SOURCE_TOOLS)}))
_FETCH: Fields = {
    **_DOMAINS,
    "citations": nullable(CITATIONS_SWITCH),
    "max_content_tokens": _NULL_COUNT,
    "url_sources": nullable(
        record(
            {},
            {
                "client_tool_results": _SOURCES,
                "server_tool_results": _SOURCES,
                "user_input": nullable(union(_ALL_OR_NONE)),
            },
        )
    ),
}
_FRESH: Fields = {"use_cache": FLAG}
_INCLUSION: Fields = {"response_inclusion": one_value("full", "excluded")}

_TOGGLE = record({}, {"defer_loading": _NULL_FLAG, "enabled": _NULL_FLAG})
_MOUSE_AND_KEYS = (
    *("double_click", "hold_key", "key", "left_click", "left_click_drag", "left_mouse_down", "left_mouse_up"),
    *("middle_click", "mouse_move", "right_click", "screenshot", "scroll", "triple_click", "type", "wait", "zoom"),
)
_IN_BROWSER = (
    *("close_tab", "file_upload", "find", "form_input", "get_page_text", "hover", "javascript_exec", "list_tabs"),
    *("navigate", "new_tab", "read_console", "read_network", "read_page", "scroll_to", "switch_tab"),
)


def _toolset(kind: str, *names: str) -> Fields:
    configs = nullable(record({}, {name: nullable(_TOGGLE) for name in sorted(names)}))
    return tagged(kind, optional={"configs": configs, **CACHED})


_GENERAL: Fields = {
    "custom": _CUSTOM,
    **_named("bash_20250124", "bash", _EXAMPLES),
    **merged(
        _named(f"code_execution_{day}", "code_execution") for day in ("20250522", "20250825", "20260120", "20260521")
    ),
    **_named("text_editor_20250124", "str_replace_editor", _EXAMPLES),
    **_named("text_editor_20250429", _EDITOR, _EXAMPLES),
    **_named("text_editor_20250728", _EDITOR, {"max_characters": _NULL_COUNT, **_EXAMPLES}),
    **_named("memory_20250818", "memory", _EXAMPLES),
    **merged(_named(f"web_search_{day}", "web_search", _SEARCH) for day in ("20250305", "20260209")),
    **_named("web_search_20260318", "web_search", {**_SEARCH, **_INCLUSION}),
    **merged(_named(f"web_fetch_{day}", "web_fetch", _FETCH) for day in ("20250910", "20260209")),
    **_named("web_fetch_20260309", "web_fetch", {**_FETCH, **_FRESH}),
    **_named("web_fetch_20260318", "web_fetch", {**_FETCH, **_FRESH, **_INCLUSION}),
    **merged(
        _named(f"tool_search_tool_{kind}{day}", f"tool_search_tool_{kind}")
        for kind in ("bm25", "regex")
        for day in ("", "_20251119")
    ),
    **_toolset("browser_toolset_20260801", *_MOUSE_AND_KEYS, *_IN_BROWSER),
    **_toolset("computer_toolset_20260801", *_MOUSE_AND_KEYS, "cursor_position"),
}
_ADVISOR: Fields = {"caching": CACHE, "max_tokens": _NULL_COUNT, "max_uses": _NULL_COUNT}


def _in_beta(call: CallFacts) -> Fields:
    listing = call.only("tools[].tools", {"tools": nullable(listed(MCP_TOOL))})
    mcp: Fields = {"configs": nullable(mapped(_TOGGLE)), "default_config": _TOGGLE, **listing, **CACHED}
    return {
        **_named("bash_20241022", "bash", _EXAMPLES),
        **_named("text_editor_20241022", "str_replace_editor", _EXAMPLES),
        **_named("computer_20241022", "computer", _SCREENS, _SCREEN),
        **_named("computer_20250124", "computer", _SCREENS, _SCREEN),
        **_named("computer_20251124", "computer", {"enable_zoom": FLAG, **_SCREENS}, _SCREEN),
        **_named("advisor_20260301", "advisor", _ADVISOR, {"model": TEXT}),
        **tagged("mcp_toolset", {"mcp_server_name": TEXT}, mcp),
    }


def definition(call: CallFacts) -> CoreSchema:
    """Return the schema of a tool definition."""
    opened = {tag: tool for tag, tool in _in_beta(call).items() if call.opens(f"tools[]:{tag}")}
    return an_object(core.tagged_union_schema(dict(sorted({**_GENERAL, **opened}.items())), _kind_of))


def _kind_of(tool: Any) -> str:
    kind = tool.get("type")
    return "custom" if kind is None else str(kind)


_ALONE: Fields = {"disable_parallel_tool_use": FLAG}
CHOICE = union(
    merged(
        [
            *(tagged(kind, optional=_ALONE) for kind in ("auto", "any")),
            tagged("tool", {"name": TEXT}, _ALONE),
            tagged("none"),
        ]
    )
)
