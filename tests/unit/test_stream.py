"""Server-sent events of every kind of block, put together again by the official SDK."""

import json
from typing import Any, get_args

import httpx2
import msgspec
import pytest

from mockbatch.core.contract import wire
from mockbatch.core.replies.stream import events

CITATION = {
    "type": "char_location",
    "cited_text": "so",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 2,
    "file_id": None,
}
TEXT: dict[str, Any] = {"type": "text", "text": "Grüße, " * 20, "citations": None}
BLOCKS: dict[str, list[Any]] = {
    "nothing": [],
    "text": [TEXT],
    "empty text": [{"type": "text", "text": "", "citations": None}],
    "citations": [{"type": "text", "text": "so it is", "citations": [CITATION, CITATION]}],
    "thinking": [wire.ThinkingBlock("first this, then that, and so on", "c2lnbmVk"), TEXT],
    "thinking not shown": [wire.ThinkingBlock("", "c2lnbmVk"), TEXT],
    "redacted": [wire.RedactedThinkingBlock("ZGF0YQ==")],
    "tools": [
        wire.ToolUseBlock("toolu_01a", "look_up", {"city": "Łódź", "days": [1, 2.5, None]}),
        wire.ToolUseBlock("toolu_01b", "ping", {}),
        wire.ToolUseBlock("toolu_01c", "screenshot", {}, "computer"),
    ],
    "web search": [
        wire.ServerToolUseBlock("srvtoolu_01a", "web_search", {"query": "weather"}),
        wire.WebSearchToolResultBlock(
            "srvtoolu_01a", [wire.WebSearchResultBlock("t", "https://example.com", "e", None)]
        ),
        wire.TextBlock("so", [wire.WebSearchResultLocation("so", "https://example.com", "t", "i")]),
    ],
    "web fetch": [
        wire.ServerToolUseBlock("srvtoolu_01a", "web_fetch", {"url": "https://example.com"}),
        wire.WebFetchToolResultBlock(
            "srvtoolu_01a",
            wire.WebFetchBlock(
                "https://example.com",
                wire.DocumentBlock(wire.PlainTextSource("text/plain", "words"), "t", wire.CitationsConfig(True)),
                "2026-01-01T00:00:00Z",
            ),
        ),
    ],
    "code": [
        wire.ServerToolUseBlock("srvtoolu_01a", "code_execution", {"code": "print(1)"}),
        wire.CodeExecutionToolResultBlock("srvtoolu_01a", wire.CodeExecutionResultBlock("1\n", "", 0, [])),
        wire.ServerToolUseBlock("srvtoolu_01b", "bash_code_execution", {"command": "ls"}),
        wire.BashCodeExecutionToolResultBlock("srvtoolu_01b", wire.BashCodeExecutionResultBlock("a\n", "", 0, [])),
        wire.ServerToolUseBlock("srvtoolu_01c", "text_editor_code_execution", {"command": "create"}),
        wire.TextEditorToolResultBlock("srvtoolu_01c", wire.TextEditorCreateResultBlock(False)),
    ],
    "tool search": [
        wire.ServerToolUseBlock("srvtoolu_01a", "tool_search_tool_bm25", {"query": "weather"}),
        wire.ToolSearchToolResultBlock(
            "srvtoolu_01a", wire.ToolSearchResultBlock([wire.ToolReferenceBlock("get_weather")])
        ),
    ],
}
USED = wire.ServerToolUse(2, 1)
CONTAINER = wire.Container("container_01a", "2026-01-01T00:00:00Z", None)


def message(content: list[Any], **more: Any) -> wire.Message:
    usage = wire.Usage(11, 3, 4, wire.CacheCreation(3, 0), 42, "standard", "global", **more)
    container = CONTAINER if more else None
    return wire.Message(
        "claude-x", "msg_01", "message", "assistant", content, container, "end_turn", None, None, usage, None
    )


def streamed(sent: wire.Message) -> Any:
    """What the SDK puts together of the events of a message."""
    import anthropic  # not before: it takes longer to import than most tests to run

    data = b"".join(events(sent))
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, content=data, headers={"content-type": "text/event-stream"})
    )
    client = anthropic.Anthropic(api_key="k", http_client=httpx2.Client(transport=transport))
    with client.messages.stream(model="claude-x", max_tokens=1, messages=[{"role": "user", "content": "x"}]) as stream:
        return stream.get_final_message()


@pytest.mark.parametrize("kind", BLOCKS)
def test_the_sdk_accumulates_what_was_streamed(kind: str) -> None:
    """Block by block, with usage and stop reason."""
    final = streamed(message(BLOCKS[kind]))
    found = json.loads(final.model_dump_json(exclude_unset=True))
    for block in found["content"]:
        block.pop("parsed_output", None)
    assert found["content"] == msgspec.to_builtins(BLOCKS[kind])
    assert final.stop_reason == "end_turn"
    assert (final.usage.input_tokens, final.usage.output_tokens) == (11, 42)
    assert final.usage.cache_read_input_tokens == 4
    assert final.usage.output_tokens_details is None
    assert final.usage.server_tool_use is None


def test_what_is_only_known_at_the_end_is_told_at_the_end() -> None:
    """Thinking tokens, uses of server tools and the container come with the last event but one."""
    sent = message([TEXT], output_tokens_details=wire.OutputTokensDetails(7), server_tool_use=USED)
    final = streamed(sent)
    assert final.usage.output_tokens_details.thinking_tokens == 7
    assert (final.usage.server_tool_use.web_search_requests, final.usage.server_tool_use.web_fetch_requests) == (2, 1)
    assert final.container.id == CONTAINER.id
    first = json.loads(next(iter(events(sent))).split(b"data: ")[1])["message"]
    assert first["container"] is None
    assert not {"server_tool_use", "output_tokens_details"} & first["usage"].keys()


def test_every_kind_of_block_is_streamed() -> None:
    """A kind that is new on the wire is in the table above."""
    tags = {kind.__struct_config__.tag for kind in get_args(wire.Block)}
    assert tags == {block["type"] for blocks in BLOCKS.values() for block in msgspec.to_builtins(blocks)}
