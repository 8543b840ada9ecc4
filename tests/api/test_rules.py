"""Rules over the control plane: of one session, all or nothing, with what they did so far; and the faults."""

from typing import Any

import pytest

from mockbatch.core.rules.faults import FAULTS
from mockbatch.http.connection import ConnectionLost
from tests.builders import BATCHES, Api, serving

RULES = "/_mockbatch/rules"


def names(answer: dict[str, Any]) -> list[str]:
    return [rule["name"] for rule in answer["rules"]]


def test_rules_are_added_counted_and_removed(api: Api) -> None:
    """Each with an id, its hits, what is left, and when it last struck."""
    (added,) = api.ok(api.post(RULES, json={"name": "no", "on": "list", "times": 2, "http": 529}))["rules"]
    assert (added["hits"], added["remaining"], added["last_hit"]) == (0, 2, None)
    assert added["rule"] == {"name": "no", "id": added["id"], "on": "list", "times": 2, "http": {"status": 529}}
    assert added["toml"].startswith("[[rules]]")
    assert added["pytest"] == "mockbatch.on('list', times=2).http(529)"
    assert [api.get(BATCHES).status_code for _ in range(3)] == [529, 529, 200]
    found = api.ok(api.get(f"{RULES}/{added['id']}"))
    assert (found["hits"], found["remaining"]) == (2, 0)
    assert found["last_hit"] == "2026-01-01T00:00:00.000000+00:00"
    assert api.ok(api.delete(f"{RULES}/{added['id']}"))["name"] == "no"
    assert api.ok(api.get(RULES)) == {"rules": []}


def test_put_replaces_post_adds_patch_merges(api: Api) -> None:
    """A list, a table with a list as in the file, or one rule."""
    api.ok(api.put(RULES, json={"rules": [{"name": "a", "on": "list", "http": 500}]}))
    api.ok(api.post(RULES, json=[{"name": "b", "on": "create", "http": 500}, {"name": "c", "outcome": "expired"}]))
    assert api.get(BATCHES).status_code == 500
    merged = api.ok(api.patch(RULES, json=[{"name": "a", "http": 502}, {"name": "d", "on": "cancel", "http": 500}]))
    assert names(merged) == ["a", "b", "c", "d"]
    assert merged["rules"][0]["hits"] == 1
    assert api.get(BATCHES).status_code == 502
    assert names(api.ok(api.put(RULES, json=[{"name": "e", "on": "list", "http": 500}]))) == ["e"]
    assert names(api.ok(api.delete(RULES))) == []


def test_one_rule_is_changed_or_replaced(api: Api) -> None:
    """Changed, it goes on counting, and null takes a key away; replaced, it starts anew."""
    rule = api.ok(api.post(RULES, json={"name": "a", "on": "list", "times": 1, "http": 500}))["rules"][0]
    assert api.get(BATCHES).status_code == 500
    changed = api.ok(api.patch(f"{RULES}/{rule['id']}", json={"times": None, "enabled": False}))
    assert (changed["hits"], changed["remaining"], changed["rule"]["enabled"]) == (1, None, False)
    assert api.get(BATCHES).status_code == 200
    replaced = api.ok(api.put(f"{RULES}/{rule['id']}", json={"name": "b", "on": "list", "http": 501}))
    assert (replaced["id"], replaced["name"], replaced["hits"]) == (rule["id"], "b", 0)
    assert api.get(BATCHES).status_code == 501


@pytest.mark.parametrize(
    ("method", "path", "content", "told"),
    [
        ("POST", "", {"fault": "results.ctu"}, "rule: fault: there is no 'results.ctu'. Did you mean 'results.cut'?"),
        ("POST", "", [{"outcome": "expired"}, {"outcome": "exp"}], "rules[1]: outcome: there is no 'exp'."),
        ("POST", "", {"outcome": "expired", "model": "claude-hauki-4-5"}, "Did you mean 'claude-haiku-4-5'?"),
        ("POST", "", {"on": "list", "http": 502}, "'kept' before it matches everything"),
        ("POST", "", {"outcome": "expired", "id": "rule_1"}, "id: duplicate rule id 'rule_1'"),
        ("POST", "", {"fault": "connection.refuse"}, "applies before the session of a connection is known"),
        (
            "POST",
            "",
            {"outcome": "expired", "session": "x"},
            "match.session: not allowed in the rules of a single session",
        ),
        ("PUT", "", [{"outcome": "expired"}, {}], "rules[1]: does nothing"),
        ("PATCH", "", [{"name": "kept", "http": 700}], "http.status: 700"),
        ("PATCH", "/rule_1", {"rate": 0.5}, "rate: selects rows"),
        ("PATCH", "/rule_1", 7, "7 is not a table"),
        ("PUT", "/rule_1", {"outcome": "expierd"}, "Did you mean 'expired'?"),
        ("POST", "", "x", "'x' is not a rule"),
    ],
)
def test_a_bad_rule_changes_nothing(api: Api, method: str, path: str, content: Any, told: str) -> None:
    """It is a 400 that says what is wrong."""
    api.ok(api.put(RULES, json=[{"name": "kept", "id": "rule_1", "on": "list", "http": 529}]))
    before = api.ok(api.get(RULES))
    answer = api.request(method, RULES + path, json=content)
    assert answer.status_code == 400, answer.text
    assert told in answer.json()["error"]["message"]
    assert api.ok(api.get(RULES)) == before


def test_rules_that_are_not_there(api: Api) -> None:
    """A 404 with the nearest id."""
    api.ok(api.post(RULES, json={"on": "list", "http": 529}))
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = api.request(method, f"{RULES}/rule_11", json={"outcome": "expired"})
        assert answer.status_code == 404
        assert "There is no rule 'rule_11'. Did you mean 'rule_1'?" in answer.json()["error"]["message"]
    assert api.post(RULES, content=b"{").status_code == 400


def test_a_time_that_has_passed_is_said(api: Api) -> None:
    """The rule is taken all the same: clocks of sessions differ."""
    added = api.ok(api.post(RULES, json={"on": "list", "http": 500, "during": {"to": "2025-01-01T00:00:00Z"}}))
    assert "which has passed" in added["rules"][0]["warning"]
    assert api.get(BATCHES).status_code == 200


def test_sessions_share_no_rules(api: Api) -> None:
    """Each key has its own."""
    api.ok(api.post(RULES, json={"on": "list", "http": 500}))
    assert api.get(BATCHES).status_code == 500
    assert api.get(BATCHES, headers={"x-api-key": "sk-ant-other"}).status_code == 200


def test_every_answer_tells_the_virtual_time(api: Api) -> None:
    """Refused ones and those of nobody too."""
    api.create("a")
    api.advance(by="1h")
    for path in (BATCHES, f"{BATCHES}/none", "/_mockbatch/clock"):
        assert api.get(path).headers["x-mockbatch-now"] == "2026-01-01T01:00:00.000000+00:00"
    assert api.get("/health").headers["x-mockbatch-now"] == "2026-01-01T00:00:00.000000+00:00"
    assert api.get("/nowhere").headers["x-mockbatch-now"] == "2026-01-01T00:00:00.000000+00:00"


def test_the_faults_are_told(api: Api) -> None:
    """All of them, with their options."""
    told = {fault["name"]: fault for fault in api.ok(api.get("/_mockbatch/faults"))["faults"]}
    assert told.keys() == FAULTS.keys()
    assert told["results.cut"]["options"]["how"]["choices"][0] == "clean"


def test_where_there_is_no_connection_a_call_breaks_all_the_same(api: Api) -> None:
    """In this process there is no socket to reset."""
    api.ok(api.post(RULES, json={"on": "list", "fault": "connection.reset"}))
    with pytest.raises(ConnectionLost):
        api.get(BATCHES)


def test_a_server_has_rules_from_its_flags_and_its_preset() -> None:
    """In every session anew."""
    with serving(fault="http.error,on=list,status=529,times=1") as api:
        for key in ("sk-ant-a", "sk-ant-b"):
            headers = {"x-api-key": key}
            assert [api.get(BATCHES, headers=headers).status_code for _ in range(2)] == [529, 200]


def test_a_lost_response_is_lost_however_late(api: Api) -> None:
    """Latency combines with other faults, and takes the effect of none away."""
    api.ok(api.post(RULES, json=[{"fault": "http.latency", "delay": "1ms"}, {"fault": "create.accept_then_drop"}]))
    with pytest.raises(ConnectionLost):
        api.create()
