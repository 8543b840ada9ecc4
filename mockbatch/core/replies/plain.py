"""Detect replies that are plain text, as nearly all are, without loading the code for the others."""

from typing import Any

from mockbatch.core.contract.model import Model
from mockbatch.core.replies.prompt_hints import PromptHints, parse_hints
from mockbatch.core.replies.request_access import all_blocks, cites, messages_of

# the params that make a reply more than plain text
_SHAPING = frozenset(
    {"tools", "output_config", "output_format", "thinking", "stop_sequences", "container", "mcp_servers", "tool_choice"}
)


def wish_alone(params: dict[str, Any], model: Model) -> PromptHints | None:
    """Return the prompt hints if the whole reply is plain text; None if it is more."""
    thinking = params.get("thinking")
    silent = isinstance(thinking, dict) and thinking.get("type") == "disabled"
    if model.thinks_unasked and not silent:
        return None
    if not _SHAPING.isdisjoint(params) and _is_shaped(params, silent=silent):
        return None
    messages = messages_of(params)
    if messages and messages[-1].get("role") == "assistant":
        return None
    if any(type(message.get("content")) is list for message in messages) and any(map(cites, all_blocks(params))):
        return None
    return parse_hints(params)


def _is_shaped(params: dict[str, Any], *, silent: bool) -> bool:
    return any(params.get(name) for name in _SHAPING & params.keys() if not (name == "thinking" and silent))
