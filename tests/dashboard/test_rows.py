"""Rows in the browser: the error first, the conversation, lists that say what is in them."""

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
    expect(error).to_contain_text("The check of its params refused it")
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
