"""A server that wants a key is asked with one, which is kept for as long as the tab is open."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.builders import HEADERS
from tests.dashboard.browser import Desk, create
from tests.dashboard.conftest import OPTIONS
from tests.processes import Process, running

CONTROL_KEY = "open-sesame"


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Process]:
    keys = ("--api-key", HEADERS["x-api-key"], "--control-key", CONTROL_KEY)
    with running(tmp_path, *OPTIONS, *keys) as process:
        yield process


def refused(desk: Desk) -> Desk:
    """A dashboard that was asked for its key."""
    expect(desk.page.get_by_role("dialog", name="This server requires a key")).to_be_visible()
    return desk


def unlocked(desk: Desk, key: str) -> None:
    desk.page.get_by_label("Control key").fill(key)
    desk.press("Unlock")


def test_the_key_is_asked_for_and_goes_with_every_call(locked: Process, desks: Callable[..., Desk]) -> None:
    """The stream of events included: what comes later is seen without being asked for."""
    create(locked, "a")
    desk = refused(desks(locked).open())
    assert Axe().run(desk.page).violations_count == 0
    unlocked(desk, CONTROL_KEY)
    expect(desk.batches).to_have_count(1)
    expect(desk.page.get_by_role("dialog")).to_be_hidden()
    create(locked, "b")
    expect(desk.batches).to_have_count(2)
    desk.page.reload()
    expect(desk.batches).to_have_count(2)
    for name in ("Journal", "Faults", "Problems", "Money"):
        desk.tab(name)
        expect(desk.page.get_by_role("dialog")).to_be_hidden()
    desk.forgive("401")


def test_a_wrong_key_is_asked_for_again(locked: Process, desks: Callable[..., Desk]) -> None:
    """With what the server says of it."""
    desk = refused(desks(locked).open())
    unlocked(desk, "wrong")
    expect(desk.page.get_by_role("dialog").get_by_role("status")).to_contain_text("--control-key")
    create(locked, "a")
    unlocked(refused(desk), CONTROL_KEY)
    expect(desk.batches).to_have_count(1)
    desk.forgive("401")
    desk.forgive("403")


def test_a_foreign_tab_knows_no_key(locked: Process, desks: Callable[..., Desk]) -> None:
    """It is in no address and in no storage that other tabs see."""
    create(locked, "a")
    desk = refused(desks(locked).open())
    unlocked(desk, CONTROL_KEY)
    expect(desk.batches).to_have_count(1)
    assert CONTROL_KEY not in desk.page.url
    assert desk.page.evaluate("Object.values(localStorage).join() + document.cookie") == ""
    refused(desks(locked).open()).forgive("401")
    desk.forgive("401")
