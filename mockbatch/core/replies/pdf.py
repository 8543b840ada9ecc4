"""The text of the pages of a PDF, as far as it stands there in plain strings.

Source: https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf
"""

import re
import zlib
from base64 import b64decode
from binascii import Error as NotBase64
from functools import lru_cache

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_PAGE = re.compile(rb"/Type\s*/Page(?!s)")
_SHOWN = re.compile(rb"\(((?:\\.|[^\\()])*)\)\s*(?:Tj|')|\[((?:\((?:\\.|[^\\()])*\)|[^\]()])*)\]\s*TJ", re.DOTALL)
_PART = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_ESCAPES = {rb"\(": b"(", rb"\)": b")", rb"\\": b"\\", rb"\n": b"\n", rb"\r": b"\n", rb"\t": b" "}
_LARGEST = 4 << 20


@lru_cache(maxsize=16)
def pages_of(data: str) -> list[str]:
    """The text of each page of a PDF in base 64; empty for one whose text is not readable this simply."""
    try:
        content = b64decode(data)
    except (NotBase64, ValueError):
        return []
    texts = (_shown(_inflated(stream)) for stream in _STREAM.findall(content))
    pages = len(_PAGE.findall(content))
    return [text for text in texts if text][: max(pages, 1)]


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream, _LARGEST)
    except zlib.error:
        return stream


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
