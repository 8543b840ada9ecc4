"""Many callers at once: what one looks at, another deletes meanwhile. No call may fail for that."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from mockbatch.core.time.spans import parse_instant
from mockbatch.http.app import create_app
from tests.builders import BATCHES, HEADERS, START, config, requests

_CONTROL = "/_mockbatch"
_KEYS = ("sk-ant-one", "sk-ant-two")
Caller = Callable[..., Awaitable[httpx2.Response]]


@asynccontextmanager
async def calling(**options: str) -> AsyncIterator[Caller]:
    """A server in this event loop: what its calls await is where others get their turn."""
    app = create_app(config(**options), wall=lambda: parse_instant(START))
    async with app.lifespan_context(app) as state:

        async def stated(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx2.ASGITransport(app=stated, raise_app_exceptions=False, client=("127.0.0.1", 5))
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock", headers=HEADERS) as http:

            async def call(method: str, path: str, key: str = _KEYS[0], content: Any = None) -> httpx2.Response:
                return await http.request(method, path, headers={"x-api-key": key}, json=content)

            yield call


class _World:
    """Makes random calls; `faults` are answers that none should get."""

    def __init__(self, call: Caller, seed: int) -> None:
        self._call, self._luck = call, random.Random(seed)
        self._batches: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.seen: set[int] = set()

    async def act(self, number: int) -> None:
        await asyncio.sleep(0)
        method, path, key, content = self._drawn(number)
        answer = await self._call(method, path, key, content)
        self.seen.add(answer.status_code)
        if answer.status_code >= 500:
            self.faults.append(f"{method} {path}: {answer.text}")
        if method == "POST" and path == BATCHES and answer.status_code == 200:
            self._batches.append((key, answer.json()["id"]))

    def _drawn(self, number: int) -> tuple[str, str, str, Any]:
        luck = self._luck
        key = luck.choice(_KEYS)
        if luck.random() < 0.25 or not self._batches:
            # some of the same content, and some that fail
            sent = requests(*range(luck.randint(1, 3)), **({"top_k": -1} if luck.random() < 0.3 else {}))
            return "POST", BATCHES, key, {"requests": sent}
        if luck.random() < 0.03:
            return "DELETE", f"{_CONTROL}/sessions/{_session_of(key)}", key, None
        owner, batch = luck.choice(self._batches[-12:])
        one, mine = f"{BATCHES}/{batch}", f"{_CONTROL}/batches/{batch}"
        of_a_batch = [
            ("GET", one, None),
            ("GET", f"{one}/results", None),
            ("POST", f"{one}/cancel", None),
            ("DELETE", one, None),
            ("GET", mine, None),
            ("DELETE", mine, None),
            ("GET", f"{mine}/items", None),
            ("GET", f"{mine}/items?q=x", None),
            ("GET", f"{mine}/items/0", None),
            ("POST", f"{mine}/end", None),
            ("POST", f"{mine}/expire", None),
            ("POST", f"{mine}/fail", {"custom_ids": ["0"]}),
            ("POST", f"{mine}/again", {"custom_ids": ["0"]}),
            ("POST", f"{_CONTROL}/clock/advance", {"until": "items_done", "batch": batch, "count": 1}),
        ]
        of_a_session = [
            ("GET", f"{BATCHES}?limit=5", None),
            ("GET", f"{_CONTROL}/summary", None),
            ("GET", f"{_CONTROL}/summary?session={_session_of(key)}", None),
            ("GET", f"{_CONTROL}/problems", None),
            ("GET", f"{_CONTROL}/metrics", None),
            ("GET", f"{_CONTROL}/ledger?group_by=custom_id", None),
            ("GET", f"{_CONTROL}/ledger?format=jsonl", None),
            ("GET", f"{_CONTROL}/sessions", None),
            ("GET", f"{_CONTROL}/batches", None),
            ("GET", f"{_CONTROL}/batches?q=errored%3E0", None),
            ("GET", f"{_CONTROL}/clock", None),
            ("GET", f"{_CONTROL}/requests", None),
            ("POST", f"{_CONTROL}/clock/advance", {"by": "30m"}),
            ("POST", f"{_CONTROL}/snapshots", None),
            ("POST", f"{_CONTROL}/reset", {"scope": "state"}) if number % 40 == 0 else ("GET", BATCHES, None),
        ]
        if luck.random() < 0.5:
            return _with_key(owner, *luck.choice(of_a_batch))
        return _with_key(key, *luck.choice(of_a_session))


def _with_key(key: str, method: str, path: str, content: Any) -> tuple[str, str, str, Any]:
    return method, path, key, content


def _session_of(key: str) -> str:
    from hashlib import sha256

    return sha256(key.encode()).hexdigest()[:16]


async def _storm(seed: int) -> _World:
    options = [{}, {"progression": "polls:2"}, {"fail_rate": "0.5"}][seed % 3]
    async with calling(**options) as call:
        world = _World(call, seed)
        for round_ in range(12):
            await asyncio.gather(*(world.act(round_ * 40 + number) for number in range(40)))
    return world


@pytest.mark.parametrize("seed", range(6))
def test_no_call_fails_because_of_another(seed: int) -> None:
    """Whatever is deleted while somebody reads it: it is left out, or not found."""
    world = asyncio.run(_storm(seed))
    assert world.faults == []
    assert {200, 404} <= world.seen
