"""Requests as replies are made from them, and what is in the replies."""

from typing import Any

import msgspec

from mockbatch.core.contract import wire
from mockbatch.core.contract.catalog import Model, find_model
from mockbatch.core.replies.message import reply_key
from mockbatch.core.replies.reply import Reply, Request, natural_reply

OLD, NEW, ALWAYS = "claude-haiku-4-5", "claude-sonnet-5-5", "claude-opus-5-5"
WEATHER: dict[str, Any] = {
    "name": "get_weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
CLOCK: dict[str, Any] = {
    "name": "get_time",
    "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}},
}
REVIEW: dict[str, Any] = {
    "type": "object",
    "properties": {"label": {"enum": ["good", "bad"]}, "words": {"type": "array", "items": {"type": "string"}}},
    "required": ["label", "words"],
    "additionalProperties": False,
}
USAGE = wire.Usage(10, 0, 0, wire.CacheCreation(), 0, "batch", "global")


def model(name: str) -> Model:
    found = find_model(name)
    assert found
    return found


def asked(content: Any = "Tell me more", name: str = OLD, limit: int = 1024, seed: int = 0, **more: Any) -> Request:
    """A request as its reply is made from it; `seed` gives others of the same params."""
    messages = content if isinstance(content, list) and content and "role" in content[0] else None
    params = {
        "model": name,
        "max_tokens": limit,
        "messages": messages or [{"role": "user", "content": content}],
        **more,
    }
    return Request(params, model(name), reply_key(seed, params), limit)


def replies(count: int = 40, content: Any = "Tell me more", **more: Any) -> list[Reply]:
    return [natural_reply(asked(content, seed=seed, **more)) for seed in range(count)]


def blocks(reply: Reply) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.to_builtins(reply.content)
    return found


def kinds(reply: Reply) -> list[str]:
    return [block["type"] for block in blocks(reply)]


def text(reply: Reply) -> str:
    return "".join(block.get("text", "") for block in blocks(reply))


def calls(reply: Reply) -> list[dict[str, Any]]:
    return [block for block in blocks(reply) if block["type"] == "tool_use"]
