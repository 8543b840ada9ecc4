"""What every store must do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.timeline import NEVER, Timeline
from mockbatch.store import Gone, Options, SessionFacts, Store, StoreError
from mockbatch.store.sqlite import SqliteStore, opened

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def opened_at(path: Path | None, durability: str = "process") -> AsyncIterator[SqliteStore]:
    """A store that is closed whatever happens: its threads would keep the process alive."""
    store = await opened(path, durability)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(params=["file", "temporary"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_at(tmp_path / "state.db" if request.param == "file" else None) as opened_store:
        yield opened_store


def a_batch(seq: int = 1, **more: object) -> Batch:
    timeline = Timeline(10, 20, 20, NEVER)
    batch = Batch(seq, f"msgbatch_{seq}", "session", 2**62, sizes=(2, 1), profile=1, timeline=timeline)
    return replace(batch, **more) if more else batch


async def put_batch(store: Store, seq: int) -> None:
    for index in (0, 1):
        await store.put_slice(seq, index, b"raw")
    await store.add_batch(a_batch(seq))


async def put_small_batch(store: Store, seq: int) -> None:
    """Its slice comes with the facts."""
    await store.add_batch(a_batch(seq), b"raw")


in_both_ways = pytest.mark.parametrize("put", [put_batch, put_small_batch])
Put = Callable[[Store, int], Awaitable[None]]


async def test_what_was_saved_is_loaded(store: Store) -> None:
    """Sessions, profiles and batches, the newest facts of each, in the order of their making."""
    session = SessionFacts("session", Clock(1, 2, 0.5, frozen=True), b"\0\1")
    await store.commit(SessionFacts("session", Clock(0, 0)))
    await store.commit(session)
    await store.commit(Options(1, Profile(seed=7, delay="empirical:1s,2s")))
    await store.commit(a_batch(2))
    await store.commit(a_batch(1))
    await store.commit(a_batch(2, tally=RequestCounts(0, 3), deleted=True))
    facts = await store.load()
    assert list(facts.sessions) == [session]
    assert facts.profiles == {1: Profile(seed=7, delay="empirical:1s,2s")}
    assert list(facts.batches) == [a_batch(1), a_batch(2, tally=RequestCounts(0, 3), deleted=True)]


async def test_slices_rows_and_starts_are_kept_apart(store: Store) -> None:
    """Under the number of their batch and their own; what is not there is None, a slice an error."""
    await store.commit(a_batch(1))
    await store.put_slice(1, 0, b"raw 0")
    await store.put_slice(1, 1, b"raw 1")
    await store.put_rows(1, 1, b"rows 1")
    await store.put_starts(1, 0, b"starts 0")
    assert [await store.slice(1, 0), await store.slice(1, 1)] == [b"raw 0", b"raw 1"]
    assert [await store.rows(1, 0), await store.rows(1, 1)] == [None, b"rows 1"]
    assert [await store.starts(1, 0), await store.starts(1, 1)] == [b"starts 0", None]
    with pytest.raises(StoreError, match="slice 2 of batch 1 is missing"):
        await store.slice(1, 2)


async def test_a_batch_is_only_added_when_all_its_slices_are_there(store: Store) -> None:
    """They need not have been waited for."""
    writing = [store.put_slice(1, index, b"raw") for index in (0, 1)]
    await store.add_batch(a_batch(1))
    assert all(each.done() for each in writing)
    await store.put_slice(2, 1, b"raw")
    with pytest.raises(StoreError, match="a slice is missing"):
        await store.add_batch(a_batch(2))
    assert list((await store.load()).batches) == [a_batch(1)]


async def test_what_has_no_batch_is_swept_away(store: Store) -> None:
    """A body that was never acknowledged leaves nothing, its neighbours stay."""
    await store.commit(a_batch(1))
    for seq in (1, 2):
        await store.put_slice(seq, 0, b"raw")
        await store.put_rows(seq, 0, b"rows")
    await store.load()
    assert await store.slice(1, 0) == b"raw"
    assert await store.rows(2, 0) is None
    with pytest.raises(StoreError):
        await store.slice(2, 0)


@in_both_ways
async def test_the_newest_facts_of_a_batch_are_loaded(store: Store, put: Put) -> None:
    """However it came, and in the order in which they came."""
    for seq in (1, 2, 3):
        await put(store, seq)
    await store.commit(a_batch(2, deleted=True))
    assert list((await store.load()).batches) == [a_batch(1), a_batch(2, deleted=True), a_batch(3)]
    assert [await store.slice(seq, 0) for seq in (1, 2, 3)] == [b"raw"] * 3


@in_both_ways
async def test_a_forgotten_batch_is_gone_though_its_slices_are_there(store: Store, put: Put) -> None:
    """Until the next start; also one that changed since it came."""
    for seq in (1, 2, 3):
        await put(store, seq)
    await store.commit(a_batch(2, deleted=True))
    for seq in (1, 2):
        await store.commit(Gone("batch", seq))
        assert await store.slice(seq, 0) == b"raw"
    assert list((await store.load()).batches) == [a_batch(3)]
    with pytest.raises(StoreError):
        await store.slice(1, 0)


@in_both_ways
async def test_a_removed_batch_was_never_there(store: Store, put: Put) -> None:
    """Facts and slices; a discarded one keeps its facts."""
    for seq in (1, 2):
        await put(store, seq)
    await store.commit(Gone("batch", 1), Gone("parts", 1))
    await store.commit(Gone("parts", 2))
    assert list((await store.load()).batches) == [a_batch(2)]
    for seq in (1, 2):
        with pytest.raises(StoreError):
            await store.slice(seq, 0)


async def test_discarding_a_batch_leaves_its_neighbours(store: Store) -> None:
    """By its number, exactly."""
    for seq in (1, 2, 3):
        await store.put_slice(seq, 0, b"raw")
        await store.put_slice(seq, 1, b"raw")
    await store.commit(Gone("parts", 2))
    assert await store.slice(1, 1) == b"raw"
    assert await store.slice(3, 0) == b"raw"
    for index in (0, 1):
        with pytest.raises(StoreError):
            await store.slice(2, index)


async def test_a_full_disk_is_an_error_and_no_half_batch(tmp_path: Path) -> None:
    """SQLite's own limit stands in for the disk; what was there stays readable."""
    async with opened_at(tmp_path / "state.db") as store:
        await put_batch(store, 1)
        await store._writer.execute_fetchall("PRAGMA max_page_count = 20")
        with pytest.raises(StoreError, match="database or disk is full"):
            await asyncio.gather(*(store.put_slice(2, index, bytes(512 << 10)) for index in range(10)))
        await store.commit(Gone("parts", 2))
        assert await store.slice(1, 0) == b"raw"
    async with opened_at(tmp_path / "state.db") as again:
        assert list((await again.load()).batches) == [a_batch(1)]


async def test_power_makes_every_commit_wait_for_the_disk(tmp_path: Path) -> None:
    """SQLite is told to synchronize fully; otherwise at checkpoints only."""
    for durability, level in {"power": 2, "process": 1}.items():
        async with opened_at(tmp_path / f"{durability}.db", durability) as store:
            ((found,),) = await store._writer.execute_fetchall("PRAGMA synchronous")
            assert found == level


def size_of(path: Path) -> int:
    return path.stat().st_size


async def folded(store: SqliteStore, path: Path, size: int) -> None:
    """Returns when the file itself has that size, which must be before a small log is folded."""
    async with asyncio.timeout(4):
        while size_of(path) < size:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    if store._log and store._log._folding:
        await store._log._folding


async def test_a_large_log_is_folded_soon_and_begins_again(tmp_path: Path) -> None:
    """So that it stays as large as what is written between two pauses."""
    path, log, slice = tmp_path / "state.db", tmp_path / "state.db-wal", bytes(9 << 20)
    async with opened_at(path) as store:
        before, number = -1, 0
        while size_of(log) > before:
            before, number = size_of(log), number + 1
            assert number < 10
            await store.put_slice(number, 0, slice)
            await folded(store, path, number * len(slice))
        assert await store.slice(1, 0) == await store.slice(number, 0) == slice


async def test_a_small_log_is_folded_when_it_has_been_quiet_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before: the first commit after it has to wait for the disk."""
    path = tmp_path / "state.db"
    async with opened_at(path) as store:
        before = size_of(path)
        await store.put_slice(1, 0, bytes(512 << 10))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await folded(store, path, before + (512 << 10))
        monkeypatch.setattr("mockbatch.store.log._QUIET_SECONDS", 0.05)
        await store.put_slice(1, 1, bytes(512 << 10))
        await folded(store, path, before + (1 << 20))


async def test_many_small_commits_make_a_large_log(tmp_path: Path) -> None:
    """Each of them writes a page at least."""
    path = tmp_path / "state.db"
    async with opened_at(path) as store:
        before = size_of(path)
        for number in range(300):
            await store.commit(SessionFacts(f"session {number}", Clock(0, 0), label="x" * 2000))
        await folded(store, path, before + 1)
        assert size_of(path) > before
