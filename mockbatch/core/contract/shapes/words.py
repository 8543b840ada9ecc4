"""The API's messages for malformed input. Most are pydantic's."""

from collections.abc import Iterable
from typing import Any

from pydantic_core import ValidationError

from mockbatch.core.contract.shapes.parts import HIDDEN

_OBJECT = "Input should be an object"
_WORDS = {
    "list_type": "Input should be a valid array",
    "dict_type": _OBJECT,
    "model_attributes_type": _OBJECT,
}
_TOOLS_PAGE = "https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview"


def sentence(error: ValidationError) -> str:
    """Return the API's message for the first problem; a missing key at the top level takes precedence."""
    problems = error.errors(include_url=False)
    missing = (problem for problem in problems if problem["type"] == "missing" and len(problem["loc"]) == 1)
    return _worded(next(missing, problems[0]))


def _worded(problem: Any) -> str:
    kind, where = problem["type"], _path(problem["loc"])
    if kind == "union_tag_not_found":
        return f"{where}.{_tag_name(problem)}: Field required"
    if kind == "union_tag_invalid":
        return _wrong_tag(problem, where)
    if kind == "too_short" and where == "messages":
        return "messages: at least one message is required"
    return f"{where}: {_WORDS.get(kind, problem['msg'])}"


def _is_message(problem: Any) -> bool:
    return len(problem["loc"]) == 2 and problem["loc"][0] == "messages"


def _tag_name(problem: Any) -> str:
    return "role" if _is_message(problem) else "type"


def _wrong_tag(problem: Any, where: str) -> str:
    tag, expected = problem["ctx"]["tag"], problem["ctx"]["expected_tags"]
    if _is_message(problem) and not isinstance(problem["input"]["role"], str):
        return f"{where}.role: Input should be a valid string"
    if _is_message(problem):
        return f'messages: Unexpected role "{tag}". Allowed roles are "user" or "assistant"{_advice(tag)}'
    return f"{where}: Input tag '{tag}' found using 'type' does not match any of the expected tags: {expected}"


def _advice(role: str) -> str:
    """Return what the API adds for a role of another vendor."""
    return f". For instructions on how to use tools, see {_TOOLS_PAGE}." if role == "tool" else ""


def _path(where: Iterable[str | int]) -> str:
    return ".".join(str(part) for part in where if not str(part).startswith(HIDDEN))
