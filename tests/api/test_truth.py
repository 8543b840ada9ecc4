"""The truth behind the API, and what a tester may do to a batch."""

from typing import Any

import pytest

from tests.builders import BATCHES, Api, outcomes, params, serving

TRUTH = "/_mockbatch/batches"


def rows(api: Api, batch: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    """All rows of a batch as they are, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        page = api.ok(api.get(f"{TRUTH}/{batch['id']}/items", params={"limit": 7, "start": len(found), **query}))
        found += page["items"]
        if not page["has_more"]:
            return found


def truth(api: Api, batch: dict[str, Any]) -> dict[str, Any]:
    return api.ok(api.get(f"{TRUTH}/{batch['id']}"))


def test_counts_move_while_the_api_says_nothing() -> None:
    """Row by row, as the rows say themselves."""
    with serving(delay="uniform:0s,10h", fail_rate="0.3", never="0.2") as api:
        batch = api.create(*range(40))
        for _ in range(6):
            api.advance(by="5h")
            told, listed = truth(api, batch), rows(api, batch)
            states = [row["state"] for row in listed]
            assert told["counts"] == {kind: states.count(kind) for kind in told["counts"]}
            if told["status"] != "ended":
                assert told["shown"]["request_counts"]["processing"] == 40
        assert {row["custom_id"]: row["state"] for row in listed} == outcomes(api.results(batch))
        assert [row["index"] for row in listed] == list(range(40))


def test_looking_changes_nothing() -> None:
    """No look is a retrieve."""
    with serving(progression="polls:2") as api:
        batch = api.create("a")
        for _ in range(5):
            api.ok(api.get(TRUTH))
            rows(api, batch)
        assert api.get_batch(batch)["processing_status"] == "in_progress"
        assert api.get_batch(batch)["processing_status"] == "ended"


def test_a_row_is_shown_with_its_request_and_its_line() -> None:
    """The line is the one that the results have."""
    with serving(fail_rate="0.5") as api:
        batch = api.ended(api.create(*range(10)))
        for line in api.results(batch):
            shown = api.ok(api.get(f"{TRUTH}/{batch['id']}/items/{line['custom_id']}"))
            assert shown["line"] == line
            assert shown["params"]["messages"][0]["content"] == f"request {line['custom_id']}"
        assert api.get(f"{TRUTH}/{batch['id']}/items/nobody").status_code == 404


def test_rows_are_found_by_outcome_and_name() -> None:
    """Filters hold together."""
    with serving(fail_rate="0.5") as api:
        batch = api.ended(api.create(*range(30)))
        wanted = {name for name, kind in outcomes(api.results(batch)).items() if kind == "errored" and "1" in name}
        assert {row["custom_id"] for row in rows(api, batch, outcome="errored", custom_id="1")} == wanted


def test_a_batch_is_ended_by_hand() -> None:
    """All of it is done, even what would have taken for ever."""
    with serving(delay="30h", never="0.5") as api:
        batch = api.create(*range(10))
        api.advance(by="1h")
        assert api.ok(api.post(f"{TRUTH}/{batch['id']}/end"))["status"] == "ended"
        assert api.get_batch(batch)["request_counts"]["succeeded"] == 10
        assert api.get_batch(batch)["ended_at"].startswith("2026-01-01T01:00")


def test_a_batch_expires_by_hand_with_what_is_done_kept() -> None:
    """The rows agree with the counts."""
    with serving(delay="uniform:0s,10h") as api:
        batch = api.create(*range(30))
        api.advance(by="5h")
        done = truth(api, batch)["counts"]["succeeded"]
        api.ok(api.post(f"{TRUTH}/{batch['id']}/expire"))
        kinds = list(outcomes(api.results(batch)).values())
        assert 0 < done < 30
        assert (kinds.count("succeeded"), kinds.count("expired")) == (done, 30 - done)


def test_a_stuck_batch_expires_after_its_day() -> None:
    """What was done before is kept."""
    with serving(delay="uniform:0s,10h") as api:
        batch = api.create(*range(30))
        api.advance(by="5h")
        done = truth(api, batch)["counts"]["succeeded"]
        api.ok(api.post(f"{TRUTH}/{batch['id']}/stick"))
        api.advance(by="18h")
        assert truth(api, batch)["counts"]["succeeded"] == done
        assert api.ended(batch)["ended_at"] == batch["expires_at"]
        assert api.get_batch(batch)["request_counts"]["expired"] == 30 - done


def test_results_are_archived_by_hand(api: Api) -> None:
    """As after 29 days; before the end there is nothing to archive."""
    batch = api.create("a")
    assert truth(api, batch)["archived_at"] == api.ok(api.post(f"{TRUTH}/{batch['id']}/archive"))["archived_at"]
    api.ended(batch)
    api.ok(api.post(f"{TRUTH}/{batch['id']}/archive"))
    assert api.get_batch(batch)["results_url"] is None
    assert api.get(f"{BATCHES}/{batch['id']}/results").status_code == 404


@pytest.mark.parametrize("action", ["end", "expire", "stick", "archive"])
def test_there_is_nothing_to_do_to_a_batch_that_is_not_there(api: Api, action: str) -> None:
    """And the answer names it."""
    answer = api.post(f"{TRUTH}/msgbatch_x/{action}", headers={"x-api-key": "sk-ant-test"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Message Batch msgbatch_x not found.")


def test_the_clock_goes_until_so_many_requests_are_done() -> None:
    """No further, and no more than there ever will be."""
    with serving(delay="uniform:1s,10h", never="0.5") as api:
        batch = api.create(*range(10))
        times = sorted(row["done_at"] for row in rows(api, batch) if row["done_at"])
        moved = api.advance(until="items_done", batch=batch["id"], count=3)
        assert moved["now"] == times[2]
        assert truth(api, batch)["counts"]["succeeded"] == 3
        how = {"until": "items_done", "batch": batch["id"], "count": len(times) + 1}
        answer = api.post("/_mockbatch/clock/advance", json=how)
        assert f"only {len(times)} requests" in answer.json()["error"]["message"]


def test_rows_are_sorted_by_what_they_used() -> None:
    """With how many there are, page by page; with a search as without."""
    with serving(fail_rate="0.3") as api:
        batch = api.ended(api.create(*range(40)))
        items = f"/_mockbatch/batches/{batch['id']}/items"
        found = Api.ok(api.get(items, params={"sort": "-output_tokens", "limit": 25}))
        assert (found["total"], found["has_more"], len(found["items"])) == (40, True, 25)
        rest = Api.ok(api.get(items, params={"sort": "-output_tokens", "start": 25}))
        tokens = [row["output_tokens"] for row in found["items"] + rest["items"]]
        assert tokens == sorted(tokens, reverse=True)
        assert len({row["custom_id"] for row in found["items"] + rest["items"]}) == 40
        failed = Api.ok(api.get(items, params={"sort": "index", "q": "status:errored"}))
        assert [row["index"] for row in failed["items"]] == sorted(row["index"] for row in failed["items"])
        assert failed["total"] == batch["request_counts"]["errored"] > 0
        assert "Input should be one of" in api.get(items, params={"sort": "weight"}).json()["error"]["message"]


def test_batches_are_sorted() -> None:
    """By number, size and what came of them; those of which that is not known yet come before all others."""
    with serving() as api:
        small, large = api.create("a"), api.create(*range(9))
        api.advance(until="batch.ended", batch=small["id"])
        url = "/_mockbatch/batches"

        def ids(sort: str) -> list[str]:
            return [one["id"] for one in Api.ok(api.get(url, params={"sort": sort}))["batches"]]

        assert ids("") == ids("-created_at") == [large["id"], small["id"]]
        assert ids("created_at") == ids("size") == [small["id"], large["id"]]
        assert ids("-size") == [large["id"], small["id"]]
        assert api.get(url, params={"sort": "colour"}).status_code == 400


def test_errors_are_grouped_by_type_and_message() -> None:
    """Those of now: a row that will fail has not failed yet."""
    with serving(wait="0s", delay="1h") as api:
        rows = [{"custom_id": str(at), "params": params(max_tokens=0 if at < 4 else 10)} for at in range(6)]
        rows.append({"custom_id": "x", "params": params(model="claude-nobody")})
        batch = Api.ok(api.post(BATCHES, json={"requests": rows}))
        url = f"/_mockbatch/batches/{batch['id']}/errors"
        assert Api.ok(api.get(url)) == {"errors": []}
        api.advance(by="2h")
        first, second = Api.ok(api.get(url))["errors"]
        assert (first["type"], first["count"], first["custom_id"]) == ("invalid_request_error", 4, "0")
        assert (second["type"], second["count"], second["custom_id"]) == ("not_found_error", 1, "x")


def test_previews_show_the_last_turn_and_the_reply() -> None:
    """In one line each, without secrets; replies of those that are done only."""
    with serving(wait="0s", delay="1h") as api:
        secret = "sk-ant-api03-" + "x" * 80
        turns = [{"role": "user", "content": [{"type": "text", "text": f"Look\n at {secret} " + "word " * 99}]}]
        rows = [{"custom_id": "a", "params": params("Say it.")}, {"custom_id": "b", "params": params(messages=turns)}]
        batch = Api.ok(api.post(BATCHES, json={"requests": rows}))
        url = f"/_mockbatch/batches/{batch['id']}/previews"
        told = Api.ok(api.post(url, json={"indexes": [1, 0, 7, -1]}))["previews"]
        assert [(one["index"], one["reply"]) for one in told] == [(0, ""), (1, "")]
        assert told[0]["prompt"] == "Say it."
        assert told[1]["prompt"].startswith("Look at ")
        assert len(told[1]["prompt"]) <= 160
        assert "xxx" not in told[1]["prompt"]
        api.advance(by="2h")
        line = next(line for line in api.results(batch) if line["custom_id"] == "a")
        text = line["result"]["message"]["content"][0]["text"]
        reply = Api.ok(api.post(url, json={"indexes": [0]}))["previews"][0]["reply"]
        assert reply[:100] == " ".join(text.split())[:100]
        assert api.post(url, json={"indexes": [0] * 201}).status_code == 400
