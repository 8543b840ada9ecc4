"""Custom replies: a text, a message or its content, given by a rule, a file or a function."""

from typing import Any, get_args

import msgspec

from mockbatch.core.contract import wire
from mockbatch.core.conversion import threadsafe_convert
from mockbatch.core.replies.draft import AnyBlock, Reply, ReplyError, Request
from mockbatch.core.suggestions import did_you_mean
from mockbatch.core.tokens import output_weight, weighed

_MESSAGE_KEYS = frozenset(
    {
        *("content", "stop_reason", "stop_sequence", "stop_details", "container", "usage"),
        # generated for each reply
        *("id", "type", "role", "model", "diagnostics"),
    }
)


def said_reply(value: Any, request: Request) -> Reply:
    """Return the reply for `value`: a Reply, a text, a list of blocks, or a message as a dict or an SDK model.

    Tokens are counted unless the message has a usage. Raises ReplyError for anything else.
    """
    if isinstance(value, Reply):
        return value
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, str):
        return _of_content([wire.TextBlock(value)] if value else [], {}, request)
    if isinstance(value, list):
        return _of_content([_block(block) for block in value], {}, request)
    if isinstance(value, dict) and "content" in value:
        return _of_content(_content(value["content"]), value, request)
    raise ReplyError(f"a reply is a text, a list of blocks or a message with content, not {_named(value)}")


def _named(value: Any) -> str:
    return "a dict without content" if isinstance(value, dict) else repr(value)[:80]


def _content(content: Any) -> list[AnyBlock]:
    if isinstance(content, str):
        return [wire.TextBlock(content)] if content else []
    if not isinstance(content, list):
        raise ReplyError(f"the content of a message is a text or a list of blocks, not {_named(content)}")
    return [_block(block) for block in content]


def _block(block: Any) -> AnyBlock:
    if isinstance(block, str):
        return wire.TextBlock(block)
    if hasattr(block, "model_dump"):
        block = block.model_dump(mode="json", exclude_none=True)
    if isinstance(block, msgspec.Struct):
        return block  # type: ignore[return-value]
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        raise ReplyError(f"a block has a type, and {_named(block)} has none")
    _check_fields(block)
    return block


def _of_content(content: list[AnyBlock], message: dict[str, Any], request: Request) -> Reply:
    usage = message.get("usage")
    _check_message(message)
    try:
        _check_utf8(content, message)
        return _counted(content, message, usage, request)
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError, OverflowError) as error:
        raise ReplyError(f"the content of the message is invalid: {str(error)[:200]}") from None


def _check_utf8(*values: Any) -> None:
    msgspec.json.encode(values)


def check_usage(usage: dict[str, Any], kind: type[msgspec.Struct] = wire.Usage) -> None:
    """Raise ReplyError for a usage field that the API does not have, or that has the wrong type."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for name, value in usage.items():
        if name not in types:
            raise ReplyError(f"usage: there is no {str(name)[:100]!r}.{did_you_mean(str(name), types)}")
        if isinstance(value, dict) and (nested := _struct_in(types[name])):
            check_usage(value, nested)
        elif value is not None:
            _check_count(name, value, types[name])


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    found = (kind, *get_args(kind))
    return next((one for one in found if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)


def _check_count(name: str, value: Any, kind: Any) -> None:
    try:
        threadsafe_convert(value, kind)
    except msgspec.ValidationError as error:
        raise ReplyError(f"usage.{name}: {error}") from None
    if isinstance(value, int) and not 0 <= value <= 1 << 53:
        raise ReplyError(f"usage.{name}: not an integer from 0 to 2**53")


def check_said(value: Any) -> None:
    """Raise ReplyError for a text, list of blocks or message that cannot be a reply to any request."""
    message = value if isinstance(value, dict) else {"content": value}
    if "content" not in message:
        raise ReplyError(f"a reply is a text, a list of blocks or a message with content, not {_named(value)}")
    _content(message["content"])
    _check_message(message)


def _check_message(message: dict[str, Any]) -> None:
    if unknown := message.keys() - _MESSAGE_KEYS:
        name = min(unknown)
        raise ReplyError(f"a message has no key {name!r}.{did_you_mean(name, _MESSAGE_KEYS)}")
    for name, kind in (("stop_reason", str), ("stop_sequence", str), ("stop_details", dict), ("usage", dict)):
        if not isinstance(message.get(name), kind | None):
            raise ReplyError(f"the {name} of a message is a {_KINDS[kind]}, not {repr(message[name])[:80]}")
    check_usage(message.get("usage") or {})
    _container(message.get("container"))


_KINDS: dict[type, str] = {str: "text", dict: "dict", list: "list"}
_FIELDS: dict[str, type] = {
    **dict.fromkeys(("text", "thinking", "signature", "name", "id"), str),
    "input": dict,
    "citations": list,
}

STREAMED: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "thinking": ("thinking", "signature"),
    "tool_use": ("id", "name", "input"),
    "server_tool_use": ("id", "name", "input"),
}
"""The blocks that a stream sends in pieces, with their required fields."""


def _check_fields(block: dict[str, Any]) -> None:
    """Raise ReplyError if a counted field has another type than in the API."""
    if block["type"] not in STREAMED:
        return
    for name in STREAMED[block["type"]]:
        if name not in block:
            raise ReplyError(f"a {block['type']} block needs a field {name!r}")
    for name, kind in _FIELDS.items():
        required = name in STREAMED[block["type"]]
        if (required or block.get(name) is not None) and not isinstance(block[name], kind):
            raise ReplyError(f"the {name} of a {block['type']} block is a {_KINDS[kind]}, not {repr(block[name])[:80]}")


def _counted(content: list[AnyBlock], message: dict[str, Any], usage: dict[str, Any] | None, request: Request) -> Reply:
    weight = sum(output_weight(block) for block in msgspec.to_builtins(content))
    called = any(_type(block) == "tool_use" for block in content)
    return Reply(
        content,
        str(message.get("stop_reason") or ("tool_use" if called else "end_turn")),
        weighed(weight * request.model.tokens_factor),
        message.get("stop_sequence"),
        message.get("stop_details"),
        _container(message.get("container")),
        usage=usage,
    )


def _type(block: AnyBlock) -> Any:
    return block.get("type") if isinstance(block, dict) else block.__struct_config__.tag


def _container(value: Any) -> wire.Container | None:
    if value is None:
        return None
    try:
        return threadsafe_convert({"skills": None, **value}, wire.Container)
    except (msgspec.ValidationError, TypeError) as error:
        raise ReplyError(f"the container of the message is invalid: {error}") from None
