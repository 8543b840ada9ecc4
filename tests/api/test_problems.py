"""What a program did not do, or should not have done."""

from typing import Any

import pytest

from tests.builders import BATCHES, Api, params, requests, serving


def problems(api: Api) -> list[tuple[str, list[str]]]:
    return [(one["kind"], one["batches"]) for one in api.ok(api.get("/_mockbatch/problems"))["problems"]]


def read(api: Api, *custom_ids: str) -> dict[str, Any]:
    """A batch that was created, ended and read."""
    batch = api.ended(api.create(*custom_ids))
    api.results(batch)
    return batch


def test_a_program_that_does_it_right_has_none(api: Api) -> None:
    """Also when it cleans up."""
    batch = read(api, "a", "b")
    assert problems(api) == []
    api.ok(api.delete(f"{BATCHES}/{batch['id']}"))
    assert problems(api) == []


def test_the_same_requests_twice_are_a_duplicate(api: Api) -> None:
    """In any order, unless all but one were canceled."""
    first, second = read(api, "a", "b"), read(api, "b", "a")
    assert problems(api) == [("duplicate", [first["id"], second["id"]])]


def test_a_canceled_duplicate_is_none(api: Api) -> None:
    """It costs nothing."""
    api.cancel(api.create("a"))
    read(api, "a")
    assert problems(api) == []


def test_what_failed_may_be_sent_again() -> None:
    """Nothing of it is billed."""
    with serving(fail_rate="1") as api:
        first, second = read(api, "a"), read(api, "a")
        assert "duplicate" not in [kind for kind, _ in problems(api)]
        assert first["id"] != second["id"]


def test_a_batch_that_nobody_reads_is_an_orphan(api: Api) -> None:
    """Before its end it is unfinished."""
    batch = api.create("a")
    assert problems(api) == [("unfinished", [batch["id"]])]
    api.ended(batch)
    assert problems(api) == [("orphan", [batch["id"]])]
    assert problems(api) == [("orphan", [batch["id"]])]


def test_deleting_before_reading_is_told(api: Api) -> None:
    """The results are lost."""
    batch = api.ended(api.create("a"))
    api.ok(api.delete(f"{BATCHES}/{batch['id']}"))
    assert problems(api) == [("deleted_before_download", [batch["id"]])]


def test_a_deleted_batch_keeps_its_problems() -> None:
    """Rows that never arrived, money that was spent twice, and why rows erred."""
    with serving(fault="results.cut,after_items=1,times=1", progression="polls:1") as api:
        bad = {"custom_id": "bad", "params": {"max_tokens": 1, "messages": []}}
        ids = []
        for _ in range(2):
            batch = api.ok(api.post(BATCHES, json={"requests": [*requests("a", "b"), bad]}))
            api.get_batch(batch)
            api.results(batch)
            api.ok(api.delete(f"{BATCHES}/{batch['id']}"))
            ids.append(batch["id"])
        assert problems(api) == [("duplicate", ids), ("undelivered", ids[:1])]
        told = api.ok(api.get("/_mockbatch/summary"))
        assert (told["rows"]["succeeded"], told["rows"]["errored"]) == (4, 2)
        assert told["reasons"] == [
            {"count": 2, "type": "invalid_request_error", "message": "model: Field required", "refused": True}
        ]


def test_a_batch_that_nobody_polled_is_billed_though_it_was_deleted(api: Api) -> None:
    """What it came to is counted before it goes."""
    batch = api.create("a")
    api.advance(by="25h")
    api.ok(api.delete(f"{BATCHES}/{batch['id']}"))
    told = api.ok(api.get("/_mockbatch/summary"))
    assert (told["rows"]["succeeded"], float(told["cost_usd"]) > 0) == (1, True)


@pytest.mark.parametrize(("polls", "gap", "storm"), [(29, "0s", False), (30, "0s", True), (40, "10s", False)])
def test_polls_without_a_pause_are_a_storm(api: Api, polls: int, gap: str, storm: bool) -> None:
    """In virtual time."""
    batch = api.create("a")
    for _ in range(polls):
        api.advance(by=gap)
        api.get_batch(batch)
    assert (("poll_storm", [batch["id"]]) in problems(api)) == storm


def test_what_failed_for_good_should_not_come_again_unchanged(api: Api) -> None:
    """Whatever its name; a changed one may."""
    hopeless: dict[str, Any] = {"custom_id": "a", "params": {"model": "claude-none", "max_tokens": 1, "messages": []}}

    def sent(*items: dict[str, Any]) -> dict[str, Any]:
        batch = api.ended(api.ok(api.post(BATCHES, json={"requests": items})))
        api.results(batch)
        return batch

    sent(hopeless, *requests("fine"))
    sent({**hopeless, "params": {**hopeless["params"], "max_tokens": 2}})
    again = sent({**hopeless, "custom_id": "b"}, *requests("other"))
    told = api.ok(api.get("/_mockbatch/problems"))["problems"]
    assert [(one["kind"], one["batches"], one["custom_ids"]) for one in told] == [
        ("identical_retry", [again["id"]], ["b"])
    ]


def test_the_summary_tells_what_a_run_came_to() -> None:
    """Of all sessions, or of one."""
    with serving(fail_rate="0.5") as api:
        batch = read(api, *map(str, range(20)))
        counts = api.get_batch(batch)["request_counts"]
        api.advance(by="2h")
        api.ok(api.post(BATCHES, json={"requests": requests("x")}, headers={"x-api-key": "other"}))
        told = api.ok(api.get("/_mockbatch/summary"))
        assert (told["sessions"], told["batches"], told["rows"]["errored"]) == (2, 2, counts["errored"])
        assert told["calls"]["create"] == 2
        assert told["virtual_seconds"] >= 7200
        assert [problem["kind"] for problem in told["problems"]] == ["unfinished"]


def test_problems_of_a_kind_are_told_once() -> None:
    """With how many there are; and batches all rows of which have failed, with their error."""
    with serving() as api:
        for at in range(4):
            api.ended(api.create(f"a{at}"))
        bad = api.ended(api.create("x", "y", model="claude-nobody"))
        api.results(bad)
        kinds = {one["kind"]: one for one in Api.ok(api.get("/_mockbatch/problems/kinds"))["kinds"]}
        assert set(kinds) == {"orphan", "all_failed"}
        assert (kinds["orphan"]["count"], len(kinds["orphan"]["batches"])) == (4, 4)
        failed = kinds["all_failed"]
        assert (failed["count"], failed["batches"], failed["custom_ids"]) == (1, [bad["id"]], ["x", "y"])
        assert "not_found_error" in failed["text"]
        assert len(Api.ok(api.get("/_mockbatch/problems"))["problems"]) == 4


def test_a_batch_that_ends_once_more_has_not_failed_yet(api: Api) -> None:
    """Where the clock was set back after all of its rows had failed."""
    asked = [{"custom_id": "a", "params": params(max_tokens=0)}]
    batch = api.ended(api.ok(api.post(BATCHES, json={"requests": asked})))
    assert "all_failed" in {one["kind"] for one in api.ok(api.get("/_mockbatch/problems/kinds"))["kinds"]}
    api.ok(api.post("/_mockbatch/reset", json={"scope": "clock"}))
    assert api.get_batch(batch)["processing_status"] == "in_progress"
    assert "all_failed" not in {one["kind"] for one in api.ok(api.get("/_mockbatch/problems/kinds"))["kinds"]}
