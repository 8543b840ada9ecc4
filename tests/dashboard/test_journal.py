"""The journal in the browser: what came, how long it took, how large it was, which rule struck, where it leads."""

import re

from playwright.sync_api import expect

from tests.builders import BATCHES
from tests.dashboard.browser import Desk, create
from tests.processes import Process


def test_a_create_leads_to_its_batch_and_shows_how_its_body_begins(server: Process, desk: Desk) -> None:
    """Without being opened; with how long it took, its size and the rule that struck."""
    batch = create(server, "first-of-all")
    server.http.post("/_mockbatch/rules", json={"fault": "http.error", "name": "too much", "times": 1, "status": 529})
    server.http.get(BATCHES)
    desk.open("/?view=journal")
    calls = desk.page.get_by_role("region", name="Calls").get_by_role("listitem")
    expect(calls).to_have_count(2)
    expect(calls.first).to_contain_text("too much")
    expect(calls.first).to_contain_text("overloaded_error")
    created = calls.last
    expect(created).to_contain_text("first-of-all")
    expect(created).to_contain_text(re.compile(r"\d+ (ms|s)"))
    expect(created).to_contain_text(re.compile(r"\d+ B"))
    desk.page.keyboard.press("j")
    expect(desk.drawer).to_contain_text("Struck by")
    desk.page.keyboard.press("Escape")
    created.get_by_role("link", name="msgbatch").click()
    expect(desk.detail.get_by_role("heading", level=2)).to_have_text(batch)
