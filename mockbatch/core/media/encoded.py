"""Media as they stand in a request: base64, and bytes of a kind."""

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


class Unreadable(Exception):
    """Media that cannot be read: `Empty`, `Invalid`, `TooLong`, `NoReader`, `Locked`, or `NotBase64`."""


class NotBase64(Unreadable):
    """A text that is not base64 as the API takes it: without line ends, and with `+/`, not `-_`."""


class Empty(Unreadable):
    """Media without a byte."""


class Invalid(Unreadable):
    """Bytes that are not what they should be."""


class TooLong(Unreadable):
    """Bytes that take too long to read, so that nobody knows what they are."""


class NoReader(Unreadable):
    """A PDF where no library is installed that reads it within bounds."""


class Locked(Unreadable):
    """A PDF that has a password."""


def decoded(text: str) -> bytes:
    """Return the bytes of a text in base64. Raise NotBase64 where the API would not take it."""
    try:
        return a2b_base64(text, strict_mode=True)
    except (BinasciiError, ValueError):
        raise NotBase64 from None


def leniently_decoded(text: str) -> bytes:
    """Return the bytes of a text in base64, cut where it is; none where it is something else."""
    try:
        return b64decode(text[: len(text) // 4 * 4])
    except (BinasciiError, ValueError):
        return b""


def kind_of(data: bytes) -> str | None:
    """Return the media type that bytes begin like: of an image or a PDF that the API takes, else None."""
    for start, kind in _STARTS:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return PDF if b"%PDF-" in data[:_PDF_WITHIN] else None
