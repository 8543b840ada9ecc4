"""Text is text, a lost server comes back, and everybody can use the page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.builders import BATCHES, params
from tests.dashboard.browser import Desk, create
from tests.dashboard.conftest import OPTIONS
from tests.processes import Process, running

NASTY = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'`${alert(3)}</pre>javascript:alert(4)"


def test_nothing_that_is_sent_becomes_more_than_text(server: Process, desk: Desk) -> None:
    """In prompts, tool names, models, replies, rules, labels and headers."""
    asked = [
        {"custom_id": "prompt", "params": params(NASTY)},
        {"custom_id": "tool", "params": params("x", tools=[{"name": NASTY, "input_schema": {"type": "object"}}])},
        {"custom_id": "model", "params": {**params("x"), "model": NASTY}},
        {"custom_id": "reply", "params": params("say it")},
    ]
    rules = [
        {"name": NASTY, "on": "item", "match": {"custom_id": "reply"}, "reply": {"static": NASTY}},
        {"fault": "batch.slow", "name": NASTY + "2"},
    ]
    armed = server.http.put("/_mockbatch/rules", json=rules)
    assert armed.status_code == 200, armed.text
    batch = server.http.post(BATCHES, json={"requests": asked}, headers={"x-nasty": NASTY}).json()["id"]
    server.http.post("/_mockbatch/sessions", json={"label": NASTY})
    server.advance(until="batch.ended", batch=batch)
    session = next(one["id"] for one in server.http.get("/_mockbatch/sessions").json()["sessions"] if one["batches"])
    desk.page.on("dialog", lambda dialog: desk.complaints.append(f"a dialog: {dialog.message}"))
    for name in ("prompt", "tool", "model", "reply"):
        desk.open(f"/?session={session}&batch={batch}&row={name}&rq=%22%3Cimg%22")
        expect(desk.drawer.get_by_role("heading", name=name, exact=True)).to_be_visible()
        expect(desk.drawer).to_contain_text("<img src=x onerror=alert(1)>")
    for view in ("journal", "faults", "problems", "money"):
        desk.open(f"/?session={session}&view={view}")
        expect(desk.page.get_by_role("combobox", name="Session")).to_be_visible()
    expect(desk.page.get_by_text("2 faults are armed: <img")).to_be_visible()
    assert desk.page.locator("main img, main script, aside img, #banners img").count() == 0


def test_a_lost_server_is_told_of_and_comes_back(tmp_path: Path, desks: Callable[..., Desk]) -> None:
    """By itself, with what is there then."""
    kept = (*OPTIONS, "--db", str(tmp_path / "kept.db"))
    with running(tmp_path, *kept) as server:
        port = server.url.rpartition(":")[2]
        create(server, "a")
        desk = desks(server)
        desk.open()
        expect(desk.batches).to_have_count(1)
        server.stop()
        expect(desk.page.get_by_role("alert")).to_contain_text("The server does not respond")
    with running(tmp_path, *kept, "--port", port) as again:
        create(again, "b")
        expect(desk.page.get_by_role("alert")).to_be_hidden(timeout=20_000)
        expect(desk.batches).to_have_count(2)
        batch = create(again, "c")
        expect(desk.batches).to_have_count(3)
        assert batch
        desk.close()
    desk.forgive("Failed to load resource")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server on which there is something to see in every view."""
    with running(tmp_path_factory.mktemp("busy"), *OPTIONS, "--fail-rate", "0.2") as server:
        first = create(server, *range(20))
        server.http.get(f"{BATCHES}/{first}")
        server.http.get(f"{BATCHES}/{first}")
        server.advance(until="batch.ended", batch=first)
        create(server, *range(20))
        server.http.post(f"{BATCHES}/{create(server, 'x')}/cancel")
        server.http.post("/_mockbatch/rules", json={"fault": "results.cut", "times": 1})
        yield server, first


VIEWS = (
    "?batch={batch}",
    "?batch={batch}&row=3",
    "?view=journal",
    "?view=faults",
    "?view=problems",
    "?view=money",
    "?view=compose",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_everybody_can_use_it(busy: Any, desks: Callable[..., Desk], view: str, scheme: str) -> None:
    """axe-core finds nothing: contrast, names, roles, order of headings."""
    server, batch = busy
    desk = desks(server, color_scheme=scheme, reduced_motion="reduce")
    desk.open("/" + view.format(batch=batch))
    expect(desk.page.get_by_text("1 fault is armed")).to_be_visible()
    desk.page.wait_for_load_state("load")
    expect(desk.page.locator("main h2").first).to_be_visible()
    found = Axe().run(desk.page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("view", VIEWS)
def test_it_fits(busy: Any, desks: Callable[..., Desk], view: str, width: int) -> None:
    """No page is wider than its window, and time is in sight."""
    server, batch = busy
    desk = desks(server, viewport={"width": width, "height": 800})
    desk.open("/" + view.format(batch=batch))
    # on a phone an open row hides what is said above it
    expect(desk.page.get_by_text("1 fault is armed")).to_be_attached()
    expect(desk.page.locator("main h2:visible").first).to_be_visible()
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
    desk.page.mouse.wheel(0, 3000)
    expect(desk.page.get_by_label("Virtual now")).to_be_in_viewport()
