"""Find the parts of a request that refusals check, in one pass. Most requests have almost none."""

from typing import Any


def triggers_of(params: dict[str, Any]) -> frozenset[str]:
    """Return the keys of a request, the types of its blocks as `<type>`, and other features to check:

    `@role` for messages that are not the user's, `<blank>` for empty or blank texts and messages, `<marked>` for cache
    breakpoints, `<cited>` for citations, `<schema>` for a schema that the reply must follow.
    """
    found = set(params)
    for message in params["messages"]:
        if message["role"] != "user":
            found.add(f"@{message['role']}")
        content = message.get("content")
        if type(content) is str:
            if not content or content.isspace():
                found.add("<blank>")
        elif content:
            _look_into(content, found)
        else:
            found.add("<blank>")
    _look_at_options(params, found)
    return frozenset(found)


def _look_at_options(params: dict[str, Any], found: set[str]) -> None:
    system, tools, config = params.get("system"), params.get("tools"), params.get("output_config")
    if type(system) is list and any("cache_control" in block for block in system):
        found.add("<marked>")
    for tool in tools or ():
        if "cache_control" in tool:
            found.add("<marked>")
        if tool.get("strict"):
            found.add("<schema>")
    if (config and config.get("format")) or params.get("output_format"):
        found.add("<schema>")


def _look_into(blocks: list[dict[str, Any]], found: set[str]) -> None:
    for block in blocks:
        kind = block["type"]
        found.add(f"<{kind}>")
        if "cache_control" in block:
            found.add("<marked>")
        if "citations" in block:
            found.add("<cited>")
        if kind == "text":
            if not block["text"] or block["text"].isspace():
                found.add("<blank>")
            continue
        inner = block["source"].get("content") if kind == "document" else block.get("content")
        if type(inner) is list and kind in ("tool_result", "document", "search_result"):
            _look_into(inner, found)
