"""Secrets in URLs: credentials before the host, tokens in the query and in the path."""

import re
from collections.abc import Iterator

from msgspec import Struct

# linear: each URL is visited once, from its `://`
_URL = re.compile(r"://([^\s\"'<>\\]+)")
_AUTHORITY = re.compile(r"[^/?#]*")
_PARAMETER = re.compile(r"([^=&?#]*)=([^&#]+)")
_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|api[_.-]?key|access[_.-]?key|signature|credential|^sig$|^auth|^key$|^code$", re.IGNORECASE
)
# long, with letters and digits: not a word
_TOKEN = re.compile(r"(?<=/)(?=[\w.~%-]*[0-9])(?=[\w.~%-]*[A-Za-z])[\w.~%-]{20,}")
_REMOVED = "[redacted"


class Urls(Struct, frozen=True):
    """Finds secrets in the URLs of a text: query parameters with a secret name.

    If `strict`, every query value, and path segments that look like tokens.
    """

    strict: bool = False
    name: str = "url"
    marks: tuple[str, ...] = ("://",)

    def spans(self, text: str) -> list[tuple[int, int]]:
        if "://" not in text:
            return []
        return [span for url in _URL.finditer(text) for span in self._in(url[1], url.start(1))]

    def _in(self, url: str, offset: int) -> Iterator[tuple[int, int]]:
        authority = _AUTHORITY.match(url)
        end = authority.end() if authority else 0
        if (at := url.rfind("@", 0, end)) > 0:
            yield offset, offset + at
        query = next((place for place in range(end, len(url)) if url[place] in "?#"), len(url))
        if self.strict:
            yield from (_moved(found.span(), offset) for found in _TOKEN.finditer(url, end, query))
        for found in _PARAMETER.finditer(url, query):
            if not found[2].startswith(_REMOVED) and (self.strict or _SECRET_NAME.search(found[1])):
                yield _moved(found.span(2), offset)


def _moved(span: tuple[int, int], offset: int) -> tuple[int, int]:
    return span[0] + offset, span[1] + offset
