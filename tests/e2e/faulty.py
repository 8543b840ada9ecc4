"""The real SDK against a real process whose rules a test arms over the control plane."""

import json
from typing import Any

import anthropic
import pytest

from tests.builders import requests
from tests.processes import Process


class Faulty:
    """One session of a server: its client, its rules, its batches."""

    def __init__(self, server: Process, name: str, **client: Any) -> None:
        self.server = server
        self.key = f"sk-ant-{name}"
        self.sdk = anthropic.Anthropic(base_url=server.url, api_key=self.key, **client)

    def arm(self, *rules: dict[str, Any]) -> None:
        """Have these rules behind those that there are."""
        self.control("POST", "rules", list(rules))

    def control(self, method: str, path: str, content: Any = None) -> Any:
        answer = self.server.http.request(method, f"/_mockbatch/{path}", json=content, headers={"x-api-key": self.key})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def hits(self, name: str) -> int:
        """How often the rule of this name struck."""
        found = {rule["name"]: rule["hits"] for rule in self.control("GET", "rules")["rules"]}
        return int(found[name])

    def raw(self, method: str, path: str, content: Any = None) -> Any:
        """A call without the SDK; answers the response."""
        return self.server.http.request(method, path, json=content, headers={"x-api-key": self.key})

    def create(self, rows: int = 3) -> str:
        """A batch in progress, by its id."""
        answer = self.raw("POST", "/v1/messages/batches", {"requests": requests(*range(rows))})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def ended(self, rows: int = 3) -> str:
        """An ended batch, by its id."""
        name = self.create(rows)
        self.control("POST", "clock/advance", {"until": "batch.ended", "batch": name})
        return name

    def batches(self) -> list[dict[str, Any]]:
        """What exists, newest first."""
        found: list[dict[str, Any]] = self.raw("GET", "/v1/messages/batches?limit=1000").json()["data"]
        return found

    def rows(self, batch: str) -> list[str]:
        """What the SDK delivers of the results: custom_ids in the order in which they come."""
        return [row.custom_id for row in self.sdk.messages.batches.results(batch)]

    def rows_until(self, batch: str, error: type[BaseException]) -> list[str]:
        """The same, where the stream ends with an exception of exactly that class."""
        delivered = []
        with pytest.raises(error) as raised:  # noqa: PT012 what came before is wanted
            for row in self.sdk.messages.batches.results(batch):
                delivered.append(row.custom_id)
        assert raised.type is error
        return delivered

    def lines(self, batch: str) -> bytes:
        """The bytes of the results."""
        answer = self.raw("GET", f"/v1/messages/batches/{batch}/results")
        assert answer.status_code == 200, answer.text
        return bytes(answer.content)


def counted(on: str, **more: Any) -> dict[str, Any]:
    """A rule that does nothing but count the calls of a scope, under the name `calls`."""
    return {"name": "calls", "on": on, "fault": "http.latency", "delay": "0s", **more}


def parsed(lines: bytes) -> list[dict[str, Any]]:
    """The rows of results that are sound."""
    return [json.loads(line) for line in lines.split(b"\n") if line]
