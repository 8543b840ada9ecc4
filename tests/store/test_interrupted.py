"""A create that is broken off at any moment leaves a whole batch or none."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mockbatch.config import Config
from mockbatch.core.contract.params import Terms
from mockbatch.service import Mock
from mockbatch.store import StoreError
from mockbatch.store.sqlite import opened
from mockbatch.webhooks import Webhooks
from tests.builders import requests

BODY = json.dumps({"requests": requests(*range(3), padding=100)}).encode()
# one that comes with its facts, one that is put before, one of several slices
BODIES = {
    "small": BODY,
    "medium": json.dumps({"requests": requests(*range(2), padding=100_000)}).encode(),
    "large": json.dumps({"requests": requests(*range(25), padding=100_000)}).encode(),
}


async def body_of(content: bytes = BODY) -> AsyncIterator[bytes]:
    yield content


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("size", BODIES)
async def test_a_create_that_is_canceled_leaves_a_whole_batch_or_none(tmp_path: Path, size: str) -> None:
    """Whether the cancel comes before, while or after the store writes; seen by the next server on the file."""
    path = tmp_path / "state.db"
    mock = Mock(await opened(path), lambda: 0, Config(), Webhooks())
    try:
        await mock.open()
        session = await mock.sessions.of_key("key")
        steps, done = 0, False
        while not done:
            task = asyncio.create_task(mock.batches.create(session, body_of(BODIES[size]), Terms(), "http://x", {}))
            for _ in range(steps):
                await asyncio.sleep(0)
            done = task.done()
            task.cancel()
            await asyncio.wait([task])
            steps += 1 + steps // 8
    finally:
        await mock.close()

    again = await opened(path)
    try:
        batches = (await again.load()).batches
        assert batches
        for batch in batches:
            for index in range(batch.slices):
                assert await again.slice(batch.seq, index)
            assert batch.id in session.batches
    except StoreError as error:
        raise AssertionError("a batch without its slices") from error
    finally:
        await again.close()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_cancel_that_cannot_be_kept_has_not_happened(tmp_path: Path) -> None:
    """The caller gets an error, and the batch goes on as it was."""
    store = await opened(tmp_path / "state.db")
    mock = Mock(store, lambda: 0, Config(frozen=True), Webhooks())
    try:
        await mock.open()
        session = await mock.sessions.of_key("key")
        batch = await mock.batches.create(session, body_of(), Terms(), "http://x", {})
        await store._writer.execute_fetchall("PRAGMA query_only = 1")
        with pytest.raises(StoreError):
            await mock.batches.cancel(session, batch.id, "http://x")
        assert await mock.batches.retrieve(session, batch.id, "http://x") == batch
        await store._writer.execute_fetchall("PRAGMA query_only = 0")
        canceled = await mock.batches.cancel(session, batch.id, "http://x")
        assert canceled.processing_status == "canceling"
    finally:
        await mock.close()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("size", BODIES)
async def test_a_create_for_which_there_is_no_room_says_so_and_leaves_nothing(tmp_path: Path, size: str) -> None:
    """SQLite's own limit stands in for the disk; what was there stays, and what fits is taken."""
    store = await opened(tmp_path / "state.db")
    mock = Mock(store, lambda: 0, Config(), Webhooks())

    async def filled() -> None:
        for _ in range(1000):
            await mock.batches.create(session, body_of(BODIES[size]), Terms(), "http://x", {})

    try:
        await mock.open()
        session = await mock.sessions.of_key("key")
        first = await mock.batches.create(session, body_of(), Terms(), "http://x", {})
        ((pages,),) = await store._writer.execute_fetchall("PRAGMA page_count")
        await store._writer.execute_fetchall(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="database or disk is full"):
            await filled()
        known = set(session.batches)
        assert first.id in known
        await store._writer.execute_fetchall("PRAGMA max_page_count = 100000")
        last = await mock.batches.create(session, body_of(BODIES[size]), Terms(), "http://x", {})
        assert {batch.id for batch in (await store.load()).batches} == {*known, last.id}
    finally:
        await mock.close()
