"""The floor's application: create, retrieve and results, each as fast as we can, with no checks and no features.

Create receives the body, parses it once and writes it once, durably. To cut the body while it arrives is faster for
large ones; that is a way of mockbatch, and the floor is what it is compared with.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

_PIECE = 128 * 1024
_SCHEMA = """
PRAGMA page_size = 32768;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 0;
CREATE TABLE batch (id TEXT, size INTEGER, body BLOB);
"""
_LINE = (
    '{"custom_id":"%s","result":{"type":"succeeded","message":{"model":"claude-haiku-5-5","id":'
    '"msg_01Fk3Wm8pQvXyZ2Rt5Hn7Jbc","type":"message","role":"assistant","content":[{"type":"text","text":"'
    "The lease ends in May, and the reply goes to the regional office before the meeting, as agreed last week. "
    "Nobody knows why the second invoice was returned."
    '"}],"container":null,"stop_reason":"end_turn","stop_sequence":null,"stop_details":null,"usage":{'
    '"input_tokens":612,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{'
    '"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":43,"service_tier":"batch",'
    '"inference_geo":"global"},"diagnostics":null}}}\n'
)
_WHEN = "2026-11-22T12:00:00.000000+00:00"

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


class Request(msgspec.Struct):
    custom_id: str
    params: msgspec.Raw


class Body(msgspec.Struct):
    requests: list[Request]


class Counts(msgspec.Struct):
    processing: int
    succeeded: int
    errored: int = 0
    canceled: int = 0
    expired: int = 0


class Batch(msgspec.Struct):
    id: str
    type: str
    processing_status: str
    request_counts: Counts
    ended_at: str | None
    created_at: str
    expires_at: str
    archived_at: str | None
    cancel_initiated_at: str | None
    results_url: str | None


_bodies = msgspec.json.Decoder(Body)
_encode = msgspec.json.Encoder().encode


class Floor:
    """The ASGI application; batches are in memory, their requests in SQLite."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(_SCHEMA)
        self._writer = ThreadPoolExecutor(1)
        self._batches: dict[str, Batch] = {}
        self._ids: dict[str, list[str]] = {}
        self._results: dict[str, list[bytes]] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if scope["method"] == "POST":
            await _answer(send, _encode(await self._create(receive)))
        elif path.endswith("/results"):
            await self._send_results(path.split("/")[-2], send)
        elif path == "/health":
            await _answer(send, b"")
        else:
            await _answer(send, self._retrieve(path.rpartition("/")[2]))

    async def _create(self, receive: Receive) -> Batch:
        batch_id = f"msgbatch_{len(self._batches):024d}"
        body = await _received(receive)
        ids = [request.custom_id for request in _bodies.decode(body).requests]
        await asyncio.get_running_loop().run_in_executor(self._writer, self._write, batch_id, len(ids), body)
        self._ids[batch_id] = ids
        counts = Counts(0, len(ids))
        self._batches[batch_id] = Batch(
            batch_id, "message_batch", "ended", counts, _WHEN, _WHEN, _WHEN, None, None, f"/{batch_id}/results"
        )
        return self._batches[batch_id]

    def _write(self, batch_id: str, size: int, body: bytes) -> None:
        self._db.execute("INSERT INTO batch VALUES (?, ?, ?)", (batch_id, size, body))

    def _retrieve(self, batch_id: str) -> bytes:
        if batch_id not in self._results:
            self._results[batch_id] = list(_ready_made(self._ids[batch_id]))
        return _encode(self._batches[batch_id])

    async def _send_results(self, batch_id: str, send: Send) -> None:
        await send(_start(b"application/x-jsonl"))
        for piece in self._results[batch_id]:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)  # send() alone does not let polls in
        await send({"type": "http.response.body", "body": b""})


async def _received(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message["body"])
        if not message.get("more_body"):
            return b"".join(pieces)


def _ready_made(ids: list[str]) -> Iterator[bytes]:
    lines = "".join([_LINE % custom_id for custom_id in ids]).encode()
    for start in range(0, len(lines), _PIECE):
        yield lines[start : start + _PIECE]


def _start(content_type: bytes, *more: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-type", content_type), *more]}


async def _answer(send: Send, body: bytes) -> None:
    await send(_start(b"application/json", (b"content-length", b"%d" % len(body))))
    await send({"type": "http.response.body", "body": body})
