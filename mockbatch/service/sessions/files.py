"""The life of files: upload, retrieve, list, delete. The virtual clock decides which files a request may reference."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.errors import ApiError, InvalidRequest, NotFound
from mockbatch.core.files import File, not_found, shown_file
from mockbatch.core.seeded_hash import derive_seed
from mockbatch.core.time.spans import SECOND
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import Gone, Store, StoreError


class UploadedFile(Struct, frozen=True):
    """An uploaded file: `identity` are 64 bits of a hash of the content, `sha256` is its hash in hex, `lifetime` is in
    seconds.
    """

    filename: str
    mime_type: str
    size: int
    identity: int
    sha256: str
    lifetime: int | None = None


class Files:
    """The use cases of `/v1/files`. Every change is saved before the response."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._seed = derive_seed(seed, "file")
        self._of_session: dict[str, dict[str, File]] = defaultdict(dict)
        self._uploaded: Counter[tuple[str, str, int]] = Counter()
        self._next_seq = 1

    def restore(self, files: Iterable[File]) -> None:
        for file in files:
            self._of_session[file.session][file.id] = file
            self._uploaded[file.session, file.filename, file.identity] += 1
            self._next_seq = max(self._next_seq, file.seq + 1)

    async def upload(
        self, session: SessionState, upload: UploadedFile, known_id: str | None = None
    ) -> wire.FileMetadata:
        """Add a file, under its recorded id or a new one."""
        seq, self._next_seq = self._next_seq, self._next_seq + 1
        same = (session.name, upload.filename, upload.identity)
        ordinal = self._uploaded[same]
        self._uploaded[same] += 1
        now = session.now()
        file = File(
            seq,
            known_id or ids.file_id(self._seed, f"{session.name}/{upload.filename}/{upload.identity}/{ordinal}"),
            session.name,
            upload.filename,
            upload.mime_type,
            upload.size,
            upload.identity,
            now,
            None if upload.lifetime is None else now + upload.lifetime * SECOND,
        )
        try:
            await session.commit(file)
        except (ApiError, StoreError):
            self._uploaded[same] -= 1
            raise
        self._of_session[session.name][file.id] = file
        return shown_file(file)

    def retrieve(self, session: SessionState, file_id: str) -> wire.FileMetadata:
        return shown_file(self._found(session, file_id))

    def content(self, session: SessionState, file_id: str) -> InvalidRequest:
        """Return the error for a download: only files created by tools can be downloaded."""
        file = self._found(session, file_id)
        return InvalidRequest(f"File `{file.id}` is not downloadable.", details={"error_code": "file_not_downloadable"})

    async def delete(self, session: SessionState, file_id: str) -> wire.DeletedFile:
        file = replace(self._found(session, file_id), deleted_at=session.now())
        await session.commit(file)
        self._of_session[session.name][file.id] = file
        return wire.DeletedFile(id=file.id)

    def removals(self, session: SessionState) -> list[Gone]:
        """Return the changes that remove all files of a session as if they had never existed."""
        return [Gone("file", file.seq) for file in self._of_session[session.name].values()]

    def forget(self, session: SessionState) -> None:
        """Drop all files of a session."""
        for file in self._of_session.pop(session.name, {}).values():
            self._uploaded.pop((session.name, file.filename, file.identity), None)

    def listed(self, session: SessionState, only: Collection[str]) -> list[wire.FileMetadata]:
        """Return the existing files, newest first; only those in `only`, unless it is empty."""
        now = session.now()
        files = [file for file in self._of_session[session.name].values() if file.there(now)]
        files.sort(key=lambda file: (file.created_at, file.seq), reverse=True)
        return [shown_file(file) for file in files if not only or file.id in only]

    def there(self, session: str, at: int) -> frozenset[str]:
        """Return the files that a request created at `at` may reference."""
        return frozenset(file.id for file in self._of_session[session].values() if file.there(at))

    def _found(self, session: SessionState, file_id: str) -> File:
        file = self._of_session[session.name].get(file_id)
        if file is None or file.deleted_at is not None:
            raise not_found(file_id)
        if file.expired(session.now()):
            raise NotFound(f"File `{file_id}` has expired.", details={"error_code": "file_expired"})
        return file
