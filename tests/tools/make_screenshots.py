"""Writes the pictures of the dashboard that the README shows: `python -m tests.tools.make_screenshots`."""

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from tests.builders import BATCHES, requests
from tests.dashboard.browser import Desk, browsing, create
from tests.processes import Process, running

FOLDER = Path(__file__).parents[1] / "dashboard" / "screenshots"
_OPTIONS = ("--frozen", "--clock-start", "2026-01-01T09:00:00Z", "--fail-rate", "0.06", "--delay", "uniform:20m,3h")
_WIDE, _NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
_GUIDE = "You sort letters of customers by subject, and answer with one word. " * 120


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), *_OPTIONS) as server, browsing() as browser:
        going, sorted_letters = _busy(server)
        _shoot(browser, server, "batches", f"/?batch={going}", color_scheme="light")
        _shoot(browser, server, "row", f"/?batch={sorted_letters}&row=letter-7", color_scheme="dark")
        _shoot(browser, server, "money", "/?view=money", color_scheme="light")
        _shoot(browser, server, "faults", "/?view=faults", color_scheme="dark")
        _shoot(browser, server, "phone", "/", color_scheme="light", viewport=_NARROW)


def _busy(server: Process) -> tuple[str, str]:
    """A morning of work; answers the batch that is going on, and one that has ended."""
    first = create(server, *(f"summary-{number}" for number in range(240)))
    cached: dict[str, Any] = {"system": [{"type": "text", "text": _GUIDE, "cache_control": {"type": "ephemeral"}}]}
    sorted_letters = create(server, *(f"letter-{number}" for number in range(120)), model="claude-sonnet-4-5", **cached)
    for minutes in (1, 2, 4, 8, 16, 32):
        server.http.get(f"{BATCHES}/{first}")
        server.advance(by=f"{minutes}m")
    server.advance(until="batch.ended", batch=first)
    server.http.get(f"{BATCHES}/{first}/results")
    server.advance(by="20h")
    canceled = create(server, *(f"draft-{number}" for number in range(60)), model="claude-opus-4-8")
    server.advance(by="70m")
    server.http.post(f"{BATCHES}/{canceled}/cancel")
    server.advance(until="batch.ended", batch=canceled)
    going = server.http.post(BATCHES, json={"requests": requests(*(f"review-{at}" for at in range(2000)))}).json()["id"]
    server.advance(by="100m")
    for rule in ({"fault": "results.cut", "times": 1}, {"fault": "item.refusal", "rate": 0.05}):
        server.http.post("/_mockbatch/rules", json=rule)
    return going, sorted_letters


def _shoot(browser: Browser, server: Process, name: str, address: str, **options: Any) -> None:
    desk = Desk(browser, server.url, **{"viewport": _WIDE, "reduced_motion": "reduce", **options})
    desk.open(address)
    expect(desk.page.get_by_text("2 faults are armed")).to_be_visible()
    desk.page.locator(".ahead .mark").first.wait_for(state="attached")
    desk.page.locator("main .row, main table, main .card").first.wait_for()
    expect(desk.page.locator(".row.waiting")).to_have_count(0)
    desk.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    desk.close()


if __name__ == "__main__":
    main()
