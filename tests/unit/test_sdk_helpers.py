"""The official SDK's own helpers, on replies: parsed outputs and the tool runner."""

import json
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Any, Literal

import httpx2
import msgspec
import pytest
from pydantic import BaseModel, Field

from mockbatch.core.contract.params import Terms, checked
from mockbatch.core.replies.message import message_of, reply_key, usage_of
from mockbatch.core.replies.reply import Request, natural_reply
from tests.asked import USAGE


def answered(request: httpx2.Request) -> httpx2.Response:
    """What a server would answer that checks the request and makes its reply."""
    params = json.loads(request.content)
    model = checked(params, Terms(), "messages")
    reply = natural_reply(Request(params, model, reply_key(0, params), params["max_tokens"]))
    return httpx2.Response(
        200,
        content=msgspec.json.encode(message_of(reply, "msg_01", model, usage_of(reply, USAGE))),
        headers={"content-type": "application/json"},
    )


@pytest.fixture(name="client")
def _client() -> Iterator[Any]:
    import anthropic  # not before: it takes longer to import than most tests to run

    transport = httpx2.Client(transport=httpx2.MockTransport(answered))
    with anthropic.Anthropic(api_key="k", http_client=transport) as client:
        yield client


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


class Address(BaseModel):
    city: str
    zip_code: str | None


class Person(BaseModel):
    name: str
    mood: Mood
    born: date
    addresses: list[Address]
    kind: Literal["person"]


class Order(BaseModel):
    total: float = Field(gt=0, lt=1000)
    amount: int = Field(ge=1, le=9)
    items: list[str] = Field(min_length=2, max_length=3)
    code: str = Field(pattern=r"^[A-Z]{2}-\d{3}$", description="What it is called.")
    note: str | int | None


@pytest.mark.parametrize("wanted", [Order, Address])
@pytest.mark.parametrize("number", range(5))
def test_outputs_are_parsed_into_models(client: Any, wanted: type[BaseModel], number: int) -> None:
    """`messages.parse` gives what the model demands."""
    message = client.messages.parse(
        model="claude-haiku-4-5",
        max_tokens=4096,
        messages=[{"role": "user", "content": f"order {number}"}],
        output_format=wanted,
    )
    assert isinstance(message.parsed_output, wanted)


def test_models_with_everything_are_parsed(client: Any) -> None:
    """Enums, formats, nested and recursive models, after thinking too."""
    message = client.messages.parse(
        model="claude-opus-5-5",
        max_tokens=8192,
        messages=[{"role": "user", "content": "Who is it?"}],
        output_format=Person,
    )
    assert isinstance(message.parsed_output, Person)
    assert message.content[0].type == "thinking"


def test_the_tool_runner_comes_to_an_end(client: Any) -> None:
    """It calls the tools with input that they take, and ends with an answer in words."""
    from anthropic import beta_tool

    called: list[tuple[str, int]] = []

    @beta_tool
    def get_weather(city: str, days: int = 1) -> str:
        """The weather of a city.

        Args:
            city: Which city.
            days: For how many days.
        """
        called.append((city, days))
        return f"It is sunny in {city}."

    for number in range(8):
        runner = client.beta.messages.tool_runner(
            model="claude-haiku-4-5",
            max_tokens=1024,
            tools=[get_weather],
            thread=False,
            messages=[{"role": "user", "content": f"What is the weather, number {number}?"}],
        )
        final = runner.until_done()
        assert final.stop_reason == "end_turn"
        assert final.content[0].type == "text"
    assert called
    assert all(isinstance(city, str) and isinstance(days, int) for city, days in called)
