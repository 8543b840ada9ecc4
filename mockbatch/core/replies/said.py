"""Replies that somebody else made: a text, a message or its content, as a rule, a file or a function gives it."""

from typing import Any

import msgspec

from mockbatch.core.contract import wire
from mockbatch.core.names import did_you_mean
from mockbatch.core.replies.forms import AnyBlock, Reply, ReplyError, Request
from mockbatch.core.tokens import output_weight, tokenizer_factor, weighed
from mockbatch.core.typed import convert

_MESSAGE_KEYS = frozenset(
    {
        *("content", "stop_reason", "stop_sequence", "stop_details", "container", "usage"),
        # made anew for each reply
        *("id", "type", "role", "model", "diagnostics"),
    }
)


def said_reply(value: Any, request: Request) -> Reply:
    """The reply that `value` is: a Reply, a text, a list of blocks, a message as a dict, or as a model of the SDK.

    Tokens are counted, unless a message brings its usage. Raises ReplyError for anything else.
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
        if unknown := value.keys() - _MESSAGE_KEYS:
            name = min(unknown)
            raise ReplyError(f"a message has no key {name!r}.{did_you_mean(name, _MESSAGE_KEYS)}")
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
    return block


def _of_content(content: list[AnyBlock], message: dict[str, Any], request: Request) -> Reply:
    usage = message.get("usage")
    if usage is not None and not isinstance(usage, dict):
        raise ReplyError(f"the usage of a message is a dict, not {usage!r}")
    if usage is not None:
        check_usage(usage)
    try:
        _check_utf8(content, message)
        return _counted(content, message, usage, request)
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError, OverflowError) as error:
        raise ReplyError(f"the content of the message is wrong: {str(error)[:200]}") from None


def _check_utf8(*values: Any) -> None:
    msgspec.json.encode(values)


def check_usage(usage: dict[str, Any]) -> None:
    """Raise ReplyError for counts that are no integers from 0 to 2**53."""
    for name, value in usage.items():
        if isinstance(value, dict):
            check_usage(value)
        elif isinstance(value, float) or (
            isinstance(value, int) and (isinstance(value, bool) or not 0 <= value <= 1 << 53)
        ):
            raise ReplyError(f"usage.{str(name)[:100]}: {value!r} is not an integer from 0 to 2**53")


def _counted(content: list[AnyBlock], message: dict[str, Any], usage: dict[str, Any] | None, request: Request) -> Reply:
    weight = sum(output_weight(block) for block in msgspec.to_builtins(content))
    called = any(_type(block) == "tool_use" for block in content)
    return Reply(
        content,
        str(message.get("stop_reason") or ("tool_use" if called else "end_turn")),
        weighed(weight * tokenizer_factor(request.model)),
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
        return convert({"skills": None, **value}, wire.Container)
    except (msgspec.ValidationError, TypeError) as error:
        raise ReplyError(f"the container of the message is wrong: {error}") from None
