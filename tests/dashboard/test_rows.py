"""Rows in the browser: the error first, the conversation, lists that say what is in them."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.builders import BATCHES, params
from tests.dashboard.browser import Desk
from tests.processes import Process

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
TOOL = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}}}
TALK = [
    {
        "role": "user",
        "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
            {"type": "text", "text": "How is it <b>here</b>?\nBe brief."},
        ],
    },
    {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"place": "Oslo"}}],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "12 degrees"}]},
]


def sent(server: Process, **asked: Any) -> str:
    """The id of a batch of these requests, which has ended."""
    requests = [{"custom_id": name, "params": told} for name, told in asked.items()]
    answer = server.http.post(BATCHES, json={"requests": requests})
    assert answer.status_code == 200, answer.text
    batch: str = answer.json()["id"]
    server.advance(until="batch.ended", batch=batch)
    return batch


def test_a_row_is_a_conversation(server: Process, desk: Desk) -> None:
    """Turns, calls of tools and their results; what is no text stands for itself; the JSON is one click away."""
    talk = params(messages=TALK, tools=[TOOL], system="Answer in one word.")
    batch = sent(server, talk=talk)
    desk.open(f"/?batch={batch}&row=talk")
    turns = desk.drawer.get_by_role("region", name="Conversation").get_by_role("article")
    expect(turns).to_have_count(4)
    expect(turns.nth(0)).to_contain_text("Answer in one word.")
    expect(turns.nth(1)).to_contain_text("Image image/png")
    expect(turns.nth(1)).to_contain_text("How is it <b>here</b>?")
    expect(turns.nth(2)).to_contain_text("calls get_weather")
    expect(turns.nth(3)).to_contain_text("12 degrees")
    expect(desk.drawer.get_by_role("region", name="Reply")).to_contain_text("stop_reason")
    assert desk.drawer.locator("img").count() == 0
    desk.drawer.get_by_role("link", name="JSON").click()
    expect(desk.drawer.get_by_role("region", name="Request", exact=True)).to_contain_text('"max_tokens": 1024')
    expect(desk.page).to_have_url(f"{server.url}/?batch={batch}&row=talk&as=json")


def test_the_error_of_a_row_comes_first(server: Process, desk: Desk) -> None:
    """Above the request, with the reason; a row whose request makes no sense is shown all the same."""
    batch = sent(
        server, bad=params(max_tokens=0), odd={"messages": [1, {"role": "user", "content": {"a": 1}}], "model": 5}
    )
    desk.open(f"/?batch={batch}&row=bad")
    error = desk.drawer.get_by_role("region", name="Error")
    expect(error).to_contain_text("invalid_request_error")
    expect(error).to_contain_text("max_tokens: must be greater than or equal to 1")
    expect(error).to_contain_text("Its params failed validation")
    asked = desk.drawer.get_by_role("region", name="Conversation")
    assert error.bounding_box()["y"] < asked.bounding_box()["y"]  # type: ignore[index]
    assert asked.bounding_box()["y"] < desk.drawer.get_by_role("heading", name="Why").bounding_box()["y"]  # type: ignore[index]
    desk.open(f"/?batch={batch}&row=odd")
    expect(desk.drawer.get_by_role("article")).to_have_count(2)


def test_long_talks_and_texts_are_folded(server: Process, desk: Desk) -> None:
    """So that the last turn and the reply are in sight."""
    turns = [{"role": "user" if at % 2 == 0 else "assistant", "content": f"turn {at}"} for at in range(11)]
    turns.append({"role": "user", "content": "word " * 2000})
    batch = sent(server, long=params(messages=turns))
    desk.open(f"/?batch={batch}&row=long")
    expect(desk.drawer.get_by_text("6 earlier turns")).to_be_visible()
    expect(desk.drawer.get_by_text("turn 0")).to_be_hidden()
    expect(desk.drawer.get_by_text("turn 10")).to_be_visible()
    expect(desk.drawer.get_by_text("(10,000 characters)")).to_be_visible()


def test_rows_show_what_was_asked_and_answered(server: Process, desk: Desk) -> None:
    """Under heads that sort them, the largest first, then the smallest."""
    batch = sent(server, **{f"row-{at}": params(f"Question number {at}") for at in range(30)})
    desk.open(f"/?batch={batch}")
    first = desk.rows.filter(has_text="row-0")
    expect(first).to_contain_text("Question number 0")
    item = server.http.get(f"/_mockbatch/batches/{batch}/items/row-0").json()
    expect(first).to_contain_text(item["line"]["result"]["message"]["content"][0]["text"][:40])
    rows = server.http.get(f"/_mockbatch/batches/{batch}/items").json()["items"]
    tokens = [row["output_tokens"] for row in rows]
    desk.page.get_by_role("link", name="out, not sorted").click()
    expect(desk.rows.first).to_contain_text(str(max(tokens)))
    desk.page.get_by_role("link", name="out, largest first").click()
    expect(desk.rows.first).to_contain_text(str(min(tokens)))
    desk.page.get_by_role("link", name="out, smallest first").click()
    expect(desk.rows.first).to_contain_text("row-0")


def test_errors_are_grouped_and_lead_to_their_rows(server: Process, desk: Desk) -> None:
    """Each kind with how many there are, the most frequent first."""
    bad = {f"bad-{at}": params(max_tokens=0) for at in range(3)}
    batch = sent(server, **bad, good=params(), odd={**params(), "model": "claude-nobody"})
    desk.open(f"/?batch={batch}")
    errors = desk.detail.get_by_role("region", name="Errors by kind").get_by_role("listitem")
    expect(errors).to_have_count(2)
    expect(errors.first).to_contain_text("3 × invalid_request_error max_tokens")
    errors.first.get_by_role("link").click()
    expect(desk.rows).to_have_count(3)
    errors.nth(1).get_by_role("link").click()
    expect(desk.rows).to_have_count(1)
    expect(desk.rows).to_contain_text("odd")


def test_batches_are_sorted_and_their_bars_have_names(server: Process, desk: Desk) -> None:
    """The order is in the address, and the letters are explained beside them."""
    sent(server, a=params())
    sent(server, b=params(), c=params(), d=params(max_tokens=0))
    sent(server, e=params(), f=params())
    desk.open()
    expect(desk.batches).to_have_count(3)
    expect(desk.batches.first).to_contain_text("truth")
    expect(desk.page.get_by_role("list", name="Key to the states")).to_contain_text("errored")
    desk.page.get_by_role("combobox", name="Sort batches").select_option("Most errors first")
    expect(desk.batches.first.get_by_role("link")).to_have_accessible_name(re.compile("1 errored"))
    desk.page.reload()
    expect(desk.batches.first.get_by_role("link")).to_have_accessible_name(re.compile("1 errored"))


def test_a_long_name_of_a_rule_stays_in_its_row(server: Process, desk: Desk) -> None:
    """Its badge is cut, and says the whole name to whoever points at it."""
    name = "the rule that refuses whatever comes on a rainy day in the north of the country"
    server.http.post("/_mockbatch/rules", json={"fault": "item.refusal", "name": name})
    batch = sent(server, a=params())
    for width in (1440, 768):
        desk.page.set_viewport_size({"width": width, "height": 900})
        desk.open(f"/?batch={batch}")
        badge, row = desk.rows.locator(".badge").bounding_box(), desk.rows.bounding_box()
        assert badge
        assert row
        assert badge["x"] + badge["width"] <= row["x"] + row["width"]
        assert badge["width"] < 300
