"""What happens is told to whoever listens, over a real socket."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from tests.builders import BATCHES, requests
from tests.processes import running


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The data of server-sent events."""
    return (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))


def test_what_is_done_and_what_time_does_is_told(tmp_path: Path) -> None:
    """In order, to a listener that came before."""
    with running(tmp_path, "--frozen", "--wait", "1m", "--delay", "1h") as server:
        url, key = f"{server.url}/_mockbatch/events", {"x-api-key": "sk-ant-test"}
        with httpx2.stream("GET", url, headers=key, timeout=20) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            told = events(stream.iter_lines())
            assert next(told)["type"] == "hello"
            batch = server.http.post(BATCHES, json={"requests": requests("a")}).json()["id"]
            server.http.post("/_mockbatch/clock/advance", json={"by": "2h"})
            server.http.get(f"{BATCHES}/{batch}/results")
            seen = [(event["type"], event.get("batch")) for _, event in zip(range(7), told, strict=False)]
    assert [kind for kind in seen if kind[0] != "call"] == [
        ("batch.created", batch),
        ("batch.started", batch),
        ("batch.ended", batch),
        ("clock", None),
        ("batch.downloaded", batch),
    ]
    assert seen.count(("call", batch)) == 2
