"""Things that tests need, with defaults, so that a test shows only what it is about."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from mockbatch.config import OPTIONS, Config
from mockbatch.core.time.spans import parse_instant
from mockbatch.http.app import create_app

START = "2026-01-01T00:00:00+00:00"
BATCHES = "/v1/messages/batches"
OWNER = {"x-mockbatch-owner": "of-these-tests"}
"""What the process that started the server sends, to name files and functions."""
HERE = ("127.0.0.1", 50000)
HEADERS = {"x-api-key": "sk-ant-test", "anthropic-version": "2023-06-01"}


def params(text: str = "hello", **more: Any) -> dict[str, Any]:
    """The params of a good request."""
    return {
        "model": "claude-haiku-4-5",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": text}],
        **more,
    }


def requests(*custom_ids: str | int, padding: int = 0, **more: Any) -> list[dict[str, Any]]:
    """Good requests with these ids, each with a text of its own, made longer by `padding` characters."""
    return [
        {"custom_id": str(name), "params": params(f"request {name} {'.' * padding}".strip(), **more)}
        for name in custom_ids
    ]


def config(**texts: str) -> Config:
    """A configuration of options written as on the command line; time stands still at START unless told."""
    given = {"frozen": "true", "clock_start": START, **texts}
    return Config(owner=OWNER["x-mockbatch-owner"], **{name: OPTIONS[name].parse(text) for name, text in given.items()})


class Api(TestClient):
    """The server in this process, as a caller with a key and a version sees it."""

    def create(self, *custom_ids: str | int, **more: Any) -> dict[str, Any]:
        return self.ok(self.post(BATCHES, json={"requests": requests(*(custom_ids or ("a",)), **more)}))

    def get_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        return self.ok(self.get(f"{BATCHES}/{batch['id']}"))

    def cancel(self, batch: dict[str, Any]) -> dict[str, Any]:
        return self.ok(self.post(f"{BATCHES}/{batch['id']}/cancel"))

    def advance(self, **how: Any) -> dict[str, Any]:
        return self.ok(self.post("/_mockbatch/clock/advance", json=how))

    def ended(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch, after time was moved to its end."""
        self.advance(until="batch.ended", batch=batch["id"])
        return self.get_batch(batch)

    def results(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.get(f"{BATCHES}/{batch['id']}/results")
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.content.splitlines()]

    @staticmethod
    def ok(answer: httpx2.Response) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content


def reached_from(peer: tuple[str, int], app: ASGIApp) -> ASGIApp:
    """The app as callers at an address reach it."""

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": peer}, receive, send)

    return called


@contextmanager
def serving(**options: str) -> Iterator[Api]:
    """A server in this process under these options."""
    app = create_app(config(**options), wall=lambda: parse_instant(START))
    with Api(reached_from(HERE, app), base_url="http://mockbatch", headers=HEADERS) as api:
        yield api


def outcomes(rows: list[dict[str, Any]]) -> dict[str, str]:
    """custom_id to result type."""
    return {row["custom_id"]: row["result"]["type"] for row in rows}
