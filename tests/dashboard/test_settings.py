"""What a session works under is in sight: options, rules of the server, and whose session it is."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.builders import BATCHES
from tests.dashboard.browser import Desk, create
from tests.dashboard.conftest import OPTIONS
from tests.processes import Process, running


def test_the_options_that_matter_are_in_the_head_and_beside_the_rules(
    tmp_path: Path, desks: Callable[..., Desk]
) -> None:
    """With where each comes from; and without a rule nobody is told that nothing fails."""
    (tmp_path / "mockbatch.toml").write_text('seed = 7\n[[rules]]\nfault = "connection.refuse"\nskip = 9999999\n')
    with running(tmp_path, *OPTIONS, "--fail-rate", "0.05", cwd=tmp_path) as server:
        create(server, "a")
        desk = desks(server).open()
        head = desk.page.locator("#banners")
        for text in ("fail-rate 0.05", "delay uniform:1h,3h", "wait 1m", "seed 7", "read from mockbatch.toml"):
            expect(head).to_contain_text(text)
        expect(head).to_contain_text("1 fault is armed: connection.refuse")
        desk.tab("Faults")
        options = desk.page.get_by_role("region", name="Options")
        expect(options.get_by_role("row", name="fail-rate 0.05 flag --fail-rate")).to_be_visible()
        expect(options.get_by_role("row", name="seed 7 mockbatch.toml")).to_be_visible()
        armed = desk.page.get_by_role("list", name="Armed rules").get_by_role("listitem")
        expect(armed).to_have_count(1)
        expect(armed).to_contain_text("all sessions")


def test_rows_that_fail_by_lot_are_never_called_nothing(tmp_path: Path, desks: Callable[..., Desk]) -> None:
    """Nor is a change of the options while the page is open missed."""
    with running(tmp_path, *OPTIONS, "--fail-rate", "0.05") as server:
        create(server, "a")
        desk = desks(server).open("/?view=faults")
        expect(
            desk.page.get_by_text("No rule is armed, but 5 % of the rows fail by lot (flag --fail-rate).")
        ).to_be_visible()
        session = server.http.get("/_mockbatch/sessions").json()["sessions"][0]["id"]
        server.http.patch(f"/_mockbatch/sessions/{session}", json={"options": {"fail_rate": 0}})
        expect(desk.page.get_by_text("No rule is armed, and no row fails at random.")).to_be_visible()
        expect(desk.page.locator("#banners")).not_to_contain_text("0.05")


def test_sessions_are_known_by_their_label_or_the_end_of_their_key(server: Process, desk: Desk) -> None:
    """Never by the whole key, nor by a hash."""
    for key in ("sk-ant-team-search-k-ab12", "sk-ant-team-import-k-cd34"):
        server.http.get(BATCHES, headers={"x-api-key": key})
    server.http.post("/_mockbatch/sessions", json={"label": "test_login", "api_key": "sk-ant-test-login-ef56"})
    desk.open()
    names = desk.page.get_by_role("combobox", name="Session").get_by_role("option")
    expect(names).to_have_text(["key …k-ab12 · 0 batches", "key …k-cd34 · 0 batches", "test_login · 0 batches"])
    assert "team" not in desk.page.content()
