"""The helpers of the official SDK over a real socket: they run on what comes back."""

from collections.abc import Iterator
from typing import Any, Literal

import anthropic
import pytest
from anthropic import beta_tool
from pydantic import BaseModel, Field

from tests.processes import running

TURN: Any = {"role": "user", "content": "Where does the train to Lisbon leave?"}


class Answer(BaseModel):
    """What is asked for."""

    platform: int = Field(ge=1, le=12)
    city: Literal["Lisbon", "Porto"]
    stops: list[str]
    late: bool | None


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[anthropic.Anthropic]:
    with (
        running(tmp_path_factory.mktemp("server"), "--progression", "polls:1") as server,
        anthropic.Anthropic(base_url=server.url, api_key="sk-ant-x", max_retries=0) as client,
    ):
        yield client


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-5-5", "claude-sonnet-4-6"])
def test_structured_outputs_are_parsed(client: anthropic.Anthropic, model: str) -> None:
    """Into the model that was asked for; models that think do so first."""
    parsed = client.messages.parse(model=model, max_tokens=4096, messages=[TURN], output_format=Answer)
    assert isinstance(parsed.parsed_output, Answer)
    assert 1 <= parsed.parsed_output.platform <= 12


def test_structured_outputs_in_a_batch_are_parsed(client: anthropic.Anthropic) -> None:
    """Every row of them."""
    form: Any = {"format": {"type": "json_schema", "schema": anthropic.transform_schema(Answer)}}
    requests: Any = [
        {
            "custom_id": f"row-{number}",
            "params": {
                "model": "claude-haiku-4-5",
                "max_tokens": 2048,
                "messages": [{"role": "user", "content": f"Train {number}?"}],
                "output_config": form,
            },
        }
        for number in range(25)
    ]
    batch = client.messages.batches.create(requests=requests)
    client.messages.batches.retrieve(batch.id)
    for row in client.messages.batches.results(batch.id):
        assert row.result.type == "succeeded"
        (block,) = row.result.message.content
        assert block.type == "text"
        Answer.model_validate_json(block.text)


def test_the_tool_runner_runs_tools_until_there_is_an_answer(client: anthropic.Anthropic) -> None:
    """As it is by default: it asks for a thread, and goes on without."""
    asked = []

    @beta_tool
    def platform(city: str, day: Literal["today", "tomorrow"]) -> str:
        """The platform of the next train.

        Args:
            city: Where it goes.
            day: When.
        """
        asked.append((city, day))
        return "Platform 3"

    for number in range(6):
        turn: Any = {"role": "user", "content": f"{TURN['content']} Ask until you know. {number}"}
        runner = client.beta.messages.tool_runner(
            model="claude-haiku-4-5",
            max_tokens=1024,
            tools=[platform],
            messages=[turn],
        )
        last = runner.until_done()
        assert last.stop_reason in ("end_turn", "max_tokens")
    assert asked
    assert {day for _, day in asked} <= {"today", "tomorrow"}
