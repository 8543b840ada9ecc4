"""The official SDK on the server in this process: the same bytes, without a socket."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders import Api, requests, serving

TYPES = ["succeeded", "errored", "canceled", "expired"]


@pytest.fixture
def server() -> Iterator[Api]:
    with serving(wait="0s", delay="uniform:0s,40h", fail_rate="0.2") as api:
        yield api


@pytest.fixture
def sdk(server: Api) -> Any:
    """A client of the session that `server` controls as well."""
    import anthropic  # not before: it takes longer to import than most tests to run

    return anthropic.Anthropic(
        api_key=server.headers["x-api-key"], base_url="http://mockbatch", http_client=server, max_retries=0
    )


def test_counts_and_rows_agree_for_every_way_to_end(server: Api, sdk: Any) -> None:
    """Succeeded, errored, canceled and expired, each where it belongs."""
    expired = sdk.messages.batches.create(requests=requests(*range(100)))
    server.advance(by="4h")
    canceled = sdk.messages.batches.create(requests=requests(*range(100)))
    server.advance(by="6h")
    assert sdk.messages.batches.cancel(canceled.id).processing_status == "canceling"
    server.advance(by="25h")
    for batch_id, others in ((expired.id, {"canceled"}), (canceled.id, {"expired"})):
        counts = sdk.messages.batches.retrieve(batch_id).request_counts
        rows = Counter(row.result.type for row in sdk.messages.batches.results(batch_id))
        assert {kind: rows[kind] for kind in TYPES} == {kind: getattr(counts, kind) for kind in TYPES}
        assert set(TYPES) - set(rows) == others


def test_every_type_of_row_has_what_the_sdk_promises(server: Api, sdk: Any) -> None:
    """The fields that a program reads are there and of their types."""
    batch = sdk.messages.batches.create(requests=requests(*range(100)))
    server.advance(by="25h")
    for row in sdk.messages.batches.results(batch.id):
        if row.result.type == "succeeded":
            message = row.result.message
            assert message.content[0].type == "text"
            assert message.content[0].text
            assert message.usage.output_tokens > 0
            assert message.usage.cache_creation.ephemeral_1h_input_tokens == 0
        elif row.result.type == "errored":
            assert row.result.error.error.type.endswith("_error")
            assert row.result.error.error.message


def test_listing_pages_by_itself(server: Api, sdk: Any) -> None:
    """From the newest to the oldest."""
    made = []
    for number in range(12):
        made.append(sdk.messages.batches.create(requests=requests(number)).id)
        server.advance(by="1s")
    assert [batch.id for batch in sdk.messages.batches.list(limit=5)] == made[::-1]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda batches: batches.create(requests=[]), "BadRequestError", "at least 1 item"),
        (lambda batches: batches.create(requests=requests("a", "a")), "BadRequestError", "must be unique"),
        (lambda batches: batches.create(requests=requests("?")), "BadRequestError", "should match pattern"),
        (lambda batches: batches.retrieve("msgbatch_x"), "NotFoundError", "not found"),
        (lambda batches: batches.delete("msgbatch_x"), "NotFoundError", "not found"),
        (lambda batches: batches.list(limit=5000).data, "BadRequestError", "less than or equal to 1000"),
    ],
)
def test_what_is_refused_raises_the_class_of_its_status(sdk: Any, call: Any, error: str, text: str) -> None:
    """With the message and the id of the call."""
    import anthropic

    with pytest.raises(getattr(anthropic, error), match=text) as caught:
        call(sdk.messages.batches)
    assert caught.value.request_id.startswith("req_01")


def test_results_too_early_are_refused_by_both(server: Api, sdk: Any) -> None:
    """By the SDK itself, which looks first, and by the server, which is asked directly."""
    import anthropic

    batch = sdk.messages.batches.create(requests=requests("a"))
    with pytest.raises(anthropic.AnthropicError, match="No `results_url` for the given batch"):
        sdk.messages.batches.results(batch.id)
    with pytest.raises(anthropic.NotFoundError, match="has no available results"):
        sdk.get(f"/v1/messages/batches/{batch.id}/results", cast_to=object)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_async_client_works_the_same() -> None:
    """Over an ASGI transport."""
    import anthropic
    import httpx2

    from mockbatch.http.app import create_app
    from tests.builders import config

    app = create_app(config(progression="polls:1"))
    async with app.lifespan_context(app) as state:

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": state}, receive, send)

        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=with_state), base_url="http://mockbatch"
        ) as http:
            client = anthropic.AsyncAnthropic(
                api_key="sk-ant-async", base_url="http://mockbatch", http_client=http, max_retries=0
            )
            batch = await client.messages.batches.create(requests=requests("a", "b"))  # type: ignore[arg-type]
            assert (await client.messages.batches.retrieve(batch.id)).processing_status == "ended"
            rows = [row.custom_id async for row in await client.messages.batches.results(batch.id)]
            assert sorted(rows) == ["a", "b"]
            assert (await client.messages.batches.delete(batch.id)).id == batch.id
