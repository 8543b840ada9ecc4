"""Whether a reply is nothing but some text, which nearly all are: that is told without what makes the others."""

from typing import Any

from mockbatch.core.contract.model import Model
from mockbatch.core.replies.asked import all_blocks, cites, messages_of
from mockbatch.core.replies.wishes import NO_WISH, wish_of

# what makes a reply more than a text that ends by itself
_SHAPING = frozenset(
    {"tools", "output_config", "output_format", "thinking", "stop_sequences", "container", "mcp_servers", "tool_choice"}
)


def is_plain(params: dict[str, Any], model: Model) -> bool:
    """Whether nothing but some text is wanted, so that `plain_text` is the whole reply."""
    thinking = params.get("thinking")
    silent = isinstance(thinking, dict) and thinking.get("type") == "disabled"
    if model.thinks_unasked and not silent:
        return False
    if any(params.get(name) for name in _SHAPING & params.keys() if not (name == "thinking" and silent)):
        return False
    messages = messages_of(params)
    if messages and messages[-1].get("role") == "assistant":
        return False
    if any(cites(block) for block in all_blocks(params)):
        return False
    return wish_of(params) is NO_WISH
