"""Files as people have them: whatever the form, the encoding and the compression, the same is read."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mockbatch.core.table import SEPARATORS, parse_table
from mockbatch.files import UnreadableFile
from mockbatch.files.documents import BrokenJson, Documents, Line
from mockbatch.files.kinds import REQUESTS, TRACKED, kind_of
from mockbatch.files.source import opened
from mockbatch.files.tables import read_table, table_of_bytes
from tests import zstandard as zstd
from tests.builders import requests

Pack = Callable[[bytes], bytes]


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/rows", data)
        archive.writestr("__MACOSX/export/._rows", b"x")
    return out.getvalue()


PACKS: dict[str, Pack] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "zip": zipped,
    "gzip twice": lambda data: gzip.compress(gzip.compress(data)),
    "two members of gzip": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),
}
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ITEMS = st.lists(st.fixed_dictionaries({"custom_id": st.text(max_size=5), "params": JSON}), min_size=1, max_size=5)
FORMS: dict[str, Callable[[list[Any]], str]] = {
    "lines": lambda items: "\n".join(map(json.dumps, items)),
    "lines of Windows": lambda items: "\r\n\r\n".join(json.dumps(item, ensure_ascii=False) for item in items),
    "list": json.dumps,
    "printed list": lambda items: json.dumps(items, indent=2, ensure_ascii=False),
    "body": lambda items: json.dumps({"requests": items}),
    "printed body": lambda items: json.dumps({"webhook_url": "x", "requests": items, "more": [{}]}, indent=1),
    "printed one after the other": lambda items: "\n".join(json.dumps(item, indent=4) for item in items),
    "bodies": lambda items: "".join(json.dumps({"requests": [item]}) for item in items),
}


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted(at % (len(data) + 1) for at in cuts)
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(items=ITEMS, cuts=st.lists(st.integers(0, 1 << 20), max_size=6))
@example(items=[{"custom_id": "a", "params": {"requests": [{"}": '"]}\\'}]}}], cuts=list(range(200)))
def test_values_are_found_in_every_form(form: str, items: list[Any], cuts: list[int]) -> None:
    """However the text arrives; each can be found again from its place, and is on the line that is told."""
    data = FORMS[form](items).encode()
    documents = Documents(1 << 20)
    found = [line for piece in cut(data, cuts) for line in documents.feed(piece)]
    found += documents.rest()
    assert [json.loads(line.raw) for line in found] == items
    for place, line in enumerate(found):
        assert b"\n" not in line.raw
        assert line.number == data[: line.offset].count(b"\n") + 1
        again = Documents(1 << 20, line, documents.form)
        assert [*again.feed(data[line.offset :]), *again.rest()] == found[place:]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'[{"a":1},', "line 1: the list does not end: the file was cut"),
        (b'{\n"requests": [\n{"a":1}', "line 3: the list does not end: the file was cut"),
        (b'{"requests":[{"a":1}]', "line 1: the body does not end: the file was cut"),
        (b'[{"a":1}\n{"b":2}]', "line 2: a comma is missing before this entry of the list"),
        (b'[{"a":1},\n{"b":', [(1, b'{"a":1}'), (2, b'{"b":')]),
        (b'[1,"]",\n{"x":1},2]', [(1, b'1,"]"'), (2, b'{"x":1}'), (2, b"2")]),
        (b'{\n "a": 1\n}]\n{"b":2}', [(1, b'{ "a": 1 }'), (3, b"]"), (4, b'{"b":2}')]),
        (b'{"a": 1\n{"b": 2}', [(1, b'{"a": 1'), (2, b'{"b": 2}')]),
        (b'{\n[1]\n{"b": 2}', [(1, b"{"), (2, b"[1]"), (3, b'{"b": 2}')]),
        (b'[{"a":"' + b"x" * 2000, "line 1: a value is longer than 1,000 bytes"),
        (b"[]", []),
        (b" \n\n", []),
    ],
)
def test_what_is_no_json_is_told_by_line(text: bytes, found: Any) -> None:
    """And what is good before it is read all the same."""
    documents = Documents(1000)

    def read() -> list[tuple[int, bytes]]:
        return [(line.number, line.raw) for line in [*documents.feed(text), *documents.rest()]]

    if isinstance(found, str):
        with pytest.raises(BrokenJson) as caught:
            read()
        assert str(caught.value) == found
    else:
        assert read() == found


@pytest.mark.parametrize("encoding", UNICODE)
@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("form", ["lines", "printed body"])
def test_a_file_is_read_from_any_place(tmp_path: Path, pack: str, encoding: str, form: str) -> None:
    """By its content, whatever it is called."""
    items = [{"custom_id": f"é-{number}", "params": {"text": "\u2028" * number}} for number in range(40)]
    path = tmp_path / "requests.csv.jpg"
    path.write_bytes(PACKS[pack](FORMS[form](items).encode(encoding)))
    with opened(str(path), wanted=REQUESTS) as source:
        lines = list(source.lines())
        assert [json.loads(line.raw) for line in lines] == items
        for start in (lines[0], lines[17], lines[-1]):
            assert list(source.lines(start)) == lines[lines.index(start) :]


STRANGE = "\x00\x81\x8d\x8f\x90\x9d\ufeff"
# a file that begins with a control character is taken for binary data
NAMES = st.text(
    st.characters(codec="cp1252", exclude_categories=["Cc"], exclude_characters=f',;|"{STRANGE}'), min_size=1
)
CELLS = st.text(st.characters(codec="cp1252", exclude_characters=f"\r{STRANGE}"), max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    columns = draw(st.lists(NAMES.filter(str.strip), min_size=2, max_size=4, unique=True))
    cells = st.lists(CELLS, min_size=len(columns), max_size=len(columns)).filter(lambda row: any(map(str.strip, row)))
    return columns, draw(st.lists(cells, max_size=5))


@given(
    table=tables(),
    dialect=st.sampled_from(csv.list_dialects()),
    separator=st.sampled_from(SEPARATORS),
    quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)),
    end=st.sampled_from(("\n", "\r\n")),
    encoding=st.sampled_from((*UNICODE, "cp1252")),
    pack=st.sampled_from(list(PACKS)),
    declared=st.booleans(),
)
def test_a_table_reads_back_the_same(
    table: tuple[list[str], list[list[str]]],
    dialect: str,
    separator: str,
    quoting: Any,
    end: str,
    encoding: str,
    pack: str,
    declared: bool,
) -> None:
    """Written in any dialect, encoding and compression."""
    columns, rows = table
    out = io.StringIO()
    out.write(f"sep={separator}{end}" if declared else "")
    csv.writer(out, dialect, delimiter=separator, quoting=quoting, lineterminator=end).writerows([columns, *rows])
    data = out.getvalue().encode(encoding)
    # JSON is recognized by its first character, and what tells of an encoding or a format is no name of a column
    assume(columns[0].lstrip()[:1] not in ("{", "[", "<", "%") and not columns[0].lower().startswith("sep="))
    assume(encoding != "cp1252" or not is_utf8(data) or out.getvalue().isascii())
    assume(encoding not in ("utf-16-le", "utf-16-be") or out.getvalue()[:1].isascii())
    assume(kind_of(out.getvalue().encode()) is None or kind_of(out.getvalue().encode()).name == "table")  # type: ignore[union-attr]
    read = table_of_bytes("t", PACKS[pack](data), TRACKED)
    assert read.columns == columns
    assert [list(row.cells.values()) for row in read.rows] == rows


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n\n3,4\n", [(2, "1", "2"), (4, "3", "4")]),
        ("\n\na;b\n1;0,5\n", [(4, "1", "0,5")]),
        ("sep=|\na|b\n1|2", [(3, "1", "2")]),
        ('a, "b"\n1, "x, y"\n', [(2, "1", "x, y")]),
        ('a,b\n"x\ny",2\n3,4\n', [(2, "x\ny", "2"), (4, "3", "4")]),
        ("a,b,\n1,2,\n,,\n", [(2, "1", "2")]),
        ("a,b\n1\n", [(2, "1", "")]),
        ("\ufeffa\tb\n1\t2\n", [(2, "1", "2")]),
    ],
)
def test_rows_know_their_lines(text: str, rows: list[tuple[int, str, str]]) -> None:
    """Blank lines and cells that go over several lines are counted; empty rows are none."""
    assert [(row.line, row.cells["a"], row.cells["b"]) for row in parse_table(text).rows] == rows


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'custom_id,cost\na,"0.5\n', "line 2: unexpected end of data"),
        (b"\xef\xbb\xbfcustom_id,cost\na\xff,1\n", "line 2: it is marked as UTF-8 but is not"),
        (b"custom_id,cost\n\xe9,1\n\x81,1\n", "line 2: it is neither UTF-8 nor Windows-1252"),
        (b"\xff\xfec\x00,", "it ends in the middle of a character: the file was cut"),
        (gzip.compress(b"custom_id,cost\na,1\n", mtime=0)[:-4], "cannot be read: Compressed file ended before"),
        (b'[{"custom_id": "a", "cost": 1}', "line 1: the list does not end"),
        (b'{"custom_id": "a", "cost": 1}\n{"custom_id"\n', "line 2: it is not JSON"),
        (b'[{"custom_id": "a"}, 1]', "line 1: it is not an object"),
    ],
)
def test_a_damaged_table_is_told_in_a_sentence(tmp_path: Path, data: bytes, message: str) -> None:
    """With the line where there is one."""
    path = tmp_path / "tracker.csv"
    path.write_bytes(data)
    with pytest.raises(UnreadableFile) as caught:
        read_table(str(path), TRACKED)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_table_that_is_too_large_is_refused() -> None:
    """As it is unpacked, so that a small file cannot fill the memory."""
    with pytest.raises(UnreadableFile, match="larger than 1 MB: split it"):
        table_of_bytes("t", gzip.compress(b"a,b\n" + b"1,2\n" * 300_000), TRACKED, 1_000_000)


def test_rows_of_json_are_a_table_with_paths() -> None:
    """As lines, as a list, under a name; numbers stay as they are written."""
    row = '{"custom_id": "a", "usage": {"input_tokens": 13.0}, "cost": 0.10, "cached": true, "model": null}'
    for text in (row, f"[{row}]", f'{{"data": [{row}], "total": 1}}'):
        (read,) = table_of_bytes("t", text.encode(), TRACKED).rows
        assert read.cells == {
            "custom_id": "a",
            "usage.input_tokens": "13.0",
            "cost": "0.10",
            "cached": "true",
            "model": "",
        }


KINDS: list[tuple[bytes, str | None]] = [
    (json.dumps(requests("a")[0]).encode(), "requests of Message Batches"),
    (json.dumps({"requests": requests("a")}, indent=1).encode(), "requests of Message Batches"),
    (b'{"custom_id": "a", "result": {"type": "expired"}}', "results of Message Batches"),
    (b'{"custom_id": "a", "method": "POST", "url": "/v1/x", "body": {}}', "requests of OpenAI's batch API"),
    (b'{"id": "x", "custom_id": "a", "response": {}, "error": null}', "results of OpenAI's batch API"),
    (b'{"custom_id": "a", "body": {"messages": []}}', "requests of another batch API"),
    (b'{"recordId": "a", "modelInput": {}}', "requests of Amazon Bedrock's batch inference"),
    (b'{"recordId": "a", "modelOutput": {}}', "results of Amazon Bedrock's batch inference"),
    (b'{"key": "a", "request": {"contents": []}}', "requests of Gemini's batch API"),
    (b'{"key": "a", "response": {}}', "results of Gemini's batch API"),
    (b'{"model": "m", "messages": [], "max_tokens": 1}', "params of requests without a `custom_id`"),
    (b'{"messages": []}', "examples for fine-tuning"),
    (b'{"id": "msgbatch_1", "type": "message_batch"}', "a batch object of the API"),
    (b'{"data": [], "has_more": false}', "a page of a list"),
    (b'{"id": "msg_1", "type": "message"}', "replies of /v1/messages"),
    (b'{"type": "error", "error": {}}', "an error response of the API"),
    (b'{"mockbatch_fixture":1,"interactions":0}', "a recording of mockbatch"),
    (b'{"log": {"entries": [' + b'{"request": {}},' * 9000, "a recording of HTTP calls"),
    (b'{"version": 1, "interactions": []}', "a recording of HTTP calls"),
    (b"---\nhttp_interactions:\n- request:\n", "a cassette"),
    (b"---\nversion: 2\ninteractions:\n", "a cassette"),
    (b'{"nbformat": 4, "cells": []}', "a notebook of Jupyter"),
    (b'{"colour": "red", "size": 3}', "JSON with the keys colour, size"),
    (b'["a", "b"]', "a list of values that are no objects"),
    (b"[1, 2, 3]", "a list of values that are no objects"),
    (b"\xff\xff\xff\xff\x78\x00\x00\x00", "an Arrow stream: save it as CSV or JSON lines"),
    (bytes(range(256)), "binary data"),
    (b"\x04\x22\x4d\x18\x64\x40", "compressed with LZ4: decompress it first"),
    (b'\x1e{"custom_id": "a"}', "JSON text sequences"),
    (b'{"custom_id": "a"}', None),
    (b"custom_id,cost\na,1\n", "a table with the columns custom_id, cost"),
    (b"custom_id;cost\n", "a table with the columns custom_id, cost"),
    (b"<!DOCTYPE html><html>", "an HTML page"),
    (b"<?xml version='1.0'?>", "XML"),
    (b"%PDF-1.7", "a PDF"),
    (b"PAR1\x15", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1", "an old spreadsheet (.xls)"),
    (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    (b"event: message_start\ndata: {}\n", "a stream of events"),
    (b"x\x00" * 9, "binary data"),
    (b"", None),
    (b"Hello", "text that is not JSON"),
    (b'Hello\n{"custom_id": "a", "params": {}}\n', None),
]


@pytest.mark.parametrize(("head", "words"), KINDS)
def test_what_a_file_is_can_be_told(head: bytes, words: str | None) -> None:
    kind = kind_of(head)
    assert (kind and kind.words.startswith(words or "")) == (None if words is None else True)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("[Content_Types].xml", "xl/workbook.xml"),
            "is a spreadsheet (.xlsx): save the sheet as CSV (Save As, CSV UTF-8)",
        ),
        (("[Content_Types].xml", "word/document.xml"), "is an office document"),
        (("mimetype", "content.xml"), "is a spreadsheet (.ods) or document: save the sheet as CSV"),
        (("a.csv", "b.csv"), "is a zip archive of 2 files (a.csv, b.csv): extract the one you mean"),
        ((), "is a zip archive of nothing"),
    ],
)
def test_an_archive_of_several_files_is_refused(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    path = tmp_path / "tracker.csv"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    with pytest.raises(UnreadableFile) as caught:
        read_table(str(path), TRACKED)
    assert str(caught.value) == f"{path} {message}"


def test_a_long_list_does_not_fill_the_memory() -> None:
    """What was read is forgotten."""
    documents = Documents(1 << 16)
    largest = 0
    list(documents.feed(b"["))
    for number in range(2_000):
        for _ in documents.feed(b'{"custom_id": "%d", "params": {"text": "%s"}},\n' % (number, b"x" * 500)):
            pass
        largest = max(largest, len(documents._reader._buffer))  # type: ignore[union-attr]
    assert largest < 5_000
    assert isinstance(next(documents.feed(b'{"custom_id": "z"}]')), Line)
