"""Read a request without trusting it: nothing here fails on params of a wrong shape."""

from collections.abc import Iterator
from typing import Any

from mockbatch.core.contract.output_format import format_of


def messages_of(params: dict[str, Any]) -> list[dict[str, Any]]:
    messages = params.get("messages")
    return [message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []


def blocks_of(content: Any) -> list[dict[str, Any]]:
    """Return the blocks of a content; a plain string has none."""
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def all_blocks(params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every block of the conversation in order, including those inside tool results."""
    for message in messages_of(params):
        for block in blocks_of(message.get("content")):
            yield block
            if block.get("type") == "tool_result":
                yield from blocks_of(block.get("content"))


def text_in(content: Any) -> str:
    """Return the text of a content of any shape."""
    if isinstance(content, str):
        return content
    texts = [block.get("text") for block in blocks_of(content)]
    return "\n".join(text for text in texts if isinstance(text, str))


def prompt_of(params: dict[str, Any]) -> str:
    """Return the text of the last user message."""
    for message in reversed(messages_of(params)):
        if message.get("role") == "user":
            return text_in(message.get("content"))
    return ""


def tools_of(params: dict[str, Any]) -> list[dict[str, Any]]:
    tools = params.get("tools")
    return [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []


def kind_of(tool: dict[str, Any]) -> str:
    """Return the kind of a tool: `web_search` for the type `web_search_20250305`, `custom` for client tools."""
    kind = tool.get("type")
    if not isinstance(kind, str):
        return "custom"
    family, _, day = kind.rpartition("_")
    return family if day.isdecimal() and family else kind


def choice_of(params: dict[str, Any]) -> tuple[str, str | None, bool]:
    """Return the type of `tool_choice`, the tool it names, and whether parallel calls are disabled."""
    choice = params.get("tool_choice")
    if not isinstance(choice, dict):
        return "auto", None, False
    kind, name = choice.get("type"), choice.get("name")
    return (
        kind if isinstance(kind, str) else "auto",
        name if isinstance(name, str) else None,
        choice.get("disable_parallel_tool_use") is True,
    )


def answers_tools(params: dict[str, Any]) -> bool:
    """Return whether the last message contains tool results."""
    messages = messages_of(params)
    return bool(messages) and any(
        block.get("type") == "tool_result" for block in blocks_of(messages[-1].get("content"))
    )


def schema_of(params: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the output format."""
    form = format_of(params)
    schema = form.get("schema") if form else None
    return schema if isinstance(schema, dict) else None


def goes_on(params: dict[str, Any]) -> bool:
    """Return whether the last turn is an assistant turn interrupted by a server tool, which the reply continues."""
    return any(block.get("type") == "server_tool_use" for block in _begun(params))


def waiting_calls(params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the server tool calls of an interrupted turn that have no result yet."""
    answered = {block.get("tool_use_id") for block in _begun(params) if isinstance(block.get("tool_use_id"), str)}
    calls = [block for block in _begun(params) if block.get("type") == "server_tool_use"]
    return [call for call in calls if isinstance(call.get("id"), str) and call["id"] not in answered]


def prefill_of(params: dict[str, Any]) -> str:
    """Return the prefill: the start of the reply given in the request; empty without one, or if a turn is resumed."""
    messages = messages_of(params)
    if not messages or messages[-1].get("role") != "assistant" or goes_on(params):
        return ""
    return text_in(messages[-1].get("content"))


def _begun(params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the blocks of a final assistant message."""
    messages = messages_of(params)
    return blocks_of(messages[-1].get("content")) if messages and messages[-1].get("role") == "assistant" else []


def stop_sequences_of(params: dict[str, Any]) -> list[str]:
    given = params.get("stop_sequences")
    return [stop for stop in given if isinstance(stop, str) and stop] if isinstance(given, list) else []


def cites(block: dict[str, Any]) -> bool:
    """Return whether citations are enabled for a document or search result."""
    citations = block.get("citations")
    return isinstance(citations, dict) and citations.get("enabled") is True
