"""The official SDK, sync and async, against a real process over a real socket."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import anthropic
import pytest

from tests.builders import requests
from tests.processes import Process, running

FIXTURE = Path(__file__).parents[2] / "fixtures" / "requests.jsonl"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("server"), "--frozen", "--fail-rate", "0.05") as process:
        yield process


@pytest.fixture
def sdk(server: Process, request: pytest.FixtureRequest) -> Iterator[anthropic.Anthropic]:
    """A client whose key, and so its session, is the test's own."""
    with anthropic.Anthropic(base_url=server.url, api_key=f"sk-ant-{request.node.name}", max_retries=0) as client:
        yield client


def advance(server: Process, client: anthropic.Anthropic | anthropic.AsyncAnthropic, **how: str | int) -> None:
    key = str(client.api_key)
    answer = server.http.post("/_mockbatch/clock/advance", json=how, headers={"x-api-key": key})
    assert answer.status_code == 200, answer.text


def test_a_batch_of_real_input_through_its_whole_life(server: Process, sdk: anthropic.Anthropic) -> None:
    """Create, retrieve, list, results, delete, with the fixture that the README uses."""
    items = [json.loads(line) for line in FIXTURE.read_text().split("\n") if line]
    batch = sdk.messages.batches.create(requests=items)
    assert batch.processing_status == "in_progress"
    with pytest.raises(anthropic.AnthropicError, match="No `results_url` for the given batch"):
        sdk.messages.batches.results(batch.id)
    advance(server, sdk, until="batch.ended", batch=batch.id)
    ended = sdk.messages.batches.retrieve(batch.id)
    assert ended.processing_status == "ended"
    kinds = Counter(row.result.type for row in sdk.messages.batches.results(batch.id))
    assert (kinds["succeeded"], kinds["errored"]) == (ended.request_counts.succeeded, ended.request_counts.errored)
    assert sum(kinds.values()) == len(items)
    for row in sdk.messages.batches.results(batch.id):
        if row.result.type == "succeeded":
            assert row.result.message.usage.service_tier == "batch"
            assert row.result.message.usage.input_tokens > 0
    assert sdk.messages.batches.delete(batch.id).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        sdk.messages.batches.retrieve(batch.id)


def test_auto_paging_visits_every_batch(sdk: anthropic.Anthropic) -> None:
    """Both directions, several pages."""
    made = [sdk.messages.batches.create(requests=requests(n)).id for n in range(45)]  # type: ignore[arg-type]
    assert [batch.id for batch in sdk.messages.batches.list(limit=10)] == made[::-1]
    seen = {batch.id for batch in sdk.messages.batches.list(limit=10, before_id=made[0])}
    assert seen == set(made[1:])


def test_errors_are_the_exceptions_of_the_sdk(sdk: anthropic.Anthropic) -> None:
    """Each status its class, with the message and the id of the call."""
    with pytest.raises(anthropic.BadRequestError, match="at least 1 item after validation") as bad:
        sdk.messages.batches.create(requests=[])
    assert str(bad.value.request_id).startswith("req_01")
    with pytest.raises(anthropic.NotFoundError, match="Message Batch msgbatch_x not found"):
        sdk.messages.batches.cancel("msgbatch_x")


def test_an_empty_list_of_betas_is_refused(sdk: anthropic.Anthropic) -> None:
    """The SDK sends a header that names none."""
    with pytest.raises(anthropic.BadRequestError, match=r"Unexpected value\(s\) `` for the `anthropic-beta` header"):
        sdk.beta.messages.batches.create(betas=[], requests=requests("a"))  # type: ignore[arg-type]


def test_a_canceled_batch_has_canceled_rows(server: Process, sdk: anthropic.Anthropic) -> None:
    """They carry nothing but their type."""
    batch = sdk.messages.batches.create(requests=requests("a", "b"))  # type: ignore[arg-type]
    assert sdk.messages.batches.cancel(batch.id).processing_status == "canceling"
    advance(server, sdk, by="1m")
    assert [row.result.type for row in sdk.messages.batches.results(batch.id)] == ["canceled", "canceled"]


def test_the_beta_resource_works_as_well(server: Process, sdk: anthropic.Anthropic) -> None:
    """Same routes, other types."""
    batch = sdk.beta.messages.batches.create(requests=requests("a"), betas=["message-batches-2024-09-24"])  # type: ignore[arg-type]
    advance(server, sdk, by="25h")
    (row,) = sdk.beta.messages.batches.results(batch.id)
    assert row.result.type in ("succeeded", "errored")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_async_client_does_all_of_it(server: Process) -> None:
    """The same life once more, awaited."""
    async with anthropic.AsyncAnthropic(base_url=server.url, api_key="sk-ant-async", max_retries=0) as client:
        batch = await client.messages.batches.create(requests=requests(*range(20)))  # type: ignore[arg-type]
        advance(server, client, until="batch.ended", batch=batch.id)
        assert (await client.messages.batches.retrieve(batch.id)).processing_status == "ended"
        rows = [row.custom_id async for row in await client.messages.batches.results(batch.id)]
        assert sorted(rows) == sorted(map(str, range(20)))
        assert [found.id async for found in client.messages.batches.list(limit=1)] == [batch.id]
        assert (await client.messages.batches.delete(batch.id)).id == batch.id


def test_the_base_url_may_come_from_the_environment(server: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two lines that a program needs to be pointed here; a slash at the end does no harm."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url + "/")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-environment")
    with anthropic.Anthropic() as client:
        batch = client.messages.batches.create(requests=requests("a"))  # type: ignore[arg-type]
        advance(server, client, by="25h")
        assert len(list(client.messages.batches.results(batch.id))) == 1
