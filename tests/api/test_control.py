"""The clock of a session over HTTP."""

from typing import Any

import pytest

from tests.builders import BATCHES, START, Api, requests, serving

CLOCK = "/_mockbatch/clock"


def test_the_clock_is_shown_with_what_comes_next(api: Api) -> None:
    """Looking at it opens the session of the caller's key and changes nothing."""
    assert Api.ok(api.get(CLOCK)) == {
        "now": START.replace("+", ".000000+"),
        "speedup": 1.0,
        "frozen": True,
        "next_event": None,
    }
    batch = api.create("a")
    upcoming = api.get(CLOCK).json()["next_event"]
    assert (upcoming["type"], upcoming["batch"]) == ("batch.started", batch["id"])
    assert api.get(CLOCK).json()["next_event"] == upcoming


def test_an_advance_answers_with_what_happened() -> None:
    """In the order in which it happened, each with its time."""
    with serving(wait="1m", delay="1h") as api:
        batch = api.create("a")
        moved = api.advance(by="30d")
    assert moved["now"] == "2026-01-31T00:00:00.000000+00:00"
    assert moved["events"] == [
        {"at": "2026-01-01T00:01:00.000000+00:00", "type": "batch.started", "batch": batch["id"]},
        {"at": "2026-01-01T01:01:00.000000+00:00", "type": "batch.ended", "batch": batch["id"]},
        {"at": "2026-01-30T00:00:00.000000+00:00", "type": "batch.archived", "batch": batch["id"]},
    ]


def test_all_ways_to_say_how_far() -> None:
    """A span, an instant, a number of events, the end of a batch."""
    with serving(wait="1m", delay="1h") as api:
        batch = api.create("a")
        assert api.advance(by=30)["now"].startswith("2026-01-01T00:00:30")
        assert [event["type"] for event in api.advance(events=1)["events"]] == ["batch.started"]
        assert api.advance(until="batch.ended", batch=batch["id"])["now"].startswith("2026-01-01T01:01:00")
        assert api.advance(until="batch.ended", batch=batch["id"])["events"] == []
        assert api.advance(to="2026-01-05T00:00:00+02:00")["now"].startswith("2026-01-04T22:00:00")


def test_time_runs_as_fast_as_it_is_told() -> None:
    """Freeze, resume and speedup change the pace, never what is shown at the moment."""
    with serving(frozen="false", speedup="60") as api:
        assert api.get(CLOCK).json()["speedup"] == 60
        before = api.get(CLOCK).json()["now"]
        frozen = Api.ok(api.post(f"{CLOCK}/freeze"))
        assert (frozen["frozen"], frozen["now"]) == (True, before)
        assert Api.ok(api.post(f"{CLOCK}/speedup", json={"speedup": 1000}))["speedup"] == 1000
        assert Api.ok(api.post(f"{CLOCK}/resume"))["frozen"] is False


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "advance: give exactly one of by, to, events, until"),
        ({"by": "1h", "events": 1}, "advance: give exactly one of by, to, events, until"),
        ({"by": "-1h"}, "by: '-1h' is not a span of time; write it like 90s, 10m, 25h or 1d12h"),
        ({"to": "2025-01-01"}, "the clock only moves forward"),
        ({"to": "soon"}, "to: 'soon' is not a time; write it like 2026-01-01T00:00:00Z"),
        ({"by": "999999999999d"}, "by: '999999999999d' is too long; a span has at most 1,000,000 days"),
        ({"events": 0}, "events: Input should be greater than or equal to 1"),
        ({"events": "x"}, "events: Expected `int | null`, got `str`"),
        ({"until": "batch.ended"}, "batch: Field required"),
        ({"until": "tomorrow"}, "until: Invalid enum value 'tomorrow'. Known: batch.ended, items_done"),
        (
            {"until": "batch.end"},
            "until: Invalid enum value 'batch.end'. Did you mean 'batch.ended'? Known: batch.ended, items_done",
        ),
        ({"unti": "x"}, "unti: unknown key. Did you mean 'until'? Known: by, to, events, until, batch, count"),
        (["by"], "Expected `object`, got `array`"),
    ],
)
def test_a_wrong_advance_is_refused_and_moves_nothing(api: Api, body: Any, message: str) -> None:
    """With a sentence that helps."""
    before = api.get(CLOCK).json()
    answer = api.post(f"{CLOCK}/advance", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
    assert api.get(CLOCK).json() == before


def test_an_advance_to_the_end_of_an_unknown_batch_is_not_found(api: Api) -> None:
    """Like any call about it."""
    answer = api.post(f"{CLOCK}/advance", json={"until": "batch.ended", "batch": "msgbatch_none"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")


def test_without_a_key_the_only_session_is_meant(api: Api) -> None:
    """Handy with curl; with none or several sessions it is refused."""
    del api.headers["x-api-key"]
    assert api.get(CLOCK).status_code == 404
    api.get(BATCHES, headers={"x-api-key": "one"})
    assert api.get(CLOCK).status_code == 200
    api.get(BATCHES, headers={"x-api-key": "two"})
    assert "There are 2 sessions" in api.get(CLOCK).json()["error"]["message"]


def test_polls_make_a_batch_end_at_the_nth_retrieve() -> None:
    """No clock needed; the results call of the SDK retrieves once more, which does no harm."""
    with serving(progression="polls:3") as api:
        batch = api.create("a", "b")
        statuses = [api.get_batch(batch)["processing_status"] for _ in range(4)]
        assert statuses == ["in_progress", "in_progress", "ended", "ended"]
        assert api.get_batch(batch)["request_counts"]["succeeded"] == 2


def test_a_canceled_batch_ends_at_the_nth_retrieve_too() -> None:
    """And as nothing was done by then, all its rows are canceled."""
    with serving(progression="polls:2") as api:
        batch = api.create("a")
        assert api.cancel(batch)["processing_status"] == "canceling"
        assert api.get_batch(batch)["processing_status"] == "canceling"
        assert api.get_batch(batch)["request_counts"]["canceled"] == 1


def test_the_list_and_the_control_plane_are_no_polls() -> None:
    """Only retrieve is."""
    with serving(progression="polls:1") as api:
        api.create("a")
        for _ in range(3):
            assert api.get(BATCHES).json()["data"][0]["processing_status"] == "in_progress"
            api.get(CLOCK)


def test_a_poll_can_cost_virtual_time() -> None:
    """A loop without sleeps reaches the end of the queue; an ended batch costs nothing more."""
    with serving(poll_advances="5m", wait="0s", delay="12m") as api:
        batch = api.create("a")
        statuses = [api.get_batch(batch)["processing_status"] for _ in range(4)]
        assert statuses == ["in_progress", "in_progress", "ended", "ended"]
        assert api.get(CLOCK).json()["now"].startswith("2026-01-01T00:15:00")


def test_a_small_capacity_makes_big_batches_take_longer() -> None:
    """Ten rows of a minute through two lanes take five minutes, and the next batch waits for them."""
    with serving(capacity="2", wait="0s", delay="1m") as api:
        first, second = api.create(*range(10)), api.create("z")
        assert api.ended(first)["ended_at"].startswith("2026-01-01T00:05:00")
        assert api.ended(second)["ended_at"].startswith("2026-01-01T00:06:00")


def test_a_cancel_in_a_queue_cancels_what_has_not_started() -> None:
    """What runs may finish, what waits does not begin."""
    with serving(capacity="2", wait="0s", delay="1m", cancel_delay="2m") as api:
        batch = api.create(*range(10))
        api.advance(by="90s")
        api.cancel(batch)
        assert api.ended(batch)["request_counts"] == {
            "processing": 0,
            "succeeded": 4,
            "errored": 0,
            "canceled": 6,
            "expired": 0,
        }


def test_health_is_answered_to_get_and_head_without_a_key(api: Api) -> None:
    """For waits and health checks."""
    del api.headers["x-api-key"]
    assert api.get("/health").json()["status"] == "ready"
    assert api.head("/health").status_code == 200
    assert api.head("/").status_code == 200


def test_the_same_requests_sent_twice_are_two_batches(api: Api) -> None:
    """As with the real API, which knows no idempotency."""
    body = {"requests": requests("a")}
    first, second = (api.post(BATCHES, json=body).json()["id"] for _ in range(2))
    assert first != second
