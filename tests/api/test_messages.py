"""Messages outside batches, streamed and whole, and what they have in common with rows."""

import json
from typing import Any

import pytest

from mockbatch.core.replies.reply import Request
from tests.builders import BATCHES, OWNER, Api, params, requests, serving

MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"


def sdk(api: Api) -> Any:
    import anthropic  # not before: it takes longer to import than most tests to run

    return anthropic.Anthropic(
        api_key=api.headers["x-api-key"], base_url="http://mockbatch", http_client=api, max_retries=0
    )


def counted(content: dict[str, Any]) -> dict[str, Any]:
    """What of the params count_tokens takes."""
    return {name: value for name, value in content.items() if name != "max_tokens"}


def events(api: Api, content: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream, read by the rules of the HTML standard."""
    answer = api.post(MESSAGES, json={**content, "stream": True})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.removesuffix("\n\n").split("\n\n"):
        first, second = block.split("\n")
        found.append((first.removeprefix("event: "), json.loads(second.removeprefix("data: "))))
    return found


def test_a_message_is_answered_at_once() -> None:
    """With the standard tier, the snapshot of the model, and a new id each time."""
    with serving() as api:
        first, second = (api.ok(api.post(MESSAGES, json=params("hi"))) for _ in range(2))
        assert first["model"] == "claude-haiku-4-5-20251001"
        assert first["usage"]["service_tier"] == "standard"
        assert first["id"] != second["id"]
        assert first["content"] == second["content"]


def test_the_same_request_gets_the_same_reply_and_tokens_everywhere() -> None:
    """As a row, as a message, streamed, and counted."""
    with serving(progression="immediate") as api:
        for content in (params("hi"), params("x" * 5000, system="be brief"), params("cut", max_tokens=3)):
            batch = api.ok(api.post(BATCHES, json={"requests": [{"custom_id": "a", "params": content}]}))
            row = api.results(batch)[0]["result"]["message"]
            message = api.ok(api.post(MESSAGES, json=content))
            count = api.ok(api.post(COUNT, json=counted(content)))
            assert message["content"] == row["content"]
            assert message["stop_reason"] == row["stop_reason"]
            assert message["usage"] == {**row["usage"], "service_tier": "standard"}
            assert count == {"input_tokens": row["usage"]["input_tokens"]}
            streamed = "".join(
                event["delta"]["text"] for kind, event in events(api, content) if kind == "content_block_delta"
            )
            assert streamed == message["content"][0]["text"]


def test_events_come_in_the_documented_order() -> None:
    """https://platform.claude.com/docs/en/build-with-claude/streaming"""
    with serving() as api:
        found = events(api, params("hi"))
        kinds = [kind for kind, _ in found if kind not in ("ping", "content_block_delta")]
        assert kinds == [
            "message_start",
            "content_block_start",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        assert all(kind == event["type"] for kind, event in found)
        start, delta = found[0][1]["message"], found[-2][1]
        assert start["content"] == []
        assert start["stop_reason"] is None
        assert delta["delta"]["stop_reason"] == "end_turn"
        assert delta["usage"]["output_tokens"] > 1


def test_the_sdk_puts_a_stream_together_again() -> None:
    """What it accumulates is the message that is answered as a whole."""
    with serving() as api:
        client = sdk(api)
        with client.messages.stream(**params("hi")) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        whole = client.messages.create(**params("hi"))
        assert text == final.content[0].text == whole.content[0].text
        assert final.usage.output_tokens == whole.usage.output_tokens
        assert client.messages.count_tokens(**counted(params("hi"))).input_tokens == whole.usage.input_tokens


def test_wrong_requests_are_refused_at_once() -> None:
    """With the status of the error, without the details that only rows have."""
    with serving() as api:
        answer = api.post(MESSAGES, json=params("hi", model="claude-none-1"))
        assert answer.status_code == 404
        assert answer.json()["error"] == {"type": "not_found_error", "message": "model: claude-none-1"}
        answer = api.post(MESSAGES, json=params("hi", max_tokens=-1))
        assert answer.status_code == 400
        assert "details" not in answer.json()["error"]


INFINITE = "The request body is not valid JSON: number is infinity when parsed as double"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The request body is not valid JSON: "),
        (b"{", "The request body is not valid JSON: "),
        (b'{"a": "\xff"}', "The request body is not valid JSON: "),
        (b"[]", "Input should be a valid dictionary"),
        (b'{"temperature":1e400}', f"{INFINITE}: line 1 column 16 (char 15)"),
        (b'{"max_tokens":%b}' % (b"9" * 400), f"{INFINITE}: line 1 column 15 (char 14)"),
        (b"1e999", INFINITE),
        (b"[" * 100_000, "The request body is not valid JSON: "),
    ],
)
def test_a_body_that_is_no_request_is_refused(body: bytes, message: str) -> None:
    """On both endpoints."""
    with serving() as api:
        for path in (MESSAGES, COUNT):
            answer = api.post(path, content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 400, answer.text
            assert answer.json()["error"]["message"].startswith(message)


def test_a_message_may_be_32_megabytes_large() -> None:
    """https://platform.claude.com/docs/en/api/errors"""
    with serving() as api:
        answer = api.post(MESSAGES, content=b" " * 32_000_001, headers={"content-type": "application/json"})
        assert answer.status_code == 413
        assert answer.json()["error"]["type"] == "request_too_large"


def test_early_validation_refuses_at_create_with_the_sentence_of_the_row() -> None:
    """And names the request; nothing is stored."""
    wrong = requests("good", "bad", "worse")
    wrong[1]["params"]["model"] = "claude-none-1"
    wrong[2]["params"]["max_tokens"] = 0
    with serving(validation="early") as api:
        answer = api.post(BATCHES, json={"requests": wrong})
        assert answer.status_code == 400
        assert answer.json()["error"] == {
            "type": "invalid_request_error",
            "message": "model: claude-none-1",
            "details": {"custom_id": "bad", "index": 1},
        }
        assert api.get(BATCHES).json()["data"] == []
        api.create(*range(1000), padding=3000)


def test_without_validation_everything_succeeds() -> None:
    """Whatever the model is called and whatever is missing."""
    with serving(validation="off", progression="immediate") as api:
        items = [
            {"custom_id": "none", "params": {}},
            {"custom_id": "odd", "params": {"model": "my-own", "max_tokens": "many", "messages": 5, "foo": 1}},
        ]
        batch = api.ok(api.post(BATCHES, json={"requests": items}))
        rows = {row["custom_id"]: row["result"] for row in api.results(batch)}
        assert {row["type"] for row in rows.values()} == {"succeeded"}
        assert rows["odd"]["message"]["model"] == "my-own"
        assert api.post(MESSAGES, json={}).status_code == 200


def answering(request: Request) -> str:
    """A function that answers, as a tester would write one."""
    return f"You said: {request.params['messages'][0]['content']}"


def test_what_a_function_answers_is_streamed_too() -> None:
    """The same text, whole and in pieces."""
    with serving() as api:
        rule = {"on": "messages", "reply": {"callable": f"{__name__}:answering"}}
        api.ok(api.post("/_mockbatch/rules", json=rule, headers=OWNER))
        whole = api.ok(api.post(MESSAGES, json=params("hi")))
        pieces = [data["delta"] for name, data in events(api, params("hi")) if name == "content_block_delta"]
    assert whole["content"][0]["text"] == "You said: hi"
    assert "".join(delta["text"] for delta in pieces) == "You said: hi"
