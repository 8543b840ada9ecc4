"""The rules that hold between the turns of a conversation, and inside each. All shapes are checked before.

Source: https://platform.claude.com/docs/en/api/errors, .../agents-and-tools/tool-use/overview and
.../api/migration-2026-10-21
"""

from typing import Any

from mockbatch.core.contract.errors import refuse
from mockbatch.core.contract.model import Model

_NEWEST = "2026-10-21"
_IMAGE_STARTS = {"image/png": "iVBORw0KGgo", "image/jpeg": "/9j/", "image/gif": "R0lGOD", "image/webp": "UklGR"}
_MOST_IMAGES, _MOST_IMAGES_OF_SMALL = 600, 100
_SMALL_CONTEXT = 200_000


def check_conversation(params: dict[str, Any], model: Model, version: str) -> None:
    """Raises InvalidRequest for the first turn that breaks a rule."""
    messages = params["messages"]
    if messages[0]["role"] == "assistant":
        refuse('messages: first message must use the "user" role')
    images = 0
    asked: set[str] = set()
    for index, message in enumerate(messages):
        blocks = message["content"]
        if isinstance(blocks, str):
            blocks = [{"type": "text", "text": blocks}]
        last = index == len(messages) - 1
        _check_texts(blocks, f"messages.{index}.content", may_be_empty=last and message["role"] == "assistant")
        _check_results(blocks, asked, index, message["role"])
        asked = {block["id"] for block in blocks if block["type"] == "tool_use"} if message["role"] != "user" else set()
        images += _images(blocks, f"messages.{index}.content")
        if version >= _NEWEST:
            _check_newest(blocks, message["role"], f"messages.{index}.content")
    most = _MOST_IMAGES_OF_SMALL if model.context <= _SMALL_CONTEXT else _MOST_IMAGES
    if images > most:
        refuse(f"messages: Too many images: {images} > {most} maximum")
    if messages[-1]["role"] == "assistant":
        _check_prefill(messages[-1]["content"], model)


def _check_prefill(content: Any, model: Model) -> None:
    if not model.prefill:
        refuse("This model does not support assistant message prefill. The conversation must end with a user message.")
    text = content if isinstance(content, str) else content[-1].get("text", "") if content else ""
    if text != text.rstrip():
        refuse("messages: final assistant content cannot end with trailing whitespace")


def _check_texts(blocks: list[dict[str, Any]], where: str, *, may_be_empty: bool) -> None:
    for place, block in enumerate(blocks):
        if block["type"] != "text" or block["text"].strip():
            continue
        if block.get("cache_control"):
            refuse(f"{where}.{place}: cache_control cannot be set for empty text blocks")
        if not block["text"] and not may_be_empty:
            refuse("messages: text content blocks must be non-empty")
        if block["text"] and not may_be_empty:
            refuse("messages: text content blocks must contain non-whitespace text")


def _check_results(blocks: list[dict[str, Any]], asked: set[str], index: int, role: str) -> None:
    """Each tool_use is answered in the next message, and nothing else is."""
    answered = set()
    for place, block in enumerate(blocks):
        if block["type"] != "tool_result":
            continue
        name = block["tool_use_id"]
        if name not in asked:
            refuse(
                f"messages.{index}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: {name}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        answered.add(name)
    missing = [name for name in sorted(asked) if name not in answered]
    if missing and role == "user":
        refuse(
            f"messages.{index - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
            "message."
        )


def _images(blocks: list[dict[str, Any]], where: str) -> int:
    count = 0
    for place, block in enumerate(blocks):
        inner = block.get("content")
        if block["type"] == "tool_result" and isinstance(inner, list):
            count += _images(inner, f"{where}.{place}.content")
        if block["type"] == "image":
            count += 1
            _check_image(block["source"], f"{where}.{place}.image.source.base64.data")
    return count


def _check_image(source: dict[str, Any], where: str) -> None:
    if source["type"] != "base64" or source["data"].startswith(_IMAGE_STARTS[source["media_type"]]):
        return
    if source["data"].startswith(tuple(_IMAGE_STARTS.values())):
        refuse(f"{where}: Image does not match the provided media type {source['media_type']}")
    refuse(f"{where}: The file format is invalid or unsupported")


def _check_newest(blocks: list[dict[str, Any]], role: str, where: str) -> None:
    for place, block in enumerate(blocks):
        if role == "assistant" and block["type"] == "document":
            refuse(f"{where}.{place}: `document` blocks are not permitted in assistant messages")
        texts = block["content"] if block["type"] == "search_result" else [block]
        if role == "user" and any(text["type"] == "text" and text.get("citations") for text in texts):
            refuse(f"{where}.{place}: `citations` are not permitted on text in user messages")
