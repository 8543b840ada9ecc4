"""The pages of a PDF, and their text as far as it is stored in plain strings.

Source: https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf
"""

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from xxhash import xxh3_128_digest

from mockbatch.core.bounded_cache import BoundedCache
from mockbatch.core.media.encoded import (
    PDF,
    Empty,
    Invalid,
    Locked,
    NoReader,
    TooLong,
    UnreadableMedia,
    kind_of,
    leniently_decoded,
)

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES = 2_000
"""Further pages are not read; the API accepts 600."""
_END_WITHIN = 64 << 10
_LARGEST_STREAM = 4 << 20
_LARGEST_BROKEN = 2 << 20
_LIMITS: dict[str, Any] = {
    "zlib_maximum_output_length": _LARGEST_STREAM,
    "lzw_maximum_output_length": _LARGEST_STREAM,
    "run_length_maximum_output_length": _LARGEST_STREAM,
    "array_based_stream_maximum_output_length": _LARGEST_STREAM,
    "stream_decoding_work_maximum_length": 4 * _LARGEST_STREAM,
    "zlib_maximum_recovery_input_length": 0,
    "page_tree_maximum_entries": 2 * MOST_PAGES,
    "disable_legacy_handling": True,
}
_READS = 400_000
_BYTES_PER_READ = 16
_MOST = {"objects": 20_000, "tables": 100, "in streams": 8 << 20, "packed": 2 << 20}
_MOST_ENTRIES, _MOST_ROOTS = 1_000_000, 1_000
_MOST_SHOWN = 1 << 20
_SHOWN = re.compile(rb"\(((?:\\.|[^\\()])*)\)\s*(?:Tj|')|\[((?:\((?:\\.|[^\\()])*+\)|[^\[\]()])*+)\]\s*TJ", re.DOTALL)
_PART = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_ESCAPES = {rb"\(": b"(", rb"\)": b")", rb"\\": b"\\", rb"\n": b"\n", rb"\r": b"\n", rb"\t": b" "}


class Pdf(Struct, frozen=True):
    """A PDF: its number of pages, and their texts, empty if they are not in plain strings."""

    pages: int
    texts: tuple[str, ...]


def read(data: bytes) -> Pdf:
    """Read a PDF. Raise Empty, Invalid, NoReader, Locked, or TooLong."""
    if not data:
        raise Empty
    if kind_of(data) != PDF or b"startxref" not in data[-_END_WITHIN:]:
        raise Invalid
    # imported lazily: most requests have no documents, and the import takes a while
    try:
        from pypdf import apply_configuration
        from pypdf.errors import LimitReachedError
    except ImportError:
        raise NoReader from None

    meter = _Meter(len(data))
    try:
        with apply_configuration(**_LIMITS):
            return _read(_bounded_reader(data, meter))
    except Locked:
        raise
    except Exception as error:  # the library may raise anything for a broken file
        too_long = meter.exceeded or isinstance(error.__cause__ or error, LimitReachedError)
        raise (TooLong if too_long else Invalid) from None


def pdf_in(text: str) -> Pdf:
    """Read a PDF in base64, cached. Raise as `read` does."""
    found = _known(xxh3_128_digest(text.encode("utf-8", "surrogatepass")), text)
    if isinstance(found, UnreadableMedia):
        raise found
    return found


def _outcome(digest: bytes, text: str) -> Pdf | UnreadableMedia:
    try:
        return read(leniently_decoded(text))
    except UnreadableMedia as error:
        return error.with_traceback(None)


_known: BoundedCache[bytes, Pdf | UnreadableMedia] = BoundedCache(_outcome, count=16, size=16 << 10)


class _Meter:
    """The work left for one file."""

    def __init__(self, size: int) -> None:
        self.exceeded = False
        self._left = {"reads": _READS + size // _BYTES_PER_READ, **_MOST}

    def spend(self, what: str, amount: int = 1) -> None:
        """Spend some work. Raise TooLong if none is left, which the library may take for a broken file."""
        self._left[what] -= amount
        if self._left[what] < 0:
            self.exceeded = True
            raise TooLong


class _Metered(BytesIO):
    """Bytes with a limited number of reads: the library reads them nearly one by one."""

    def __init__(self, data: bytes, meter: _Meter) -> None:
        super().__init__(data)
        self._meter = meter

    def read(self, size: int | None = -1, /) -> bytes:
        self._meter.spend("reads")
        return super().read(size)


def _bounded_reader(data: bytes, meter: _Meter) -> "PdfReader":
    """Return a reader limited in the objects it looks up, and the streams and tables it opens."""
    from pypdf import PdfReader
    from pypdf.generic import StreamObject

    class Bounded(PdfReader):
        def get_object(self, indirect_reference: Any) -> Any:
            meter.spend("objects")
            found = super().get_object(indirect_reference)
            if isinstance(found, StreamObject):
                size = len(found.get_data())
                meter.spend("in streams", size)
                # all objects of such a stream are parsed together
                meter.spend("packed", size if found.get("/Type") == "/ObjStm" else 0)
            return found

        def _read_pdf15_xref_stream(self, stream: Any) -> Any:
            meter.spend("tables")
            return super()._read_pdf15_xref_stream(stream)

        def _rebuild_xref_table(self, stream: Any) -> None:
            meter.spend("tables", 0 if len(data) <= _LARGEST_BROKEN else sum(_MOST.values()))
            super()._rebuild_xref_table(stream)

    return Bounded(
        _Metered(data, meter), xref_stream_maximum_entries=_MOST_ENTRIES, root_object_recovery_limit=_MOST_ROOTS
    )


def _read(reader: "PdfReader") -> Pdf:
    if reader.is_encrypted:
        raise Locked
    root: Any = reader.root_object["/Pages"].get_object()
    count = root.get("/Count")
    if isinstance(count, int) and count > MOST_PAGES:
        return Pdf(count, ())
    texts = tuple(map(_text_of, reader.pages))
    if not texts:
        raise Invalid
    return Pdf(len(texts), texts)


def _text_of(page: Any) -> str:
    try:
        contents = page.get_contents()
        return _shown(contents.get_data()) if contents is not None else ""
    except Exception:  # a page that cannot be read has no text; the others may
        return ""


def _shown(stream: bytes) -> str:
    """Return the strings that a content stream shows, one per line."""
    lines = []
    for single, several in _SHOWN.findall(stream[:_MOST_SHOWN]):
        parts = [single] if single else _PART.findall(several)
        lines.append("".join(_unescaped(part) for part in parts))
    text = "\n".join(lines)
    return text if text.isprintable() or text.replace("\n", "").isprintable() else ""


def _unescaped(part: bytes) -> str:
    for escape, literal in _ESCAPES.items():
        part = part.replace(escape, literal)
    return part.decode("latin-1")
