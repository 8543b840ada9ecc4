"""The other views: faults, the journal, problems, money, compose, sessions."""

import re
from decimal import Decimal
from typing import Any

import httpx2
from playwright.sync_api import Route, expect

from tests.builders import BATCHES, HEADERS
from tests.dashboard.browser import Desk, create
from tests.processes import Process


def test_a_fault_is_armed_strikes_once_and_is_gone(server: Process, desk: Desk) -> None:
    """The banner stands as long as it may strike, in every view."""
    create(server, "a")
    desk.open("/?view=faults")
    desk.page.get_by_label("Search faults").fill("http.error")
    desk.press("Arm once: http.error")
    expect(desk.page.get_by_text("1 fault is armed: http.error")).to_be_visible()
    armed = desk.page.get_by_role("region", name="Armed").get_by_role("listitem")
    expect(armed).to_contain_text("0 hits")
    expect(armed).to_contain_text("1 left")
    desk.tab("Batches")
    expect(desk.page.get_by_text("1 fault is armed: http.error")).to_be_visible()
    assert server.http.get(BATCHES).status_code >= 400
    assert server.http.get(BATCHES).status_code == 200
    expect(desk.page.get_by_text("1 fault is armed")).to_be_hidden()
    desk.tab("Faults")
    expect(armed).to_contain_text("1 hit")
    expect(armed).to_contain_text("0 left")


def test_what_is_typed_before_the_catalogue_has_come_is_looked_for(server: Process, desk: Desk) -> None:
    create(server, "a")
    held: list[Route] = []
    desk.page.route("**/_mockbatch/faults*", lambda route: held.append(route))
    with desk.page.expect_request("**/_mockbatch/faults*"):
        desk.open("/?view=faults")
    desk.page.get_by_label("Search faults").fill("http.error")
    for route in held:
        route.continue_()
    expect(desk.page.get_by_role("button", name="Arm once: http.error")).to_be_visible()


def test_what_is_armed_is_exported_changed_and_disarmed(server: Process, desk: Desk) -> None:
    """As the server itself writes it."""
    create(server, "a")
    desk.open("/?view=faults")
    desk.page.get_by_label("How many times for item.refusal").fill("2")
    desk.press("Arm so many times: item.refusal")
    desk.page.get_by_label("Share for results.cut").fill("0.5")
    desk.press("Arm at a rate: results.cut")
    armed = desk.page.get_by_role("region", name="Armed")
    expect(armed.get_by_role("listitem")).to_have_count(2)
    rules = server.http.get("/_mockbatch/rules").json()["rules"]
    assert [(rule["name"], rule["rule"].get("exactly"), rule["rule"].get("probability")) for rule in rules] == [
        ("item.refusal", 2, None),
        ("results.cut", None, 0.5),
    ]
    assert desk.copy("Export TOML") == "\n".join(rule["toml"] for rule in rules)
    assert desk.copy("Export pytest") == "\n".join(rule["pytest"] for rule in rules)
    desk.press("Disable results.cut")
    expect(desk.page.get_by_text("1 fault is armed: item.refusal")).to_be_visible()
    desk.press("Disarm all faults")
    expect(desk.page.get_by_text("No rule is armed, and no row fails by lot.")).to_be_visible()
    assert server.http.get("/_mockbatch/rules").json()["rules"] == []


def test_an_option_of_a_fault_is_told(server: Process, desk: Desk) -> None:
    """A wrong one is refused with the server's own sentence."""
    create(server, "a")
    desk.open("/?view=faults")
    desk.page.get_by_label("Search faults").fill("http.error")
    desk.page.get_by_text(re.compile(r"^\d+ options$")).click()
    status = desk.page.get_by_label("status", exact=False).first
    status.fill("9999")
    desk.press("Arm once: http.error")
    expect(desk.page.get_by_text("9999 is not an integer from 200 to 599")).to_be_visible()
    desk.forgive("400 (Bad Request)")
    status.fill("418")
    desk.press("Arm once: http.error")
    expect(desk.page.get_by_text("1 fault is armed")).to_be_visible()
    assert server.http.get(BATCHES).status_code == 418


def test_polls_are_one_row_in_the_journal(server: Process, desk: Desk) -> None:
    """With the gaps between them; each can be looked at all the same."""
    batch = create(server, "a")
    for minutes in (1, 2, 4, 8):
        server.http.get(f"{BATCHES}/{batch}", headers={"x-stainless-retry-count": "2"})
        server.advance(by=f"{minutes}m")
    server.http.post("/_mockbatch/rules", json={"fault": "http.error", "times": 1})
    server.http.get(BATCHES)
    desk.open("/?view=journal")
    calls = desk.page.get_by_role("region", name="Calls").get_by_role("listitem")
    expect(calls).to_have_count(3)
    expect(desk.page.get_by_text("6 of 6 kept")).to_be_visible()
    expect(calls.nth(0)).to_contain_text("http.error")
    expect(calls.nth(1).get_by_role("img", name="Gaps between polls: from 1 min to 4 min")).to_be_visible()
    expect(calls.nth(1)).to_contain_text("retry 2")
    desk.press("4 polls")
    expect(calls).to_have_count(7)
    calls.last.get_by_role("link", name="POST create").click()
    expect(desk.drawer.get_by_role("region", name="Sent")).to_contain_text("custom_id")
    expect(desk.drawer.get_by_role("region", name="Headers")).not_to_contain_text(HEADERS["x-api-key"])
    server.http.get(f"{BATCHES}/{batch}")
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_text("7 of 7 kept")).to_be_visible()
    desk.page.get_by_label("Search calls").fill("create")
    expect(calls).to_have_count(1)


def test_problems_lead_to_their_batches(server: Process, desk: Desk) -> None:
    """And go away when they are solved."""
    batch = create(server, "a")
    server.advance(until="batch.ended", batch=batch)
    desk.open("/?view=problems")
    expect(desk.page.get_by_role("heading", name="Results that nobody read")).to_be_visible()
    server.http.get(f"{BATCHES}/{batch}/results")
    expect(desk.page.get_by_text("No problems.")).to_be_visible()
    create(server, "b")
    desk.page.get_by_role("article").filter(has_text="Still running").get_by_role("link").click()
    expect(desk.page).to_have_title("Batches · mockbatch")
    expect(desk.detail.get_by_role("heading", level=2)).to_contain_text("msgbatch_")


def test_money_is_drawn_and_reconciled(server: Process, desk: Desk) -> None:
    """By batch, model, day and class; a tracker that forgot the discount is told so."""
    batch = create(server, *range(5))
    server.advance(until="batch.ended", batch=batch)
    desk.open("/?view=money")
    total = server.http.get("/_mockbatch/ledger").json()["total"]
    assert Decimal(total["net"]) * 2 == Decimal(total["standard"]) == Decimal(total["uncached"])
    row = desk.page.get_by_role("row").filter(has=desk.page.get_by_role("img"))
    expect(row).to_have_count(1)
    expect(
        row.get_by_role("img", name=re.compile(r"list \$0\.\d+, with cache \$0\.\d+, billed \$0\.\d+"))
    ).to_be_visible()
    desk.page.get_by_role("link", name="Class of tokens").click()
    expect(desk.page.get_by_role("rowheader", name="output")).to_be_visible()
    desk.page.get_by_role("link", name="Model").click()
    expect(desk.page.get_by_role("rowheader", name="claude-haiku-4-5-20251001")).to_be_visible()
    rows = server.http.get(f"/_mockbatch/batches/{batch}/items").json()["items"]
    lines = [f"{row['custom_id']},{Decimal(row['cost']) * (2 if row['custom_id'] == '3' else 1)}" for row in rows]
    content = "\n".join(["custom_id,cost_usd", *lines]).encode()
    desk.page.get_by_label("Drop a CSV").set_input_files({"name": "t.csv", "mimeType": "text/csv", "buffer": content})
    expect(desk.page.get_by_text("t.csv: 4 rows agree, 1 differ.")).to_be_visible()
    expect(desk.page.get_by_role("row", name=re.compile("^3 .*batch"))).to_be_visible()


def test_a_batch_is_composed(server: Process, desk: Desk) -> None:
    """Of a sample; what is wrong with it is told with its line."""
    create(server, "a")
    desk.open("/?view=compose")
    desk.page.get_by_label("Requests, one a line").fill('{"custom_id": "a"}')
    desk.press("Send to the mock")
    expect(desk.page.get_by_role("alert")).to_contain_text("line 1")
    desk.forgive("400 (Bad Request)")
    desk.press("Of every kind")
    desk.press("Send to the mock")
    expect(desk.rows).to_have_count(5)
    desk.press("End this batch")
    expect(desk.rows.filter(has_text="no-such-model")).to_contain_text("not_found_error")
    expect(desk.detail.get_by_role("img", name="Truth: 4 succeeded, 1 errored")).to_be_visible()


def test_the_empty_page_waits_for_the_first_request(server: Process, desk: Desk) -> None:
    """It names the address that it is at, and turns green."""
    desk.open()
    light = desk.page.get_by_role("status").filter(has_text="request")
    expect(light).to_have_text(f"Waiting for the first request at {server.url} …")
    for language in ("Python", "TypeScript", "curl"):
        expect(desk.page.get_by_role("region", name=f"Lines for {language}")).to_contain_text(server.url)
    server.http.get(BATCHES)
    expect(light).to_have_text(f"The first request is here: GET {BATCHES} → 200")
    expect(light).to_have_class(re.compile("green"))
    create(server, "a")
    expect(desk.batches).to_have_count(1)


def test_a_batch_can_be_tried_before_anything_came(server: Process, desk: Desk) -> None:
    """In a session that the page opens."""
    desk.open()
    desk.press("Send to the mock")
    expect(desk.rows).to_have_count(3)
    assert [one["label"] for one in server.http.get("/_mockbatch/sessions").json()["sessions"]] == ["dashboard"]


def test_sessions_are_worlds_of_their_own(server: Process, desk: Desk) -> None:
    """Each with its batches and its clock, chosen by its label, kept in the address."""
    opened: dict[str, Any] = server.http.post("/_mockbatch/sessions", json={"label": "test_login"}).json()
    create(server, "a")
    own = {"x-api-key": opened["api_key"], "anthropic-version": "2023-06-01"}
    body = {"requests": [{"custom_id": "b", "params": {}}, {"custom_id": "c", "params": {}}]}
    httpx2.post(f"{server.url}{BATCHES}", headers=own, json=body)
    httpx2.post(f"{server.url}{BATCHES}", headers=own, json={"requests": body["requests"][:1]})
    desk.open()
    switch = desk.page.get_by_role("combobox", name="Session")
    switch.select_option("test_login · 2 batches")
    expect(desk.batches).to_have_count(2)
    assert f"session={opened['id']}" in desk.page.url
    desk.press("Advance by 24 hours")
    expect(desk.page.get_by_label("Virtual now")).to_contain_text("2026-01-02")
    assert server.http.get("/_mockbatch/clock").json()["now"].startswith("2026-01-01")
    desk.page.reload()
    expect(desk.batches).to_have_count(2)
