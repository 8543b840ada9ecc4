"""Images and documents that are not what they say.

Source: https://platform.claude.com/docs/en/build-with-claude/vision and .../pdf-support
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from mockbatch.core.contract.refusals.asked import Asked, Placed
from mockbatch.core.contract.refusals.refusal import Found, Refusal, request, said, text

_PAGE, _SEEN = "build-with-claude/vision", "2026-10-10"
_LOGS = "https://github.com/vybestack/llxprt-code/issues/2130"
_STARTS = {"image/png": "iVBORw0KGgo", "image/jpeg": "/9j/", "image/gif": "R0lGOD", "image/webp": "UklGR"}
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_MOST, _MOST_OF_SMALL, _SMALL = 600, 100, 200_000
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def _image(data: str, kind: str = "image/png") -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def _document(data: str) -> dict[str, Any]:
    return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}


def _encoded(asked: Asked, kind: str) -> Iterator[tuple[Placed, dict[str, Any]]]:
    """The blocks of a type that hold their data themselves, with their sources."""
    for placed in asked.of(kind):
        source = placed.block["source"]
        if source["type"] == "base64":
            yield placed, source


def _first(kind: str, is_bad: Callable[[dict[str, Any]], bool]) -> Callable[[Asked], Found]:
    def finds(asked: Asked) -> Found:
        return next(({"where": placed.path} for placed, source in _encoded(asked, kind) if is_bad(source)), None)

    return finds


def _is_base64(data: str) -> bool:
    return len(data) % 4 == 0 and _BASE64.fullmatch(data) is not None


def _kind(data: str) -> str | None:
    return next((kind for kind, start in _STARTS.items() if data.startswith(start)), None)


def _mismatch(asked: Asked) -> Found:
    for placed, source in _encoded(asked, "image"):
        found = _kind(source["data"])
        if found is not None and found != source["media_type"]:
            return {"where": placed.path, "said": source["media_type"], "found": found}
    return None


def _many(asked: Asked) -> Found:
    count, most = len(asked.of("image")), _MOST_OF_SMALL if asked.model.context <= _SMALL else _MOST
    return count > most and {"count": count, "most": most}


REFUSALS = (
    Refusal(
        name="an empty image",
        says="{where}.image.source.base64.data: image cannot be empty",
        on="<image>",
        finds=_first("image", lambda source: not source["data"]),
        refused=request(messages=[said(_image(""))]),
        taken=request(messages=[said(_image(_PNG))]),
        source="measured by a third party",
        seen="2026-09-04",
    ),
    Refusal(
        name="an image that is not valid base64",
        says="{where}.image.source.base64: invalid base64 data",
        on="<image>",
        finds=_first("image", lambda source: not _is_base64(source["data"])),
        refused=request(messages=[said(_image(_PNG[:20] + "\n" + _PNG[20:]))]),
        taken=request(messages=[said(_image(_PNG))]),
        source="measured by a third party",
        seen="2026-09-04",
    ),
    Refusal(
        name="an image of another media type",
        says="{where}.image.source.base64: The image was specified using the {said} media type, but the image appears "
        "to be a {found} image",
        on="<image>",
        finds=_mismatch,
        refused=request(messages=[said(_image(_PNG, "image/jpeg"))]),
        taken=request(messages=[said(_image(_PNG, "image/png"))]),
        source=_LOGS,
        seen="2026-06-23",
    ),
    Refusal(
        name="an image of an unknown format",
        says="{where}.image.source.base64.data: The file format is invalid or unsupported",
        on="<image>",
        finds=_first("image", lambda source: _kind(source["data"]) is None),
        refused=request(messages=[said(_image("SGVsbG8sIHdvcmxk"))]),
        taken=request(messages=[said(_image(_PNG))]),
        source="captured batch",
        seen="2026-08",
    ),
    Refusal(
        name="too many images",
        says="messages: Too many images: {count} > {most} maximum",
        on="<image>",
        finds=_many,
        refused=request(messages=[said(*[_image(_PNG)] * 101)]),
        taken=request(messages=[said(*[_image(_PNG)] * 100)]),
        source=_PAGE,
        seen=_SEEN,
        guess=True,
    ),
    Refusal(
        name="an empty PDF",
        says="{where}.pdf.source.base64.data: PDF cannot be empty",
        on="<document>",
        finds=_first("document", lambda source: not source["data"]),
        refused=request(messages=[said(_document(""), text("Sum it up."))]),
        taken=request(messages=[said(text("Sum it up."))]),
        source="measured by a third party",
        seen="2026-09-04",
    ),
)
