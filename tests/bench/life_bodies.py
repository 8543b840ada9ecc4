"""Create bodies for whole lives of batches: of one kind each, and the same bytes on every machine."""

import json
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

from .bodies import sentence

_FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "requests.jsonl"
_TEXT = 2_000  # characters
_TASKS = (
    "Classify the sentiment of this message as positive, negative or mixed.",
    "Summarise the following text in two sentences.",
    "Translate the text below into French. Keep the names as they are.",
    'Extract all dates, amounts and people as JSON: {"dates": [], "amounts": [], "people": []}.',
    "Is the following message a complaint? Answer yes or no.",
)
_SCHEMA = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "urgency": {"type": "string", "enum": ["low", "medium", "high"]},
        "amounts": {"type": "array", "items": {"type": "number"}},
        "sender": {"type": "object", "properties": {"name": {"type": "string"}, "company": {"type": "string"}}},
    },
    "required": ["summary", "urgency"],
}
_TOOL = {"name": "file_message", "description": "Files a message.", "input_schema": _SCHEMA}
Params = dict[str, Any]


def _asked(content: str, **more: Any) -> Params:
    return {"model": "claude-haiku-4-5", "max_tokens": 256, "messages": [{"role": "user", "content": content}], **more}


def _text(random: Random) -> str:
    words: list[str] = []
    length = 0
    while length < _TEXT:
        words.append(sentence(random))
        length += len(words[-1]) + 1
    return " ".join(words)


def _small(random: Random, index: int) -> Params:
    return _asked(f"What is the capital of region {index}?")


def _prose(random: Random, index: int) -> Params:
    return _asked(_text(random))


def _task(random: Random, index: int) -> Params:
    return _asked(f"{random.choice(_TASKS)}\n\n{_text(random)}")


def _tools(random: Random, index: int) -> Params:
    choice = {"type": "tool", "name": _TOOL["name"]}
    return _asked(f"File message {index}: {sentence(random)}", tools=[_TOOL], tool_choice=choice)


_SHARED = _text(Random(3)) * 10


def _cached(random: Random, index: int) -> Params:
    system = [{"type": "text", "text": _SHARED, "cache_control": {"type": "ephemeral"}}]
    return _asked(f"What does it say of point {index}?", system=system)


_MAKERS: dict[str, Callable[[Random, int], Params]] = {
    "small": _small,
    "prose": _prose,
    "task": _task,
    "tools": _tools,
    "cached": _cached,
}
KINDS = (*_MAKERS, "fixture")


def write_life_body(path: Path, kind: str, count: int) -> None:
    """Write a create body of `count` requests of a kind to `path`."""
    with path.open("w") as file:
        file.write('{"requests":[')
        for index, params in enumerate(_params(kind, count)):
            item = {"custom_id": f"request-{index:06d}", "params": params}
            file.write(f"{',' if index else ''}{json.dumps(item, ensure_ascii=False, separators=(',', ':'))}")
        file.write("]}")


def _params(kind: str, count: int) -> Any:
    if kind == "fixture":
        lines = _FIXTURE.read_text(encoding="utf-8").rstrip("\n").split("\n")
        return islice(cycle([json.loads(line)["params"] for line in lines]), count)
    random = Random(7)
    return (_MAKERS[kind](random, index) for index in range(count))
