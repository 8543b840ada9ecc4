"""Money through the server: what a batch is billed, told the same way everywhere."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from mockbatch.core.money.ledger import LedgerEntry, from_csv
from tests.builders import BATCHES, Api, params, requests, serving

LEDGER = "/_mockbatch/ledger"
AS_FILE = {"content-type": "application/octet-stream"}
ADMIN = {"x-api-key": "sk-ant-admin01-x"}
SYSTEM = "You are a careful clerk. " * 900
MARKED = [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}]
FOR_AN_HOUR = [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]


def ran(api: Api, items: list[dict[str, Any]]) -> dict[str, Any]:
    """A batch of these requests that has ended."""
    return api.ended(api.ok(api.post(BATCHES, json={"requests": items})))


def billed(api: Api, *group_by: str) -> dict[str, Any]:
    return api.ok(api.get(LEDGER, params={"group_by": list(group_by)}))


def entries(api: Api) -> list[LedgerEntry]:
    return from_csv(api.get(LEDGER, params={"format": "csv"}).text)


def usages(api: Api, batch: dict[str, Any]) -> dict[str, Any]:
    rows = {row["custom_id"]: row["result"] for row in api.results(batch)}
    return {name: row["message"]["usage"] for name, row in rows.items() if row["type"] == "succeeded"}


@pytest.mark.parametrize(
    ("model", "tokens", "standard", "batch"),
    [
        ("claude-sonnet-4", (8000, 1000), "390.00", "195.00"),
        ("claude-3-5-haiku-20241022", (500, 50), "30.00", "15.00"),
        ("claude-sonnet-4", (1000, 3000), "240.00", "120.00"),
        ("claude-3-5-haiku-20241022", (2000, 200), "240.00", "120.00"),
        ("claude-opus-4", (10000, 5000), "525.00", "262.50"),
    ],
)
@pytest.mark.parametrize("size", [50])
def test_a_month_costs_what_the_price_list_says(
    model: str, tokens: tuple[int, int], standard: str, batch: str, size: int
) -> None:
    """A batch of some of them, scaled to the whole month."""
    whole = {"390.00": 10_000, "30.00": 50_000, "525.00": 1_000}.get(standard, 5_000 if tokens[0] == 1000 else 100_000)
    with serving(tokens=f"fixed:input={tokens[0]},output={tokens[1]}") as api:
        ran(api, requests(*range(size), model=model))
        total = billed(api)["total"]
    assert Decimal(total["net"]) * whole / size == Decimal(batch)
    assert Decimal(total["standard"]) * whole / size == Decimal(standard)


def test_a_batch_that_was_really_billed() -> None:
    """(9 in, 25 out) and (9 in, 18 out) on Opus 4.6 were 0.0005825 USD."""
    rules = [
        {"on": "item", "custom_id": name, "reply": {"static": "x", "usage": {"input_tokens": 9, "output_tokens": out}}}
        for name, out in (("a", 25), ("b", 18))
    ]
    with serving() as api:
        api.ok(api.post("/_mockbatch/rules", json=rules))
        ran(api, requests("a", "b", model="claude-opus-4-6"))
        assert billed(api)["total"]["net"] == "0.0005825"


def test_what_it_would_have_cost_without_a_cache() -> None:
    """Every token of a prompt at the price of plain input, in each way of grouping."""
    with serving() as api:
        batch = ran(api, requests(*range(6), system=FOR_AN_HOUR))
        found = usages(api, batch).values()
        prompts = sum(
            usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
            for usage in found
        )
        expected = prompts * Decimal("0.000001") + sum(usage["output_tokens"] for usage in found) * Decimal("0.000005")
        assert Decimal(billed(api)["total"]["uncached"]) == expected
        for name in ("class", "model", "batch"):
            assert sum(Decimal(group["uncached"]) for group in billed(api, name)["groups"]) == expected


def test_the_first_row_writes_what_the_others_read() -> None:
    """By default; what is read costs a tenth, what is written a quarter more, all of it half in a batch."""
    with serving() as api:
        batch = ran(api, requests(*range(20), system=MARKED, model="claude-sonnet-4"))
        told = usages(api, batch)
        writers = [name for name, usage in told.items() if usage["cache_creation_input_tokens"]]
        assert writers == ["0"]
        written = told["0"]["cache_creation_input_tokens"]
        assert {usage["cache_read_input_tokens"] for name, usage in told.items() if name != "0"} == {written}
        net = {group["by"]["class"]: Decimal(group["net"]) for group in billed(api, "class")["groups"]}
    assert net["cache_write_5m"] == written * Decimal("1.875") / 1_000_000
    assert net["cache_read"] == 19 * written * Decimal("0.15") / 1_000_000


def test_what_reading_a_shared_prompt_from_the_cache_saves() -> None:
    """10,000 documents that share a prompt of 5,000 tokens: 142.50 USD less than as plain input at standard."""
    with serving(cache_hits="all") as api:
        ran(api, requests(*range(20), system=MARKED, model="claude-sonnet-4"))
        [read] = [group for group in billed(api, "class")["groups"] if group["by"]["class"] == "cache_read"]
    tokens = read["quantities"]["cache_read"]
    assert tokens > 20 * 4000
    saved = tokens * Decimal(3) / 1_000_000 - Decimal(read["net"])
    assert saved * 10_000 * 5_000 / tokens == Decimal("142.50")


@pytest.mark.parametrize(("hits", "reads"), [("none", 0), ("all", 40), ("first_writes", 39), ("rate:0.5", None)])
def test_what_parallel_rows_hit_is_a_setting(hits: str, reads: int | None) -> None:
    """And the same rows hit again."""
    with serving(cache_hits=hits) as api:
        batch = ran(api, requests(*range(40), system=MARKED))
        told = usages(api, batch)
        found = {name for name, usage in told.items() if usage["cache_read_input_tokens"]}
        assert found == {name for name, usage in usages(api, batch).items() if usage["cache_read_input_tokens"]}
    assert len(found) == reads if reads is not None else 10 < len(found) < 30


@pytest.mark.parametrize(
    ("system", "gap", "read"), [(MARKED, "4m", True), (MARKED, "6m", False), (FOR_AN_HOUR, "50m", True)]
)
def test_a_batch_reads_what_another_has_left(system: Any, gap: str, read: bool) -> None:
    """As long as it lives, on the virtual clock, from the start of the batch that touched it last."""
    with serving(delay_preset="immediate") as api:
        ran(api, requests("prime", system=system))
        api.advance(by=gap)
        usage = usages(api, ran(api, requests("later", system=system)))["later"]
        assert bool(usage["cache_read_input_tokens"]) == read
        api.advance(by=gap)
        usage = usages(api, ran(api, requests("last", system=system)))["last"]
        assert bool(usage["cache_read_input_tokens"]) == read


@pytest.mark.parametrize(("scope", "read"), [("separate", False), ("shared", True)])
def test_whether_batches_and_messages_share_a_cache_is_a_setting(scope: str, read: bool) -> None:
    """Both ways."""
    with serving(cache_scope=scope, delay_preset="immediate") as api:
        api.ok(api.post("/v1/messages", json=params("prime", system=MARKED)))
        usage = usages(api, ran(api, requests("row", system=MARKED)))["row"]
        assert bool(usage["cache_read_input_tokens"]) == read
        other = [{**MARKED[0], "text": f"{SYSTEM}!"}]
        ran(api, requests("other", system=other))
        usage = api.ok(api.post("/v1/messages", json=params("again", system=other)))["usage"]
        assert bool(usage["cache_read_input_tokens"]) == read


def test_the_ledger_survives_a_reading_and_a_deletion() -> None:
    """Downloading twice does not bill twice, and what was billed stays billed."""
    with serving() as api:
        batch = ran(api, requests("a", "b"))
        before = billed(api)["total"]
        api.results(batch)
        api.results(batch)
        assert billed(api)["total"] == before
        api.ok(api.delete(f"{BATCHES}/{batch['id']}"))
        assert billed(api)["total"] == before


@pytest.fixture
def busy() -> Iterator[Api]:
    """A server with batches of several days and models, of which not all rows end well, and with messages."""
    with serving(fail_rate="0.2", delay="uniform:0s,30h", cache_hits="rate:0.5") as api:
        for day, model in enumerate(("claude-haiku-4-5", "claude-opus-5", "claude-sonnet-4-6")):
            api.create(*range(15), model=model, system=FOR_AN_HOUR if day else MARKED)
            api.ok(api.post("/v1/messages", json=params(f"day {day}", model=model)))
            api.advance(by="20h")
        api.advance(by="30h")
        yield api


def test_sums_agree_everywhere(busy: Api) -> None:
    """Rows, batches, days, usage report and cost report, to the last digit; usage in results is usage in the ledger."""
    rows = entries(busy)
    total = Decimal(billed(busy)["total"]["net"])
    assert sum(entry.net or 0 for entry in rows) == total
    for name in ("batch", "model", "day", "class", "custom_id", "session"):
        assert sum(Decimal(group["net"]) for group in billed(busy, name)["groups"]) == total
    asked = {"starting_at": "2026-01-01", "group_by[]": "description"}
    report = busy.ok(busy.get("/v1/organizations/cost_report", params=asked, headers=ADMIN))
    cents = [Decimal(row["amount"]) for bucket in report["data"] for row in bucket["results"]]
    assert sum(cents) / 100 == total
    usage = busy.ok(
        busy.get("/v1/organizations/usage_report/messages", params={"starting_at": "2026-01-01"}, headers=ADMIN)
    )
    reported = [row for bucket in usage["data"] for row in bucket["results"]]
    assert sum(row["output_tokens"] for row in reported) == sum(e.quantity for e in rows if e.kind == "output")
    assert sum(row["uncached_input_tokens"] for row in reported) == sum(e.quantity for e in rows if e.kind == "input")


def test_usage_in_results_is_usage_in_the_ledger(busy: Api) -> None:
    """Row by row, and what did not succeed is not billed, with the reason."""
    by_row: dict[tuple[str | None, str | None], dict[str, int]] = defaultdict(dict)
    reasons = {}
    for entry in entries(busy):
        by_row[entry.batch_id, entry.custom_id][entry.kind] = entry.quantity
        if not entry.billed:
            reasons[entry.batch_id, entry.custom_id] = entry.reason
    for batch in busy.ok(busy.get(BATCHES))["data"]:
        for row in busy.results(batch):
            place = batch["id"], row["custom_id"]
            if row["result"]["type"] != "succeeded":
                assert reasons[place] == row["result"]["type"]
                continue
            usage = row["result"]["message"]["usage"]
            creation = usage["cache_creation"]
            expected = {
                "input": usage["input_tokens"],
                "cache_write_5m": creation["ephemeral_5m_input_tokens"],
                "cache_write_1h": creation["ephemeral_1h_input_tokens"],
                "cache_read": usage["cache_read_input_tokens"],
                "output": usage["output_tokens"],
            }
            assert usage["cache_creation_input_tokens"] == expected["cache_write_5m"] + expected["cache_write_1h"]
            assert by_row[place] == {name: count for name, count in expected.items() if count}


def test_a_batch_costs_half_of_the_same_messages() -> None:
    """Class by class."""
    with serving(tokens="fixed") as api:
        ran(api, requests(*range(5)))
        for name in range(5):
            api.ok(api.post("/v1/messages", json=params(f"request {name}")))
        net = {
            (group["by"]["service_tier"], group["by"]["class"]): Decimal(group["net"])
            for group in billed(api, "service_tier", "class")["groups"]
        }
    assert net["batch", "input"] * 2 == net["standard", "input"]
    assert net["batch", "output"] * 2 == net["standard", "output"]


def test_reports_lag_when_they_are_told_to() -> None:
    """The ledger of the tester does not."""
    with serving(report_lag="5m", delay_preset="immediate") as api:
        ran(api, requests("a"))
        assert Decimal(billed(api)["total"]["net"]) > 0

        def reported() -> Any:
            asked = {"starting_at": "2026-01-01"}
            return api.ok(api.get("/v1/organizations/cost_report", params=asked, headers=ADMIN))["data"][0]["results"]

        assert reported() == []
        api.advance(by="5m")
        assert len(reported()) == 1


def test_an_admin_key_of_a_session_reports_on_that_one_alone(api: Api) -> None:
    """For tests that share a server."""
    ran(api, requests("a"))
    view = api.ok(api.post("/_mockbatch/sessions", json={"label": "x"}))
    asked, key = {"starting_at": "2026-01-01"}, {"x-api-key": f"sk-ant-admin01-{view['id']}"}
    report = api.ok(api.get("/v1/organizations/cost_report", params=asked, headers=key))
    assert [bucket["results"] for bucket in report["data"]] == [[]]


def test_a_model_without_a_price_costs_null_and_not_nothing() -> None:
    """It is named, and left out of the total."""
    with serving(models="any") as api:
        ran(api, requests("a", model="claude-of-tomorrow"))
        told = billed(api, "model")
    assert told["groups"][0]["net"] is None
    assert told["unpriced"] == ["claude-of-tomorrow"]


@pytest.mark.parametrize("query", [{"group_by": "batc"}, {"format": "xml"}])
def test_wrong_questions_are_refused(api: Api, query: dict[str, str]) -> None:
    """With what would be right."""
    api.create("a")
    answer = api.get(LEDGER, params=query)
    assert answer.status_code == 400
    assert "batch" in answer.text or "csv" in answer.text


def test_entries_come_as_json_lines_too(busy: Api) -> None:
    """The same as in the CSV; decimals are texts."""
    lines = busy.get(LEDGER, params={"format": "jsonl"}).text.splitlines()
    told = [json.loads(line) for line in lines]
    assert [one["custom_id"] for one in told] == [entry.custom_id for entry in entries(busy)]
    assert all(isinstance(one["net"], str) for one in told)


@pytest.mark.parametrize(
    ("category", "day", "paid"),
    [
        ("bio", "2026-09-24", True),
        ("frontier_llm", "2026-11-20", True),
        ("reasoning_extraction", "2026-11-20", True),
        ("cyber", "2026-11-20", False),
        ("general_harms", "2026-11-20", False),
        ("bio", "2026-09-23", False),
    ],
)
def test_refusals_before_any_output_are_billed_by_category(category: str, day: str, paid: bool) -> None:
    """Since 2026-09-24, in batches and outside, and told the same way everywhere; the usage is sent either way."""
    reply = {"refusal": category}
    rules = [{"on": "item", "custom_id": "a", "reply": reply}, {"on": "messages", "reply": reply}]
    with serving(clock_start=f"{day}T12:00:00Z") as api:
        api.ok(api.post("/_mockbatch/rules", json=rules))
        batch = ran(api, requests("a", "b"))
        where = f"/_mockbatch/batches/{batch['id']}/items/a"
        whole = api.ok(api.get(where))
        reasons = {entry.reason for entry in entries(api) if entry.custom_id == "a"}
        rows = billed(api, "custom_id")["groups"]
        assert usages(api, batch)["a"]["input_tokens"] > 0
        assert (Decimal(whole["row"]["cost"]) > 0) == paid
        assert reasons == ({None} if paid else {"refused before any output"})
        assert ("a" in {row["by"]["custom_id"] for row in rows}) == paid
        before = Decimal(billed(api)["total"]["net"])
        api.ok(api.post("/v1/messages", json=params()))
        assert (Decimal(billed(api)["total"]["net"]) > before) == paid
        told = [entry for entry in entries(api) if entry.batch_id is None]
        assert {entry.reason for entry in told} == ({None} if paid else {"refused before any output"})


def test_a_refusal_after_some_output_is_billed() -> None:
    """Whatever its category."""
    with serving() as api:
        reply = {"kind": "refusal", "category": "cyber", "text": "I began"}
        api.ok(api.post("/_mockbatch/rules", json={"on": "item", "reply": reply}))
        ran(api, requests("a"))
        assert Decimal(billed(api)["total"]["net"]) > 0


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_tracker_is_reconciled_as_the_file_that_it_is(api: Api, pack: Any) -> None:
    """As CSV in JSON, and as bytes in any encoding, such as a page sends them; what it is not is told."""
    ran(api, requests("a", "b"))
    costs = {entry.custom_id: entry.net for entry in entries(api)}
    rows = [f"{name};{total}" for name, total in totals(api).items()]
    text = "\n".join(["custom_id;cost", *rows]).replace(".", ",")
    found = [
        api.ok(api.post(f"{LEDGER}/reconcile", json={"csv": text})),
        api.ok(api.post(f"{LEDGER}/reconcile", content=pack(text.encode("utf-16")), headers=AS_FILE)),
    ]
    assert [(one["clean"], one["found"]["compared"]) for one in found] == [(True, len(costs))] * 2
    for data, reason in (
        (b"%PDF-1.7", "the file: this is a PDF; expected rows of a cost tracker"),
        (b"a,b\n1,2\n", "it has no column with a cost"),
        (b'custom_id,cost\na,"1\n', "the file: line 2: unexpected end of data"),
        (b"", "it is empty"),
    ):
        answer = api.post(f"{LEDGER}/reconcile", content=data, headers=AS_FILE)
        assert answer.status_code == 400
        assert reason in answer.json()["error"]["message"]


def totals(api: Api) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries(api):
        sums[entry.custom_id or ""] += entry.net or 0
    return sums
