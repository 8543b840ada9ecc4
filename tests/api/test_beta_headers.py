"""Parts of a request that are there under a beta header only, in batches and messages."""

import json
from typing import Any

import pytest

from tests.builders import BATCHES, HEADERS, Api, params, serving

FORMATS = {"anthropic-beta": "structured-outputs-2025-11-13"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
ASKED: dict[str, Any] = {"output_format": {"type": "json_schema", "schema": SCHEMA}}


@pytest.fixture
def api() -> Any:
    with serving() as api:
        yield api


def row(api: Api, headers: dict[str, str], **more: Any) -> dict[str, Any]:
    """The result of a batch of one request."""
    requests = [{"custom_id": "a", "params": params(**more)}]
    batch = api.ok(api.post(BATCHES, json={"requests": requests}, headers=headers))
    api.ended(batch)
    result: dict[str, Any] = api.results(batch)[0]["result"]
    return result


def test_output_format_is_followed(api: Api) -> None:
    """As `output_config.format` is."""
    message = row(api, FORMATS, **ASKED)["message"]
    assert json.loads(message["content"][0]["text"]).keys() == {"city"}
    answer = api.ok(api.post("/v1/messages", json=params(**ASKED), headers=FORMATS))
    assert json.loads(answer["content"][0]["text"]).keys() == {"city"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (ASKED, "output_format: Extra inputs are not permitted"),
        ({"context_management": {"edits": []}}, "context_management: Extra inputs are not permitted"),
        ({"betas": ["compact-2026-01-12"]}, "betas: Extra inputs are not permitted"),
    ],
)
def test_without_its_header_a_part_is_not_known(api: Api, change: dict[str, Any], message: str) -> None:
    """The batch is taken, and the row errs."""
    assert row(api, {}, **change)["error"]["error"]["message"] == message


def test_a_message_may_only_steer(api: Api) -> None:
    """A system message without content, where its header is sent."""
    steered: dict[str, Any] = {
        "model": "claude-opus-5-5",
        "messages": [{"role": "user", "content": "hi"}, {"role": "system", "output_config": {"effort": "low"}}],
    }
    headers = {"anthropic-beta": "mid-conversation-output-config-2026-07-01"}
    assert row(api, headers, **steered)["type"] == "succeeded"
    counted = {key: value for key, value in params(**steered).items() if key != "max_tokens"}
    assert api.ok(api.post("/v1/messages/count_tokens", json=counted, headers=headers))["input_tokens"] > 0
    assert api.post("/v1/messages", json=params(**steered), headers={**HEADERS, **headers}).status_code == 200
