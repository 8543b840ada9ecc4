"""Who may call, and how often."""

from decimal import Decimal

import pytest

from tests.builders import BATCHES, HEADERS, Api, config, params, requests, serving

FAMILY = "anthropic-ratelimit-requests-"


def told(answer: object) -> dict[str, str]:
    headers = answer.headers  # type: ignore[attr-defined]
    return {name.removeprefix(FAMILY): value for name, value in headers.items() if name.startswith(FAMILY)}


def test_only_the_listed_keys_are_admitted() -> None:
    """A wrong key gets the API's 401, without the workspace that only a good key tells."""
    with serving(api_key="sk-ant-test,sk-ant-other") as api:
        assert api.get(BATCHES).status_code == 200
        assert api.get(BATCHES, headers={"x-api-key": "", "authorization": "Bearer sk-ant-other"}).status_code == 200
        answer = api.get(BATCHES, headers={"x-api-key": "sk-ant-wrong"})
        assert answer.status_code == 401
        assert answer.json()["error"] == {"type": "authentication_error", "message": "API key is invalid."}
        assert answer.headers["x-should-retry"] == "false"
        assert "anthropic-organization-id" in answer.headers
        assert "anthropic-workspace-id" not in answer.headers


def test_control_does_not_admit_a_wrong_key_either() -> None:
    """Nor does a call there open the door for the others."""
    with serving(api_key="sk-ant-test") as api:
        for path in ("/_mockbatch/clock", BATCHES):
            assert api.get(path, headers={"x-api-key": "sk-ant-wrong"}).status_code == 401


def test_admin_keys_are_for_administration_only() -> None:
    """Each kind of key is wrong where the other belongs."""
    with serving() as api:
        admin = {"x-api-key": "sk-ant-admin01-a"}
        assert api.get(BATCHES, headers=admin).status_code == 401
        assert api.get("/v1/organizations/rate_limits", headers=admin).status_code == 200
        assert api.get("/v1/organizations/rate_limits").status_code == 401


def test_a_workspace_is_a_world_of_its_own() -> None:
    """Batches of another workspace are not found; the key's own may be named."""
    with serving() as api:
        batch = api.create()
        own = api.get(BATCHES).headers["anthropic-workspace-id"]
        other = {"anthropic-workspace-id": "wrkspc_01Other"}
        path = f"{BATCHES}/{batch['id']}"
        assert api.get(path, headers={"anthropic-workspace-id": own}).status_code == 200
        answer = api.get(path, headers=other)
        assert answer.status_code == 404
        assert answer.headers["anthropic-workspace-id"] == "wrkspc_01Other"
        assert api.get("/_mockbatch/clock", headers=other).status_code == 200
        assert api.get(path, headers={"anthropic-workspace-id": "nonsense"}).status_code == 400


def test_without_limits_the_headers_are_told_all_the_same() -> None:
    """On every batch endpoint, and nothing is ever refused."""
    with serving(frozen="true") as api:
        batch = api.create()
        answers = [api.get(f"{BATCHES}/{batch['id']}") for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}
        assert told(answers[-1]) == {"limit": "4000", "remaining": "3999", "reset": "2026-01-01T00:00:01.000000+00:00"}


def test_calls_over_the_limit_a_minute_are_refused_until_time_passes() -> None:
    """A bucket that fills evenly: with 6 a minute there is one every ten virtual seconds."""
    with serving(requests_per_minute="6") as api:
        remaining = [told(api.get(BATCHES))["remaining"] for _ in range(6)]
        assert remaining == ["5", "4", "3", "2", "1", "0"]
        answer = api.get(BATCHES)
        assert answer.status_code == 429
        assert answer.json()["error"]["type"] == "rate_limit_error"
        assert "rate limit of 6 requests per minute (org: " in answer.json()["error"]["message"]
        assert answer.headers["retry-after"] == "10"
        assert told(answer) == {"limit": "6", "remaining": "0", "reset": "2026-01-01T00:01:00.000000+00:00"}
        api.advance(by="9s")
        assert api.get(BATCHES).headers["retry-after"] == "1"
        api.advance(by="1s")
        assert api.get(BATCHES).status_code == 200
        assert api.get(BATCHES).status_code == 429
        api.advance(by="1h")
        assert told(api.get(BATCHES))["remaining"] == "5"


def test_each_session_has_limits_of_its_own() -> None:
    """Parallel tests do not take each other's calls."""
    with serving(requests_per_minute="1") as api:
        assert [api.get(BATCHES).status_code for _ in range(2)] == [200, 429]
        assert api.get(BATCHES, headers={"x-api-key": "sk-ant-other"}).status_code == 200


def test_a_full_queue_refuses_batches_until_one_ends() -> None:
    """Requests count as long as their batch has not ended, and a refused batch leaves nothing."""
    with serving(queue_limit="10", wait="1h", delay="0s") as api:
        first = api.create(*range(6))
        answer = api.post(BATCHES, json={"requests": requests(*range(5))})
        assert answer.status_code == 429
        assert "10 batch requests in the processing queue" in answer.json()["error"]["message"]
        assert answer.headers["retry-after"] == "3600"
        api.create(*range(4))
        assert len(api.get(BATCHES).json()["data"]) == 2
        api.ended(first)
        api.create(*range(6))


@pytest.mark.parametrize(("tier", "limit"), [("start", "1000"), ("build", "2000"), ("scale", "4000")])
def test_tiers_are_those_of_the_documentation(tier: str, limit: str) -> None:
    """Calls a minute; single numbers replace them. https://platform.claude.com/docs/en/api/rate-limits"""
    with serving(tier=tier) as api:
        assert told(api.get(BATCHES))["limit"] == limit
    with serving(tier=tier, requests_per_minute="7") as api:
        assert told(api.get(BATCHES))["limit"] == "7"


def test_a_restart_knows_named_workspaces(tmp_path: object) -> None:
    """The batches of a workspace are there again, under the same id."""
    headers = {**HEADERS, "anthropic-workspace-id": "wrkspc_01Other"}

    def listed(api: Api) -> tuple[list[str], str]:
        answer = api.get(BATCHES, headers=headers)
        return [batch["id"] for batch in answer.json()["data"]], answer.headers["anthropic-workspace-id"]

    with serving(db=f"{tmp_path}/state.db") as api:
        assert api.post(BATCHES, json={"requests": requests("a")}, headers=headers).status_code == 200
        before = listed(api)
    with serving(db=f"{tmp_path}/state.db") as api:
        assert listed(api) == before
        assert len(before[0]) == 1


def test_who_has_spent_the_months_money_waits_for_the_next() -> None:
    """With the sentence of the API, its code, and no retry-after; batches that run are let be."""
    with serving(spend_limit="0.05", tokens="fixed:input=10000,output=1000", clock_start="2026-12-30") as api:
        api.ended(api.create("a", model="claude-opus-5"))
        api.ended(api.create("b", model="claude-opus-5"))
        for path, body in ((BATCHES, {"requests": requests("c")}), ("/v1/messages", params("c"))):
            refused = api.post(path, json=body)
            error = refused.json()["error"]
            assert (refused.status_code, error["type"]) == (429, "rate_limit_error")
            assert error["details"] == {"error_code": "enforced_spend_limit_reached"}
            assert error["message"].endswith("You will regain access on 2027-01-01 at 00:00 UTC.")
            assert "retry-after" not in refused.headers
        api.advance(to="2027-01-01T00:00:00Z")
        api.create("c")


def test_a_tier_has_a_limit_of_spending() -> None:
    """Which a number of its own replaces."""
    assert config(tier="start").rate_limits().spending == 500
    assert config(tier="start", spend_limit="0.5").rate_limits().spending == Decimal("0.5")
    assert config().rate_limits().spending is None
