"""Server-sent events of every kind of block, put together again by the official SDK."""

import json
from typing import Any

import httpx2
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
BLOCKS: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "text": [{"type": "text", "text": "Grüße, " * 20, "citations": None}],
    "empty text": [{"type": "text", "text": "", "citations": None}],
    "citations": [{"type": "text", "text": "so it is", "citations": [CITATION, CITATION]}],
    "thinking": [
        {"type": "thinking", "thinking": "first this, then that, and so on", "signature": "c2lnbmVk"},
        {"type": "text", "text": "done", "citations": None},
    ],
    "redacted": [{"type": "redacted_thinking", "data": "ZGF0YQ=="}],
    "tools": [
        {"type": "tool_use", "id": "toolu_01a", "name": "look_up", "input": {"city": "Łódź", "days": [1, 2.5, None]}},
        {"type": "tool_use", "id": "toolu_01b", "name": "ping", "input": {}},
    ],
    "server tools": [
        {"type": "server_tool_use", "id": "srvtoolu_01a", "name": "web_search", "input": {"query": "weather"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srvtoolu_01a",
            "content": [
                {
                    "type": "web_search_result",
                    "title": "t",
                    "url": "https://example.com",
                    "encrypted_content": "e",
                    "page_age": None,
                }
            ],
        },
    ],
}


def message(content: list[Any]) -> wire.Message:
    usage = wire.Usage(11, 3, 4, wire.CacheCreation(3, 0), 42, "standard", "global")
    return wire.Message(
        "claude-x", "msg_01", "message", "assistant", content, None, "end_turn", None, None, usage, None
    )


@pytest.mark.parametrize("kind", BLOCKS)
def test_the_sdk_accumulates_what_was_streamed(kind: str) -> None:
    """Block by block, with usage and stop reason."""
    import anthropic  # not before: it takes longer to import than most tests to run

    sent = b"".join(events(message(BLOCKS[kind])))
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, content=sent, headers={"content-type": "text/event-stream"})
    )
    client = anthropic.Anthropic(api_key="k", http_client=httpx2.Client(transport=transport))
    with client.messages.stream(model="claude-x", max_tokens=1, messages=[{"role": "user", "content": "x"}]) as stream:
        final = stream.get_final_message()
    found = json.loads(final.model_dump_json(exclude_unset=True))
    for block in found["content"]:
        block.pop("parsed_output", None)
    assert found["content"] == BLOCKS[kind]
    assert final.stop_reason == "end_turn"
    assert (final.usage.input_tokens, final.usage.output_tokens) == (11, 42)
    assert final.usage.cache_read_input_tokens == 4
