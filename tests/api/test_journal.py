"""The journal: which calls came, found, counted and verified."""

import json

import pytest

from tests.builders import BATCHES, Api, params, serving

REQUESTS = "/_mockbatch/requests"


def ops(api: Api) -> list[str]:
    return [call["op"] for call in api.ok(api.get(REQUESTS))["requests"]]


def test_every_call_of_the_api_is_noted_and_no_look_of_the_tester(api: Api) -> None:
    """In their order, by kind."""
    batch = api.create("a")
    api.get_batch(batch)
    api.get(BATCHES)
    api.cancel(batch)
    api.ended(batch)
    api.results(batch)
    api.delete(f"{BATCHES}/{batch['id']}")
    api.post("/v1/messages/count_tokens", json={})
    api.ok(api.get("/_mockbatch/info"))
    expected = ["create", "retrieve", "list", "cancel", "retrieve", "results", "delete", "count_tokens"]
    assert ops(api) == expected
    assert ops(api) == expected


def test_a_call_is_shown_as_it_came_and_was_answered(api: Api) -> None:
    """With its ids and times; of the key no more than is needed to know it again."""
    api.advance(by="1h")
    answer = api.post(BATCHES, json={"requests": []}, headers={"x-stainless-retry-count": "2"})
    (call,) = api.ok(api.get(REQUESTS))["requests"]
    assert (call["op"], call["status"], call["retry_count"]) == ("create", 400, 2)
    assert (call["at"][:19], call["request_id"]) == ("2026-01-01T01:00:00", answer.headers["request-id"])
    assert json.loads(call["sent"]) == {"requests": []}
    assert json.loads(call["answered"]) == answer.json()
    assert call["headers"]["x-api-key"] == "[redacted]"
    assert "sk-ant-test" not in json.dumps(call)


def test_only_the_beginning_of_large_bodies_is_kept(api: Api) -> None:
    """And it is said."""
    api.create(*range(200))
    (call,) = api.ok(api.get(REQUESTS))["requests"]
    assert call["cut"]
    assert len(call["sent"]) == 16 << 10


def test_the_journal_is_bounded_and_says_so(api: Api) -> None:
    """The totals go on."""
    batch = api.create("a")
    for _ in range(1010):
        api.get(f"{BATCHES}/{batch['id']}")
    told = api.ok(api.get(REQUESTS, params={"limit": 5}))
    assert (len(told["requests"]), told["kept"], told["total"]) == (5, 1000, 1011)


def test_calls_that_go_nowhere_are_found_on_the_server(api: Api) -> None:
    """They belong to no session."""
    api.get("/v1/batches")
    api.get(BATCHES, headers={"x-api-key": ""})
    unmatched = api.ok(api.get(f"{REQUESTS}/unmatched"))["requests"]
    assert [(call["op"], call["status"]) for call in unmatched] == [("unknown", 404), ("list", 401)]


def test_calls_are_found_and_counted(api: Api) -> None:
    """All criteria hold together."""
    one, other = api.create("one"), api.create("other")
    for batch in (one, one, other):
        api.get_batch(batch)
    api.get(f"{BATCHES}/msgbatch_x")
    found = api.ok(api.post(f"{REQUESTS}/find", json={"op": "retrieve", "batch": one["id"]}))["requests"]
    assert [call["path"] for call in found] == [f"{BATCHES}/{one['id']}"] * 2
    assert api.ok(api.post(f"{REQUESTS}/count", json={"op": "retrieve", "status": 404})) == {"count": 1}
    assert api.ok(api.post(f"{REQUESTS}/count", json={"body": "request other"})) == {"count": 1}
    answer = api.post(f"{REQUESTS}/find", json={"opp": "retrieve"})
    assert "Did you mean 'op'?" in answer.json()["error"]["message"]


def test_what_is_expected_is_verified(api: Api) -> None:
    """All of it at once."""
    batch = api.create("a")
    for _ in range(3):
        api.advance(by="1m")
        api.get_batch(batch)
    wanted = [
        {"op": "create", "count": 1},
        {"op": "retrieve", "at_least": 3, "at_most": 3, "min_gap": "60s"},
        {"op": "cancel", "count": 0},
    ]
    assert api.ok(api.post("/_mockbatch/verify", json={"expectations": wanted})) == {"verified": 3}


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"op": "create", "count": 2}, "op=create: expected 2 calls, found 1"),
        ({"op": "results", "at_least": 1}, "op=results: expected at least 1 call, found 0"),
        ({"op": "retrieve", "at_most": 1}, "op=retrieve: expected at most 1 call, found 2"),
        ({"op": "retrieve", "min_gap": "2m"}, "op=retrieve: expected 120 s between calls, found 60 s"),
    ],
)
def test_what_is_not_as_expected_is_told_with_the_closest_calls(
    api: Api, expected: dict[str, object], message: str
) -> None:
    """As a text for people and as data."""
    batch = api.create("a")
    api.get_batch(batch)
    api.advance(by="1m")
    api.get_batch(batch)
    answer = api.post("/_mockbatch/verify", json={"expectations": [expected, {"op": "create", "at_least": 1}]})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (422, "verification_error")
    assert error["message"].startswith(f"{message}; closest:\n    2026-01-01T00:0")
    assert [failure["expectation"] for failure in error["details"]["failures"]] == [0]


def test_an_expectation_of_nothing_is_refused(api: Api) -> None:
    """It would always be met."""
    answer = api.post("/_mockbatch/verify", json={"expectations": [{"op": "create"}]})
    assert answer.json()["error"]["message"] == "expectations.0: give one of count, at_least, at_most, min_gap"


def test_metrics_count_what_is_there() -> None:
    """In the format of Prometheus, read by its own parser."""
    from prometheus_client.parser import text_string_to_metric_families

    with serving(fail_rate="1") as api:
        api.ended(api.create("a", "b"))
        api.create("c")
        text = api.get("/_mockbatch/metrics").text
    figures = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert figures["mockbatch_batches", "ended"] == figures["mockbatch_batches", "in_progress"] == 1
    assert figures["mockbatch_rows", "errored"] == 2
    assert figures["mockbatch_calls_total", "create", "200"] == 2


def test_secrets_are_not_shown(api: Api) -> None:
    """In whatever headers they come, in bodies, in URLs, of calls that went nowhere, and of rows."""
    secret = "hunter2hunter2hunter2"
    headers = {"x-auth-token": secret, "cookie": f"a={secret}", "proxy-authorization": f"Basic {secret}"}
    server = {"type": "url", "name": "x", "url": f"https://mcp.example.com/{secret}?key={secret}"}
    asked = params("x", mcp_servers=[{**server, "authorization_token": secret}])
    body = {"requests": [{"custom_id": "a", "params": asked}]}
    batch = api.ok(api.post(BATCHES, json=body, headers=headers))["id"]
    api.get("/v1/nowhere", headers={**headers, "x-api-key": secret, "authorization": f"bearer  {secret}"})
    for path in (f"{REQUESTS}?limit=9", f"{REQUESTS}/unmatched", f"/_mockbatch/batches/{batch}/items/a"):
        answer = api.get(path)
        assert answer.status_code == 200, answer.text
        assert "[redacted" in answer.text
        assert secret not in answer.text


def test_secrets_in_the_options_of_a_session_are_not_shown(api: Api) -> None:
    """Nor in its rules there."""
    options = {"webhook": "http://me:hunter2@127.0.0.1:9/x?token=hunter2"}
    api.ok(api.post("/_mockbatch/sessions", json={"options": options}))
    answer = api.get("/_mockbatch/sessions")
    assert "127.0.0.1:9/x" in answer.text
    assert "hunter2" not in answer.text


def test_a_create_leads_to_its_batch(api: Api) -> None:
    """Also where its answer got lost; one that was refused has made none."""
    batch = api.create("a")
    api.ok(api.post("/_mockbatch/rules", json={"fault": "create.accept_then_drop", "how": "502", "times": 1}))
    assert api.post(BATCHES, json={"requests": [{"custom_id": "b", "params": params()}]}).status_code == 502
    api.post(BATCHES, json={"requests": []})
    calls = api.ok(api.get(REQUESTS))["requests"]
    lost = next(one["id"] for one in api.ok(api.get("/_mockbatch/batches"))["batches"] if one["id"] != batch["id"])
    assert [call["batch"] for call in calls] == [batch["id"], lost, None]


def test_a_call_is_told_with_its_size_and_how_long_it_took(api: Api) -> None:
    """And how its bodies begin, without secrets, also where they are left out."""
    secret = "sk-ant-api03-" + "x" * 80
    sent = json.dumps({"requests": [{"custom_id": "a", "params": params(f"Key {secret} {'word ' * 999}")}]}).encode()
    answer = api.post(BATCHES, content=sent)
    refused = api.post(BATCHES, json={"requests": []})
    api.ended(answer.json())
    lines = api.get(f"{BATCHES}/{answer.json()['id']}/results").content
    created, wrong, _, results = api.ok(api.get(REQUESTS, params={"bodies": "false"}))["requests"]
    assert (created["received"], created["size"]) == (len(sent), len(answer.content))
    assert (results["received"], results["size"]) == (0, len(lines))
    assert 0 < created["took"] < 60
    assert created["preview"].startswith('{"requests": [{"custom_id": "a"')
    assert "xxx" not in created["preview"]
    assert refused.json()["error"]["message"][:40] in wrong["preview"]
    assert results["preview"].startswith('{"custom_id":"a"')
    assert created["sent"] == created["answered"] == ""
