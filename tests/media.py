"""PDFs and images as bytes: good ones, and such as are made to take long."""

import zlib
from collections.abc import Iterable

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
END = b"\nstartxref\n%d\n%%%%EOF"


def stream_of(data: bytes, keys: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (keys, len(data), data)


def packed_stream(data: bytes, keys: bytes = b"", times: int = 1) -> bytes:
    """A stream that is compressed, or compressed again and again."""
    for _ in range(times):
        data = zlib.compress(data, 9)
    return stream_of(data, b"/Filter [%b] %b" % (b"/FlateDecode " * times, keys))


def body_of(objects: dict[int, bytes]) -> tuple[bytes, dict[int, int]]:
    """The objects of a file, and where each begins."""
    body, places = b"%PDF-1.5\n", {}
    for number, content in objects.items():
        places[number] = len(body)
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    return body, places


def file_of(objects: dict[int, bytes], trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A file with a plain table of its objects."""
    body, places = body_of(objects)
    table = b"".join(b"%d 1\n%010d 00000 n \n" % place for place in places.items())
    size = max(objects) + 1
    tail = b"xref\n0 1\n0000000000 65535 f \n%btrailer\n<< /Size %d %b >>" % (table, size, trailer)
    return body + tail + END % len(body)


def tree(*kids: int, more: bytes = b"") -> bytes:
    """A node of the tree of pages."""
    return b"<< /Type /Pages /Kids [%b] %b >>" % (b" ".join(b"%d 0 R" % kid for kid in kids), more)


def pdf_of(*contents: bytes, packed: bool = False) -> bytes:
    """A file with a page for each content."""
    objects = {1: CATALOG, 2: tree(*range(3, 3 + len(contents)), more=b"/Count %d" % len(contents))}
    for number in range(3, 3 + len(contents)):
        objects[number] = b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R >>" % (number + len(contents))
    for number, content in enumerate(contents, 3 + len(contents)):
        objects[number] = packed_stream(content) if packed else stream_of(content)
    return file_of(objects)


def modern_pdf(packed: dict[int, bytes], keys: bytes = b"") -> bytes:
    """A file whose other objects stand in an object stream, as newer PDFs have them, and nothing in the clear."""
    parts = list(packed.items())
    content = b" ".join(part for _, part in parts)
    heads, at = [], 0
    for number, part in parts:
        heads.append(b"%d %d" % (number, at))
        at += len(part) + 1
    head = b" ".join(heads) + b" "
    holder = packed_stream(head + content, b"/Type /ObjStm /N %d /First %d" % (len(parts), len(head)))
    number = max(packed) + 1
    body, places = body_of({number: holder})
    entries = [(number, b"\1%b\0" % places[number].to_bytes(3, "big"))]
    entries += [(own, b"\2%b%c" % (number.to_bytes(3, "big"), place % 256)) for place, (own, _) in enumerate(parts)]
    return body + b"%d 0 obj\n%b\nendobj" % (number + 1, xref_stream(entries, keys)) + END % len(body)


def xref_stream(entries: Iterable[tuple[int, bytes]], keys: bytes = b"") -> bytes:
    """A table of objects as a stream."""
    told = list(entries)
    index = b" ".join(b"%d 1" % number for number, _ in told)
    size = max(number for number, _ in told) + 1
    kind = b"/Type /XRef /Size %d /W [1 3 1] /Root 1 0 R /Index [%b] %b" % (size, index, keys)
    return packed_stream(b"".join(entry for _, entry in told), kind)


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\2\0\0\0"


def jpeg(width: int, height: int, metadata: int = 0) -> bytes:
    """With so many bytes of metadata before the size."""
    segments = b""
    while len(segments) < metadata:
        segments += b"\xff\xe1\xff\xff" + bytes(0xFFFD)
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return b"\xff\xd8" + segments + b"\xff\xc0\0\x11\x08" + size + b"\3\1\x22\0\2\x11\1\3\x11\1" + b"\xff\xd9"
