"""A first test, as a project writes it: with the SDK of its environment, or with whatever it has to make calls with."""

import json
import os
import urllib.request

import pytest

REQUESTS = [
    {
        "custom_id": name,
        "params": {
            "model": "claude-haiku-4-5",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": f"Hello {name}"}],
        },
    }
    for name in ("a", "b", "c")
]


class BySdk:
    def __init__(self):
        import anthropic

        self.batches = anthropic.Anthropic().messages.batches

    def create(self):
        return self.batches.create(requests=REQUESTS).id

    def status(self, batch):
        return self.batches.retrieve(batch).processing_status

    def results(self, batch):
        return {row.custom_id: row.result.type for row in self.batches.results(batch)}


class ByCalls:
    def create(self):
        return json.loads(call("/v1/messages/batches", {"requests": REQUESTS}))["id"]

    def status(self, batch):
        return json.loads(call(f"/v1/messages/batches/{batch}"))["processing_status"]

    def results(self, batch):
        rows = map(json.loads, call(f"/v1/messages/batches/{batch}/results").splitlines())
        return {row["custom_id"]: row["result"]["type"] for row in rows}


def call(path, body=None):
    url = os.environ["ANTHROPIC_BASE_URL"] + path
    headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"}
    try:
        import httpx
    except ImportError:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
            return answer.read()
    answer = httpx.post(url, json=body, headers=headers) if body else httpx.get(url, headers=headers)
    answer.raise_for_status()
    return answer.content


def client():
    try:
        return BySdk()
    except ImportError:
        return ByCalls()


def test_a_batch_ends(mockbatch):
    caller = client()
    batch = caller.create()
    assert caller.status(batch) == "in_progress"
    mockbatch.clock.advance("25h")
    assert caller.status(batch) == "ended"
    assert caller.results(batch) == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}


@pytest.mark.mockbatch(fault="item.errored,exactly=1")
def test_a_row_fails(mockbatch):
    caller = client()
    batch = caller.create()
    mockbatch.clock.advance("25h")
    assert sorted(caller.results(batch).values()) == ["errored", "succeeded", "succeeded"]


def test_sleeping_is_advancing(mockbatch, virtual_time):
    import time

    caller = client()
    batch = caller.create()
    for _ in range(30):
        time.sleep(3600)
    assert caller.status(batch) == "ended"
