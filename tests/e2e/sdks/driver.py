"""What a program sees that uses the SDK of this environment, as one JSON document."""

import asyncio
import json
import os
import warnings
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import anthropic

warnings.simplefilter("ignore")
URL = os.environ["ANTHROPIC_BASE_URL"]
PARAMS = {"model": "claude-haiku-4-5", "max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}]}


def client(name: str, kind: Any = anthropic.Anthropic) -> Any:
    return kind(api_key=f"sk-ant-{name}", base_url=URL, max_retries=0)


def batches_of(sdk: Any) -> Any:
    """Batches, which the oldest SDKs have in the beta resource only."""
    return getattr(sdk.messages, "batches", None) or sdk.beta.messages.batches


def batch_of(*names: str) -> Any:
    return [{"custom_id": name, "params": PARAMS} for name in names]


def a_day_passes(name: str) -> None:
    call = Request(f"{URL}/_mockbatch/clock/advance", b'{"by": "25h"}', {"x-api-key": f"sk-ant-{name}"})
    urlopen(call).read()


def error_of(work: Callable[[], Any]) -> list[Any]:
    try:
        work()
    except Exception as error:
        return [type(error).__name__, getattr(error, "status_code", None)]
    return ["none"]


def life(name: str, batches: Any) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    batch = batches.create(requests=batch_of("a", "b"))
    seen["created"] = [batch.processing_status, batch.request_counts.processing, batch.results_url]
    seen["early results"] = error_of(lambda: batches.results(batch.id))[0]
    can_delete = hasattr(batches, "delete")
    seen["early delete"] = error_of(lambda: batches.delete(batch.id)) if can_delete else None
    raw = batches.with_raw_response.retrieve(batch.id)
    seen["raw"] = [raw.headers["retry-after"], raw.headers["request-id"][:4], raw.parse().id == batch.id]
    with batches.with_streaming_response.retrieve(batch.id) as streamed:
        seen["streaming"] = streamed.parse().id == batch.id
    other = batches.create(requests=batch_of("c"))
    seen["canceling"] = batches.cancel(other.id).processing_status
    a_day_passes(name)
    batch = batches.retrieve(batch.id)
    seen["ended"] = [batch.processing_status, batch.request_counts.processing]
    rows = sorted(batches.results(batch.id), key=lambda row: row.custom_id)
    seen["rows"] = [[row.custom_id, row.result.type, row.result.message.usage.service_tier] for row in rows]
    seen["canceled"] = [row.result.type for row in batches.results(other.id)]
    seen["listed"] = [found.id for found in batches.list()] == [other.id, batch.id]
    seen["deleted"] = batches.delete(batch.id).type if can_delete else None
    seen["gone"] = error_of(lambda: batches.retrieve(batch.id)) if can_delete else None
    return seen


def paging() -> dict[str, Any]:
    batches = batches_of(client("paging"))
    made = [batches.create(requests=batch_of(f"n{number}")).id for number in range(150)]
    newest_first = made[::-1]
    return {str(limit): [found.id for found in batches.list(limit=limit)] == newest_first for limit in (20, 100, 1000)}


def errors() -> dict[str, Any]:
    batches = batches_of(client("errors"))
    return {
        "empty": error_of(lambda: batches.create(requests=[])),
        "unknown": error_of(lambda: batches.retrieve("msgbatch_none")),
        "key": error_of(lambda: batches_of(client("admin01-x")).list()),
        "model": error_of(lambda: client("errors").messages.create(**{**PARAMS, "model": "claude-none"})),
    }


async def in_async() -> dict[str, Any]:
    async with client("async", anthropic.AsyncAnthropic) as sdk:
        batches = batches_of(sdk)
        batch = await batches.create(requests=batch_of("a"))
        a_day_passes("async")
        rows = [row.custom_id async for row in await batches.results(batch.id)]
        listed = [found.id async for found in batches.list(limit=1)]
        return {"rows": rows, "listed": listed == [batch.id]}


def messages() -> dict[str, Any]:
    sdk = client("messages")
    whole = sdk.messages.create(**PARAMS)
    with sdk.messages.stream(**PARAMS) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    kinds = [event.type for event in sdk.messages.create(**PARAMS, stream=True)]
    count = sdk.beta.messages.count_tokens(model=PARAMS["model"], messages=PARAMS["messages"])
    return {
        "same": whole.content[0].text == text == final.content[0].text,
        "stop": [whole.stop_reason, final.stop_reason],
        "usage": whole.usage.output_tokens == final.usage.output_tokens,
        "events": [kind for kind in kinds if kind != "content_block_delta"],
        "counted": count.input_tokens == whole.usage.input_tokens,
    }


def models() -> Any:
    sdk = client("models")
    if not hasattr(sdk, "models"):
        return None
    return [sdk.models.retrieve("claude-haiku-4-5").id, len(list(sdk.models.list(limit=5))) > 10]


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "life": life("life", batches_of(client("life"))),
                "beta": life("beta", client("beta").beta.messages.batches),
                "paging": paging(),
                "errors": errors(),
                "async": asyncio.run(in_async()),
                "messages": messages(),
                "models": models(),
            }
        )
    )
