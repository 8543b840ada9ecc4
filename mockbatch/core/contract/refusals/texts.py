"""Empty and blank texts.

Source: https://platform.claude.com/docs/en/api/errors
"""

from collections.abc import Callable, Iterator

from mockbatch.core.contract.refusals.parsed_request import ParsedRequest, Placed
from mockbatch.core.contract.refusals.refusal import Found, Refusal, request, said, text

_ERRORS, _SEEN = "api/errors", "2026-10-10"
_MARK = {"type": "ephemeral"}


def _written(asked: ParsedRequest) -> Iterator[tuple[Placed, bool]]:
    """Yield the text blocks of the turns, and whether each belongs to the prefilled reply."""
    last = len(asked.turns) - 1
    for turn in asked.turns:
        begins = turn.place == last and turn.role == "assistant"
        if turn.role == "system" or turn.message.get("content") == "":
            continue
        for place, block in enumerate(turn.blocks):
            if block["type"] == "text":
                yield Placed(block, f"messages.{turn.place}.content.{place}", turn.place, turn.role), begins


def _any(is_bad: Callable[[str], bool]) -> Callable[[ParsedRequest], Found]:
    return lambda asked: any(not begins and is_bad(placed.block["text"]) for placed, begins in _written(asked))


def _marked(asked: ParsedRequest) -> Found:
    marked = (
        one.path for one, _ in _written(asked) if not one.block["text"].strip() and one.block.get("cache_control")
    )
    return next(({"where": path} for path in marked), None)


REFUSALS = (
    Refusal(
        name="a breakpoint on an empty text",
        says="{where}: cache_control cannot be set for empty text blocks",
        on="<blank>",
        finds=_marked,
        refused=request(messages=[said(text(" ", cache_control=_MARK), text("Hello"))]),
        taken=request(messages=[said(text("Hello", cache_control=_MARK))]),
        source="build-with-claude/prompt-caching",
        seen=_SEEN,
    ),
    Refusal(
        name="an empty text",
        says="messages: text content blocks must be non-empty",
        on="<blank>",
        finds=_any(lambda words: not words),
        refused=request(messages=[said(text(""), text("Hello"))]),
        taken=request(messages=[said(text("Hello"))]),
        source=_ERRORS,
        seen=_SEEN,
    ),
    Refusal(
        name="a blank text",
        says="messages: text content blocks must contain non-whitespace text",
        on="<blank>",
        finds=_any(lambda words: not words.strip()),
        refused=request(messages=[{"role": "user", "content": " \n"}]),
        taken=request(messages=[{"role": "user", "content": " Hello\n"}]),
        source=_ERRORS,
        seen=_SEEN,
    ),
)
