"""Batches that nobody sent."""

from typing import Any

import pytest

from tests.builders import BATCHES, Api, outcomes, serving

SYNTH = "/_mockbatch/synth"


def made(api: Api, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.ok(api.post(SYNTH, json=wanted))["batches"]
    return found


def test_a_batch_is_made_that_has_ended(api: Api) -> None:
    """With a reply for each request, to download at once."""
    (batch,) = made(api, items=25)
    assert (batch["processing_status"], batch["request_counts"]["succeeded"]) == ("ended", 25)
    assert set(outcomes(api.results(batch))) == {f"row-{number}" for number in range(25)}


def test_many_batches_fill_a_list(api: Api) -> None:
    """For those who page through them."""
    made(api, items=1, batches=30)
    page = api.ok(api.get(BATCHES, params={"limit": 20}))
    assert (len(page["data"]), page["has_more"]) == (20, True)


def test_replies_are_as_long_as_told(api: Api) -> None:
    """In bytes."""
    (batch,) = made(api, items=3, bytes="4kB")
    for row in api.results(batch):
        assert len(row["result"]["message"]["content"][0]["text"].encode()) == 4000


def test_rows_end_as_told(api: Api) -> None:
    """In about these shares."""
    (batch,) = made(api, items=400, mix="50/30/10/10")
    counts = batch["request_counts"]
    assert abs(counts["succeeded"] - 200) < 50
    assert abs(counts["errored"] - 120) < 50
    assert counts["expired"] > 10 < counts["canceled"]


def test_a_batch_may_be_left_running() -> None:
    """And ends as any other."""
    with serving(delay="1h") as api:
        (batch,) = made(api, items=2, ended=False)
        assert batch["processing_status"] == "in_progress"
        assert api.ended(batch)["request_counts"]["succeeded"] == 2


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"items": 0}, "items: Input should be from 1 to 1,000,000 requests, over all batches"),
    ({"items": 1_000_001}, "items: Input should be from 1 to 1,000,000 requests, over all batches"),
    ({"batches": 0}, "items: Input should be from 1 to 1,000,000 requests, over all batches"),
    ({"bytes": "much"}, "bytes: 'much' is not a size; write it like 256MB or 64KiB"),
    ({"bytes": 240_892_161_641}, "bytes: a text has at most 50,000,000 bytes, not 240,892,161,641"),
    ({"mix": "90"}, "mix: "),
    ({"item": 3}, "item: unknown key. Did you mean 'items'?"),
]


@pytest.mark.parametrize(("wanted", "sentence"), WRONG)
def test_what_cannot_be_made_is_refused(api: Api, wanted: dict[str, Any], sentence: str) -> None:
    """And nothing is made."""
    answer = api.post(SYNTH, json=wanted)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(sentence)
    assert api.ok(api.get(BATCHES))["data"] == []
