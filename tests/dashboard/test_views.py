"""The other views: faults, the journal, problems, money, compose, sessions."""

import csv
import gzip
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
    form = desk.page.get_by_role("dialog", name="item.refusal")
    desk.press("Arm in words: item.refusal")
    form.get_by_role("combobox", name="Which ones").select_option("those whose custom_id matches")
    form.get_by_role("textbox", name="Value").fill("row-*")
    form.get_by_role("spinbutton", name="A number").fill("2")
    expect(form.get_by_role("status")).to_have_text("Applies to 2 rows of each batch whose custom_id matches row-*.")
    form.get_by_role("button", name="Arm it").click()
    form = desk.page.get_by_role("dialog", name="results.cut")
    desk.press("Arm in words: results.cut")
    form.get_by_role("combobox", name="How often").select_option("a share of them")
    form.get_by_role("spinbutton", name="A number").fill("50")
    form.get_by_role("combobox", name="When", exact=True).select_option("for the next, of virtual time")
    form.get_by_role("spinbutton", name="How long").fill("2")
    form.get_by_role("combobox", name="Unit of time").select_option("hours")
    form.get_by_role("button", name="Arm it").click()
    armed = desk.page.get_by_role("region", name="Armed")
    expect(armed.get_by_role("listitem")).to_have_count(2)
    rules = server.http.get("/_mockbatch/rules").json()["rules"]
    assert [(rule["name"], rule["rule"].get("exactly"), rule["rule"].get("probability")) for rule in rules] == [
        ("item.refusal", 2, None),
        ("results.cut", None, 0.5),
    ]
    assert rules[0]["rule"]["match"] == {"custom_id": "row-*"}
    assert rules[1]["rule"]["during"] == {
        "from": "2026-01-01T00:00:00.000000+00:00",
        "to": "2026-01-01T02:00:00.000000+00:00",
    }
    expect(armed).to_contain_text(
        "Applies to 50 % of the downloads from 2026-01-01 00:00:00 until 2026-01-01 02:00:00."
    )
    assert desk.copy("Export TOML") == "\n".join(rule["toml"] for rule in rules)
    assert desk.copy("Export pytest") == "\n".join(rule["pytest"] for rule in rules)
    desk.press("Disable results.cut")
    expect(desk.page.get_by_text("1 fault is armed: item.refusal")).to_be_visible()
    desk.press("Disarm all faults")
    expect(desk.page.get_by_text("No rule is armed, and no row fails at random.")).to_be_visible()
    assert server.http.get("/_mockbatch/rules").json()["rules"] == []


def test_an_option_of_a_fault_is_told(server: Process, desk: Desk) -> None:
    """A wrong one is refused with the server's own sentence."""
    create(server, "a")
    desk.open("/?view=faults")
    desk.press("Arm in words: http.error")
    form = desk.page.get_by_role("dialog", name="http.error")
    status = form.get_by_label("status", exact=False).first
    status.fill("9999")
    form.get_by_role("button", name="Arm it").click()
    expect(form.get_by_role("alert")).to_contain_text("9999 is not an integer from 200 to 599")
    desk.forgive("400 (Bad Request)")
    form.get_by_role("combobox", name="Applies to").select_option("lists")
    status.fill("418")
    form.get_by_role("button", name="Arm it").click()
    expect(form).to_be_hidden()
    expect(desk.page.get_by_text("1 fault is armed")).to_be_visible()
    assert server.http.get(BATCHES).status_code == 418


def test_a_preset_is_armed_as_a_whole(server: Process, desk: Desk) -> None:
    """Its rules and the options that it sets; what it does is said before."""
    create(server, "a")
    desk.open("/?view=faults")
    presets = desk.page.get_by_role("region", name="Presets: several at once")
    expect(presets.get_by_role("article").filter(has_text="nightmare")).to_contain_text(
        "arms 8 rules, sets delay-preset realistic"
    )
    desk.press("Arm the preset happy")
    expect(
        desk.page.get_by_role("region", name="Options").get_by_role("row", name="delay-preset immediate session")
    ).to_be_attached()
    desk.press("Arm the preset truncated")
    expect(desk.page.get_by_role("list", name="Armed rules").get_by_role("listitem")).to_have_count(2)
    groups = desk.page.get_by_role("region", name="Catalogue", exact=True).get_by_role("heading", level=3)
    expect(groups).to_contain_text(["Presets", "Row outcomes", "Batch lifecycle", "Responses to calls", "Connections"])


def test_what_is_said_does_not_cover_what_was_pressed(server: Process, desk: Desk) -> None:
    """Wherever on the screen that is."""
    create(server, "a")
    desk.open("/?view=faults")
    for name in ("Arm once: item.errored", "Arm once: webhook.bad_signature"):
        button = desk.page.get_by_role("button", name=name)
        button.click()
        toast = desk.page.locator(".toast").last
        expect(toast).to_contain_text("is armed")
        said, pressed = toast.bounding_box(), button.bounding_box()
        assert said
        assert pressed
        apart = said["y"] + said["height"] <= pressed["y"] or pressed["y"] + pressed["height"] <= said["y"]
        assert apart, (said, pressed)


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
    card = desk.page.get_by_role("article").filter(has_text="Results never read")
    expect(card).to_contain_text("What to do: Store batch IDs")
    server.http.get(f"{BATCHES}/{batch}/results")
    expect(desk.page.get_by_text("No problems.")).to_be_visible()
    create(server, "b")
    desk.page.get_by_role("article").filter(has_text="Still running").get_by_role("link").click()
    expect(desk.page).to_have_title("Batches · mockbatch")
    expect(desk.detail.get_by_role("heading", level=2)).to_contain_text("msgbatch_")


def test_problems_are_counted_and_each_kind_is_one_card(server: Process, desk: Desk) -> None:
    """With its batches behind a fold; a batch without a single good row is one of them, with its error."""
    batches = [create(server, f"a{at}") for at in range(12)]
    bad = create(server, "x", "y", model="claude-nobody")
    server.advance(by="5h")
    server.http.get(f"{BATCHES}/{bad}/results")
    create(server, "still-running")
    desk.open()
    tab = desk.page.get_by_role("navigation", name="Views").get_by_role("link", name="Problems")
    expect(tab).to_contain_text("13")
    tab.click()
    cards = desk.page.get_by_role("article")
    expect(cards).to_have_count(3)
    orphans = cards.filter(has_text="Results never read")
    expect(orphans.get_by_role("link", name=batches[0])).to_be_hidden()
    orphans.get_by_text("12 batches").click()
    orphans.get_by_role("link", name=batches[0]).click()
    expect(desk.detail.get_by_role("heading", level=2)).to_have_text(batches[0])
    desk.tab("Problems")
    failed = cards.filter(has_text="Batches without a single good row")
    expect(failed).to_contain_text("not_found_error")
    failed.get_by_role("link", name="x", exact=True).click()
    expect(desk.drawer.get_by_role("region", name="Error")).to_contain_text("not_found_error")


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
    content = gzip.compress("\n".join(["custom_id,cost_usd", *lines]).encode("utf-16"))
    desk.page.get_by_label("Drop a CSV").set_input_files({"name": "t.csv", "mimeType": "text/csv", "buffer": content})
    expect(desk.page.get_by_text("t.csv: 4 rows agree, 1 differs.")).to_be_visible()
    expect(desk.page.get_by_role("row", name=re.compile("^3 .*batch"))).to_be_visible()


def test_equal_reasons_are_summed_up_and_saved(server: Process, desk: Desk) -> None:
    """Sixty rows with one reason are one line; the file has each of them, exactly. Amounts stand in line."""
    batch = create(server, *range(60))
    server.advance(until="batch.ended", batch=batch)
    rows = server.http.get(f"/_mockbatch/batches/{batch}/items").json()["items"]
    content = "\n".join(["custom_id,cost_usd", *(f"{row['custom_id']},{Decimal(row['cost']) * 2}" for row in rows)])
    desk.open("/?view=money")
    field = desk.page.get_by_label("Drop a CSV")
    field.set_input_files({"name": "t.csv", "mimeType": "text/csv", "buffer": content.encode()})
    expect(desk.page.get_by_text("0 rows agree, 60 differ.")).to_be_visible()
    reasons = desk.page.locator(".reasons-found > details")
    expect(reasons).to_have_count(1)
    expect(reasons.locator("summary")).to_contain_text("60 rows")
    with desk.page.expect_download() as saved:
        desk.press("Save as CSV")
    lines = list(csv.DictReader(saved.value.path().read_text().splitlines()))
    assert len(lines) == 60
    assert all(Decimal(one["tracker_usd"]) == 2 * Decimal(one["ledger_usd"]) for one in lines)
    with desk.page.expect_download() as saved:
        desk.press("Save the ledger as CSV")
    assert len(list(csv.DictReader(saved.value.path().read_text().splitlines()))) == 120
    amounts = desk.page.get_by_role("region", name="Costs").locator("td.number").filter(has_text="$").all_inner_texts()
    assert len({len(amount.partition(".")[2]) for amount in amounts}) == 1


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
