"""A fast path for ordinary requests: it recognizes nearly all of them in microseconds, so only the rest needs pydantic.

A request that passes here is valid under any beta header; one that does not pass may still be valid.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from mockbatch.core.conversion import threadsafe_convert

# may be omitted, but not null
_Missing = UnsetType


class _Cache(Struct, forbid_unknown_fields=True):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | _Missing = UNSET


class _Text(Struct, tag="text", forbid_unknown_fields=True):
    text: str
    cache_control: _Cache | None = None


class _SystemText(Struct, forbid_unknown_fields=True):
    # not a tag: msgspec requires tags only for several alternatives
    type: Literal["text"]
    text: str
    cache_control: _Cache | None = None


class _Source(Struct, forbid_unknown_fields=True):
    type: Literal["base64"]
    data: str
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]


class _Image(Struct, tag="image", forbid_unknown_fields=True):
    source: _Source
    cache_control: _Cache | None = None


_Id = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]+\Z")]


class _ToolUse(Struct, tag="tool_use", forbid_unknown_fields=True):
    id: _Id
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    input: dict[str, Any]
    cache_control: _Cache | None = None


class _ToolResult(Struct, tag="tool_result", forbid_unknown_fields=True):
    tool_use_id: _Id
    content: str | list[_Text | _Image] | _Missing = UNSET
    is_error: bool | _Missing = UNSET
    cache_control: _Cache | None = None


class _Message(Struct, forbid_unknown_fields=True):
    role: Literal["user", "assistant"]
    content: str | list[_Text | _Image | _ToolUse | _ToolResult]


class _InputSchema(Struct):
    type: Literal["object"]
    properties: dict[str, Any] | None = None
    required: list[str] | None = None


class _Tool(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,128}\Z")]
    input_schema: _InputSchema
    type: Literal["custom"] | None = None
    description: str | _Missing = UNSET
    strict: bool | _Missing = UNSET
    cache_control: _Cache | None = None


class _Auto(Struct, tag="auto", forbid_unknown_fields=True):
    disable_parallel_tool_use: bool | _Missing = UNSET


class _Any(Struct, tag="any", forbid_unknown_fields=True):
    disable_parallel_tool_use: bool | _Missing = UNSET


class _OneTool(Struct, tag="tool", forbid_unknown_fields=True):
    name: str
    disable_parallel_tool_use: bool | _Missing = UNSET


class _NoTool(Struct, tag="none", forbid_unknown_fields=True):
    pass


class _Metadata(Struct, forbid_unknown_fields=True):
    user_id: Annotated[str, Meta(max_length=512)] | None = None


class _Counted(Struct, forbid_unknown_fields=True, kw_only=True):
    """The params of count_tokens."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[_Message], Meta(min_length=1, max_length=100_000)]
    system: str | list[_SystemText] | _Missing = UNSET
    cache_control: _Cache | None = None
    tools: list[_Tool] | _Missing = UNSET
    tool_choice: _Auto | _Any | _OneTool | _NoTool | _Missing = UNSET


class _Created(_Counted, forbid_unknown_fields=True, kw_only=True):
    """The params of a message, and of each request of a batch."""

    max_tokens: Annotated[int, Meta(ge=1)]
    stop_sequences: list[str] | None = None
    metadata: _Metadata | None = None
    stream: bool | _Missing = UNSET


_Share = Annotated[float, Meta(ge=0, le=1)]


class _Sampled(_Created, forbid_unknown_fields=True, kw_only=True):
    """The same for versions with sampling parameters."""

    temperature: _Share | _Missing = UNSET
    top_p: _Share | _Missing = UNSET


def is_ordinary(params: dict[str, Any], *, counting: bool = False, sampling: bool = False) -> bool:
    """Return whether these params are ordinary, and therefore valid."""
    kind = _Counted if counting else _Sampled if sampling else _Created
    try:
        threadsafe_convert(params, kind)
    except (msgspec.ValidationError, RecursionError):
        return False
    return True
