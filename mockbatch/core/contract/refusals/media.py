"""Invalid images and documents.

Source: https://platform.claude.com/docs/en/build-with-claude/vision and .../pdf-support
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.refusals.parsed_request import ParsedRequest, Placed
from mockbatch.core.contract.refusals.refusal import Found, Long, Refusal, request, said, text
from mockbatch.core.media.encoded import (
    PDF,
    Invalid,
    Locked,
    NoReader,
    NotBase64,
    UnreadableMedia,
    decoded,
    kind_of,
    leniently_decoded,
)
from mockbatch.core.media.images import size_in
from mockbatch.core.media.pdf import pdf_in

_PAGE, _SEEN = "build-with-claude/vision", "2026-10-10"
_LOGS = "https://github.com/vybestack/llxprt-code/issues/2130"
_HEAD = 2048
_MOST_BYTES = 5 << 20
_FEW, _LONGEST, _LONGEST_OF_MANY = 20, 8_000, 2_000
_MOST, _MOST_OF_SMALL, _SMALL = 600, 100, 200_000
_NO_READER = "messages: This mockbatch cannot read PDFs without pypdf 7 or newer: pip install 'mockbatch[pdf]'"
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def _file(*objects: bytes, more: bytes = b"") -> str:
    """Return a PDF with these objects, base64-encoded."""
    written, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj%s endobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (size, more, len(written))
    return b64encode(written + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + end).decode()


_PAGES = (
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
)
_LOCK = b"<</Filter/Standard/V 1/R 2/O(%s)/U(%s)/P -4>>" % (b"a" * 32, b"b" * 32)
_PLAIN_PDF, _LOCKED_PDF = _file(*_PAGES), _file(*_PAGES, _LOCK, more=b"/Encrypt 4 0 R/ID[(a)(a)]")


def _image(data: str | Long, kind: str = "image/png") -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def _document(data: str) -> dict[str, Any]:
    return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}


def _encoded(asked: ParsedRequest, kind: str) -> Iterator[tuple[Placed, dict[str, Any]]]:
    """Yield the blocks of a type with embedded data, and their sources."""
    for placed in asked.of(kind):
        source = placed.block["source"]
        if source["type"] == "base64":
            yield placed, source


def _first(kind: str, is_bad: Callable[[dict[str, Any]], bool]) -> Callable[[ParsedRequest], Found]:
    def finds(asked: ParsedRequest) -> Found:
        return next(({"where": placed.path} for placed, source in _encoded(asked, kind) if is_bad(source)), None)

    return finds


def _is_base64(data: str) -> bool:
    try:
        decoded(data)
    except NotBase64:
        return False
    return True


def _kind(data: str) -> str | None:
    found = kind_of(leniently_decoded(data[:_HEAD]))
    return None if found == PDF else found


def _reads_as(problem: type[UnreadableMedia]) -> Callable[[dict[str, Any]], bool]:
    """Return a check whether a PDF is unreadable for this reason."""

    def is_bad(source: dict[str, Any]) -> bool:
        try:
            pdf_in(source["data"])
        except UnreadableMedia as error:
            if isinstance(error, NoReader):
                raise InvalidRequest(_NO_READER) from None
            return type(error) is problem
        return False

    return is_bad


def _mismatch(asked: ParsedRequest) -> Found:
    for placed, source in _encoded(asked, "image"):
        found = _kind(source["data"])
        if found is not None and found != source["media_type"]:
            return {"where": placed.path, "said": source["media_type"], "found": found}
    return None


def _too_many_bytes(asked: ParsedRequest) -> Found:
    for placed, source in _encoded(asked, "image"):
        if len(source["data"]) > _MOST_BYTES:
            return {"where": placed.path, "size": len(source["data"])}
    return None


def _sides(*, many: bool) -> Callable[[ParsedRequest], Found]:
    """Find images with a side that is too long; the limit is lower if there are many."""

    def finds(asked: ParsedRequest) -> Found:
        if (len(asked.of("image")) > _FEW) != many:
            return None
        most = _LONGEST_OF_MANY if many else _LONGEST
        paths = [placed.path for placed, source in _encoded(asked, "image") if _longest(source["data"]) > most]
        details = {"error_code": "image_dimensions_too_large", "max_side_length_pixels": most, "paths": paths}
        return {"where": paths[0], "details": details} if paths else None

    return finds


def _longest(data: str) -> int:
    return max(size_in(data) or (0,))


def _pixels(width: int, height: int = 1) -> dict[str, Any]:
    """Return an image that has this size according to its header."""
    head = (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x06" + bytes(9)
    )
    return _image(b64encode(head).decode())


def _pdf(is_bad: Callable[[dict[str, Any]], bool]) -> Callable[[ParsedRequest], Found]:
    return _first("document", lambda source: source["media_type"] == PDF and is_bad(source))


def _is_pdf(placed: Placed) -> bool:
    """Return whether a document is a PDF; those by URL are."""
    source = placed.block["source"]
    return bool(source["type"] == "url" or source.get("media_type") == PDF)


def _many(asked: ParsedRequest) -> Found:
    count, most = len(asked.of("image")), _MOST_OF_SMALL if asked.model.context <= _SMALL else _MOST
    return count > most and {"count": count, "most": most}


REFUSALS = (
    Refusal(
        name="images on models without them",
        says="'{model}' does not support image input.",
        on="<image>",
        finds=lambda asked: not asked.model.images and {"model": asked.model.id},
        refused=request(model="claude-2.1", messages=[said(_image(_PNG))]),
        taken=request(model="claude-3-haiku-20240307", messages=[said(_image(_PNG))]),
        source=_PAGE,
        seen=_SEEN,
        guess=True,
    ),
    Refusal(
        name="PDFs on models without them",
        says="'{model}' does not support PDF input.",
        on="<document>",
        finds=lambda asked: (
            not asked.model.pdfs and any(map(_is_pdf, asked.of("document"))) and {"model": asked.model.id}
        ),
        refused=request(model="claude-3-haiku-20240307", messages=[said(_document(_PLAIN_PDF), text("Sum it up."))]),
        taken=request(messages=[said(_document(_PLAIN_PDF), text("Sum it up."))]),
        source="build-with-claude/pdf-support",
        seen=_SEEN,
        guess=True,
    ),
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
        name="an image of more than 5 MB",
        says=f"{{where}}.image.source.base64: image exceeds 5 MB maximum: {{size}} bytes > {_MOST_BYTES} bytes",
        on="<image>",
        finds=_too_many_bytes,
        refused=request(messages=[said(_image(Long("iVBO", 1_310_721)))]),
        taken=request(messages=[said(_image(_PNG))]),
        source="public logs",
        seen="2026-09",
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
        name="an image with a side of more than 8,000 pixels",
        says="{where}.image.source.base64.data: At least one of the image dimensions exceed max allowed size: "
        "8000 pixels",
        on="<image>",
        finds=_sides(many=False),
        refused=request(messages=[said(_pixels(8_001))]),
        taken=request(messages=[said(_pixels(8_000))]),
        source="public logs",
        seen="2026-09",
    ),
    Refusal(
        name="an image with a side of more than 2,000 pixels among many",
        says="{where}.image.source.base64.data: At least one of the image dimensions exceed max allowed size for "
        "many-image requests: 2000 pixels",
        on="<image>",
        finds=_sides(many=True),
        refused=request(messages=[said(*[_pixels(2_001)] * 21)]),
        taken=request(messages=[said(*[_pixels(2_001)] * 20)]),
        source="public logs",
        seen="2026-09",
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
        finds=_pdf(lambda source: not source["data"]),
        refused=request(messages=[said(_document(""), text("Sum it up."))]),
        taken=request(messages=[said(_document(_PLAIN_PDF), text("Sum it up."))]),
        source="measured by a third party",
        seen="2026-09-04",
    ),
    Refusal(
        name="a PDF that is not valid base64",
        says="{where}.pdf.source.base64: invalid base64 data",
        on="<document>",
        finds=_pdf(lambda source: not _is_base64(source["data"])),
        refused=request(messages=[said(_document(_PLAIN_PDF[:20] + "\n" + _PLAIN_PDF[20:]), text("Sum it up."))]),
        taken=request(messages=[said(_document(_PLAIN_PDF), text("Sum it up."))]),
        source="measured by a third party",
        seen="2026-09-04",
        guess=True,
    ),
    Refusal(
        name="an invalid PDF",
        says="{where}.pdf.source.base64.data: The PDF specified was not valid.",
        on="<document>",
        finds=_pdf(_reads_as(Invalid)),
        refused=request(messages=[said(_document("SGVsbG8sIHdvcmxk"), text("Sum it up."))]),
        taken=request(messages=[said(_document(_PLAIN_PDF), text("Sum it up."))]),
        source="measured by a third party",
        seen="2026-09-04",
    ),
    Refusal(
        name="a PDF with a password",
        says="{where}.pdf.source.base64.data: The PDF specified is password protected.",
        on="<document>",
        finds=_pdf(_reads_as(Locked)),
        refused=request(messages=[said(_document(_LOCKED_PDF), text("Sum it up."))]),
        taken=request(messages=[said(_document(_PLAIN_PDF), text("Sum it up."))]),
        source="public logs",
        seen="2026-09",
    ),
)
