"""Cache breakpoints: their number, and the order of their lifetimes.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from collections.abc import Iterator
from typing import Any

Breakpoint = tuple[str, Any]
"""The path of a block and its requested lifetime, None if unspecified."""


def first_late(found: list[Breakpoint]) -> str | None:
    """Return the path of the first breakpoint with a longer lifetime than an earlier one."""
    short = False
    for where, ttl in found:
        if ttl == "1h" and short:
            return where
        short = short or ttl != "1h"
    return None


def automatic_problem(params: dict[str, Any]) -> str | None:
    """Return the path of the last block if its lifetime differs from that of the whole request.

    The automatic breakpoint falls on the last block.
    """
    automatic, found = params.get("cache_control"), breakpoints(params)
    if not isinstance(automatic, dict) or not found or found[-1][1] is None:
        return None
    where, ttl = found[-1]
    content = params["messages"][-1].get("content")
    last = f"messages.{len(params['messages']) - 1}.content.{len(content) - 1}" if isinstance(content, list) else ""
    return where if where == last and ttl != (automatic.get("ttl") or "5m") else None


def breakpoints(params: dict[str, Any]) -> list[Breakpoint]:
    """Return the breakpoints of a request, in prompt order."""
    return list(_breakpoints(params))


def _breakpoints(params: dict[str, Any]) -> Iterator[Breakpoint]:
    """Yield the path and lifetime of each cache breakpoint, in prompt order."""
    yield from _marked(params.get("tools"), "tools")
    yield from _marked(params.get("system"), "system")
    messages = params.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, dict):
            yield from _marked(message.get("content"), f"messages.{index}.content")


def _marked(blocks: Any, where: str) -> Iterator[Breakpoint]:
    for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if isinstance(block, dict):
            place = f"{where}.{index}"
            yield from _marked(block.get("content"), f"{place}.content")
            control = block.get("cache_control")
            if isinstance(control, dict):
                yield place, control.get("ttl")
