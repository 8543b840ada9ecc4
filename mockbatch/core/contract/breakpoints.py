"""Cache breakpoints: how many, and in which order of lifetimes.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from collections.abc import Iterator
from typing import Any

from mockbatch.core.contract.errors import refuse

_BREAKPOINTS = 4


def check_breakpoints(params: dict[str, Any]) -> None:
    """At most four cache breakpoints, the automatic one included, and the longer-lived ones first."""
    found = list(_breakpoints(params))
    count = len(found) + isinstance(params.get("cache_control"), dict)
    if count > _BREAKPOINTS:
        refuse(f"A maximum of {_BREAKPOINTS} blocks with cache_control may be provided. Found {count}.")
    automatic = params.get("cache_control")
    if isinstance(automatic, dict) and found and found[-1][1] is not None:
        _check_automatic(automatic, params, found[-1])
    short = False
    for where, ttl in found:
        if ttl == "1h" and short:
            refuse(
                f"{where}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
                "cache_control block. Note that blocks are processed in the following order: `tools`, `system`, "
                "`messages`."
            )
        short = short or ttl != "1h"


def _check_automatic(automatic: dict[str, Any], params: dict[str, Any], last: tuple[str, Any]) -> None:
    """The automatic breakpoint falls on the last block; one that is there already must live as long."""
    where, ttl = last
    content = params["messages"][-1].get("content")
    on_last = (
        isinstance(content, list) and where == f"messages.{len(params['messages']) - 1}.content.{len(content) - 1}"
    )
    if on_last and ttl != (automatic.get("ttl") or "5m"):
        refuse(f"{where}.cache_control.ttl: must be that of the top-level cache_control")


def _breakpoints(params: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Place and lifetime of each cache breakpoint, in the order of the prompt."""
    yield from _marked(params.get("tools"), "tools")
    yield from _marked(params.get("system"), "system")
    messages = params.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, dict):
            yield from _marked(message.get("content"), f"messages.{index}.content")


def _marked(blocks: Any, where: str) -> Iterator[tuple[str, Any]]:
    for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if isinstance(block, dict):
            place = f"{where}.{index}"
            yield from _marked(block.get("content"), f"{place}.content")
            control = block.get("cache_control")
            if isinstance(control, dict):
                yield place, control.get("ttl")
