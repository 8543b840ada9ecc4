"""Batches in the browser: seen, searched, moved through time, acted on."""

import json
import re
import subprocess
from typing import Any

from playwright.sync_api import expect

from tests.builders import BATCHES
from tests.dashboard.browser import Desk, create
from tests.processes import Process


def truth(server: Process, batch: str) -> dict[str, Any]:
    answer: dict[str, Any] = server.http.get(f"/_mockbatch/batches/{batch}").json()
    return answer


def test_a_batch_appears_by_itself_and_is_moved_to_its_end(server: Process, desk: Desk) -> None:
    """What the list says is what the server says, before and after."""
    create(server, "first")
    desk.open()
    expect(desk.batches).to_have_count(1)
    batch = create(server, *range(50))
    expect(desk.batches).to_have_count(2)
    desk.batches.first.get_by_role("link").click()
    expect(desk.detail.get_by_role("heading", level=2)).to_have_text(batch)
    desk.press("To next event")
    expect(desk.page.get_by_label("Virtual now")).to_contain_text("00:01:00")
    for hour in ("01", "02"):
        desk.press("Advance by an hour")
        expect(desk.page.get_by_label("Virtual now")).to_contain_text(f"{hour}:01:00")
    counts = truth(server, batch)["counts"]
    assert 0 < counts["succeeded"] < 50
    told = f"Truth: {counts['succeeded']} succeeded, {counts['processing']} processing"
    expect(desk.detail.get_by_role("img", name=told)).to_be_visible()
    expect(desk.detail.get_by_role("img", name="The API reports: 50 processing")).to_be_visible()
    desk.press("End this batch")
    expect(desk.detail.get_by_role("img", name="The API reports: 50 succeeded")).to_be_visible()
    assert truth(server, batch)["status"] == "ended"
    expect(desk.page.get_by_role("button", name="End this batch")).to_be_disabled()


def test_ages_follow_the_clock_at_once(server: Process, desk: Desk) -> None:
    """Also those of batches that have ended, of which nothing else changes; whoever moves the clock."""
    batch = create(server, "a")
    server.advance(until="batch.ended", batch=batch)
    server.advance(by="1h")
    desk.open(f"/?batch={batch}")
    age = desk.batches.first.locator("time").first
    expect(age).to_have_text(re.compile("^[23] h ago$"))
    with desk.page.expect_response("**/clock/advance**"):
        desk.press("Advance by 24 hours")
    expect(age).to_have_text("1 d ago")
    server.advance(by="24h")
    expect(age).to_have_text("2 d ago")
    expect(desk.detail.locator("time").first).to_have_text(re.compile("^2 d"))


def test_to_look_is_no_call(server: Process, desk: Desk) -> None:
    """No poll, no download, nothing in the journal, and the clock stands where it stood."""
    batch = create(server, "a")
    desk.open(f"/?batch={batch}&row=a")
    expect(desk.drawer).to_be_visible()
    for view in ("Journal", "Faults", "Problems", "Money", "Batches"):
        desk.tab(view)
    assert server.http.get("/_mockbatch/requests").json()["total"] == 1
    assert server.http.get("/_mockbatch/clock").json()["now"].startswith("2026-01-01T00:00:00.000")


def test_time_runs_and_stands_still(server: Process, desk: Desk) -> None:
    """By buttons and by the space bar."""
    create(server, "a")
    desk.open()
    desk.press("Speed times 1000")
    expect(desk.page.get_by_role("button", name="Speed times 1000")).to_have_attribute("aria-pressed", "true")
    clock = server.http.get("/_mockbatch/clock").json()
    assert (clock["frozen"], clock["speedup"]) == (False, 1000)
    expect(desk.page.get_by_label("Virtual now")).to_contain_text(re.compile("0[0-9]:[1-9][0-9]:"))
    desk.page.keyboard.press("Escape")
    desk.page.get_by_role("heading", name="Batches").click()
    desk.page.keyboard.press("Space")
    expect(desk.page.get_by_label("Virtual now")).to_contain_text("paused")
    assert server.http.get("/_mockbatch/clock").json()["frozen"]


def test_searches_are_in_the_address(server: Process, desk: Desk) -> None:
    """So that they can be kept, and sent to somebody else."""
    ended = create(server, "a")
    server.advance(until="batch.ended", batch=ended)
    create(server, "b", "c")
    desk.open()
    expect(desk.batches).to_have_count(2)
    desk.page.keyboard.press("/")
    desk.page.keyboard.type("status:ended")
    expect(desk.batches).to_have_count(1)
    expect(desk.page).to_have_url(f"{server.url}/?q=status%3Aended")
    desk.page.reload()
    expect(desk.batches).to_have_count(1)
    expect(desk.page.get_by_label("Search batches")).to_have_value("status:ended")
    desk.page.get_by_label("Search batches").fill("stats:ended")
    expect(desk.page.get_by_role("alert")).to_contain_text("Did you mean 'status'?")
    desk.forgive("400 (Bad Request)")
    desk.page.get_by_label("Search batches").fill("")
    expect(desk.batches).to_have_count(2)


def test_all_are_deleted_and_come_back(server: Process, desk: Desk) -> None:
    """Without a question, but with an undo."""
    batches = {create(server, "a"), create(server, "b")}
    desk.open()
    desk.press("Delete all")
    expect(desk.page.get_by_text("No batches yet.")).to_be_visible()
    assert server.http.get("/_mockbatch/batches").json()["total"] == 0
    with desk.page.expect_event("requestfinished", lambda request: request.method == "DELETE"):
        desk.press("Undo")
    expect(desk.batches).to_have_count(2)
    assert {batch["id"] for batch in server.http.get("/_mockbatch/batches").json()["batches"]} == batches
    assert server.http.get("/_mockbatch/snapshots").json()["snapshots"] == []


def test_chosen_ones_are_acted_on(server: Process, desk: Desk) -> None:
    """And no others."""
    chosen, other = create(server, "a"), create(server, "b")
    desk.open()
    desk.page.get_by_role("checkbox", name=f"Select {chosen}").check()
    desk.press("Expire the chosen")
    expect(desk.batches.filter(has_text="ended")).to_have_count(1)
    assert truth(server, chosen)["counts"]["expired"] == 1
    assert truth(server, other)["status"] == "in_progress"


def test_the_newest_is_followed(server: Process, desk: Desk) -> None:
    """It opens itself, as long as that is wished."""
    create(server, "a")
    desk.open()
    desk.page.get_by_role("checkbox", name="Follow").check()
    newest = create(server, "b")
    expect(desk.detail.get_by_role("heading", level=2)).to_have_text(newest)


def test_a_row_is_shown_whole(server: Process, desk: Desk) -> None:
    """With its line letter for letter, its price, and what it takes to do it again."""
    batch = create(server, "a", "it-is")
    server.advance(until="batch.ended", batch=batch)
    lines = server.http.get(f"{BATCHES}/{batch}/results").text.splitlines()
    line = next(line for line in lines if '"it-is"' in line)
    desk.open(f"/?batch={batch}")
    desk.rows.get_by_role("link", name="it-is").click()
    desk.drawer.get_by_role("link", name="JSON").click()
    expect(desk.drawer.get_by_role("region", name="Result line", exact=True)).to_have_text(line)
    usage = json.loads(line)["result"]["message"]["usage"]
    expect(desk.drawer.get_by_role("row", name=f"output_tokens {usage['output_tokens']}")).to_be_visible()
    expect(desk.drawer.get_by_role("row", name=re.compile("^output .* × 0.5"))).to_be_visible()
    expect(desk.drawer).to_contain_text("No rule matched it")
    command = desk.copy("Copy as curl")
    made = json.loads(subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout)
    assert made["request_counts"]["processing"] == 1
    compile(desk.copy("Copy as Python"), "python", "exec")
    desk.page.keyboard.press("Escape")
    expect(desk.drawer).to_be_hidden()
    expect(desk.page).to_have_url(f"{server.url}/?batch={batch}")


def test_the_copied_test_passes(server: Process, desk: Desk) -> None:
    """As pytest would run it, with the official SDK."""
    batch = create(server, "good", "bad", model="claude-nobody")
    desk.open(f"/?batch={batch}&row=bad")
    code = desk.copy("Copy as pytest")
    assert 'assert line.result.type == "errored"' in code
    scope: dict[str, Any] = {}
    exec(compile(code, "copied", "exec"), scope)
    scope["test_bad"]()


def test_rows_fail_by_hand_and_are_sent_once_more(server: Process, desk: Desk) -> None:
    """Those that are ticked; then those that a search finds."""
    batch = create(server, *range(6))
    desk.open(f"/?batch={batch}")
    desk.page.get_by_role("checkbox", name="Select 2", exact=True).check()
    desk.page.get_by_role("checkbox", name="Select 4", exact=True).check()
    desk.press("Fail")
    expect(desk.page.get_by_text("2 more will fail")).to_be_visible()
    desk.press("End this batch")
    desk.page.get_by_role("link", name="errored 2").click()
    expect(desk.rows).to_have_count(2)
    desk.press("Re-run as a new batch")
    expect(desk.batches).to_have_count(2)
    expect(desk.rows).to_have_count(2)
    expect(desk.detail.get_by_role("heading", level=2)).not_to_have_text(batch)


def test_the_keyboard_does_it_all(server: Process, desk: Desk) -> None:
    """j, k, ., ?, esc, and the numbers of the views."""
    older, newer = create(server, "a"), create(server, "b")
    desk.open()
    expect(desk.batches).to_have_count(2)
    heading = desk.detail.get_by_role("heading", level=2)
    desk.page.keyboard.press("j")
    expect(heading).to_have_text(newer)
    desk.page.keyboard.press("j")
    expect(heading).to_have_text(older)
    desk.page.keyboard.press("k")
    expect(heading).to_have_text(newer)
    desk.page.keyboard.press(".")
    expect(desk.page.get_by_label("Virtual now")).to_contain_text("00:01:00")
    desk.page.keyboard.press("?")
    expect(desk.page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    desk.page.keyboard.press("5")
    expect(desk.page).to_have_title("Money · mockbatch")


def test_many_rows_are_a_window(server: Process, desk: Desk) -> None:
    """Only what is seen is there, to the last row."""
    batch = create(server, *range(30_000))
    desk.open(f"/?batch={batch}")
    expect(desk.rows.first).to_contain_text("0")
    assert desk.page.evaluate("document.querySelectorAll('*').length") < 2_000
    desk.page.get_by_role("region", name="Rows", exact=True).evaluate("list => { list.scrollTop = list.scrollHeight }")
    expect(desk.rows.get_by_role("link", name="29999", exact=True)).to_be_visible()
    assert desk.page.evaluate("document.querySelectorAll('*').length") < 2_000
    desk.page.get_by_label("Search rows").fill("custom_id:1234*")
    expect(desk.rows).to_have_count(11)
    expect(desk.rows.last).to_contain_text("12349")


def test_a_narrow_screen_shows_one_column(server: Process, desks: Any) -> None:
    """The list, or the batch and a way back."""
    batch = create(server, "a")
    desk: Desk = desks(server, viewport={"width": 360, "height": 740})
    desk.open()
    desk.batches.first.get_by_role("link").click()
    expect(desk.detail.get_by_role("heading", level=2)).to_have_text(batch)
    expect(desk.batches.first).to_be_hidden()
    desk.page.get_by_role("link", name="Back to the list").click()
    expect(desk.batches.first).to_be_visible()
