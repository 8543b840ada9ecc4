"""Sessions as wholes: opened with options of their own, reset, deleted, taken back to a snapshot."""

from typing import Any

import pytest

from tests.builders import BATCHES, START, Api, outcomes, params, serving

SESSIONS = "/_mockbatch/sessions"


def opened(api: Api, **how: Any) -> dict[str, Any]:
    """A session that was opened by itself; from here on the calls of `api` are its own."""
    view = api.ok(api.post(SESSIONS, json=how))
    api.headers["x-api-key"] = view["api_key"]
    return view


def test_a_session_has_options_of_its_own(api: Api) -> None:
    """Next to one that has those of the server."""
    batch = api.create(*range(20))
    assert set(outcomes(api.results(api.ended(batch))).values()) == {"succeeded"}
    view = opened(api, label="all fail", options={"fail_rate": 1, "delay": "2h", "clock-start": "2030-01-01"})
    assert (view["label"], view["now"], view["batches"]) == ("all fail", "2030-01-01T00:00:00.000000+00:00", 0)
    batch = api.ended(api.create(*range(20)))
    assert batch["ended_at"] == "2030-01-01T02:00:00.000000+00:00"
    assert set(outcomes(api.results(batch)).values()) == {"errored"}


def test_options_can_be_changed_for_what_comes(api: Api) -> None:
    """What was created before is as it was; options that are not named stay."""
    view = opened(api, options={"delay": "2h", "wait": "0s"})
    before = api.create("a")
    changed = api.ok(api.patch(f"{SESSIONS}/{view['id']}", json={"options": {"fail-rate": 1}}))
    assert changed["options"] == {"delay": "2h", "wait": "0s", "fail_rate": 1}
    after = api.create("a", "b")
    assert api.ended(after)["ended_at"] == "2026-01-01T02:00:00.000000+00:00"
    assert [set(outcomes(api.results(batch)).values()) for batch in (before, after)] == [{"succeeded"}, {"errored"}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fail_rat": 1}, "options: unknown option fail_rat. Did you mean fail_rate?"),
        ({"clock-start": "2030-01-01"}, "options: clock_start only sets the initial clock of a session"),
    ],
)
def test_wrong_changes_are_refused(api: Api, options: dict[str, Any], message: str) -> None:
    """And nothing changes."""
    view = opened(api)
    answer = api.patch(f"{SESSIONS}/{view['id']}", json={"options": options})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)
    assert api.ok(api.get(f"{SESSIONS}/{view['id']}"))["options"] == {}


def test_limits_and_validation_are_those_of_the_session(api: Api) -> None:
    """At create already."""
    opened(api, options={"max_requests": 2, "validation": "early"})
    assert api.post(BATCHES, json={"requests": [{"custom_id": "a", "params": {}}]}).status_code == 400
    answer = api.post(BATCHES, json={"requests": [{"custom_id": name, "params": {}} for name in "abc"]})
    assert "at most 2 items" in answer.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fail_rat": 1}, "options: unknown option fail_rat. Did you mean fail_rate?"),
        ({"fail_rate": 2}, "options: fail_rate: 2 is not between 0 and 1"),
        ({"port": 1}, "options: port is the same for all sessions of a server"),
        ({"seed": [1]}, "options: seed must be a single value"),
    ],
)
def test_wrong_options_are_refused(api: Api, options: dict[str, Any], message: str) -> None:
    """And no session is opened."""
    answer = api.post(SESSIONS, json={"options": options})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
    assert api.ok(api.get(SESSIONS)) == {"sessions": []}


def test_a_key_has_one_session(api: Api) -> None:
    """A made-up key is the same for the same label in the same order."""
    first = api.ok(api.post(SESSIONS, json={"label": "x"}))
    again = api.post(SESSIONS, json={"api_key": first["api_key"]})
    assert again.status_code == 409
    assert "session 'x'" in again.json()["error"]["message"]
    second = api.ok(api.post(SESSIONS, json={"label": "x"}))
    with serving() as other:
        assert [other.ok(other.post(SESSIONS, json={"label": "x"})) for _ in range(2)] == [first, second]


def test_a_deleted_session_is_gone_with_all_that_was_in_it(api: Api) -> None:
    """Its key opens an empty one."""
    view = opened(api, options={"seed": 7})
    batch = api.create("a")
    assert api.ok(api.delete(f"{SESSIONS}/{view['id']}"))["batches"] == 1
    assert api.get(f"{SESSIONS}/{view['id']}").status_code == 404
    assert api.get(f"{BATCHES}/{batch['id']}").status_code == 404
    assert api.ok(api.get(BATCHES))["data"] == []


@pytest.mark.parametrize("scope", ["state", "clock", "all"])
def test_a_reset_touches_what_it_names(api: Api, scope: str) -> None:
    """The same batch after it has the same id, as in a world that was never used."""
    batch = api.create("a")
    api.advance(by="1h")
    api.ok(api.post("/_mockbatch/reset", json={"scope": scope}))
    now = api.ok(api.get("/_mockbatch/clock"))["now"]
    assert (now == START.replace("+", ".000000+")) == (scope != "state")
    assert (api.get(f"{BATCHES}/{batch['id']}").status_code == 404) == (scope != "clock")
    assert (api.create("a")["id"] == batch["id"]) == (scope != "clock")


@pytest.mark.parametrize("scope", ["rules", "all"])
def test_a_reset_of_rules_leaves_those_of_the_server(scope: str) -> None:
    """As if none had struck."""
    with serving(fault="http.error,status=529,times=1") as api:
        assert api.get(BATCHES).status_code == 529
        api.ok(api.post("/_mockbatch/rules", json={"on": "list", "http": {"status": 502}}))
        api.ok(api.post("/_mockbatch/reset", json={"scope": scope}))
        assert [api.get(BATCHES).status_code for _ in range(2)] == [529, 200]


def test_a_reset_without_a_scope_is_refused(api: Api) -> None:
    """Nobody should lose more than was meant."""
    api.create("a")
    answer = api.post("/_mockbatch/reset", json={})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "Object missing required field `scope`")
    assert len(api.ok(api.get(BATCHES))["data"]) == 1


def test_a_snapshot_brings_back_batches_and_time(api: Api) -> None:
    """What was deleted since is there again with its results, what was created since is gone."""
    batch = api.ended(api.create(*range(5)))
    lines = api.results(batch)
    snapshot = api.ok(api.post("/_mockbatch/snapshots"))
    before = api.ok(api.get("/_mockbatch/clock"))
    later = api.create("later")
    api.advance(by="10d")
    api.ok(api.delete(f"{BATCHES}/{batch['id']}"))
    api.ok(api.post(f"/_mockbatch/snapshots/{snapshot['id']}/restore"))
    assert api.ok(api.get("/_mockbatch/clock")) == before
    assert (api.get_batch(batch), api.results(batch)) == (batch, lines)
    assert api.get(f"{BATCHES}/{later['id']}").status_code == 404
    assert api.create("later")["id"] == later["id"]


def test_a_dropped_snapshot_lets_go(api: Api) -> None:
    """It cannot be restored any more."""
    api.create("a")
    snapshot = api.ok(api.post("/_mockbatch/snapshots"))
    assert [kept["id"] for kept in api.ok(api.get("/_mockbatch/snapshots"))["snapshots"]] == [snapshot["id"]]
    api.ok(api.delete(f"/_mockbatch/snapshots/{snapshot['id']}"))
    assert api.post(f"/_mockbatch/snapshots/{snapshot['id']}/restore").status_code == 404


@pytest.mark.parametrize("again", ["reset", "opened again"])
def test_messages_begin_anew_with_their_session(api: Api, again: str) -> None:
    """The same calls give the same ids as before."""

    def sent() -> list[str]:
        return [api.ok(api.post("/v1/messages", json=params("hello")))["id"] for _ in range(2)]

    view = opened(api, label="anew")
    first = sent()
    if again == "reset":
        api.ok(api.post("/_mockbatch/reset", json={"scope": "all"}))
    else:
        api.ok(api.delete(f"{SESSIONS}/{view['id']}"))
        opened(api, label="anew", api_key=view["api_key"])
    assert sent() == first
    assert len(set(first)) == 2


@pytest.mark.parametrize(
    ("key", "end"), [("sk-ant-team-search-k-ab12", "k-ab12"), ("sk-ant-test", "st"), ("abc", ""), ("é" * 24, "é" * 6)]
)
def test_a_session_is_told_with_the_end_of_its_key(key: str, end: str) -> None:
    """Of which there is never more than a quarter."""
    with serving() as api:
        Api.ok(api.post("/_mockbatch/sessions", json={"api_key": key}))
        (told,) = Api.ok(api.get("/_mockbatch/sessions"))["sessions"]
        assert told.get("key_end", "") == end
        assert key not in str(told)
