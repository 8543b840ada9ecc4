"""The system's Chromium, driven by playwright."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.builders import BATCHES, requests
from tests.processes import Process

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Where Chromium is. Skips the test where there is none, but fails in CI."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        reason = f"there is no browser here: none of {', '.join(_NAMES)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser that is closed afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS)
        yield browser
        browser.close()


class Desk:
    """The dashboard of a server in a browser, as a person has it before them."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        options = {"viewport": {"width": 1440, "height": 900}, **options}
        self.context: BrowserContext = browser.new_context(**options)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page: Page = self.context.new_page()
        self.url = url
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith((self.url, "data:")):
            self.elsewhere.append(url)

    def forgive(self, text: str) -> None:
        """Let go of complaints about what the test itself has provoked."""
        self.complaints = [complaint for complaint in self.complaints if text not in complaint]

    def open(self, address: str = "/") -> "Desk":
        self.page.goto(f"{self.url}{address}")
        return self

    def press(self, name: str, within: Locator | None = None) -> None:
        """Press the button of that name, exactly."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def tab(self, name: str) -> None:
        """Go to one of the views."""
        self.page.get_by_role("navigation", name="Views").get_by_role("link", name=name).click()
        expect(self.page).to_have_title(re.compile(f"{name} · mockbatch$"))

    def copy(self, name: str) -> str:
        """What is in the clipboard after the button of that name was pressed."""
        self.page.evaluate("navigator.clipboard.writeText('')")
        self.press(name)
        text: str = self.page.wait_for_function("() => navigator.clipboard.readText()").json_value()
        return text

    @property
    def batches(self) -> Locator:
        return self.page.get_by_role("region", name="Batches").get_by_role("listitem")

    @property
    def detail(self) -> Locator:
        return self.page.get_by_role("region", name="Batch", exact=True)

    @property
    def rows(self) -> Locator:
        return self.page.get_by_role("region", name="Rows", exact=True).locator("li")

    @property
    def drawer(self) -> Locator:
        return self.page.get_by_role("complementary")

    def close(self) -> None:
        self.context.close()


def create(server: Process, *custom_ids: str | int, **more: Any) -> str:
    """The id of a new batch of good requests."""
    answer = server.http.post(BATCHES, json={"requests": requests(*custom_ids, **more)})
    assert answer.status_code == 200, answer.text
    id: str = answer.json()["id"]
    return id
