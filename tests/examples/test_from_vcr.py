"""From a cassette of VCR to a fixture: `mockbatch import cassette.yaml --out fixtures/nightly`.

A cassette holds HTTP calls: a create, the same poll again and again, a download. A fixture holds what they were made
for: each request with what came of it. Polls, headers and keys are gone, and the order of calls no longer matters.
"""

import json
from pathlib import Path
from textwrap import dedent

import pytest

from mockbatch.fixtures.files import interactions, tape_of
from tests.processes import run

VCRPY = dedent(
    """\
    interactions:
    - request:
        body: '{"requests": [{"custom_id": "summary-1", "params": {"model": "claude-haiku-4-5", "max_tokens": 99,
          "messages": [{"role": "user", "content": "Sum up: all is well."}]}}]}'
        headers:
          content-type: [application/json]
          x-api-key: [sk-ant-forgotten-in-the-cassette]
        method: POST
        uri: https://api.anthropic.com/v1/messages/batches
      response:
        body:
          string: '{"id": "msgbatch_01A", "type": "message_batch", "processing_status": "in_progress",
            "created_at": "2026-11-01T10:00:00.000000+00:00", "ended_at": null, "results_url": null}'
        headers:
          content-encoding: [gzip]
          content-type: [application/json]
        status: {code: 200, message: OK}
    - request: &poll
        body: null
        headers: {}
        method: GET
        uri: https://api.anthropic.com/v1/messages/batches/msgbatch_01A
      response:
        body: {string: '{"id": "msgbatch_01A", "ended_at": null}'}
        headers: {}
        status: {code: 200, message: OK}
    - request: *poll
      response:
        body: {string: '{"id": "msgbatch_01A", "ended_at": "2026-11-01T10:04:12.000000+00:00"}'}
        headers: {}
        status: {code: 200, message: OK}
    - request:
        body: ''
        headers: {}
        method: GET
        uri: https://api.anthropic.com/v1/messages/batches/msgbatch_01A/results
      response:
        body:
          string: '{"custom_id": "summary-1", "result": {"type": "succeeded", "message": {"id": "msg_01B", "content":
            [{"type": "text", "text": "All is well."}], "usage": {"input_tokens": 12, "output_tokens": 5}}}}'
        headers: {content-type: [application/x-jsonl]}
        status: {code: 200, message: OK}
    version: 1
    """
)
RUBY = dedent(
    """\
    http_interactions:
    - request:
        method: post
        uri: https://api.anthropic.com/v1/messages
        body:
          encoding: UTF-8
          string: '{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"Hello"}]}'
        headers:
          Content-Type: [application/json]
      response:
        status: {code: 200, message: OK}
        headers:
          Content-Type: [application/json]
        body:
          encoding: UTF-8
          string: '{"id":"msg_01C","content":[{"type":"text","text":"Hello!"}],"usage":{"input_tokens":8}}'
      recorded_at: Wed, 29 Jan 2025 14:25:40 GMT
    recorded_with: VCR 6.3.1
    """
)


def test_a_cassette_of_vcrpy_becomes_a_fixture(tmp_path: Path) -> None:
    """One line for the one request, with its reply and how long the batch took."""
    (tmp_path / "nightly.yaml").write_text(VCRPY)
    code, _, told = run("import", "nightly.yaml", "--out", "fixtures/nightly", cwd=tmp_path)
    assert (code, told) == (
        0,
        "fixtures/nightly/recording.jsonl: 1 interaction\n"
        "  unknown model: 12 input, 5 output\n"
        "  cost unknown: there is no price for unknown model\n",
    )
    (only,) = interactions(tmp_path / "fixtures" / "nightly")
    assert (only.custom_id, only.duration, only.outcome) == ("summary-1", "4m12s", "succeeded")
    found = tape_of(tmp_path / "fixtures" / "nightly").find(
        {
            "messages": [{"content": "Sum up: all is well.", "role": "user"}],
            "model": "claude-haiku-4-5",
            "max_tokens": 1,
        }
    )
    assert found
    assert found.message
    assert found.message["content"] == [{"type": "text", "text": "All is well."}]
    assert b"forgotten" not in (tmp_path / "fixtures" / "nightly" / "recording.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["chat.yml", "chat.json"])
def test_a_cassette_of_ruby_as_well(tmp_path: Path, name: str) -> None:
    """In YAML, or as JSON."""
    import yaml

    text = RUBY if name.endswith(".yml") else json.dumps(yaml.safe_load(RUBY))
    (tmp_path / name).write_text(text)
    code, _, _ = run("import", name, "--out", "chat.jsonl", cwd=tmp_path)
    assert code == 0
    found = tape_of(tmp_path / "chat.jsonl").find(
        {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "Hello"}]}, kind="message"
    )
    assert found
    assert found.message
    assert found.message["id"] == "msg_01C"
