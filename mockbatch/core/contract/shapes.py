"""The shapes of what is nested in a request, and the API's sentences for what is not in shape.

The API words these as pydantic does, so pydantic words them here. It is only imported for requests that
`ordinary.py` does not recognise.

Source: https://platform.claude.com/docs/en/api/messages/create and the types of the official SDK.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, FailFast, Field, Tag, ValidationError, create_model

_STRICT = ConfigDict(extra="forbid", strict=True)
_REQUIRED: Any = ...
# what tells members of a union apart here and is no part of the path on the wire
_HIDDEN = "~"


class _FirstOnly(FailFast):
    """Stop at the first problem of a list: only that one is reported, and there may be a million."""

    __hash__ = object.__hash__


_FIRST_ONLY = _FirstOnly()


class Shape(BaseModel):
    """An object of which every key is known."""

    model_config = _STRICT


class CacheControl(Shape):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


_Loose = tuple[Any, Any]
_MAY: _Loose = (Any, None)
_MUST: _Loose = (Any, _REQUIRED)
_TEXT: _Loose = (str, _REQUIRED)
_FLAG: _Loose = (bool | None, None)
_OBJECT: _Loose = (dict[str, Any], _REQUIRED)
_CACHE: _Loose = (CacheControl | None, None)
_ID: _Loose = (Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")], _REQUIRED)
_NAME: _Loose = (Annotated[str, Field(min_length=1, max_length=200)], _REQUIRED)
_COUNT: _Loose = (Annotated[int, Field(gt=0)] | None, None)


def _tagged(tag: str, **fields: Any) -> type[BaseModel]:
    """An object that says in `type` what it is."""
    kind: _Loose = (Literal[tag], _REQUIRED)
    return create_model(tag, __config__=_STRICT, type=kind, **fields)


def _one_of(shapes: Iterable[type[BaseModel]]) -> Any:
    return Annotated[reduce(or_, shapes), Discriminator("type")]


def _text_or_list(of: Any) -> Any:
    text, many = _HIDDEN + "text", _HIDDEN + "list"
    return Annotated[
        Annotated[str, Tag(text)] | Annotated[list[of], _FIRST_ONLY, Tag(many)],
        Discriminator(lambda value: many if isinstance(value, list) else text),
    ]


_FILE = _tagged("file", file_id=_TEXT)
_URL = _tagged("url", url=_TEXT)
_IMAGES = Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
_IMAGE_SOURCES = (_tagged("base64", data=_TEXT, media_type=(_IMAGES, _REQUIRED)), _URL, _FILE)

TEXT = _tagged("text", text=_TEXT, citations=_MAY, cache_control=_CACHE)
_IMAGE = _tagged("image", source=(_one_of(_IMAGE_SOURCES), _REQUIRED), cache_control=_CACHE, transformations=_MAY)
_DOCUMENT_SOURCES = (
    _tagged("base64", data=_TEXT, media_type=(Literal["application/pdf"], _REQUIRED)),
    _tagged("text", data=_TEXT, media_type=(Literal["text/plain"], _REQUIRED)),
    _tagged("content", content=(_text_or_list(_one_of((TEXT, _IMAGE))), _REQUIRED)),
    _URL,
    _FILE,
)


class _Citations(Shape):
    enabled: bool | None = None


_DOCUMENT = _tagged(
    "document",
    source=(_one_of(_DOCUMENT_SOURCES), _REQUIRED),
    title=(Annotated[str, Field(min_length=1, max_length=500)] | None, None),
    context=(Annotated[str, Field(min_length=1)] | None, None),
    citations=(_Citations | None, None),
    cache_control=_CACHE,
)
_SEARCH_RESULT = _tagged(
    "search_result",
    content=(list[TEXT], _REQUIRED),  # type: ignore[valid-type]
    source=_TEXT,
    title=_TEXT,
    citations=(_Citations | None, None),
    cache_control=_CACHE,
)
_IN_TOOL_RESULT = (
    TEXT,
    _IMAGE,
    _DOCUMENT,
    _SEARCH_RESULT,
    _tagged("tool_reference", tool_name=_TEXT, cache_control=_CACHE),
)

_RESULTS = (
    *("code_execution_tool_result", "bash_code_execution_tool_result", "text_editor_code_execution_tool_result"),
    *("tool_search_tool_result", "advisor_tool_result"),
)
_FALLBACK: _Loose = (Literal["fallback"], _REQUIRED)

BLOCKS = (
    *(TEXT, _IMAGE, _DOCUMENT, _SEARCH_RESULT),
    _tagged("thinking", signature=_TEXT, thinking=_TEXT),
    _tagged("redacted_thinking", data=_TEXT),
    _tagged("tool_use", id=_ID, name=_NAME, input=_OBJECT, caller=_MAY, toolset_name=_MAY, cache_control=_CACHE),
    _tagged(
        "tool_result",
        tool_use_id=_ID,
        content=(_text_or_list(_one_of(_IN_TOOL_RESULT)) | None, None),
        is_error=_FLAG,
        toolset_name=_MAY,
        cache_control=_CACHE,
    ),
    _tagged("server_tool_use", id=_ID, name=_NAME, input=_OBJECT, caller=_MAY, cache_control=_CACHE),
    *(
        _tagged(name, tool_use_id=_ID, content=_MUST, caller=_MAY, cache_control=_CACHE)
        for name in ("web_search_tool_result", "web_fetch_tool_result")
    ),
    *(_tagged(name, tool_use_id=_ID, content=_MUST, cache_control=_CACHE) for name in _RESULTS),
    _tagged("container_upload", file_id=_TEXT, cache_control=_CACHE),
    _tagged("mcp_tool_use", id=_ID, name=_NAME, input=_OBJECT, server_name=_TEXT, cache_control=_CACHE),
    _tagged("mcp_tool_result", tool_use_id=_ID, content=_MAY, is_error=_FLAG, cache_control=_CACHE),
    _tagged(
        "compaction", content=_MAY, encrypted_content=_MAY, signature=_MAY, tool_changes=_MAY, cache_control=_CACHE
    ),
    *(_tagged(name, tool=_MUST, cache_control=_CACHE) for name in ("tool_addition", "tool_removal")),
    _tagged("mcp_tool_listing", mcp_server_name=_MAY, tools=_MAY),
    create_model(
        "fallback",
        __config__=_STRICT,
        type=_FALLBACK,
        from_=(Any, Field(alias="from")),
        to=_MAY,
        trigger=_MAY,
    ),
)


class Message(Shape):
    role: Literal["user", "assistant", "system"]
    content: _text_or_list(_one_of(BLOCKS))  # type: ignore[valid-type]


class _InputSchema(BaseModel):
    type: Literal["object"]
    properties: dict[str, Any] | None = None
    required: list[str] | None = None


_COMMON: dict[str, Any] = {"cache_control": _CACHE, "defer_loading": _FLAG, "allowed_callers": _MAY, "strict": _FLAG}
_EXAMPLES: dict[str, Any] = {"input_examples": _MAY}
_SCREEN: dict[str, Any] = {"display_height_px": _MUST, "display_width_px": _MUST, "display_number": _MAY}
_SEARCH: dict[str, Any] = {
    "allowed_domains": _MAY,
    "blocked_domains": _MAY,
    "max_uses": _COUNT,
    "user_location": _MAY,
}
_FETCH: dict[str, Any] = {
    "allowed_domains": _MAY,
    "blocked_domains": _MAY,
    "max_uses": _COUNT,
    "citations": _MAY,
    "max_content_tokens": _COUNT,
    "url_sources": _MAY,
}
_CACHED: dict[str, Any] = {"use_cache": _MAY}
_INCLUSION: dict[str, Any] = {"response_inclusion": _MAY}


def _server_tool(kind: str, name: str, **fields: Any) -> type[BaseModel]:
    return _tagged(kind, name=(Literal[name], _REQUIRED), **_COMMON, **fields)


_CUSTOM: _Loose = (Literal["custom"] | None, None)
_TOOL_NAME: _Loose = (Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")], _REQUIRED)

TOOLS = (
    create_model(
        "custom",
        __config__=_STRICT,
        type=_CUSTOM,
        name=_TOOL_NAME,
        input_schema=(_InputSchema, _REQUIRED),
        description=(str | None, None),
        eager_input_streaming=_FLAG,
        **_COMMON,
        **_EXAMPLES,
    ),
    *(_server_tool(f"bash_{day}", "bash", **_EXAMPLES) for day in ("20241022", "20250124")),
    *(
        _server_tool(f"code_execution_{day}", "code_execution")
        for day in ("20250522", "20250825", "20260120", "20260521")
    ),
    *(_server_tool(f"text_editor_{day}", "str_replace_editor", **_EXAMPLES) for day in ("20241022", "20250124")),
    _server_tool("text_editor_20250429", "str_replace_based_edit_tool", **_EXAMPLES),
    _server_tool("text_editor_20250728", "str_replace_based_edit_tool", max_characters=_COUNT, **_EXAMPLES),
    _server_tool("memory_20250818", "memory", **_EXAMPLES),
    *(_server_tool(f"computer_{day}", "computer", **_SCREEN, **_EXAMPLES) for day in ("20241022", "20250124")),
    _server_tool("computer_20251124", "computer", enable_zoom=_FLAG, **_SCREEN, **_EXAMPLES),
    *(_server_tool(f"web_search_{day}", "web_search", **_SEARCH) for day in ("20250305", "20260209")),
    _server_tool("web_search_20260318", "web_search", **_SEARCH, **_INCLUSION),
    *(_server_tool(f"web_fetch_{day}", "web_fetch", **_FETCH) for day in ("20250910", "20260209")),
    _server_tool("web_fetch_20260309", "web_fetch", **_FETCH, **_CACHED),
    _server_tool("web_fetch_20260318", "web_fetch", **_FETCH, **_CACHED, **_INCLUSION),
    _server_tool("advisor_20260301", "advisor", model=_MUST, caching=_MAY, max_tokens=_COUNT, max_uses=_COUNT),
    *(
        _server_tool(f"tool_search_tool_{kind}{day}", f"tool_search_tool_{kind}")
        for kind in ("bm25", "regex")
        for day in ("", "_20251119")
    ),
    *(_tagged(f"{kind}_toolset_20260801", cache_control=_CACHE, configs=_MAY) for kind in ("browser", "computer")),
    _tagged("mcp_toolset", mcp_server_name=_TEXT, cache_control=_CACHE, configs=_MAY, default_config=_MAY, tools=_MAY),
)


def _kind_of_tool(value: Any) -> Any:
    return (value.get("type") or "custom") if isinstance(value, dict) else "custom"


_TOOL_KINDS = [tool.__name__ for tool in TOOLS]
_Tool: Any = Annotated[
    reduce(or_, (Annotated[tool, Tag(tool.__name__)] for tool in TOOLS)),
    Discriminator(
        _kind_of_tool,
        custom_error_type="unknown_tool",
        custom_error_message="Input tag found using 'type' does not match any of the expected tags: "
        + ", ".join(f"'{kind}'" for kind in _TOOL_KINDS),
    ),
]
_DISPLAY: _Loose = (Literal["summarized", "omitted"] | None, None)
_ALONE: _Loose = (bool | None, None)
_THINKING: Any = _one_of(
    (
        _tagged("adaptive", display=_DISPLAY),
        _tagged("enabled", budget_tokens=(Annotated[int, Field(ge=1024)], _REQUIRED), display=_DISPLAY),
        _tagged("disabled"),
        _tagged("between_tools"),
    )
)
_TOOL_CHOICE: Any = _one_of(
    (
        *(_tagged(kind, disable_parallel_tool_use=_ALONE) for kind in ("auto", "any")),
        _tagged("tool", name=_TEXT, disable_parallel_tool_use=_ALONE),
        _tagged("none"),
    )
)


class _Format(Shape):
    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema")


class _OutputConfig(Shape):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: _Format | None = None
    task_budget: Any = None


class _Metadata(Shape):
    user_id: Annotated[str, Field(max_length=512)] | None = None


class _Container(Shape):
    id: str | None = None
    skills: list[Any] | None = None


class _Diagnostics(Shape):
    previous_message_id: str | None = None


_Share = Annotated[float, Field(ge=0, le=1)]


class Request(BaseModel):
    """The params of a request. Which keys are known and required depends on the call and is checked before."""

    model_config = ConfigDict(extra="ignore", strict=True)

    messages: Annotated[list[Message], Field(max_length=100_000), _FIRST_ONLY]
    model: str
    max_tokens: int | None = None
    system: _text_or_list(TEXT) | None = None  # type: ignore[valid-type]
    cache_control: CacheControl | None = None
    thinking: _THINKING | None = None
    output_config: _OutputConfig | None = None
    tools: Annotated[list[_Tool], _FIRST_ONLY] | None = None
    tool_choice: _TOOL_CHOICE | None = None
    stop_sequences: list[str] | None = None
    metadata: _Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    inference_geo: Literal["global", "us"] | None = None
    container: (
        Annotated[
            Annotated[str, Tag(_HIDDEN)] | Annotated[_Container, Tag(_HIDDEN + "object")],
            Discriminator(lambda value: _HIDDEN + "object" if isinstance(value, dict) else _HIDDEN),
        ]
        | None
    ) = None
    diagnostics: _Diagnostics | None = None
    speed: Literal["standard", "fast"] | None = None
    stream: bool | None = None
    temperature: _Share | None = None
    top_p: _Share | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    mcp_servers: Annotated[list[Any], Field(max_length=20)] | None = None


def shape_problem(params: dict[str, Any]) -> str | None:
    """The sentence for the first thing in `params` that is not in shape, if anything is."""
    try:
        Request.model_validate(params)
    except ValidationError as error:
        return _worded(error)
    except RecursionError:
        return "Input is nested too deeply"
    return None


def _worded(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "union_tag_not_found":
        return f"{_path(first['loc'])}.type: Field required"
    return f"{_path(first['loc'])}: {first['msg']}"


def _path(where: Iterable[str | int]) -> str:
    return ".".join(str(part) for part in where if not str(part).startswith(_HIDDEN))
