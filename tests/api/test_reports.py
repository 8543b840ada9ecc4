"""The reports over HTTP, as cost trackers ask for them."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.routing import Router

from mockbatch.core.money.ledger import Account, Counts
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.spending import Dated
from mockbatch.core.time.spans import DAY, HOUR, parse_instant
from mockbatch.http import reports
from mockbatch.http.app import create_app
from tests.builders import HEADERS, START, Api, config

USAGE, COST = "/v1/organizations/usage_report/messages", "/v1/organizations/cost_report"
ADMIN = {**HEADERS, "x-api-key": "sk-ant-admin01-a"}
BEGIN = parse_instant(START)
OPUS = Account("claude-opus-5", 0, "0-200k", "global", "batch")


class Kept:
    """A ledger that has what it is given."""

    prices = Prices()

    def __init__(self, *dated: Dated) -> None:
        self.dated = dated

    def now(self) -> int:
        return BEGIN + 2 * DAY

    def usage_between(self, start: int, end: int) -> Iterable[Dated]:
        return [dated for dated in self.dated if start <= dated.at < end]


@pytest.fixture
def api() -> Iterator[Api]:
    """The reports of a server with two days of usage."""
    app = create_app(config())

    @asynccontextmanager
    async def lifespan(_: Router) -> AsyncIterator[Any]:
        async with app.lifespan_context(app) as state:
            assert state
            state["mock"].ledger = Kept(
                Dated(BEGIN, "2026-01-01", OPUS, 1, Counts(input=100), workspace="wrkspc_1"),
                Dated(BEGIN + DAY + HOUR, "2026-01-01", OPUS, 1, Counts(output=40)),
            )
            yield state

    with Api(Router(reports.routes, lifespan=lifespan), base_url="http://mockbatch", headers=ADMIN) as client:
        yield client


def test_usage_is_reported_in_buckets(api: Api) -> None:
    """Lists are written with brackets or without."""
    for name in ("group_by[]", "group_by"):
        report = api.ok(api.get(USAGE, params={"starting_at": "2026-01-01", name: ["model", "workspace_id"]}))
        rows = [row for bucket in report["data"] for row in bucket["results"]]
        assert [(row["workspace_id"], row["uncached_input_tokens"], row["output_tokens"]) for row in rows] == [
            ("wrkspc_1", 100, 0),
            (None, 0, 40),
        ]
        assert len(report["data"]) == 3


def test_costs_are_reported_by_day(api: Api) -> None:
    """In cents; pages of the size asked for."""
    report = api.ok(api.get(COST, params={"starting_at": "2026-01-01T00:00:00Z", "limit": 1}))
    assert [row["amount"] for row in report["data"][0]["results"]] == ["0.025"]
    following = {"starting_at": "2026-01-01T00:00:00Z", "limit": 1, "page": report["next_page"]}
    assert [row["amount"] for row in api.ok(api.get(COST, params=following))["data"][0]["results"]] == ["0.05"]


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
