"""A create that is broken off at any moment leaves a whole batch or none."""

import asyncio
import json
import resource
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from mockbatch.config import Config
from mockbatch.core.contract.errors import NotFound
from mockbatch.core.contract.params import Terms
from mockbatch.service.services import Services
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
    mock = Services(await opened(path), lambda: 0, Config(), Webhooks())
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
    mock = Services(store, lambda: 0, Config(frozen=True), Webhooks())
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
    mock = Services(store, lambda: 0, Config(), Webhooks())

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


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_session_that_could_not_be_saved_is_saved_by_the_next_call(tmp_path: Path) -> None:
    """Otherwise its batches would belong to nobody at the next start."""
    store = await opened(tmp_path / "state.db")
    mock = Services(store, lambda: 0, Config(), Webhooks())
    try:
        await mock.open()
        await store._writer.execute_fetchall("PRAGMA query_only = 1")
        with pytest.raises(StoreError):
            await mock.sessions.of_key("key")
        with pytest.raises(StoreError):
            await mock.sessions.open("label", {}, "other")
        assert mock.sessions.all() == []
        await store._writer.execute_fetchall("PRAGMA query_only = 0")
        session = await mock.sessions.of_key("key")
        batch = await mock.batches.create(session, body_of(), Terms(), "http://x", {})
    finally:
        await mock.close()
    again = Services(await opened(tmp_path / "state.db"), lambda: 0, Config(), Webhooks())
    try:
        await again.open()
        assert list((await again.sessions.of_key("key")).batches) == [batch.id]
    finally:
        await again.close()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_batch_whose_session_was_lost_is_served_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The key that made it finds it again."""
    path = tmp_path / "state.db"
    mock = Services(await opened(path), lambda: 0, Config(), Webhooks())
    try:
        await mock.open()
        session = await mock.sessions.of_key("key")
        batch = await mock.batches.create(session, body_of(), Terms(), "http://x", {})
    finally:
        await mock.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM session")
    again = Services(await opened(path), lambda: 0, Config(), Webhooks())
    try:
        await again.open()
        assert f"session {session.name} has batches but no stored options" in caplog.text
        found = await again.sessions.of_key("key")
        assert (await again.batches.retrieve(found, batch.id, "http://x")).id == batch.id
    finally:
        await again.close()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_session_that_was_deleted_takes_nothing_more() -> None:
    """A call that was on its way when its session was deleted does not bring it back."""
    mock = Services(await opened(None), lambda: 0, Config(), Webhooks())
    try:
        await mock.open()
        session = await mock.sessions.of_key("key")
        await mock.session_admin.delete(session)
        with pytest.raises(NotFound):
            await mock.batches.create(session, body_of(), Terms(), "http://x", {})
        with pytest.raises(NotFound):
            await mock.clocks.freeze(session)
        facts = await mock._store.load()
        assert (facts.sessions, facts.batches) == ([], [])
    finally:
        await mock.close()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_was_saved_stays_readable_while_the_temporary_disk_is_full() -> None:
    """A limit of the process on the size of files stands in for the disk."""
    store = await opened(None)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        for number in range(1, 6):
            await store.put_slice(number, 0, b"%d" % number * (1 << 20))
        resource.setrlimit(resource.RLIMIT_FSIZE, (7 << 20, hard))
        with pytest.raises(StoreError):
            await asyncio.gather(*(store.put_slice(number, 0, bytes(1 << 20)) for number in range(6, 20)))
        for number in range(1, 6):
            assert await store.slice(number, 0) == b"%d" % number * (1 << 20)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await store.put_slice(20, 0, b"again")
        assert await store.slice(20, 0) == b"again"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await store.close()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_decides_about_a_batch_outlives_the_others_that_it_decided_about(tmp_path: Path) -> None:
    """Whenever the last of them is removed while a batch is being created."""
    path = tmp_path / "state.db"
    mock = Services(await opened(path), lambda: 0, Config(), Webhooks())
    try:
        await mock.open()
        session = await mock.sessions.of_key("key")
        steps, done = 0, False
        while not done:
            for batch in list(session.batches.values()):
                await mock.registry.remove(session, batch)
            first = await mock.batches.create(session, body_of(), Terms(), "http://x", {})
            creating = asyncio.create_task(mock.batches.create(session, body_of(), Terms(), "http://x", {}))
            for _ in range(steps):
                await asyncio.sleep(0)
            done = creating.done()
            await mock.registry.remove(session, session.batches[first.id])
            second = await creating
            assert (await mock.batches.retrieve(session, second.id, "http://x")).id == second.id
            facts = await mock._store.load()
            assert {batch.profile for batch in facts.batches} <= facts.profiles.keys()
            steps += 1
    finally:
        await mock.close()
