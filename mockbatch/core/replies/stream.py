"""A message as server-sent events, in pieces as the API sends it.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.json import Encoder

from mockbatch.core.contract import wire

_PIECE = 24
_SENT_LAST = ("output_tokens_details", "server_tool_use")
_USED = wire.StreamUsage.__struct_fields__
_encode = Encoder().encode


def events(message: wire.Message | dict[str, Any]) -> Iterator[bytes]:
    """Yield the events of a message in order, encoded: `event:`, `data:` and an empty line."""
    whole: dict[str, Any] = msgspec.json.decode(_encode(message))  # some blocks are JSON already
    later = dict.fromkeys(("container", "stop_reason", "stop_sequence", "stop_details"))
    begun = {**whole, "content": [], **later}
    begun["usage"] = {name: value for name, value in whole["usage"].items() if name not in _SENT_LAST}
    begun["usage"]["output_tokens"] = min(whole["usage"]["output_tokens"], 1)
    yield _event("message_start", message=begun)
    yield _event("ping")
    for index, block in enumerate(whole["content"]):
        yield from _block_events(index, block)
    yield _event(
        "message_delta",
        delta={name: whole.get(name) for name in ("stop_reason", "stop_sequence", "stop_details", "container")},
        usage={name: whole["usage"][name] for name in _USED if name in whole["usage"]},
    )
    yield _event("message_stop")


def _block_events(index: int, block: dict[str, Any]) -> Iterator[bytes]:
    begun, deltas = _opened(block)
    yield _event("content_block_start", index=index, content_block=begun)
    for delta in deltas:
        yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _opened(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a block as it starts and its deltas. Blocks without deltas start complete."""
    match block["type"]:
        case "text":
            cited = [{"type": "citations_delta", "citation": citation} for citation in block.get("citations") or []]
            texts = [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"])]
            return {**block, "text": "", **({"citations": []} if cited else {})}, [*texts, *cited]
        case "thinking":
            thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"])]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "thinking": "", "signature": ""}, [*thoughts, signed]
        case "tool_use" | "server_tool_use":
            pieces = ["", *_pieces(json.dumps(block["input"], ensure_ascii=False))]
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return block, []


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]


def _event(kind: str, **data: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode({"type": kind, **data}))
