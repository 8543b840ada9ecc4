"""The reports over HTTP, as cost trackers ask for them."""

from collections.abc import Iterator

import pytest

from tests.builders import BATCHES, HEADERS, Api, requests, serving

USAGE, COST = "/v1/organizations/usage_report/messages", "/v1/organizations/cost_report"
ADMIN = {**HEADERS, "x-api-key": "sk-ant-admin01-a"}
WORKSPACE = {"anthropic-workspace-id": "wrkspc_1"}


@pytest.fixture
def api() -> Iterator[Api]:
    """A server with two days of usage: a batch of a workspace on the first, one of the key's own a day later."""
    with serving(tokens="fixed:input=100,output=40", delay_preset="immediate") as client:
        body = {"requests": requests("a", model="claude-opus-5")}
        client.ok(client.post(BATCHES, json=body, headers=WORKSPACE))
        client.advance(by="25h")
        client.ok(client.post(BATCHES, json=body))
        client.advance(by="23h")
        client.headers.update(ADMIN)
        yield client


def test_usage_is_reported_in_buckets(api: Api) -> None:
    """Lists are written with brackets or without."""
    for name in ("group_by[]", "group_by"):
        report = api.ok(api.get(USAGE, params={"starting_at": "2026-01-01", name: ["model", "workspace_id"]}))
        rows = [row for bucket in report["data"] for row in bucket["results"]]
        assert [(row["workspace_id"], row["uncached_input_tokens"], row["output_tokens"]) for row in rows] == [
            ("wrkspc_1", 100, 40),
            (None, 100, 40),
        ]
        assert len(report["data"]) == 3


def test_costs_are_reported_by_day(api: Api) -> None:
    """In cents; pages of the size asked for."""
    report = api.ok(api.get(COST, params={"starting_at": "2026-01-01T00:00:00Z", "limit": 1}))
    assert [row["amount"] for row in report["data"][0]["results"]] == ["0.075"]
    following = {"starting_at": "2026-01-01T00:00:00Z", "limit": 1, "page": report["next_page"]}
    assert [row["amount"] for row in api.ok(api.get(COST, params=following))["data"][0]["results"]] == ["0.075"]


@pytest.mark.parametrize("path", [USAGE, COST])
def test_only_administrators_see_reports(api: Api, path: str) -> None:
    """A key for messages is refused; so is a question without a beginning."""
    assert api.get(f"{path}?starting_at=2026-01-01", headers=HEADERS).status_code == 401
    answer = api.get(path)
    assert answer.status_code == 400
    assert answer.json()["error"] == {"type": "invalid_request_error", "message": "starting_at: Field required"}


def test_speed_is_reported_under_its_beta(api: Api) -> None:
    """And refused without."""
    asked = {"starting_at": "2026-01-01", "group_by[]": "speed"}
    assert api.get(USAGE, params=asked).status_code == 400
    report = api.ok(api.get(USAGE, params=asked, headers={"anthropic-beta": "fast-mode-2026-02-01"}))
    assert report["data"][0]["results"][0]["speed"] == "standard"
