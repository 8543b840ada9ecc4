"""Replies that are kept beside their rows: read again they are what would be made again."""

import json
from typing import Any

import pytest
from msgspec import Raw

from mockbatch.core.contract import wire
from mockbatch.core.contract.params import Terms
from mockbatch.core.contract.request_slicer import RequestItem
from mockbatch.core.replies.stored_reply import SHORT
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.lines import Lines
from mockbatch.core.rows.reading import params_of
from mockbatch.core.rows.row import Row, dump_rows, load_rows
from tests.asked import ALWAYS, CLOCK, OLD, REVIEW, WEATHER
from tests.rows import whole_rows

SCHEMA = {"format": {"type": "json_schema", "schema": REVIEW}}
PASSAGE = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "The grass is green. The sky is blue."},
    "citations": {"enabled": True},
}
ASKED: dict[str, dict[str, Any]] = {
    "a label": {"content": "Answer yes or no."},
    "thinking": {"name": ALWAYS},
    "a tool": {"tools": [WEATHER, CLOCK], "tool_choice": {"type": "any"}},
    "a schema": {"output_config": SCHEMA, "name": ALWAYS},
    "citations": {"content": [PASSAGE, {"type": "text", "text": "Which colour?"}]},
    "a search": {"tools": [{"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "any"}},
    "code": {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}], "tool_choice": {"type": "any"}},
    "a stop sequence": {"stop_sequences": ["e"]},
    "no room": {"content": "Write 200 words.", "limit": 3},
}
UNDER = Conditions(Terms(), created_at="2026-01-01T00:00:00+00:00")


def items(content: Any = "hi", name: str = OLD, limit: int = 1024, **more: Any) -> list[RequestItem]:
    """Requests that differ in nothing but their messages before."""
    return [
        item(number, {"model": name, "max_tokens": limit, "messages": messages, **more})
        for number in range(20)
        if (messages := [*turns(number), {"role": "user", "content": content}])
    ]


def item(number: int, params: dict[str, Any]) -> RequestItem:
    return RequestItem(f"row-{number}", Raw(json.dumps(params).encode()))


def turns(number: int) -> list[dict[str, Any]]:
    return [{"role": "user", "content": f"turn {number}"}, {"role": "assistant", "content": "go on"}]


def examined(asked: list[RequestItem]) -> list[Row]:
    return whole_rows(asked, UNDER)


def lines(rows: list[Row], asked: list[RequestItem]) -> list[Any]:
    maker = Lines(UNDER, lambda place: params_of(asked[place]))
    return [json.loads(line) for line in maker.encode(rows, None, wire.Expired()).splitlines()]


def without(row: Row) -> Row:
    """The row as if nothing of its reply were kept."""
    return Row(**{**fields(row), "more": type(row.more)(**{**fields(row.more), "kept": None})})


def fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


@pytest.mark.parametrize("name", ASKED)
def test_a_kept_reply_is_the_one_that_would_be_made_again(name: str) -> None:
    """Key by key, in the same order, after it was stored and read."""
    asked = items(**ASKED[name])
    rows = load_rows(dump_rows(examined(asked)))
    assert any(row.more.kept for row in rows)
    assert json.dumps(lines(rows, asked)) == json.dumps(lines([without(row) for row in rows], asked))


def test_a_long_reply_is_not_kept() -> None:
    """It is made again, and is the same."""
    asked = items("Write 900 words.", limit=8192)
    rows = examined(asked)
    assert all(row.more.written and row.more.kept is None for row in rows)
    found = lines(rows, asked)
    assert min(len(json.dumps(line)) for line in found) > SHORT
    assert found == lines(rows, asked)
