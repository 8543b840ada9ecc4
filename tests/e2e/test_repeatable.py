"""The same run twice, in two processes, under every kind of luck, gives the same journal."""

from pathlib import Path
from typing import Any

import anthropic

from tests.builders import requests
from tests.processes import running

OPTIONS = (
    *("--frozen", "--clock-start", "2026-01-01", "--seed", "11", "--mix", "70/20/5/5", "--delay", "uniform:0s,3h"),
    *("--fault", "http.error,on=http,status=529,probability=0.2"),
    *("--fault", "results.cut,after_items=3,every=2"),
    *("--fault", "retrieve.not_found_flap,first_n=1"),
)


def journal(folder: Path, hash_seed: str) -> list[tuple[Any, ...]]:
    """What a program met that goes on whatever happens."""
    folder.mkdir()
    with running(folder, *OPTIONS, environ={"PYTHONHASHSEED": hash_seed}) as server:
        client = anthropic.Anthropic(base_url=server.url, api_key="sk-ant-x", max_retries=0)

        def tried(call: Any, *arguments: Any, **named: Any) -> Any:
            try:
                return call(*arguments, **named)
            except anthropic.AnthropicError as error:
                return error

        batches = client.messages.batches
        for part in range(6):
            created = tried(batches.create, requests=requests(*range(part, part + 8)))
            if isinstance(created, anthropic.AnthropicError):
                continue
            for _ in range(4):
                tried(batches.retrieve, created.id)
                server.advance(by="1h")
            tried(lambda id=created.id: list(batches.results(id)))
        kept = server.http.get("/_mockbatch/requests", params={"limit": 1000}, headers={"x-api-key": "sk-ant-x"}).json()
        client.close()
    names = ("at", "op", "status", "request_id", "batch", "fault", "answered")
    return [
        tuple(call[name].replace(server.url, "") if name == "answered" else call[name] for name in names)
        for call in kept["requests"]
    ]


def test_the_same_run_gives_the_same_journal(tmp_path: Path) -> None:
    """With faults in it."""
    first = journal(tmp_path / "one", "1")
    assert len({call[2] for call in first}) > 1
    assert any(call[5] for call in first)
    assert journal(tmp_path / "two", "2") == first
