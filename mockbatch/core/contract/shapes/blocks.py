"""The content blocks of messages."""

from pydantic_core import CoreSchema

from mockbatch.core.contract.shapes.parts import (
    ANY,
    CACHED,
    FLAG,
    HIDDEN,
    ID,
    INT,
    OBJECT,
    TEXT,
    CallFacts,
    Fields,
    list_or,
    listed,
    merged,
    nullable,
    one_value,
    record,
    tagged,
    text,
    text_or,
    union,
)

_NULL_TEXT, _NULL_INT = nullable(TEXT), nullable(INT)
_NAME = text(least=1, most=200)
CITATIONS_SWITCH = record({}, {"enabled": FLAG})


def _location(kind: str, unit: str) -> Fields:
    required: Fields = {"cited_text": TEXT, "document_index": INT, f"end_{unit}": INT, f"start_{unit}": INT}
    # replies contain a file_id, and are sent back
    return tagged(kind, required, {"document_title": _NULL_TEXT, "file_id": _NULL_TEXT})


_CITATIONS = merged(
    [
        _location("char_location", "char_index"),
        _location("page_location", "page_number"),
        _location("content_block_location", "block_index"),
        tagged(
            "web_search_result_location",
            {"cited_text": TEXT, "encrypted_index": TEXT, "url": TEXT},
            {"title": _NULL_TEXT},
        ),
        tagged(
            "search_result_location",
            {
                "cited_text": TEXT,
                "end_block_index": INT,
                "search_result_index": INT,
                "source": TEXT,
                "start_block_index": INT,
            },
            {"title": _NULL_TEXT},
        ),
    ]
)
TEXT_BLOCK = tagged("text", {"text": TEXT}, {"citations": nullable(listed(union(_CITATIONS))), **CACHED})

_FILE, _URL = tagged("file", {"file_id": TEXT}), tagged("url", {"url": TEXT})
_BASE64_IMAGE = tagged(
    "base64", {"data": TEXT, "media_type": one_value("image/jpeg", "image/png", "image/gif", "image/webp")}
)
_IMAGE = tagged(
    "image",
    {"source": union({**_BASE64_IMAGE, **_URL, **_FILE})},
    {"transformations": nullable(record({}, {"oversized_image": one_value("downsize", "error")})), **CACHED},
)
_DOCUMENT_SOURCES = merged(
    [
        tagged("base64", {"data": TEXT, "media_type": one_value("application/pdf")}),
        tagged("text", {"data": TEXT, "media_type": one_value("text/plain")}),
        tagged("content", {"content": text_or(listed(union({**TEXT_BLOCK, **_IMAGE})))}),
        _URL,
        _FILE,
    ]
)
_DOCUMENT = tagged(
    "document",
    {"source": union(_DOCUMENT_SOURCES)},
    {
        "title": nullable(text(least=1, most=500)),
        "context": nullable(text(least=1)),
        "citations": nullable(CITATIONS_SWITCH),
        **CACHED,
    },
)
_SEARCH_RESULT = tagged(
    "search_result",
    {"content": listed(TEXT_BLOCK["text"]), "source": TEXT, "title": TEXT},
    {"citations": CITATIONS_SWITCH, **CACHED},
)
_TOOL_REFERENCE = tagged("tool_reference", {"tool_name": TEXT}, CACHED)

_TAB = record({"tab_id": TEXT, "title": TEXT, "url": TEXT}, {"active": FLAG})
_DOWNLOAD: Fields = {"download_id": TEXT, "url": TEXT}
_BROWSER_CHANGES = merged(
    [
        tagged("tab_opened", {"tab_id": TEXT}),
        tagged("download_started", _DOWNLOAD),
        tagged("download_completed", _DOWNLOAD, {"path": _NULL_TEXT, "size_bytes": _NULL_INT}),
        tagged("download_failed", _DOWNLOAD, {"error": _NULL_TEXT}),
    ]
)
_BROWSER_STATE = tagged(
    "browser_state", {"tabs": listed(_TAB)}, {"state_changes": nullable(listed(union(_BROWSER_CHANGES))), **CACHED}
)
_IN_TOOL_RESULT: Fields = {
    **TEXT_BLOCK,
    **_IMAGE,
    **_SEARCH_RESULT,
    **_DOCUMENT,
    **_TOOL_REFERENCE,
    **_BROWSER_STATE,
}

_CALLER = union(
    merged(
        [
            tagged("direct"),
            *(tagged(kind, {"tool_id": TEXT}) for kind in ("code_execution_20250825", "code_execution_20260120")),
        ]
    )
)
_CALLED: Fields = {"caller": nullable(_CALLER), **CACHED}
_SERVER_TOOLS = (
    *("web_search", "web_fetch", "code_execution", "bash_code_execution", "text_editor_code_execution"),
    *("tool_search_tool_regex", "tool_search_tool_bm25"),
)


def _failed(tool: str, *codes: str, optional: Fields | None = None) -> Fields:
    """Return the error results of a server tool."""
    return tagged(f"{tool}_tool_result_error", {"error_code": one_value(*codes)}, optional)


_ANY_FAILURE = ("invalid_tool_input", "unavailable", "too_many_requests")
_RUN_FAILURE = (*_ANY_FAILURE, "execution_time_exceeded")
_REASON: Fields = {"error_message": _NULL_TEXT}


def _ran(kind: str, output: str, stdout: str = "stdout") -> Fields:
    made = listed(union(tagged(output, {"file_id": TEXT})))
    return tagged(kind, {"content": made, "return_code": INT, "stderr": TEXT, stdout: TEXT})


_WEB_SEARCH = list_or(
    union(
        tagged("web_search_result", {"encrypted_content": TEXT, "title": TEXT, "url": TEXT}, {"page_age": _NULL_TEXT})
    ),
    union(_failed("web_search", *_ANY_FAILURE, "max_uses_exceeded", "query_too_long", "request_too_large")),
)
_WEB_FETCH = merged(
    [
        _failed(
            "web_fetch",
            *_ANY_FAILURE,
            *("url_too_long", "url_not_allowed", "url_not_in_prior_context", "url_not_accessible"),
            *("unsupported_content_type", "max_uses_exceeded", "content_too_large"),
        ),
        tagged("web_fetch_result", {"content": _DOCUMENT["document"], "url": TEXT}, {"retrieved_at": _NULL_TEXT}),
    ]
)
_CODE_EXECUTION = merged(
    [
        _failed("code_execution", *_RUN_FAILURE),
        _ran("code_execution_result", "code_execution_output"),
        _ran("encrypted_code_execution_result", "code_execution_output", "encrypted_stdout"),
    ]
)
_BASH = merged(
    [
        _failed("bash_code_execution", *_RUN_FAILURE, "output_file_too_large"),
        _ran("bash_code_execution_result", "bash_code_execution_output"),
    ]
)
_EDITED = "text_editor_code_execution"
_LINES: Fields = dict.fromkeys(("num_lines", "start_line", "total_lines"), _NULL_INT)
_DIFF: Fields = dict.fromkeys(("new_lines", "new_start", "old_lines", "old_start"), _NULL_INT)
_TEXT_EDITOR = merged(
    [
        _failed(_EDITED, *_RUN_FAILURE, "file_not_found", optional=_REASON),
        tagged(f"{_EDITED}_view_result", {"content": TEXT, "file_type": one_value("text", "image", "pdf")}, _LINES),
        tagged(f"{_EDITED}_create_result", {"is_file_update": FLAG}),
        tagged(f"{_EDITED}_str_replace_result", optional={"lines": nullable(listed(TEXT)), **_DIFF}),
    ]
)
_TOOL_SEARCH = merged(
    [
        _failed("tool_search", *_RUN_FAILURE, optional=_REASON),
        tagged("tool_search_tool_search_result", {"tool_references": listed(union(_TOOL_REFERENCE))}),
    ]
)
_STOPPED: Fields = {"stop_reason": _NULL_TEXT}
_ADVISOR = merged(
    [
        _failed(
            "advisor",
            *("max_uses_exceeded", "prompt_too_long", "too_many_requests", "overloaded", "unavailable"),
            *("execution_time_exceeded", "model_not_found"),
        ),
        tagged("advisor_result", {"text": TEXT}, _STOPPED),
        tagged("advisor_redacted_result", {"encrypted_content": TEXT}, _STOPPED),
    ]
)


def _result(kind: str, content: CoreSchema, optional: Fields = CACHED) -> Fields:
    return tagged(kind, {"tool_use_id": ID, "content": content}, optional)


_GENERAL = merged(
    [
        TEXT_BLOCK,
        _IMAGE,
        _DOCUMENT,
        _SEARCH_RESULT,
        tagged("thinking", {"signature": TEXT, "thinking": TEXT}),
        tagged("redacted_thinking", {"data": TEXT}),
        tagged("tool_use", {"id": ID, "name": _NAME, "input": OBJECT}, {"toolset_name": _NULL_TEXT, **_CALLED}),
        tagged(
            "tool_result",
            {"tool_use_id": ID},
            {
                "content": text_or(listed(union(_IN_TOOL_RESULT))),
                "is_error": FLAG,
                "toolset_name": _NULL_TEXT,
                **CACHED,
            },
        ),
        _result("web_search_tool_result", _WEB_SEARCH, _CALLED),
        _result("web_fetch_tool_result", union(_WEB_FETCH), _CALLED),
        _result("code_execution_tool_result", union(_CODE_EXECUTION)),
        _result("bash_code_execution_tool_result", union(_BASH)),
        _result("text_editor_code_execution_tool_result", union(_TEXT_EDITOR)),
        _result("tool_search_tool_result", union(_TOOL_SEARCH)),
        tagged("container_upload", {"file_id": TEXT}, CACHED),
    ]
)
MCP_TOOL = record({"input_schema": OBJECT, "name": TEXT}, {"description": _NULL_TEXT})
_HOP = record({"model": TEXT})
_IN_BETA = merged(
    [
        _result("advisor_tool_result", union(_ADVISOR)),
        tagged("mcp_tool_use", {"id": ID, "name": _NAME, "server_name": TEXT, "input": OBJECT}, CACHED),
        tagged(
            "mcp_tool_result",
            {"tool_use_id": ID},
            {"content": text_or(listed(TEXT_BLOCK["text"])), "is_error": FLAG, **CACHED},
        ),
        tagged("mcp_tool_listing", {"mcp_server_name": TEXT, "tools": listed(MCP_TOOL)}),
        tagged(
            "compaction",
            optional={
                **dict.fromkeys(("content", "encrypted_content", "signature"), _NULL_TEXT),
                # sent back as the API created them
                "tool_changes": nullable(listed(OBJECT)),
                **CACHED,
            },
        ),
        tagged("fallback", {"from": _HOP, "to": _HOP}, {"trigger": ANY}),
    ]
)


def blocks(call: CallFacts, tool: CoreSchema) -> CoreSchema:
    """Return the schema of a content block; `tool` is that of a tool definition."""
    server_tools = (*_SERVER_TOOLS, *call.only("messages[].content[].name=advisor", {"advisor": TEXT}))
    server_tool = tagged("server_tool_use", {"id": ID, "name": one_value(*server_tools), "input": OBJECT}, _CALLED)
    in_beta = {**_IN_BETA, **_tool_changes(call, tool)}
    opened = {tag: block for tag, block in in_beta.items() if call.opens(f"messages[].content[]:{tag}")}
    return union(dict(sorted({**_GENERAL, **server_tool, **opened}.items())))


def _tool_changes(call: CallFacts, tool: CoreSchema) -> Fields:
    references = merged(
        [
            tagged("tool_reference", {"name": TEXT}),
            tagged("mcp_tool_reference", {"name": TEXT, "server_name": TEXT}),
            tagged("mcp_toolset_reference", {"server_name": TEXT}),
        ]
    )
    definition = call.only("messages[].content[].tool:tool_definition", tagged("tool_definition", {"definition": tool}))
    return {
        **tagged("tool_addition", {"tool": union({**references, **definition})}, CACHED),
        **tagged("tool_removal", {"tool": union(references)}, CACHED),
    }


def content(call: CallFacts, tool: CoreSchema) -> CoreSchema:
    """Return the schema of the content of a message."""
    return text_or(listed(blocks(call, tool)), HIDDEN + "list")
