"""What the small upstream says: tools are called, schemas are kept to, caches are hit, texts are in many scripts."""

import json
from typing import Any

_TEXTS = (
    "Rosemary stands twenty degrees of frost for a night, not for a week. Bring it in when the ground freezes.",
    "1 is not a prime number: it has one divisor, and primes have two.",
    "Die Rechnung liegt bei. Grüße aus Łódź, ein Zeilenende\u2028und ein 🦉.",
    "The second paragraph contradicts the first; keep the second.",
)


def message(params: dict[str, Any], number: int, tier: str) -> dict[str, Any]:
    """The reply to a request, with ids made of `number`."""
    blocks = content(params, number)
    stops_for_tool = blocks[-1]["type"] == "tool_use"
    size = len(json.dumps(params)) // 4
    written, read = cached(params, number)
    return {
        "model": params["model"],
        "id": f"msg_01Upstream{number:016d}",
        "type": "message",
        "role": "assistant",
        "content": blocks,
        "container": None,
        "stop_reason": "tool_use" if stops_for_tool else "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": size,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": len(json.dumps(blocks)) // 4,
            "service_tier": tier,
            "inference_geo": "global",
        },
        "diagnostics": None,
    }


def cached(params: dict[str, Any], number: int) -> tuple[int, int]:
    """Tokens written to the cache and read from it: the first of a prompt writes, which here is every third."""
    system = params.get("system")
    if not isinstance(system, list) or not any("cache_control" in block for block in system):
        return 0, 0
    size = len(json.dumps(system)) // 4
    return (size, 0) if number % 3 == 0 else (0, size)


def content(params: dict[str, Any], number: int) -> list[dict[str, Any]]:
    shape = params.get("output_config", {}).get("format")
    if shape:
        filled = json.dumps(example(shape["schema"], number), ensure_ascii=False)
        return [{"type": "text", "text": filled}]
    if params.get("tools") and "tool_result" not in json.dumps(params["messages"][-1]):
        tool = params["tools"][number % len(params["tools"])]
        return [
            {"type": "text", "text": "I will look that up."},
            {
                "type": "tool_use",
                "id": f"toolu_01Upstream{number:014d}",
                "name": tool["name"],
                "input": example(tool.get("input_schema", {}), number),
            },
        ]
    return [{"type": "text", "text": _TEXTS[number % len(_TEXTS)]}]


def example(schema: dict[str, Any], number: int) -> Any:
    """Something that a schema allows."""
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    match schema.get("type"):
        case "object":
            return {name: example(part, number) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [example(schema.get("items", {}), number)]
        case "integer" | "number":
            return number % 10
        case "boolean":
            return number % 2 == 0
    return f"value {number}"


def stream(reply: dict[str, Any]) -> bytes:
    """The reply as server-sent events."""
    begun = {**reply, "content": [], "stop_reason": None, "usage": {**reply["usage"], "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, block in enumerate(reply["content"]):
        tool = block["type"] == "tool_use"
        empty = {**block, "input": {}} if tool else {**block, "text": ""}
        text = json.dumps(block["input"], ensure_ascii=False) if tool else block["text"]
        kind, field = ("input_json_delta", "partial_json") if tool else ("text_delta", "text")
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        events += [
            {"type": "content_block_delta", "index": index, "delta": {"type": kind, field: text[at : at + 10]}}
            for at in range(0, len(text), 10)
        ]
        events.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": reply["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": reply["usage"]["output_tokens"]}
    events += [{"type": "message_delta", "delta": delta, "usage": usage}, {"type": "message_stop"}]
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)
