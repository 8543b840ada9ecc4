"""The text of the pages of a PDF, as far as it stands there in plain strings.

Source: https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf
"""

import re
import zlib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from itertools import islice

from mockbatch.core.remembered import Remembered

_PAGE = re.compile(rb"/Type\s*/Page(?!s)")
_SHOWN = re.compile(rb"\(((?:\\.|[^\\()])*)\)\s*(?:Tj|')|\[((?:\((?:\\.|[^\\()])*+\)|[^\[\]()])*+)\]\s*TJ", re.DOTALL)
_PART = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_ESCAPES = {rb"\(": b"(", rb"\)": b")", rb"\\": b"\\", rb"\n": b"\n", rb"\r": b"\n", rb"\t": b" "}
_LARGEST = 1 << 20
_MOST = 8 << 20
_MOST_STREAMS = 5_000


def _read(data: str) -> list[str]:
    """The text of each page of a PDF in base 64; empty for one whose text is not readable this simply."""
    try:
        content = b64decode(data)
    except (NotBase64, ValueError):
        return []
    pages = max(len(_PAGE.findall(content)), 1)
    texts: list[str] = []
    left = _MOST
    for stream in islice(_streams(content), _MOST_STREAMS):
        inflated = _inflated(stream)
        left -= len(inflated)
        if left < 0 or len(texts) == pages:
            break
        if text := _shown(inflated):
            texts.append(text)
    return texts


pages_of = Remembered(_read, count=16, size=16 << 20)


def _streams(content: bytes) -> Iterator[bytes]:
    """What stands between `stream` and `endstream`, each on a line of its own."""
    at = 0
    while (start := content.find(b"stream", at)) >= 0:
        at = start + len(b"stream")
        begin = at + (content[at : at + 1] == b"\r")
        if content[begin : begin + 1] != b"\n":
            continue
        end = content.find(b"\nendstream", begin + 1)
        if end < 0:
            return
        yield content[begin + 1 : end].removesuffix(b"\r")
        at = end + len(b"\nendstream")


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream, _LARGEST)
    except zlib.error:
        return stream[:_LARGEST]


def _shown(stream: bytes) -> str:
    """The strings that a content stream shows, one a line."""
    lines = []
    for single, several in _SHOWN.findall(stream):
        parts = [single] if single else _PART.findall(several)
        lines.append("".join(_unescaped(part) for part in parts))
    text = "\n".join(lines)
    return text if text.isprintable() or text.replace("\n", "").isprintable() else ""


def _unescaped(part: bytes) -> str:
    for escape, meant in _ESCAPES.items():
        part = part.replace(escape, meant)
    return part.decode("latin-1")
