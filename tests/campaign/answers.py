"""What every answer has to be, whatever was asked."""

import json
from typing import Any

from tests.campaign.wire import Answer

_FAULT = "x-mockbatch-fault"


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def wrong(answer: Answer) -> str | None:
    """What is wrong with an answer that no rule made, if anything."""
    if _FAULT in answer.headers:
        return None
    if answer.status >= 500:
        return f"status {answer.status}: {answer.body[:200]!r}"
    try:
        told = _told(answer)
    except ValueError as error:
        return f"status {answer.status}, a body that is no JSON ({error}): {answer.body[:120]!r}"
    return _wrong_error(answer, told) if answer.status >= 400 else None


def _told(answer: Answer) -> Any:
    if answer.headers.get("content-type", "").startswith("application/json") and answer.body:
        return json.loads(answer.body, parse_constant=_refuse)
    return None


def _wrong_error(answer: Answer, told: Any) -> str | None:
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict) or told.get("type") != "error":
        return f"status {answer.status} out of the envelope: {answer.body[:120]!r}"
    if not isinstance(error.get("type"), str) or not isinstance(error.get("message"), str):
        return f"status {answer.status} without a type or a message: {answer.body[:120]!r}"
    if not told.get("request_id") or told["request_id"] != answer.headers.get("request-id"):
        return f"status {answer.status}: request_id {told.get('request_id')!r} is not that of the header"
    return None
