"""The order of a conversation and the content of its turns.

Source: https://platform.claude.com/docs/en/api/errors and .../api/migration-2026-10-21
"""

from typing import Any

from mockbatch.core.contract.refusals.parsed_request import ParsedRequest, Placed, Turn
from mockbatch.core.contract.refusals.refusal import NEWEST, OLDEST, Found, Refusal, request, said, text

_ERRORS, _SEEN = "api/errors", "2026-10-10"
_MIGRATION = "api/migration-2026-10-21"
_HELLO = said(text("Hello"))
_HI = said(text("Hi"), role="assistant")
_DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hello"}}
_CITED = {
    "type": "char_location",
    "cited_text": "a",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 1,
}


def _is_empty(run: list[Turn]) -> bool:
    return all(not turn.blocks or turn.message["content"] == "" for turn in run)


def _empty_user(asked: ParsedRequest) -> Found:
    empty = (run[0].place for run in asked.runs if run[0].role == "user" and _is_empty(run))
    return next(({"index": index} for index in empty), None)


def _empty_assistant(asked: ParsedRequest) -> Found:
    empty = (
        run[0].place
        for run in asked.runs
        if run[0].role == "assistant" and run[-1].place < len(asked.turns) - 1 and _is_empty(run)
    )
    return next(({"index": index} for index in empty), None)


def _trailing(asked: ParsedRequest) -> bool:
    if not asked.prefill or not asked.prefill.blocks:
        return False
    words = asked.prefill.blocks[-1].get("text", "")
    return isinstance(words, str) and words != words.rstrip()


def _first(placed: list[Placed], is_bad: Any) -> Found:
    return next(({"where": one.path} for one in placed if is_bad(one)), None)


def _cites_as_user(asked: ParsedRequest) -> Found:
    if asked.version < NEWEST:
        return None
    own = [one for one in asked.of("text") if one.role == "user"]
    found = [one for one in asked.of("search_result") if one.role == "user"]
    return _first(own, lambda one: one.block.get("citations")) or _first(
        found, lambda one: any(part.get("citations") for part in one.block["content"])
    )


REFUSALS = (
    Refusal(
        name="an assistant message at the start",
        says='messages: first message must use the "user" role',
        on="@assistant",
        finds=lambda asked: asked.turns[0].role == "assistant",
        refused=request(messages=[_HI, _HELLO]),
        taken=request(messages=[_HELLO, _HI, _HELLO]),
        source=_ERRORS,
        seen=_SEEN,
    ),
    Refusal(
        name="an empty user message",
        says="messages.{index}: user messages must have non-empty content",
        on="<blank>",
        finds=_empty_user,
        refused=request(messages=[_HELLO, _HI, {"role": "user", "content": ""}]),
        taken=request(messages=[_HELLO, _HI, {"role": "user", "content": ""}, _HELLO]),
        source="measured by a third party",
        seen="2026-09-04",
    ),
    Refusal(
        name="an empty assistant message",
        says="messages.{index}: all messages must have non-empty content except for the optional final assistant "
        "message",
        on="<blank>",
        finds=_empty_assistant,
        refused=request(messages=[_HELLO, said(role="assistant"), _HELLO]),
        taken=request(messages=[_HELLO, said(role="assistant")]),
        source="https://github.com/crewAIInc/crewAI/pull/4429",
        seen="2026-02-09",
    ),
    Refusal(
        name="a prefill on models without it",
        says="This model does not support assistant message prefill. The conversation must end with a user message.",
        on="@assistant",
        finds=lambda asked: bool(asked.prefill) and not asked.model.prefill,
        refused=request(model="claude-opus-4-6", messages=[_HELLO, _HI]),
        taken=request(model="claude-opus-4-5", messages=[_HELLO, _HI]),
        source=_ERRORS,
        seen=_SEEN,
    ),
    Refusal(
        name="a prefill that ends with whitespace",
        says="messages: final assistant content cannot end with trailing whitespace",
        on="@assistant",
        finds=_trailing,
        refused=request(messages=[_HELLO, said(text("Hi "), role="assistant")]),
        taken=request(messages=[_HELLO, _HI]),
        source=_ERRORS,
        seen=_SEEN,
    ),
    Refusal(
        name="documents in assistant messages",
        says="{where}: `document` blocks are not permitted in assistant messages",
        on="<document>",
        finds=lambda asked: (
            asked.version >= NEWEST and _first(asked.of("document"), lambda one: one.role == "assistant")
        ),
        refused=request(messages=[_HELLO, said(_DOCUMENT, role="assistant"), _HELLO]),
        taken=request(OLDEST, messages=[_HELLO, said(_DOCUMENT, role="assistant"), _HELLO]),
        source=_MIGRATION,
        seen="2026-10-21",
        guess=True,
    ),
    Refusal(
        name="citations in user messages",
        says="{where}: `citations` are not permitted on text in user messages",
        on="<cited>",
        finds=_cites_as_user,
        refused=request(messages=[said(text("Hello", citations=[_CITED]))]),
        taken=request(OLDEST, messages=[said(text("Hello", citations=[_CITED]))]),
        source=_MIGRATION,
        seen="2026-10-21",
        guess=True,
    ),
)
