"""A server with a clock that stands still, and its dashboard."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.browser import Desk, browsing
from tests.processes import Process, running

OPTIONS = ("--frozen", "--clock-start", "2026-01-01T00:00:00Z", "--wait", "1m", "--delay", "uniform:1h,3h")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # no longer than for these tests: while it runs, no other event loop can in this thread
    with browsing() as opened:
        expect.set_options(timeout=10_000)
        yield opened


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    with running(tmp_path, *OPTIONS) as process:
        yield process


@pytest.fixture
def desks(browser: Browser) -> Iterator[Callable[..., Desk]]:
    """Dashboards that never complain in the console, and never ask another server."""
    with ExitStack() as stack:
        opened: list[Desk] = []

        def desk(server: Process, **options: Any) -> Desk:
            opened.append(Desk(browser, server.url, **options))
            stack.callback(opened[-1].close)
            return opened[-1]

        yield desk
        assert [desk.elsewhere for desk in opened] == [[]] * len(opened)
        assert [desk.complaints for desk in opened] == [[]] * len(opened)


@pytest.fixture
def desk(desks: Callable[..., Desk], server: Process) -> Desk:
    return desks(server)
