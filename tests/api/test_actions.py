"""What a person does to batches by the control plane, without their key."""

import json
from typing import Any

from tests.builders import Api, outcomes, requests, serving

BATCHES = "/_mockbatch/batches"


def act(api: Api, action: str, **which: Any) -> dict[str, Any]:
    return api.ok(api.post(f"{BATCHES}/actions", json={"action": action, **which}))


def ids(api: Api, q: str = "") -> list[str]:
    return [batch["id"] for batch in api.ok(api.get(BATCHES, params={"q": q}))["batches"]]


def rows(api: Api, batch: dict[str, Any], q: str) -> list[str]:
    answer = api.ok(api.get(f"{BATCHES}/{batch['id']}/items", params={"q": q}))
    return [row["custom_id"] for row in answer["items"]]


def test_a_batch_is_created_in_a_session_by_its_name(api: Api) -> None:
    """From JSON and from lines; its owner finds it."""
    api.create("a")
    session = api.get("/_mockbatch/sessions").json()["sessions"][0]["id"]
    key = api.headers.pop("x-api-key")
    lines = "\n".join(map(json.dumps, requests("x", "y")))
    made = api.ok(
        api.post(f"{BATCHES}?session={session}", content=lines, headers={"content-type": "application/jsonl"})
    )
    again = api.ok(api.post(f"{BATCHES}?session={session}", json={"requests": requests("z")}))
    api.headers["x-api-key"] = key
    assert api.get_batch(made)["request_counts"]["processing"] == 2
    assert api.get_batch(again)["request_counts"]["processing"] == 1
    assert api.post(BATCHES, json={"requests": []}).status_code == 400


def test_many_are_acted_on_at_once(api: Api) -> None:
    """By their ids or by a search; what cannot be is told, and the rest is done."""
    first, second = api.create("a"), api.create("b")
    done = act(api, "end", ids=[first["id"], "msgbatch_nobody"])
    assert done["done"] == [first["id"]]
    assert [refused["id"] for refused in done["refused"]] == ["msgbatch_nobody"]
    assert act(api, "cancel", q="status:in_progress")["done"] == [second["id"]]
    assert api.get_batch(second)["processing_status"] == "canceling"
    assert act(api, "expire", ids=[second["id"]])["done"]
    assert outcomes(api.results(second)) == {"b": "expired"}
    assert api.post(f"{BATCHES}/actions", json={"action": "end"}).status_code == 400


def test_what_is_deleted_can_be_put_back(api: Api) -> None:
    """With all that it had, while later batches stay and time goes on."""
    ended = api.ended(api.create("a", "b"))
    before = api.results(ended)
    running = api.create("c")
    snapshot = api.ok(api.post("/_mockbatch/snapshots"))["id"]
    assert len(act(api, "delete", q="")["done"]) == 2
    assert ids(api) == []
    later = api.create("d")
    api.advance(by="1m")
    assert api.ok(api.post(f"/_mockbatch/snapshots/{snapshot}/put_back")) == {"batches": 2}
    assert set(ids(api)) == {ended["id"], running["id"], later["id"]}
    api.ok(api.delete(f"/_mockbatch/snapshots/{snapshot}"))
    assert api.results(ended) == before
    assert api.ok(api.get("/_mockbatch/clock"))["now"] > ended["ended_at"]


def test_one_is_deleted_though_it_runs(api: Api) -> None:
    """As if it had never been."""
    batch = api.create("a")
    assert api.ok(api.delete(f"{BATCHES}/{batch['id']}"))["status"] == "in_progress"
    assert api.get(f"/v1/messages/batches/{batch['id']}").status_code == 404


def test_rows_are_sent_once_more() -> None:
    """Those that a search finds, as they came."""
    with serving(fail_rate="0.4") as api:
        batch = api.ended(api.create(*range(40)))
        failed = {name for name, outcome in outcomes(api.results(batch)).items() if outcome == "errored"}
        assert failed
        assert set(rows(api, batch, "status:errored")) == failed
        new = api.ok(api.post(f"{BATCHES}/{batch['id']}/again", json={"q": "status:errored"}))
        assert new["request_counts"]["processing"] == len(failed)
        whole = api.ok(api.get(f"{BATCHES}/{new['id']}/items/{min(failed)}"))
        assert whole["params"]["messages"][0]["content"] == f"request {min(failed)}"
        assert [one["batch"] for one in whole["sent"]] == [batch["id"], new["id"]]
        assert all(one["same"] for one in whole["sent"])
        assert api.post(f"{BATCHES}/{batch['id']}/again", json={"custom_ids": ["nobody"]}).status_code == 400


def test_chosen_rows_fail() -> None:
    """In a running batch; its other rows, and one that has ended, stay as they are."""
    with serving(delay="1h") as api:
        batch = api.create(*range(9))
        answer = api.ok(api.post(f"{BATCHES}/{batch['id']}/fail", json={"custom_ids": ["3", "5", "nobody"]}))
        assert answer == {"failed": 2}
        api.ended(batch)
        found = outcomes(api.results(batch))
        assert {name for name, outcome in found.items() if outcome == "errored"} == {"3", "5"}
        assert api.get_batch(batch)["request_counts"]["errored"] == 2
        assert api.post(f"{BATCHES}/{batch['id']}/fail", json={"custom_ids": ["1"]}).status_code == 400
        assert outcomes(api.results(batch)) == found


def test_rows_are_found_by_what_is_in_them(api: Api) -> None:
    """Also by their params, by their price, and a page at a time."""
    batch = api.create(*range(30))
    assert rows(api, batch, '"request 17"') == ["17"]
    assert rows(api, batch, "cost>0") == []
    api.ended(batch)
    assert len(rows(api, batch, "cost>0 model:haiku -custom_id:2*")) == 19
    page = api.ok(api.get(f"{BATCHES}/{batch['id']}/items", params={"q": "model:haiku", "limit": 4, "start": 10}))
    assert ([row["index"] for row in page["items"]], page["has_more"]) == ([10, 11, 12, 13], True)
    assert api.get(f"{BATCHES}/{batch['id']}/items", params={"q": "coat>1"}).status_code == 400


def test_batches_are_found_by_what_came_of_them() -> None:
    """Figures are known of those that have ended."""
    with serving(fail_rate="0.5") as api:
        ended = api.create(*range(20))
        api.advance(until="batch.ended", batch=ended["id"])
        running = api.create("a")
        assert ids(api, "status:ended errored>0 cost>0 downloads:0") == [ended["id"]]
        api.results(ended)
        assert ids(api, "downloads>0") == [ended["id"]]
        assert ids(api, "size:1") == [running["id"]]
        assert ids(api, running["id"][-8:]) == [running["id"]]


def test_a_row_tells_its_price_and_its_reasons() -> None:
    """The classes add up to what it cost, and those of all rows to what the batch did."""
    from decimal import Decimal

    with serving(fail_rate="0.3") as api:
        batch = api.ended(api.create(*range(12)))
        total = Decimal(0)
        for name, outcome in outcomes(api.results(batch)).items():
            whole = api.ok(api.get(f"{BATCHES}/{batch['id']}/items/{name}"))
            assert json.loads(whole["line_text"]) == whole["line"]
            assert sum(Decimal(entry["net"]) for entry in whole["entries"]) == Decimal(whole["row"]["cost"])
            total += Decimal(whole["row"]["cost"])
            side = "below" if outcome == "errored" else "above"
            assert side in whole["reasons"][0]
        assert total == Decimal(api.ok(api.get(f"{BATCHES}/{batch['id']}"))["net"])


def test_a_tracker_is_reconciled(api: Api) -> None:
    """As on the command line."""
    batch = api.ended(api.create("a", "b"))
    prices = {name: api.ok(api.get(f"{BATCHES}/{batch['id']}/items/{name}"))["row"]["cost"] for name in ("a", "b")}
    right = f"custom_id,cost_usd\na,{prices['a']}\nb,{prices['b']}\n"
    assert api.ok(api.post("/_mockbatch/ledger/reconcile", json={"csv": right}))["clean"]
    wrong = right.replace(f"b,{prices['b']}", f"b,{float(prices['b']) * 2:.9f}")
    answer = api.ok(api.post("/_mockbatch/ledger/reconcile", json={"csv": wrong}))
    assert not answer["clean"]
    assert [row["id"] for row in answer["found"]["differences"]] == ["b"]
    assert api.post("/_mockbatch/ledger/reconcile", json={"csv": "nothing"}).status_code == 400


def test_calls_are_listed_without_their_bodies_and_told_whole(api: Api) -> None:
    """By their request_id."""
    api.create("a")
    (call,) = api.ok(api.get("/_mockbatch/requests", params={"bodies": "false"}))["requests"]
    assert (call["sent"], call["headers"]) == ("", {})
    whole = api.ok(api.get(f"/_mockbatch/requests/{call['request_id']}"))
    assert "custom_id" in whole["sent"]
    assert api.get("/_mockbatch/requests/req_nobody").status_code == 404
