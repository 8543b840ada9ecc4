"""Rows that go wrong, as the official SDK meets them, and batches of which not all is ever done."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.builders import params
from tests.e2e.faulty import Faulty

BATCHES = "/v1/messages/batches"


def run(faulty: Faulty, *custom_ids: str, **more: Any) -> dict[str, Any]:
    """The result of each row, of a batch of these, sent and ended."""
    items = [{"custom_id": name, "params": params(f"request {name}", **more)} for name in custom_ids]
    batch = faulty.sdk.messages.batches.create(requests=items)  # type: ignore[arg-type]
    faulty.control("POST", "clock/advance", {"by": "25h"})
    return {row.custom_id: row.result for row in faulty.sdk.messages.batches.results(batch.id)}


def test_an_errored_row(faulty: Faulty) -> None:
    """The error is nested; what a rule tells of it is there."""
    told = {"type": "invalid_request_error", "message": "no", "details": {"a": 1}, "request_id": "workerreq_x"}
    faulty.arm({"name": "bad", "custom_id": "bad-*", "errored": told})
    found = run(faulty, "bad-1", "ok-1")
    error = found["bad-1"].error
    assert (error.type, error.error.type, error.error.message) == ("error", "invalid_request_error", "no")
    assert (error.request_id, error.error.details) == ("workerreq_x", {"a": 1})
    assert not hasattr(error, "message")
    assert found["ok-1"].type == "succeeded"


def test_a_transient_error_is_over_when_the_row_is_sent_again(faulty: Faulty) -> None:
    """A permanent one is not."""
    faulty.arm({"custom_id": "bad-*", "errored": "invalid_request_error"})
    faulty.arm({"custom_id": "busy-*", "errored": "overloaded_error", "fail_attempts": 1})
    kinds = [{name: found.type for name, found in run(faulty, "bad-1", "busy-1", "ok").items()} for _ in range(2)]
    assert kinds[0] == {"bad-1": "errored", "busy-1": "errored", "ok": "succeeded"}
    assert kinds[1] == {"bad-1": "errored", "busy-1": "succeeded", "ok": "succeeded"}


@pytest.mark.parametrize("outcome", ["expired", "canceled"])
def test_a_row_that_was_not_done(faulty: Faulty, outcome: str) -> None:
    """It has neither a message nor an error, and counts say so."""
    faulty.arm({"fault": f"item.{outcome}", "exactly": 3})
    found = run(faulty, *map(str, range(20)))
    assert Counter(result.type for result in found.values()) == {outcome: 3, "succeeded": 17}
    assert not any(hasattr(result, "message") for result in found.values() if result.type == outcome)
    (batch,) = faulty.batches()
    assert batch["request_counts"][outcome] == 3


def test_a_mix_of_outcomes(faulty: Faulty) -> None:
    """About as it was told; the batch says `ended` all the same."""
    faulty.arm({"fault": "item.mix", "mix": "50/20/20/10"})
    kinds = Counter(result.type for result in run(faulty, *map(str, range(400))).values())
    assert {kind: abs(kinds[kind] - share) < 50 for kind, share in _SHARES.items()} == dict.fromkeys(_SHARES, True)


_SHARES = {"succeeded": 200, "errored": 80, "expired": 80, "canceled": 40}


def test_a_batch_of_which_a_part_is_never_done(faulty: Faulty) -> None:
    """Exactly the fraction that was told; the rest expires, after 24 hours."""
    faulty.arm({"name": "slow", "fault": "batch.slow", "finish_fraction": 0.6})
    kinds = Counter(result.type for result in run(faulty, *map(str, range(100))).values())
    assert kinds == {"succeeded": 60, "expired": 40}
    (batch,) = faulty.batches()
    assert batch["ended_at"] == batch["expires_at"]
    assert faulty.hits("slow") == 1


def test_counts_that_move_before_the_end(faulty: Faulty) -> None:
    """Though they add up, and never fall."""
    faulty.arm({"fault": "batch.progressive_counts"})
    batch = faulty.create(50)
    seen = []
    for _ in range(40):
        faulty.control("POST", "clock/advance", {"by": "5m"})
        shown = faulty.sdk.messages.batches.retrieve(batch)
        counts = shown.request_counts
        assert counts.processing + counts.succeeded + counts.errored + counts.expired + counts.canceled == 50
        seen.append((shown.processing_status, counts.succeeded))
    assert seen == sorted(seen, key=lambda each: each[1])
    assert any(status == "in_progress" and succeeded for status, succeeded in seen)


@pytest.mark.parametrize(
    ("fault", "looked_at"),
    [
        (
            {"fault": "item.refusal"},
            lambda message: message.stop_reason == "refusal" and message.stop_details is not None,
        ),
        ({"fault": "item.empty_content"}, lambda message: message.content == []),
        ({"fault": "item.truncate"}, lambda message: message.stop_reason == "max_tokens"),
        ({"fault": "item.thinking_first"}, lambda message: message.content[0].type == "thinking"),
        ({"fault": "item.stop_reason"}, lambda message: message.stop_reason == "pause_turn"),
        ({"fault": "item.output_bytes", "size": "200kB"}, lambda message: len(message.content[0].text) >= 200_000),
    ],
    ids=lambda told: told["fault"] if isinstance(told, dict) else "",
)
def test_a_reply_that_careless_code_trips_over(faulty: Faulty, fault: dict[str, Any], looked_at: Any) -> None:
    """It is a row that succeeded, and others are as they should be."""
    faulty.arm({"custom_id": "odd", **fault})
    found = run(faulty, "odd", "fine")
    assert (found["odd"].type, found["fine"].type) == ("succeeded", "succeeded")
    assert looked_at(found["odd"].message)
    assert not looked_at(found["fine"].message)


def test_a_tool_that_nobody_offered(faulty: Faulty) -> None:
    """Though one was, and had to be taken."""
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    faulty.arm({"custom_id": "odd", "fault": "item.wrong_tool"})
    tools = [{"name": "get_n", "input_schema": schema}]
    found = run(faulty, "odd", "fine", tools=tools, tool_choice={"type": "any"})
    used = {
        name: [block.name for block in result.message.content if block.type == "tool_use"]
        for name, result in found.items()
    }
    assert set(used["fine"]) == {"get_n"}
    assert used["odd"]
    assert "get_n" not in used["odd"]


def test_json_that_breaks_its_schema(faulty: Faulty) -> None:
    """It is JSON, and it is not what was asked for."""
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    faulty.arm({"custom_id": "odd", "fault": "item.schema_violation"})
    format = {"type": "json_schema", "schema": schema}
    found = run(faulty, "odd", "fine", model="claude-opus-4-6", output_config={"format": format})
    valid = {name: _fits(json.loads(result.message.content[0].text)) for name, result in found.items()}
    assert valid == {"odd": False, "fine": True}


def _fits(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"n"} and type(value["n"]) is int
