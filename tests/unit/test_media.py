"""What is in images and PDFs."""

import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.params import Terms, checked
from mockbatch.core.media.encoded import (
    Empty,
    Invalid,
    Locked,
    NoReader,
    NotBase64,
    TooLong,
    UnreadableMedia,
    decoded,
    kind_of,
    leniently_decoded,
)
from mockbatch.core.media.images import size_in, size_of
from mockbatch.core.media.pdf import MOST_PAGES, Pdf, pdf_in, read
from mockbatch.core.tokens import input_tokens
from tests.builders import params
from tests.media import (
    CATALOG,
    END,
    body_of,
    file_of,
    jpeg,
    modern_pdf,
    packed_stream,
    pdf_of,
    png,
    stream_of,
    tree,
    xref_stream,
)

PAGE = b"<< /Type /Page >>"
MODEL = MODELS["claude-haiku-4-5-20251001"]


# base64


@given(st.binary())
def test_base64_is_decoded(data: bytes) -> None:
    assert decoded(b64encode(data).decode()) == data
    assert leniently_decoded(b64encode(data).decode()) == data


@pytest.mark.parametrize(
    "text", ["aGk=\n", "aG\nk=", " aGk=", "aGk", "a", "-_-_", "aGk=aGk=", "aGk==", "=", "äöüß", "\ud800", "aGk\0"]
)
def test_what_is_no_base64_is_told(text: str) -> None:
    """Line ends, other alphabets and wrong ends."""
    with pytest.raises(NotBase64):
        decoded(text)


def test_base64_of_urls_is_another() -> None:
    with pytest.raises(NotBase64):
        decoded(urlsafe_b64encode(b"\xff\xef\xbe" * 3).decode())


# kinds

KINDS = {
    "image/png": png(1, 1),
    "image/jpeg": jpeg(1, 1),
    "image/gif": b"GIF89a\1\0\1\0",
    "image/webp": b"RIFF\0\0\0\0WEBPVP8X",
    "application/pdf": pdf_of(b""),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_tell_what_they_are(kind: str) -> None:
    assert kind_of(KINDS[kind]) == kind


@pytest.mark.parametrize("data", [b"", b"text", b"RIFF0000WAVE", b"\x89PNG", b"\xff\xd8", b"BM\0\0", b"<svg/>"])
def test_other_bytes_are_of_no_kind(data: bytes) -> None:
    assert kind_of(data) is None


def test_a_pdf_may_begin_a_little_later() -> None:
    assert kind_of(b"\n" * 100 + b"%PDF-1.7") == "application/pdf"
    assert kind_of(b"\n" * 2_000 + b"%PDF-1.7") is None


# images

SIZES: list[tuple[bytes, tuple[int, int]]] = [
    (png(256, 512), (256, 512)),
    (png(2**31 - 1, 2**31 - 1), (2**31 - 1, 2**31 - 1)),
    (b"GIF89a" + b"\x0a\0\x14\0" + bytes(20), (10, 20)),
    (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x63\0\0\x31\0\0", (100, 50)),
    (b"RIFF\0\0\0\0WEBPVP8L" + bytes(4) + b"/" + (99 | 49 << 14).to_bytes(4, "little") + bytes(8), (100, 50)),
    (b"RIFF\0\0\0\0WEBPVP8 " + bytes(7) + b"\x9d\1\x2a" + b"\x64\0\x32\0" + bytes(4), (100, 50)),
    (jpeg(100, 50), (100, 50)),
    (jpeg(100, 50, metadata=200_000), (100, 50)),
]


@pytest.mark.parametrize(("data", "size"), SIZES)
def test_the_size_of_an_image_is_read(data: bytes, size: tuple[int, int]) -> None:
    """PNG, GIF, the three kinds of WebP and JPEG, also behind metadata."""
    assert size_of(data) == size
    assert size_in(b64encode(data).decode()) == size


@pytest.mark.parametrize("data", [png(1, 1)[:12], b"\xff\xd8\xff", png(0, 5), b"text", pdf_of(b""), b"<svg/>"])
def test_an_image_without_a_size_is_invalid(data: bytes) -> None:
    with pytest.raises(Invalid):
        size_of(data)
    assert size_in(b64encode(data).decode()) is None


def test_an_empty_image_is_told() -> None:
    with pytest.raises(Empty):
        size_of(b"")


def test_a_huge_image_costs_what_the_largest_does() -> None:
    """However many pixels it claims."""
    source = {"type": "base64", "media_type": "image/png", "data": b64encode(png(2**31 - 1, 2**31 - 1)).decode()}
    assert input_tokens({"messages": [{"content": [{"type": "image", "source": source}]}]}, MODEL) < 2_000


starts = st.sampled_from([b"", png(1, 1)[:8], b"GIF87a", b"RIFF0000WEBPVP8 ", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\0"])


@given(starts, st.binary(max_size=64))
def test_no_bytes_upset_the_reading_of_sizes(start: bytes, rest: bytes) -> None:
    """Anything may stand in a request."""
    size = size_in(b64encode(start + rest).decode())
    assert size is None or min(size) > 0


# PDFs


@pytest.mark.parametrize("count", [1, 2, 600])
@pytest.mark.parametrize("packed", [False, True])
def test_pages_are_counted_and_read(count: int, packed: bool) -> None:
    """One by one."""
    found = read(pdf_of(*(b"BT (Page %d) Tj ET" % number for number in range(count)), packed=packed))
    assert found.pages == count
    assert found.texts[0] == "Page 0"
    assert found.texts[-1] == f"Page {count - 1}"


def test_pages_in_object_streams_are_counted() -> None:
    """As PDFs of today have them."""
    assert read(modern_pdf({1: CATALOG, 2: tree(3, 4, 5), 3: PAGE, 4: PAGE, 5: PAGE})).pages == 3


def test_a_page_that_shows_nothing_keeps_its_number() -> None:
    shown = read(pdf_of(b"", b"BT [(He) -20 (llo \\(you\\))] TJ ET", b"BT (\\000\\001) Tj ET"))
    assert shown.texts == ("", "Hello (you)", "\\000\\001")


@pytest.mark.parametrize("count", [1, 3])
def test_each_page_is_billed_once(count: int) -> None:
    """As the API has it: text and image of each."""

    def tokens(pages: int) -> int:
        data = b64encode(pdf_of(*[b""] * pages)).decode()
        source = {"type": "base64", "media_type": "application/pdf", "data": data}
        return input_tokens({"messages": [{"content": [{"type": "document", "source": source}]}]}, MODEL)

    assert tokens(count) - tokens(1) == (count - 1) * 3_810
    assert 3_810 <= tokens(1) < 3_830


def test_what_was_read_is_remembered_by_its_content() -> None:
    """And what could not be read."""
    text = b64encode(pdf_of(b"BT (a) Tj ET")).decode()
    assert pdf_in(text) is pdf_in(text[:10] + text[10:])
    for _ in range(2):
        with pytest.raises(Invalid):
            pdf_in("AAAA")


def deep(times: int, opened: bytes) -> bytes:
    return file_of({1: b"<< /Type /Catalog /Pages " + opened * times})


def chained(times: int, piece: Callable[[int], bytes]) -> bytes:
    body, last = bytearray(b"%PDF-1.5\n"), 0
    for _ in range(times):
        at = len(body)
        body += piece(last)
        last = at
    return bytes(body) + END % last


def one_page(contents: bytes) -> bytes:
    page = b"<< /Type /Page /Contents 4 0 R >>"
    return file_of({1: CATALOG, 2: tree(3), 3: page, 4: contents})


ZEROS = zlib.compress(bytes(500_000_000), 9)
INVALID: dict[str, bytes] = {
    "no PDF": b"text",
    "a head alone": b"%PDF-1.7",
    "garbage": b"%PDF-1.7\n" + b"\0garbage obj\n" * 100_000 + END % 9,
    "no end": pdf_of(b"")[:-30],
    "no catalog": file_of({1: b"<< /A 1 >>"}),
    "no pages": file_of({1: CATALOG, 2: tree()}),
    "pages that are none": file_of({1: CATALOG, 2: b"[1 2 3]"}),
    "a tree that leads back": file_of({1: CATALOG, 2: tree(3), 3: tree(2)}),
    "a tree that is its own": file_of({1: CATALOG, 2: tree(2, 2)}),
}
LONG: dict[str, Callable[[], bytes]] = {
    "a tree that doubles": lambda: file_of(
        {1: CATALOG, 2: tree(3, 3), **{number: tree(number + 1, number + 1) for number in range(3, 60)}, 60: PAGE}
    ),
    "lists in lists": lambda: deep(60_000, b"<< /Kids ["),
    "a wide page, often": lambda: file_of(
        {
            1: CATALOG,
            2: tree(*[3] * 3_900),
            3: b"<< /Type /Page %b >>" % b" ".join(b"/K%d 1" % n for n in range(20_000)),
        }
    ),
    "a chain of tables": lambda: chained(60_000, lambda last: b"xref\n0 0\ntrailer\n<</Root 1 0 R/Prev %d>>\n" % last),
    "a chain of streams": lambda: chained(
        400,
        lambda last: (
            b"9 0 obj\n%b\nendobj\n"
            % packed_stream(
                bytes(1_000_000), b"/Type /XRef /Size 5 /W [1 2 1] /Index [0 0] /Prev %d /Root 1 0 R" % last
            )
        ),
    ),
    "objects in one stream": lambda: modern_pdf({1: CATALOG, 2: tree(3), 3: PAGE, 4: b"[" + b"1 " * 1_500_000 + b"]"}),
    "a table of many": lambda: chained(
        1,
        lambda last: (
            b"9 0 obj\n%b\nendobj\n"
            % packed_stream(bytes(3_999_999), b"/Type /XRef /Size 5 /W [1 0 0] /Index [0 3999999] /Root 1 0 R")
        ),
    ),
}


@pytest.mark.parametrize("kind", INVALID)
def test_broken_files_are_invalid(kind: str) -> None:
    with pytest.raises(Invalid):
        read(INVALID[kind])


@pytest.mark.parametrize("kind", LONG)
def test_what_takes_too_long_is_given_up(kind: str) -> None:
    """After a number of steps; and it is not called broken."""
    with pytest.raises(TooLong):
        read(LONG[kind]())


@pytest.mark.parametrize("times", [1, 2])
def test_a_stream_that_inflates_without_end_has_no_text(times: int) -> None:
    """500 MB of zeros, also when they were compressed twice; the page counts."""
    data = ZEROS if times == 1 else zlib.compress(ZEROS, 9)
    filters = b"/Filter [%b]" % (b"/FlateDecode " * times)
    assert read(one_page(stream_of(data, filters))) == Pdf(1, ("",))


def test_many_streams_end_the_reading_of_texts() -> None:
    """The pages are counted all the same."""
    pages = range(10, 60)
    contents = b"<< /Type /Page /Contents [%b] >>" % (b"4 0 R " * 4)
    objects = {1: CATALOG, 2: tree(*pages), 4: packed_stream(bytes(3_900_000)), **dict.fromkeys(pages, contents)}
    assert read(file_of(objects)) == Pdf(len(pages), ("",) * len(pages))


@pytest.mark.parametrize("text", [b"(((((\\(" * 300_000, b"[(a)" * 300_000, b"(a" * 500_000])
def test_no_text_takes_long(text: bytes) -> None:
    assert read(one_page(packed_stream(text))).pages == 1


def test_more_pages_than_the_api_takes_are_not_looked_for() -> None:
    """The number that the file tells is believed then."""
    assert read(file_of({1: CATALOG, 2: tree(3, more=b"/Count 99999"), 3: PAGE})) == Pdf(99_999, ())
    with pytest.raises(UnreadableMedia):
        read(file_of({1: CATALOG, 2: tree(*[3] * (2 * MOST_PAGES + 1)), 3: PAGE}))


def test_an_empty_file_and_one_with_a_password_are_told_apart() -> None:
    with pytest.raises(Empty):
        read(b"")
    encrypted = b"<< /Filter /Standard /V 1 /R 2 /O (%b) /U (%b) /P -4 >>" % (b"o" * 32, b"u" * 32)
    objects = {1: CATALOG, 2: tree(3), 3: PAGE, 4: encrypted}
    with pytest.raises(Locked):
        read(file_of(objects, b"/Root 1 0 R /Encrypt 4 0 R /ID [(a) (a)]"))


@given(st.binary(max_size=200), st.integers(0, 600), st.binary(max_size=20))
def test_no_bytes_upset_the_reading_of_pdfs(rest: bytes, at: int, put: bytes) -> None:
    """Broken in any place, or nothing but noise."""
    whole = pdf_of(b"BT (a) Tj ET", b"", packed=True)
    for data in (b"%PDF-1.4\n" + rest + END % 9, whole[:at] + put + whole[at + len(put) :]):
        try:
            assert read(data).pages > 0
        except UnreadableMedia:
            continue


def test_helpers_make_what_they_say() -> None:
    """A table as a stream is read like a plain one."""
    objects = {1: CATALOG, 2: tree(3), 3: PAGE}
    body, places = body_of(objects)
    entries = [(number, b"\1%b\0" % place.to_bytes(3, "big")) for number, place in places.items()]
    assert read(body + b"9 0 obj\n%b\nendobj" % xref_stream(entries) + END % len(body)).pages == 1


def test_a_pdf_without_a_library_that_reads_it_is_a_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one is installed that knows no bounds."""
    monkeypatch.setitem(__import__("sys").modules, "pypdf", None)
    with pytest.raises(NoReader):
        read(b"%PDF-1.4\nstartxref\n0\n%%EOF")


def test_a_request_with_a_pdf_names_the_extra_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pypdf", None)
    data = b64encode(b"%PDF-1.4\nof another test\nstartxref\n0\n%%EOF").decode()
    document = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}
    request = params(messages=[{"role": "user", "content": [document]}])
    with pytest.raises(InvalidRequest, match=r"pip install 'mockbatch\[pdf\]'"):
        checked(request, Terms())
