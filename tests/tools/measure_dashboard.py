"""Print how fast the dashboard is with long lists: `python -m tests.tools.measure_dashboard [ROUNDS]`.

Each figure is the least and the median of the rounds, in milliseconds, beside the load of the machine.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from playwright.sync_api import Browser, expect

from tests.dashboard.browser import Desk, browsing
from tests.processes import Process, running

_ROUNDS = 5
_BATCHES, _ROWS = 5_000, 100_000
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
_SCROLLER = ".rowlist .scroll"
_SCROLLED = """async (list) => {
    const spans = [];
    let last = performance.now();
    for (let step = 0; step < 60; step++) {
        list.scrollTop += 400;
        await new Promise(requestAnimationFrame);
        spans.push(performance.now() - last);
        last = performance.now();
    }
    return spans.sort((one, other) => one - other)[57];
}"""


def main(rounds: int = _ROUNDS) -> None:
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), "--frozen") as server, browsing() as browser:
        _synth(server, items=5, batches=_BATCHES)
        large = _synth(server, items=_ROWS, batches=1, mix="90/5/3/2")
        taken: dict[str, list[float]] = {}
        for _ in range(rounds):
            for what, figure in _round(browser, server, large).items():
                taken.setdefault(what, []).append(figure)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {rounds} rounds")
    for what, figures in taken.items():
        print(f"{what:54} {min(figures):7.0f} {median(figures):7.0f}")


def _round(browser: Browser, server: Process, large: str) -> dict[str, float]:
    found = {}
    desk = Desk(browser, server.url)
    desk.open()
    expect(desk.batches.first).to_be_visible()
    found[f"first paint, {_BATCHES:,} batches"] = float(desk.page.evaluate(_PAINT))
    found["... until the batches are there"] = float(desk.page.evaluate("performance.now()"))
    desk.close()
    desk = Desk(browser, server.url)
    desk.open(f"/?batch={large}")
    expect(desk.rows.first).to_be_visible()
    found[f"first paint, a batch of {_ROWS:,} rows"] = float(desk.page.evaluate(_PAINT))
    found["... until its rows are there"] = float(desk.page.evaluate("performance.now()"))
    errors = desk.page.get_by_role("region", name="Errors by kind").get_by_role("listitem")
    found["... until its errors are grouped"] = _timed(lambda: expect(errors.first).to_be_visible())
    for last in ("not sorted", "largest first"):
        before = desk.rows.first.inner_text()
        desk.page.get_by_role("link", name=f"out, {last}").click()
        found[f"rows sorted by output tokens, {last} before"] = _timed(
            lambda text=before: expect(desk.rows.first).not_to_have_text(text, use_inner_text=True)  # type: ignore[misc]
        )
    desk.page.get_by_role("link", name="out, smallest first").click()
    expect(desk.rows.first).to_contain_text("row-0")
    found["scrolling rows, 95th percentile of a frame"] = float(desk.page.locator(_SCROLLER).evaluate(_SCROLLED))
    desk.close()
    return found


def _timed(act: Callable[[], object]) -> float:
    start = perf_counter()
    act()
    return (perf_counter() - start) * 1000


def _synth(server: Process, **wanted: object) -> str:
    answer = server.http.post("/_mockbatch/synth", json=wanted, timeout=300)
    assert answer.status_code == 200, answer.text
    id: str = answer.json()["batches"][-1]["id"]
    return id


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
