"""SQLite. One connection writes, one reads, one folds the log back into the file.

Bodies are stored as the slices in which they came, a megabyte each: a row for each request would take ten
times as long. Without a path the database is SQLite's own temporary one: on disk, and gone with the process.
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import msgspec

from mockbatch.core.batch import Batch, Profile
from mockbatch.core.files import File
from mockbatch.core.notice import Notice
from mockbatch.store import Facts, SessionFacts, Spent, StoreError
from mockbatch.store.lock import locked
from mockbatch.store.log import PAGE, Log

T = TypeVar("T")
Rows = Iterable[sqlite3.Row]

_APPLICATION = 0x6D6F636B
_VERSION = 3
_SLICES = 1 << 20
_SCHEMA = (
    "CREATE TABLE session (name TEXT PRIMARY KEY, facts BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE profile (number INTEGER PRIMARY KEY, facts BLOB NOT NULL)",
    "CREATE TABLE batch (seq INTEGER PRIMARY KEY, facts BLOB NOT NULL)",
    "CREATE TABLE file (seq INTEGER PRIMARY KEY, facts BLOB NOT NULL)",
    "CREATE TABLE spent (session TEXT NOT NULL, facts BLOB NOT NULL)",
    "CREATE TABLE notice (id TEXT PRIMARY KEY, facts BLOB NOT NULL) WITHOUT ROWID",
    # facts that arrived with the only slice of a batch; those in `batch` are newer
    "CREATE TABLE slice (id INTEGER PRIMARY KEY, facts BLOB, raw BLOB NOT NULL)",
    "CREATE TABLE rows (id INTEGER PRIMARY KEY, rows BLOB NOT NULL)",
    "CREATE TABLE starts (id INTEGER PRIMARY KEY, starts BLOB NOT NULL)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)
_PARTS = ("slice", "rows", "starts")
_ARRIVED = f"SELECT id / {_SLICES} AS seq, facts FROM slice WHERE facts IS NOT NULL"
_BATCHES = f"SELECT * FROM batch UNION ALL {_ARRIVED} AND id / {_SLICES} NOT IN (SELECT seq FROM batch) ORDER BY seq"
_OF_BATCH = "id >= ? AND id < ?"
# no facts, which the table refuses, unless all slices are there; older SQLites have no RETURNING
_ADD = f"INSERT INTO batch VALUES (?, CASE (SELECT count(*) FROM slice WHERE {_OF_BATCH}) WHEN ? THEN ? END)"

_encode = msgspec.json.encode


class SqliteStore:
    """A Store in one SQLite file, or in none. Made by `opened`."""

    def __init__(self, path: Path | None, connections: list[aiosqlite.Connection], lock: int | None) -> None:
        self._path = path
        self._connections = connections
        self._writer, self._reader = connections[0], connections[1 % len(connections)]
        self._log = Log(connections[-1]) if path else None
        self._lock = lock

    async def load(self) -> Facts:
        sweep = f"WHERE id / {_SLICES} NOT IN (SELECT seq FROM ({_BATCHES}))"
        await _explained(
            self._path, self._writer.executescript(";".join(f"DELETE FROM {part} {sweep}" for part in _PARTS))
        )
        sessions, profiles, batches, files, spent, notices = await asyncio.gather(
            self._read("SELECT facts FROM session ORDER BY name"),
            self._read("SELECT number, facts FROM profile ORDER BY number"),
            self._read(_BATCHES),
            self._read("SELECT facts FROM file ORDER BY seq"),
            self._read("SELECT facts FROM spent ORDER BY rowid"),
            self._read("SELECT facts FROM notice ORDER BY id"),
        )
        return Facts(
            [msgspec.json.decode(facts, type=SessionFacts) for (facts,) in sessions],
            {number: msgspec.json.decode(facts, type=Profile) for number, facts in profiles},
            [msgspec.json.decode(facts, type=Batch) for _, facts in batches],
            [msgspec.json.decode(facts, type=File) for (facts,) in files],
            [msgspec.json.decode(facts, type=Spent) for (facts,) in spent],
            [msgspec.json.decode(facts, type=Notice) for (facts,) in notices],
        )

    async def save_session(self, session: SessionFacts) -> None:
        await self._write("INSERT OR REPLACE INTO session VALUES (?, ?)", session.name, _encode(session))

    async def remove_session(self, name: str) -> None:
        await self._write("DELETE FROM session WHERE name = ?", name)

    async def save_profile(self, number: int, profile: Profile) -> None:
        await self._write("INSERT OR REPLACE INTO profile VALUES (?, ?)", number, _encode(profile))

    async def save_file(self, file: File) -> None:
        await self._write("INSERT OR REPLACE INTO file VALUES (?, ?)", file.seq, _encode(file))

    async def remove_file(self, seq: int) -> None:
        await self._write("DELETE FROM file WHERE seq = ?", seq)

    async def add_spent(self, spent: Spent) -> None:
        await self._write("INSERT INTO spent VALUES (?, ?)", spent.session, _encode(spent))

    async def remove_spent(self, session: str) -> None:
        await self._write("DELETE FROM spent WHERE session = ?", session)

    async def spent(self, session: str) -> list[Spent]:
        found = await self._read("SELECT facts FROM spent WHERE session = ? ORDER BY rowid", session)
        return [msgspec.json.decode(facts, type=Spent) for (facts,) in found]

    async def add_batch(self, batch: Batch, only: bytes | memoryview | None = None) -> None:
        if only is not None:
            values = batch.seq * _SLICES, _encode(batch), only
            await self._write("INSERT INTO slice VALUES (?, ?, ?)", *values, size=len(only))
            return
        await asyncio.sleep(0)  # slices whose putting was begun in this turn of the loop get in line first
        try:
            await self._write(_ADD, batch.seq, *_range(batch.seq), batch.slices, _encode(batch))
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise StoreError(f"batch {batch.seq} cannot be saved: a slice is not there") from error
            raise

    async def save_notice(self, notice: Notice) -> None:
        await self._write("INSERT OR REPLACE INTO notice VALUES (?, ?)", notice.id, _encode(notice))

    async def remove_notice(self, id: str) -> None:
        await self._write("DELETE FROM notice WHERE id = ?", id)

    async def save_batch(self, batch: Batch) -> None:
        await self._write("INSERT OR REPLACE INTO batch VALUES (?, ?)", batch.seq, _encode(batch))

    def put_slice(self, seq: int, index: int, raw: bytes | memoryview) -> "asyncio.Future[None]":
        return asyncio.ensure_future(self._put("slice(id, raw)", seq, index, raw))

    async def begun(self) -> None:
        # nothing is open, so that this does nothing; but it is in line before what is put in this turn of the loop, and
        # the thread that is done with it goes on with that
        await _explained(self._path, self._writer.commit())

    async def slice(self, seq: int, index: int) -> bytes:
        raw = await self._get("raw", "slice", seq, index)
        if raw is None:
            raise StoreError(f"slice {index} of batch {seq} is not there")
        return raw

    async def put_rows(self, seq: int, index: int, rows: bytes) -> None:
        await self._put("rows", seq, index, rows)

    async def rows(self, seq: int, index: int) -> bytes | None:
        return await self._get("rows", "rows", seq, index)

    async def put_starts(self, seq: int, index: int, starts: bytes) -> None:
        await self._put("starts", seq, index, starts)

    async def starts(self, seq: int, index: int) -> bytes | None:
        return await self._get("starts", "starts", seq, index)

    async def forget(self, seq: int) -> None:
        await self._write(f"UPDATE slice SET facts = NULL WHERE {_OF_BATCH} AND facts IS NOT NULL", *_range(seq))
        await self._write("DELETE FROM batch WHERE seq = ?", seq)

    async def remove(self, seq: int) -> None:
        await self.forget(seq)
        await self.discard(seq)

    async def discard(self, seq: int) -> None:
        await self._write(f"INSERT OR IGNORE INTO batch {_ARRIVED} AND {_OF_BATCH}", *_range(seq))
        for part in _PARTS:
            await self._write(f"DELETE FROM {part} WHERE {_OF_BATCH}", *_range(seq))

    async def close(self) -> None:
        if self._log:
            await self._log.close()
        for connection in reversed(self._connections):
            await connection.close()
        if self._lock is not None:
            os.close(self._lock)

    async def _put(self, part: str, seq: int, index: int, data: bytes | memoryview) -> None:
        await self._write(f"INSERT OR REPLACE INTO {part} VALUES (?, ?)", seq * _SLICES + index, data, size=len(data))

    async def _get(self, column: str, part: str, seq: int, index: int) -> bytes | None:
        found = await self._read(f"SELECT {column} FROM {part} WHERE id = ?", seq * _SLICES + index)
        return next((bytes(row[0]) for row in found), None)

    async def _write(self, sql: str, *values: Any, size: int = 0) -> None:
        await _explained(self._path, self._writer.execute_fetchall(sql, values))
        if self._log:
            self._log.grew(size)

    async def _read(self, sql: str, *values: Any) -> Rows:
        return await _explained(self._path, self._reader.execute_fetchall(sql, values))


def _range(seq: int) -> tuple[int, int]:
    return seq * _SLICES, (seq + 1) * _SLICES


async def _explained(path: Path | None, work: Awaitable[T]) -> T:
    try:
        return await work
    except sqlite3.Error as error:
        raise StoreError(f"{path or 'the temporary database'} cannot be used: {error}") from error


async def opened(path: Path | None, durability: str = "process") -> SqliteStore:
    """The store in the file `path`, made if it is not there; without a path, one that ends with the process.

    `durability`: what was saved survives the end of the `process`, or the loss of `power` too.
    Raises StoreError, and leaves the file as it was, when it is not a database of ours.
    """
    lock = _claimed(path)
    connections: list[aiosqlite.Connection] = []
    try:
        for _ in range(3 if path else 1):
            connection = await _explained(path, aiosqlite.connect(path or "", isolation_level=None))
            connections.append(connection)
            await _prepared(connection, path, durability, first=len(connections) == 1)
    except BaseException:
        for connection in connections:
            await connection.close()
        if lock is not None:
            os.close(lock)
        raise
    return SqliteStore(path, connections, lock)


def _claimed(path: Path | None) -> int | None:
    if path is None:
        return None
    try:
        return locked(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {os.strerror(error.errno or 0)}") from None


async def _prepared(connection: aiosqlite.Connection, path: Path | None, durability: str, *, first: bool) -> None:
    async def run(sql: str) -> Any:
        found = list(await _explained(path, connection.execute_fetchall(sql)))
        return found[0][0] if found else None

    if first:
        empty = await run("SELECT count(*) FROM sqlite_schema") == 0
        if not empty:
            await _recognized(run, path)
        await run(f"PRAGMA page_size = {PAGE}")
        await run(f"PRAGMA journal_mode = {'WAL' if path else 'MEMORY'}")
        if empty:
            await _explained(path, connection.executescript(";".join(("BEGIN IMMEDIATE", *_SCHEMA, "COMMIT"))))
    level = "OFF" if path is None else "FULL" if durability == "power" else "NORMAL"
    await _explained(path, connection.executescript(f"PRAGMA synchronous = {level}; PRAGMA wal_autocheckpoint = 0"))


async def _recognized(run: Any, path: Path | None) -> None:
    if await run("PRAGMA application_id") != _APPLICATION:
        raise StoreError(f"{path} is a database, but not one of mockbatch; choose another --db")
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
