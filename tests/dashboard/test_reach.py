"""How far it is to what one came for: clicks, keys, and a narrow screen on which all can be reached."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.builders import params
from tests.dashboard.browser import Desk, create
from tests.dashboard.conftest import OPTIONS
from tests.dashboard.test_rows import sent
from tests.processes import Process, running


def clicks(desk: Desk, *steps: Callable[[], Any]) -> int:
    """Take these steps, and count the clicks that the page has seen."""
    desk.page.evaluate("window.clicks = 0; addEventListener('pointerdown', () => window.clicks++, true)")
    for step in steps:
        step()
    return int(desk.page.evaluate("window.clicks"))


def test_the_five_tasks_take_few_clicks(server: Process, desk: Desk) -> None:
    """Why a row failed, a fault, a jump in time, a reconciliation, a batch of one's own. Keys save the clicks."""
    batch = sent(server, good=params(), bad=params(max_tokens=0))
    desk.open()
    expect(desk.batches).to_have_count(1)
    why = clicks(
        desk,
        lambda: desk.batches.first.get_by_role("link").click(),
        lambda: desk.rows.get_by_role("link", name="bad").click(),
        lambda: expect(desk.drawer).to_contain_text("Its params failed validation"),
    )
    desk.open()
    fault = clicks(
        desk,
        lambda: desk.tab("Faults"),
        lambda: desk.press("Arm once: results.cut"),
        lambda: expect(desk.page.get_by_text("1 fault is armed: results.cut")).to_be_visible(),
    )
    desk.open()
    time = clicks(
        desk,
        lambda: desk.page.keyboard.press("d"),
        lambda: expect(desk.page.get_by_label("Virtual now")).to_contain_text("01-02"),
    )
    content = f"custom_id,batch_id,cost_usd\ngood,{batch},1\n".encode()
    desk.open("/?view=compose")
    reconciled = clicks(
        desk,
        lambda: desk.tab("Money"),
        lambda: desk.page.get_by_label("Drop a CSV").set_input_files(
            {"name": "t.csv", "mimeType": "text/csv", "buffer": content}
        ),
        lambda: expect(desk.page.get_by_text("differs", exact=True)).to_be_visible(),
    )
    desk.open()
    composed = clicks(
        desk,
        lambda: desk.page.keyboard.press("6"),
        lambda: expect(desk.page.get_by_label("Requests, one a line")).to_be_visible(),
        lambda: desk.page.keyboard.press("Control+Enter"),
        lambda: expect(desk.rows).to_have_count(3),
    )
    taken, most = (why, fault, time, reconciled, composed), (2, 2, 0, 1, 0)
    assert all(made <= limit for made, limit in zip(taken, most, strict=True)), taken


def test_the_first_batch_is_two_keys_away_and_its_rows_one_more(server: Process, desk: Desk) -> None:
    """And the slash reaches the search of the list that is looked at."""
    older, newer = create(server, "a", "b"), create(server, "c", "d")
    desk.open()
    expect(desk.batches).to_have_count(2)
    keyboard = desk.page.keyboard
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(desk.batches.first.get_by_role("link")).to_be_focused()
    keyboard.press("x")
    expect(desk.page.get_by_role("checkbox", name=f"Select {newer}")).to_be_checked()
    keyboard.press("Enter")
    expect(desk.detail.get_by_role("heading", level=2)).to_have_text(newer)
    keyboard.press("/")
    expect(desk.page.get_by_label("Search batches")).to_be_focused()
    keyboard.press("Escape")
    keyboard.press("l")
    expect(desk.drawer.get_by_role("heading", name="c", exact=True)).to_be_visible()
    keyboard.press("j")
    expect(desk.drawer.get_by_role("heading", name="d", exact=True)).to_be_visible()
    keyboard.press("/")
    expect(desk.page.get_by_label("Search rows")).to_be_focused()
    keyboard.press("Escape")
    keyboard.press("h")
    expect(desk.drawer).to_be_hidden()
    keyboard.press("j")
    expect(desk.detail.get_by_role("heading", level=2)).to_have_text(older)


def test_time_is_one_stop_of_the_tab_key(server: Process, desk: Desk) -> None:
    """Within it the arrows move."""
    create(server, "a")
    desk.open()
    expect(desk.batches).to_have_count(1)
    desk.page.get_by_role("button", name="Let time run").focus()
    desk.page.keyboard.press("ArrowRight")
    expect(desk.page.get_by_role("button", name="Speed times 1", exact=True)).to_be_focused()
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("document.activeElement.closest('#timebar')") is None


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server with batches, a problem and a fault."""
    with running(tmp_path_factory.mktemp("reach"), *OPTIONS, "--fail-rate", "0.2") as server:
        first = create(server, *range(20))
        server.advance(until="batch.ended", batch=first)
        server.http.post("/_mockbatch/rules", json={"fault": "results.cut", "times": 1})
        yield server


def cut(elements: Locator, width: int) -> list[str]:
    """The texts of those that reach over an edge of the screen; all are measured at once, as lists are drawn anew."""
    found: list[str] = elements.evaluate_all(
        """(all, width) => all.filter((one) => {
            const box = one.getBoundingClientRect();
            return box.left < 0 || box.right > width + 0.5;
        }).map((one) => one.innerText || one.ariaLabel)""",
        width,
    )
    return found


@pytest.mark.parametrize("width", [360, 768])
@pytest.mark.parametrize("view", ["", "journal", "faults", "problems", "money", "compose"])
def test_nothing_is_cut_on_a_narrow_screen(busy: Process, desks: Callable[..., Desk], view: str, width: int) -> None:
    """Neither the navigation nor the buttons, which go on behind no edge; and time takes a small part."""
    desk = desks(busy, viewport={"width": width, "height": 740}).open(f"/?view={view}" if view else "/")
    expect(desk.page.get_by_text("1 fault is armed")).to_be_visible()
    expect(desk.page.locator("main h2:visible").first).to_be_visible()
    links = desk.page.get_by_role("navigation", name="Views").get_by_role("link")
    expect(links).to_have_count(6)
    assert cut(links, width) == []
    assert cut(desk.page.locator("button:visible"), width) == []
    bar = desk.page.locator("#timebar").bounding_box()
    assert bar
    assert bar["height"] <= 100


def test_more_of_time_is_a_tap_away_on_a_phone(busy: Process, desks: Callable[..., Desk]) -> None:
    """The steps that are asked for most are there at once."""
    desk = desks(busy, viewport={"width": 360, "height": 740}).open()
    expect(desk.page.get_by_role("button", name="Advance by an hour")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Advance by a minute")).to_be_hidden()
    desk.press("More of time")
    for name in ("Advance by a minute", "Advance by 29 days", "Speed times 1000"):
        expect(desk.page.get_by_role("button", name=name)).to_be_visible()
        assert cut(desk.page.get_by_role("button", name=name), 360) == []


def test_heads_of_tables_break_at_no_letter(busy: Process, desks: Callable[..., Desk]) -> None:
    """Each is one line high."""
    desk = desks(busy, viewport={"width": 360, "height": 740}).open("/?view=money")
    heads = desk.page.get_by_role("region", name="Costs").locator("th[scope=col]:visible")
    expect(heads.first).to_be_visible()
    assert max(heads.evaluate_all("all => all.map((one) => one.offsetHeight)")) < 40
    assert cut(heads, 360) == []


def test_a_reconciliation_fits_a_phone_and_is_scrolled_to(server: Process, desks: Callable[..., Desk]) -> None:
    """Long ids widen neither the page nor what is above them."""
    batch = sent(server, good=params())
    desk = desks(server, viewport={"width": 360, "height": 740}).open("/?view=money")
    content = f"custom_id,batch_id,cost_usd\ngood,{batch},1\n".encode()
    desk.page.get_by_label("Drop a CSV").set_input_files({"name": "t.csv", "mimeType": "text/csv", "buffer": content})
    expect(desk.page.get_by_text("differs", exact=True)).to_be_in_viewport()
    assert desk.page.locator("#view").evaluate("view => view.scrollWidth - view.clientWidth") == 0
    assert cut(desk.page.locator("main button:visible, main a:visible"), 360) == []


def test_lines_of_errors_fit_a_phone(server: Process, desks: Callable[..., Desk]) -> None:
    """A long message is shortened at the edge of the screen."""
    server.http.post(
        "/_mockbatch/rules", json={"on": "item", "errored": {"type": "api_error", "message": "long " * 40}}
    )
    batch = sent(server, bad=params())
    desk = desks(server, viewport={"width": 360, "height": 740}).open(f"/?batch={batch}")
    lines = desk.page.locator(".error-line")
    expect(lines).to_have_count(1)
    assert cut(lines, 360) == []


def test_the_rule_of_a_row_is_a_small_badge(server: Process, desk: Desk) -> None:
    """No higher than the badge of a state."""
    server.http.post("/_mockbatch/rules", json={"name": "storm", "on": "item", "errored": "api_error"})
    batch = sent(server, bad=params())
    desk.open(f"/?batch={batch}")
    rule, state = desk.rows.locator(".badge"), desk.detail.locator(".badge.ended")
    expect(rule).to_have_text("storm")
    assert rule.evaluate("one => one.offsetHeight") <= state.evaluate("one => one.offsetHeight")


def test_views_name_their_keys(server: Process, desk: Desk) -> None:
    """A number opens the view whose link has it as its shortcut."""
    create(server, "a")
    desk.open()
    links = desk.page.get_by_role("navigation", name="Views").get_by_role("link")
    expect(links).to_have_count(6)
    for at in range(6):
        key = links.nth(at).get_attribute("aria-keyshortcuts")
        assert key
        desk.page.keyboard.press(key)
        expect(links.nth(at)).to_have_attribute("aria-current", "page")
        expect(links.nth(at)).to_have_attribute("title", re.compile(rf"\({key}\)$"))


def test_nothing_is_offered_for_a_search_without_matches(server: Process, desk: Desk) -> None:
    """There is no batch to end or delete; the actions are back with a match."""
    create(server, "a")
    desk.open("/?q=errored>5")
    expect(desk.page.get_by_role("link", name="errored>0")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Delete all found")).to_be_hidden()
    desk.page.get_by_label("Search batches").fill("size:1")
    expect(desk.page.get_by_role("button", name="Delete all found")).to_be_visible()


def test_to_delete_all_does_not_catch_the_eye(server: Process, desk: Desk) -> None:
    """It has neither a border nor a colour of its own."""
    create(server, "a")
    desk.open()
    button = desk.page.get_by_role("button", name="Delete all")
    expect(button).to_have_css("border-color", "rgba(0, 0, 0, 0)")
    expect(button).to_have_css("background-color", "rgba(0, 0, 0, 0)")
