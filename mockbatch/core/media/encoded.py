"""Media in a request: base64, and detection of their type."""

from base64 import b64decode
from binascii import Error as BinasciiError
from binascii import a2b_base64

PDF = "application/pdf"
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_PDF_WITHIN = 1024


class UnreadableMedia(Exception):
    """Media that cannot be read: `Empty`, `Invalid`, `TooLong`, `NoReader`, `Locked`, or `NotBase64`."""


class NotBase64(UnreadableMedia):
    """Text that is not base64 as the API requires: without line breaks, and with `+/`, not `-_`."""


class Empty(UnreadableMedia):
    """Media of zero bytes."""


class Invalid(UnreadableMedia):
    """Bytes that are not of the expected type."""


class TooLong(UnreadableMedia):
    """Bytes that take too long to read, so their contents stay unknown."""


class NoReader(UnreadableMedia):
    """A PDF, but no library is installed that reads it within bounds."""


class Locked(UnreadableMedia):
    """A PDF with a password."""


def decoded(text: str) -> bytes:
    """Decode base64. Raise NotBase64 if the API would reject it."""
    try:
        return a2b_base64(text, strict_mode=True)
    except (BinasciiError, ValueError):
        raise NotBase64 from None


def leniently_decoded(text: str) -> bytes:
    """Decode base64 cut at any point; return no bytes if it is invalid."""
    try:
        return b64decode(text[: len(text) // 4 * 4])
    except (BinasciiError, ValueError):
        return b""


def kind_of(data: bytes) -> str | None:
    """Detect the media type of an image or PDF that the API accepts; None for anything else."""
    for start, kind in _STARTS:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return PDF if b"%PDF-" in data[:_PDF_WITHIN] else None
