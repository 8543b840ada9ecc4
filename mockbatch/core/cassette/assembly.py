"""Reassemble a streamed reply.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from typing import Any

from mockbatch.core.cassette.values import decode


class Assembly:
    """Takes the bytes of a stream in `feed`. `message` is whole once `complete`; `error` is an error event in it."""

    def __init__(self) -> None:
        self.message: dict[str, Any] = {}
        self.complete = False
        self.error: dict[str, Any] | None = None
        self._rest = b""
        self._inputs: dict[int, list[str]] = {}

    def feed(self, piece: bytes) -> None:
        """Process a piece of the stream. Raises ValueError if it is not a message stream."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                event = decode(line[5:].strip())
                if isinstance(event, dict):
                    self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        try:
            self._apply(event)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ValueError(f"an event {event.get('type')!r} does not fit the stream: {error!r}") from None

    def _apply(self, event: dict[str, Any]) -> None:
        match event.get("type"):
            case "message_start":
                self.message = event["message"]
            case "content_block_start":
                self.message["content"].append(event["content_block"])
            case "content_block_delta":
                self._grow(event["index"], event["delta"])
            case "content_block_stop":
                self._close(event["index"])
            case "message_delta":
                self.message |= event["delta"]
                self.message["usage"] |= event.get("usage", {})
            case "message_stop":
                self.complete = True
            case "error":
                self.error = event

    def _grow(self, index: int, delta: dict[str, Any]) -> None:
        block = self.message["content"][index]
        match delta["type"]:
            case "text_delta":
                block["text"] += delta["text"]
            case "thinking_delta":
                block["thinking"] += delta["thinking"]
            case "signature_delta":
                block["signature"] = delta["signature"]
            case "citations_delta":
                block["citations"] = [*(block.get("citations") or []), delta["citation"]]
            case "input_json_delta":
                self._inputs.setdefault(index, []).append(delta["partial_json"])

    def _close(self, index: int) -> None:
        text = "".join(self._inputs.pop(index, []))
        if text:
            self.message["content"][index]["input"] = decode(text.encode())
