"""The SQLite store. One connection writes, one reads, one checkpoints the log.

Bodies are stored as the slices in which they arrived, a megabyte each: a row per request would take ten times as long.
Without a path the database is a nameless temporary file that ends with the process.
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import mkstemp
from typing import Any, TypeVar

import aiosqlite
import msgspec

from mockbatch.core.batch import Batch
from mockbatch.core.files import File
from mockbatch.core.webhook_delivery import WebhookDelivery
from mockbatch.store import (
    CacheEntries,
    Calls,
    Change,
    Counters,
    Fact,
    Facts,
    Gone,
    MessageUsage,
    Missing,
    Options,
    Past,
    Played,
    SessionFacts,
    Snapshot,
    StoreError,
    held_by,
)
from mockbatch.store.calls import MappedCalls, RememberedCalls
from mockbatch.store.lock import locked
from mockbatch.store.log import PAGE, Log

T = TypeVar("T")
Rows = Iterable[sqlite3.Row]
Statement = tuple[str, tuple[Any, ...]]

_APPLICATION = 0x6D6F636B
_VERSION = 5
_SLICES = 1 << 20
# the table of each kind of fact, and its key field; spent facts have no unique key
_TABLES: dict[type[Fact], tuple[str, str]] = {
    SessionFacts: ("session", "name"),
    Counters: ("counters", "session"),
    CacheEntries: ("cache", "session"),
    Played: ("played", "session"),
    MessageUsage: ("spent", "session"),
    Snapshot: ("snapshot", "id"),
    Options: ("options", "number"),
    Past: ("past", "id"),
    Batch: ("batch", "seq"),
    File: ("file", "seq"),
    WebhookDelivery: ("notice", "id"),
}
_KEYS = dict(_TABLES.values())
_NUMBERED = ("options", "past", "batch", "file")
_PARTS = ("slice", "rows", "starts", "sent", "delivered")
# attempt counts of a deleted batch still count
_DISCARDED = ("slice", "rows", "starts", "delivered")
_SCHEMA = (
    *(f"CREATE TABLE {table} (key INTEGER PRIMARY KEY, facts BLOB NOT NULL)" for table in _NUMBERED),
    *(
        f"CREATE TABLE {table} (key TEXT PRIMARY KEY, facts BLOB NOT NULL) WITHOUT ROWID"
        for table in _KEYS
        if table not in (*_NUMBERED, "spent")
    ),
    "CREATE TABLE spent (key TEXT NOT NULL, facts BLOB NOT NULL)",
    # facts that arrived with the only slice of a batch; those in `batch` are newer
    "CREATE TABLE slice (id INTEGER PRIMARY KEY, facts BLOB, raw BLOB NOT NULL)",
    *(f"CREATE TABLE {part} (id INTEGER PRIMARY KEY, raw BLOB NOT NULL)" for part in _PARTS if part != "slice"),
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)
_ARRIVED = f"SELECT id / {_SLICES} AS key, facts FROM slice WHERE facts IS NOT NULL"
_BATCHES = f"SELECT * FROM batch UNION ALL {_ARRIVED} AND id / {_SLICES} NOT IN (SELECT key FROM batch) ORDER BY key"
_OF_BATCH = "id >= ? AND id < ?"
# NULL facts, which the table rejects, unless all slices are there; older SQLites have no RETURNING
_ADD = f"INSERT INTO batch VALUES (?, CASE (SELECT count(*) FROM slice WHERE {_OF_BATCH}) WHEN ? THEN ? END)"

_NAMELESS = "the database"
# for each connection; the system caches the file too
_CACHE_KIB = 256

_encode = msgspec.json.encode


class Writer(aiosqlite.Connection):
    """A connection with transactions over several statements."""

    async def transact(self, statements: Sequence[Statement]) -> None:
        """Execute all statements in one transaction."""
        await self._execute(self._transact, statements)  # type: ignore[no-untyped-call]

    def _transact(self, statements: Sequence[Statement]) -> None:
        connection = self._conn
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(*statement)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


class SqliteStore:
    """A Store in an SQLite file, or in a temporary one. Created by `opened`."""

    def __init__(self, path: Path | None, connections: list[Writer], lock: int | None, calls: Calls) -> None:
        # clients need not know the path; the operator does
        self._named = str(path or _NAMELESS)
        self._connections = connections
        self._writer, self._reader = connections[0], connections[1 % len(connections)]
        self._log = Log(connections[-1]) if path else None
        self._lock = lock
        self.calls = calls
        self.outlives = path is not None

    async def load(self) -> Facts:
        snapshots = await self._all(Snapshot)
        await self._sweep(held_by(snapshots))
        sessions, options, batches, files, spent = await asyncio.gather(
            self._all(SessionFacts),
            self._all(Options),
            self._all(Batch, _BATCHES),
            self._all(File),
            self._all(MessageUsage, "SELECT key, facts FROM spent ORDER BY rowid"),
        )
        notices, counters, cache, played, past = await asyncio.gather(
            self._all(WebhookDelivery), self._all(Counters), self._all(CacheEntries), self._all(Played), self._all(Past)
        )
        profiles = {one.number: one.profile for one in options}
        last = past[0] if past else None
        self._named = _NAMELESS
        return Facts(sessions, profiles, batches, files, spent, notices, counters, cache, played, snapshots, last)

    async def _all(self, kind: type[T], query: str = "") -> list[T]:
        """Load all facts of a kind, ordered by key. Raises StoreError for invalid ones."""
        table, _ = _TABLES[kind]  # type: ignore[index]
        found = await self._read(query or f"SELECT key, facts FROM {table} ORDER BY key")
        try:
            return [msgspec.json.decode(facts, type=kind) for _, facts in found]
        except msgspec.DecodeError as error:
            raise StoreError(f"{self._named} is damaged: {table}: {error}; choose another --db") from None

    async def _sweep(self, held: Iterable[int]) -> None:
        """Remove the parts that belong to no batch."""
        kept = f"SELECT key FROM ({_BATCHES}) UNION VALUES {', '.join(f'({seq})' for seq in (-1, *held))}"
        await self._transact([(f"DELETE FROM {part} WHERE id / {_SLICES} NOT IN ({kept})", ()) for part in _PARTS])

    async def commit(self, *changes: Change) -> None:
        statements = [statement for change in changes for statement in _statements(change)]
        if len(statements) == 1:
            await self._write(*statements[0])
        elif statements:
            await self._transact(statements)

    async def spent(self, session: str) -> list[MessageUsage]:
        found = await self._read("SELECT facts FROM spent WHERE key = ? ORDER BY rowid", (session,))
        return [msgspec.json.decode(facts, type=MessageUsage) for (facts,) in found]

    async def add_batch(self, batch: Batch, only: bytes | memoryview | None = None, *more: Change) -> None:
        further = [statement for change in more for statement in _statements(change)]
        if only is not None:
            arrived = ("INSERT INTO slice VALUES (?, ?, ?)", (batch.seq * _SLICES, _encode(batch), only))
            await self._together([arrived, *further], len(only))
            return
        await asyncio.sleep(0)  # let slices put in this turn of the loop queue up first
        try:
            added = (_ADD, (batch.seq, *_range(batch.seq), batch.slices, _encode(batch)))
            await self._together([added, *further])
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise StoreError(f"batch {batch.seq} cannot be saved: a slice is missing") from error
            raise

    def put_slice(self, seq: int, index: int, raw: bytes | memoryview) -> "asyncio.Future[None]":
        return asyncio.ensure_future(self._put("slice(id, raw)", seq, index, raw))

    async def begun(self) -> None:
        # no transaction is open, so this does nothing; but it queues before puts of this turn of the loop, and when it
        # returns the thread starts on these
        await _explained(self._named, self._writer.commit())

    async def slice(self, seq: int, index: int) -> bytes:
        raw = await self._get("slice", seq, index)
        if raw is None:
            raise Missing(f"slice {index} of batch {seq} is missing", seq=seq)
        return raw

    async def put_rows(self, seq: int, index: int, rows: bytes) -> None:
        await self._put("rows", seq, index, rows)

    async def rows(self, seq: int, index: int) -> bytes | None:
        return await self._get("rows", seq, index)

    async def put_starts(self, seq: int, index: int, starts: bytes) -> None:
        await self._put("starts", seq, index, starts)

    async def starts(self, seq: int, index: int) -> bytes | None:
        return await self._get("starts", seq, index)

    async def put_sent(self, seq: int, index: int, sent: bytes) -> None:
        await self._put("sent", seq, index, sent)

    async def sent(self, seq: int, index: int) -> bytes | None:
        return await self._get("sent", seq, index)

    async def put_delivered(self, seq: int, delivered: bytes) -> None:
        await self._put("delivered", seq, 0, delivered)

    async def delivered(self, seq: int) -> bytes | None:
        return await self._get("delivered", seq, 0)

    async def close(self) -> None:
        if self._log:
            await self._log.close()
        for connection in reversed(self._connections):
            await connection.close()
        self.calls.close()
        if self._lock is not None:
            os.close(self._lock)

    async def _put(self, part: str, seq: int, index: int, data: bytes | memoryview) -> None:
        await self._write(f"INSERT OR REPLACE INTO {part} VALUES (?, ?)", (seq * _SLICES + index, data), len(data))

    async def _get(self, part: str, seq: int, index: int) -> bytes | None:
        found = await self._read(f"SELECT raw FROM {part} WHERE id = ?", (seq * _SLICES + index,))
        return next((bytes(row[0]) for row in found), None)

    async def _together(self, statements: Sequence[Statement], size: int = 0) -> None:
        if len(statements) == 1:
            await self._write(*statements[0], size)
        else:
            await self._transact(statements, size)

    async def _transact(self, statements: Sequence[Statement], size: int = 0) -> None:
        await _explained(self._named, self._writer.transact(statements))
        self._grew(size)

    async def _write(self, sql: str, values: tuple[Any, ...], size: int = 0) -> None:
        await _explained(self._named, self._writer.execute_fetchall(sql, values))
        self._grew(size)

    def _grew(self, size: int) -> None:
        if self._log:
            self._log.grew(size)

    async def _read(self, sql: str, values: tuple[Any, ...] = ()) -> Rows:
        return await _explained(self._named, self._reader.execute_fetchall(sql, values))


def _statements(change: Change) -> list[Statement]:
    """Return the SQL statements for a change."""
    if isinstance(change, Gone):
        return _removals(change.kind, change.key)
    table, key = _TABLES[type(change)]
    sql = "INSERT INTO" if table == "spent" else "INSERT OR REPLACE INTO"
    return [(f"{sql} {table} VALUES (?, ?)", (getattr(change, key), _encode(change)))]


def _removals(kind: str, key: str | int) -> list[Statement]:
    if kind not in ("batch", "parts", "sent"):
        return [(f"DELETE FROM {kind} WHERE key = ?", (key,))]
    assert isinstance(key, int)
    if kind == "sent":
        return [(f"DELETE FROM sent WHERE {_OF_BATCH}", _range(key))]
    if kind == "batch":
        return [
            (f"UPDATE slice SET facts = NULL WHERE {_OF_BATCH} AND facts IS NOT NULL", _range(key)),
            ("DELETE FROM batch WHERE key = ?", (key,)),
        ]
    kept = (f"INSERT OR IGNORE INTO batch {_ARRIVED} AND {_OF_BATCH}", _range(key))
    return [kept, *((f"DELETE FROM {part} WHERE {_OF_BATCH}", _range(key)) for part in _DISCARDED)]


def _range(seq: int) -> tuple[int, int]:
    return seq * _SLICES, (seq + 1) * _SLICES


async def _explained(named: object, work: Awaitable[T]) -> T:
    try:
        return await work
    except sqlite3.Error as error:
        raise StoreError(f"{named or _NAMELESS} cannot be used: {error}") from error


async def opened(path: Path | None, durability: str = "process") -> SqliteStore:
    """Open the store in the file `path`, created if missing; without a path, a temporary one.

    `durability`: saved data survives the end of the `process`, or also a loss of `power`.

    Raises StoreError, and leaves the file unchanged, if it is not a mockbatch database.
    """
    lock = _claimed(path)
    place = path or _temporary()
    connections: list[Writer] = []
    fresh = False
    try:
        for _ in range(3 if path else 1):
            connection = Writer(partial(sqlite3.connect, place, isolation_level=None), 64)
            await _explained(path, connection)
            connections.append(connection)
            fresh |= await _prepared(connection, path, durability, first=len(connections) == 1)
        calls = MappedCalls(path.with_name(f"{path.name}-calls"), fresh=fresh) if path else RememberedCalls()
    except BaseException:
        for connection in connections:
            await connection.close()
        if lock is not None:
            os.close(lock)
        raise
    finally:
        if path is None:
            # an open file stays usable; without a name it disappears with the process, however that ends
            with suppress(OSError):
                place.unlink()
    return SqliteStore(path, connections, lock, calls)


def _temporary() -> Path:
    """Create a temporary file.

    SQLite's own keeps committed data in memory until it needs the room, and then fails even reads if the disk is full.
    """
    try:
        descriptor, name = mkstemp(prefix="mockbatch-", suffix=".db")
    except OSError as error:
        raise StoreError(f"cannot create a temporary file: {os.strerror(error.errno or 0)}") from None
    os.close(descriptor)
    return Path(name)


def _claimed(path: Path | None) -> int | None:
    if path is None:
        return None
    if path.name.startswith((":memory:", "file:")) or str(path).startswith("file:"):
        raise StoreError(f"{path} is a special SQLite name; give a path, or omit --db to keep nothing")
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} cannot be used: it is not a regular file")
    try:
        return locked(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {os.strerror(error.errno or 0)}") from None


async def _prepared(connection: aiosqlite.Connection, path: Path | None, durability: str, *, first: bool) -> bool:
    """Configure a connection. Return whether the database is new."""

    async def run(sql: str) -> Any:
        found = list(await _explained(path, connection.execute_fetchall(sql)))
        return found[0][0] if found else None

    empty = False
    if first:
        empty = await run("SELECT count(*) FROM sqlite_schema") == 0
        if not empty:
            await _recognized(run, path)
        await run(f"PRAGMA page_size = {PAGE}")
        await run(f"PRAGMA journal_mode = {'WAL' if path else 'MEMORY'}")
        if empty:
            await _explained(path, connection.executescript(";".join(("BEGIN IMMEDIATE", *_SCHEMA, "COMMIT"))))
    level = "OFF" if path is None else "FULL" if durability == "power" else "NORMAL"
    settings = {"synchronous": level, "wal_autocheckpoint": 0, "cache_size": -_CACHE_KIB}
    await _explained(path, connection.executescript(";".join(f"PRAGMA {name} = {it}" for name, it in settings.items())))
    return empty


async def _recognized(run: Any, path: Path | None) -> None:
    if await run("PRAGMA application_id") != _APPLICATION:
        raise StoreError(f"{path} is a database, but not a mockbatch database; choose another --db")
    version = await run("PRAGMA user_version")
    if version < _VERSION:
        raise StoreError(
            f"{path} was written by an older mockbatch (format {version}, this one has {_VERSION}); choose another --db"
        )
    if version > _VERSION:
        raise StoreError(
            f"{path} was written by a newer mockbatch (format {version}, this one knows {_VERSION}); "
            "upgrade mockbatch or choose another --db"
        )
