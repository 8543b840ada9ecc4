"""The requests that nearly all requests are: recognised in microseconds, so that only the others cost pydantic.

Whatever passes here is in shape; whatever does not may be in shape all the same.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from mockbatch.core.typed import convert


class _Cache(Struct, forbid_unknown_fields=True):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class _Text(Struct, tag="text", forbid_unknown_fields=True):
    text: str
    cache_control: _Cache | None = None


class _Source(Struct, tag="base64", forbid_unknown_fields=True):
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
    content: str | list[_Text | _Image] | None = None
    is_error: bool | None = None
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
    description: str | None = None
    strict: bool | None = None
    cache_control: _Cache | None = None


class _ToolChoice(Struct, forbid_unknown_fields=True):
    type: Literal["auto", "any"]


class _Metadata(Struct, forbid_unknown_fields=True):
    user_id: Annotated[str, Meta(max_length=512)] | None = None


_Share = Annotated[float, Meta(ge=0, le=1)]


class _Request(Struct, forbid_unknown_fields=True):
    model: str
    messages: Annotated[list[_Message], Meta(max_length=100_000)]
    max_tokens: int | None = None
    system: str | list[_Text] | None = None
    cache_control: _Cache | None = None
    tools: list[_Tool] | None = None
    tool_choice: _ToolChoice | None = None
    stop_sequences: list[str] | None = None
    metadata: _Metadata | None = None
    stream: bool | None = None
    temperature: _Share | None = None
    top_p: _Share | None = None


def is_ordinary(params: dict[str, Any]) -> bool:
    """Whether these params are of the usual kind, and so in shape."""
    try:
        convert(params, _Request)
    except (msgspec.ValidationError, RecursionError):
        return False
    return True
