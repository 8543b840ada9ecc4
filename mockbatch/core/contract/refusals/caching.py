"""Cache breakpoints: their number, their positions, and the order of their lifetimes.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from typing import Any

from mockbatch.core.contract.breakpoints import automatic_problem, breakpoints, first_late
from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import Found, Refusal, request, said, text

_PAGE, _SEEN = "build-with-claude/prompt-caching", "2026-10-10"
_MOST = 4
_EPHEMERAL = {"type": "ephemeral"}


def _marked(ttl: str | None = None) -> dict[str, Any]:
    return text("Hello", cache_control=_EPHEMERAL | ({"ttl": ttl} if ttl else {}))


def _too_many(asked: ParsedRequest) -> Found:
    count = len(breakpoints(asked.params)) + isinstance(asked.params.get("cache_control"), dict)
    return count > _MOST and {"count": count}


def _late(asked: ParsedRequest) -> Found:
    where = first_late(breakpoints(asked.params))
    return where is not None and {"where": where}


def _automatic(asked: ParsedRequest) -> Found:
    where = automatic_problem(asked.params)
    return where is not None and {"where": where}


REFUSALS = (
    Refusal(
        name="more than four breakpoints",
        says=f"A maximum of {_MOST} blocks with cache_control may be provided. Found {{count}}.",
        on="<marked>",
        finds=_too_many,
        refused=request(messages=[said(*[_marked()] * 4)], cache_control=_EPHEMERAL),
        taken=request(messages=[said(*[_marked()] * 3, text("Hello"))], cache_control=_EPHEMERAL),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="an automatic breakpoint on a block with another ttl",
        says="{where}.cache_control.ttl: must be that of the top-level cache_control",
        on="cache_control",
        finds=_automatic,
        refused=request(messages=[said(_marked("1h"))], cache_control=_EPHEMERAL),
        taken=request(messages=[said(_marked("5m"))], cache_control=_EPHEMERAL),
        source=_PAGE,
        seen=_SEEN,
        guess=True,
    ),
    Refusal(
        name="a longer ttl behind a shorter one",
        says="{where}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control "
        "block. Note that blocks are processed in the following order: `tools`, `system`, `messages`.",
        on="<marked>",
        finds=_late,
        refused=request(system=[_marked("5m")], messages=[said(_marked("1h"))]),
        taken=request(system=[_marked("1h")], messages=[said(_marked("5m"))]),
        source=_PAGE,
        seen=_SEEN,
    ),
)
