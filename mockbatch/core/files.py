"""Files: the metadata that is kept of an upload, and the references to files in requests. Their content is never used.

Source: https://platform.claude.com/docs/en/build-with-claude/files
"""

from collections.abc import Collection, Iterator
from typing import Any

from msgspec import Struct

from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import NotFound, refuse
from mockbatch.core.time.spans import format_instant


class File(Struct, frozen=True):
    """The metadata of a file. Instants are microseconds since 1970. Deleted files are kept for earlier batches."""

    seq: int
    id: str
    session: str
    filename: str
    mime_type: str
    size: int
    identity: int
    created_at: int
    expires_at: int | None = None
    deleted_at: int | None = None

    def expired(self, at: int) -> bool:
        return self.expires_at is not None and at >= self.expires_at

    def there(self, at: int) -> bool:
        """Return whether a request created at `at` may reference this file."""
        deleted = self.deleted_at is not None and at >= self.deleted_at
        return self.created_at <= at and not deleted and not self.expired(at)


def not_found(file_id: str) -> NotFound:
    return NotFound(f"File `{file_id}` not found.")


def shown_file(file: File) -> wire.FileMetadata:
    """Return the API's view of a file. Uploads cannot be downloaded."""
    return wire.FileMetadata(
        id=file.id,
        filename=file.filename,
        mime_type=file.mime_type,
        size_bytes=file.size,
        created_at=format_instant(file.created_at),
        downloadable=False,
        expires_at=None if file.expires_at is None else format_instant(file.expires_at),
    )


def check_files(params: dict[str, Any], known: Collection[str]) -> None:
    """Raise NotFound for the first file that a request references and that does not exist."""
    for file_id in _named(params):
        if file_id not in known:
            refuse(f"File `{file_id}` not found.", NotFound)


def _named(params: dict[str, Any]) -> Iterator[str]:
    for message in params["messages"]:
        content = message.get("content")
        yield from _in_blocks(content if isinstance(content, list) else ())


def _in_blocks(blocks: Collection[dict[str, Any]]) -> Iterator[str]:
    for block in blocks:
        source, inner = block.get("source"), block.get("content")
        if block["type"] == "container_upload":
            yield block["file_id"]
        if isinstance(source, dict) and source.get("type") == "file":
            yield source["file_id"]
        if block["type"] == "tool_result" and isinstance(inner, list):
            yield from _in_blocks(inner)
