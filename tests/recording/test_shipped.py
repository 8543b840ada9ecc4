"""The recordings that are shipped: what they are for is in them, and they can be made again."""

import json
import shutil
from pathlib import Path

import pytest

from mockbatch.core.cassette.interaction import Interaction
from mockbatch.fixtures.files import interactions
from mockbatch.fixtures.inspection import findings, problems
from tests.tools.make_recordings import FATES, FIXTURES, RECORDINGS, record


def test_they_can_be_made_again(tmp_path: Path) -> None:
    """A run that changes nothing leaves every byte."""
    for name in RECORDINGS:
        shutil.copy(FIXTURES / name, tmp_path)
    for written in record(tmp_path):
        assert written.path.read_bytes() == (FIXTURES / written.path.name).read_bytes()
        assert written.kept == written.interactions > 0


@pytest.mark.parametrize("name", RECORDINGS)
def test_they_are_in_order(name: str) -> None:
    assert problems(FIXTURES / name) == []
    assert list(findings(FIXTURES / name)) == []


def test_the_night_has_tools_caching_and_structured_outputs() -> None:
    """In the replies, not only in what was asked; and every kind of call."""
    told = list(interactions(FIXTURES / "nightly.jsonl"))
    assert {one.kind for one in told} == {"batch_item", "message", "count_tokens", "file"}
    assert {one.outcome for one in told} == {"succeeded"}
    messages = [one.message for one in told if one.message]
    blocks = [block for message in messages for block in message["content"]]
    assert any(block["type"] == "tool_use" and block["input"] for block in blocks)
    assert any(message["usage"]["cache_read_input_tokens"] for message in messages)
    assert any(message["usage"]["cache_creation_input_tokens"] for message in messages)
    structured = [one for one in told if one.request and "format" in one.request.get("output_config", {})]
    assert structured
    assert all(isinstance(json.loads(text_of(one)), dict) for one in structured)
    assert any(one.streamed for one in told)


def text_of(interaction: Interaction) -> str:
    assert interaction.message
    text: str = interaction.message["content"][0]["text"]
    return text


def test_the_failures_are_of_every_kind() -> None:
    """Each outcome, refused before execution or failed in it, and one row that is well."""
    told = {one.custom_id: one for one in interactions(FIXTURES / "failures.jsonl")}
    assert set(told) == {"fine", *FATES}
    assert {one.outcome for one in told.values()} == {"succeeded", "errored", "canceled", "expired"}
    errors = [one.error for one in told.values() if one.error]
    assert {error["error"]["type"] for error in errors} == {
        *("not_found_error", "invalid_request_error", "api_error", "overloaded_error", "timeout_error"),
    }
    assert {error["request_id"] is None for error in errors} == {True, False}
