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


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_create_that_is_canceled_leaves_a_whole_batch_or_none(tmp_path: Path) -> None:
    """Whether the cancel comes before, while or after the store writes; seen by the next server on the file."""
    path = tmp_path / "state.db"
    mock = Mock(await opened(path), lambda: 0, Config(), Webhooks())

    async def body() -> AsyncIterator[bytes]:
        yield BODY

    try:
        await mock.open()
        session = await mock.sessions.of_key("key")
        for steps in range(12):
            task = asyncio.create_task(mock.batches.create(session, body(), Terms(), "http://x", {}))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
    finally:
        await mock.close()

    again = await opened(path)
    try:
        for batch in (await again.load()).batches:
            assert [len(await again.slice(batch.seq, index)) > 0 for index in range(batch.slices)] == [True]
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

        async def body() -> AsyncIterator[bytes]:
            yield BODY

        session = await mock.sessions.of_key("key")
        batch = await mock.batches.create(session, body(), Terms(), "http://x", {})
        await store._writer.execute_fetchall("PRAGMA query_only = 1")
        with pytest.raises(StoreError):
            await mock.batches.cancel(session, batch.id, "http://x")
        assert await mock.batches.retrieve(session, batch.id, "http://x") == batch
        await store._writer.execute_fetchall("PRAGMA query_only = 0")
        canceled = await mock.batches.cancel(session, batch.id, "http://x")
        assert canceled.processing_status == "canceling"
    finally:
        await mock.close()
