"""Identify a file by its beginning, to name it if it is not what was expected."""

import re
from collections.abc import Callable
from itertools import chain
from typing import Any, Literal

from msgspec import Struct

from mockbatch.core.cassette.interaction import MARK
from mockbatch.core.cassette.values import decode
from mockbatch.core.table import heads
from mockbatch.files import UnreadableFile
from mockbatch.files.documents import BrokenJson, Documents, Line

Name = Literal["requests", "params", "results", "rows", "recording", "cassette", "table", "text", "json", "other"]

_FIRST = 20
_COLUMNS = 6
_LONGEST = 1 << 20


class Kind(Struct, frozen=True):
    """The kind of a file, and its description. `line` is where it was recognized; 0 for the file as a whole."""

    name: Name
    words: str
    line: int = 0


class ExpectedInput(Struct, frozen=True):
    """The input of a command: a description, and the kinds accepted."""

    words: str
    names: tuple[Name, ...]


REQUESTS = ExpectedInput('requests, {"custom_id": ..., "params": {...}}', ("requests",))
ASKED = ExpectedInput(REQUESTS.words, ("requests", "params"))
"""Requests, or their params alone."""
RESULTS = ExpectedInput('results, {"custom_id": ..., "result": {...}}', ("results",))
IMPORTED = ExpectedInput("results or a cassette", ("results", "cassette", "text"))
TRACKED = ExpectedInput("rows of a cost tracker", ("table", "rows", "params", "text", "json"))
LEDGER = ExpectedInput("a ledger", ("table", "rows"))
RECORDED = ExpectedInput("a recording of mockbatch", ("recording",))


def check_kind(name: str, head: bytes, wanted: ExpectedInput) -> None:
    """Raise UnreadableFile if a file with this beginning is recognized as something other than wanted."""
    if problem := mistaken(head, wanted):
        raise UnreadableFile(f"{name}: {problem}")


def mistaken(head: bytes, wanted: ExpectedInput) -> str:
    """Return what a file with this beginning is, if it is recognized as something other than wanted; else ''."""
    kind = kind_of(head)
    if kind is None or kind.name in wanted.names:
        return ""
    where = f"line {kind.line}: " if kind.line else ""
    return f"{where}this is {kind.words}; expected {wanted.words}"


def kind_of(head: bytes) -> Kind | None:
    """Return the kind of a file from its beginning, decompressed and in UTF-8; None if it is not recognized."""
    for magic, words in _MAGIC.items():
        if head.startswith(magic):
            return Kind("other", words)
    if head[257:262] == b"ustar":
        return Kind("other", "a tar archive: extract the file you mean")
    text = head.lstrip()
    if not text:
        return None
    if text.startswith((b"{", b"[")):
        return _of_json(head)
    if b"\x00" in head:
        return Kind("other", "binary data")
    return _of_text(text)


def _of_json(head: bytes) -> Kind | None:
    documents = Documents(_LONGEST)
    try:
        for line in chain(documents.feed(head), documents.rest()):
            value = _decoded(line.raw)
            return _of_beginning(line) if value is None else _of_value(value, line)
    except BrokenJson:
        pass
    return None


def _decoded(raw: bytes) -> Any:
    try:
        return decode(raw)
    except ValueError:
        return None


def _of_value(value: Any, line: Line) -> Kind | None:
    if isinstance(value, str | int | float | list) and line.depth:
        return Kind("json", f"a list of {_TYPES.get(type(value), 'numbers')}", line.number)
    if not isinstance(value, dict):
        return None
    for shape, name, words in _SHAPES:
        if shape(value):
            return Kind(name, words, line.number)
    if "custom_id" in value or "params" in value:
        return None  # its reader reports what is wrong with it
    keys = ", ".join(list(value)[:_COLUMNS]) + ", ..." * (len(value) > _COLUMNS)
    return Kind("rows", f"JSON with the keys {keys}" if keys else "an empty JSON object", line.number)


def _of_beginning(line: Line) -> Kind | None:
    """Identify a truncated value, or one longer than the beginning, by its first keys."""
    if line.depth and not line.raw.startswith((b"{", b"[")):
        return Kind("json", "a list of values that are no objects", line.number)
    for pattern, name, words in _BEGINNINGS:
        if pattern.match(line.raw):
            return Kind(name, words, line.number)
    return None


def _of_text(text: bytes) -> Kind | None:
    lower = text[:_LONGEST].lower()
    for start, name, words in _TEXTS:
        if re.match(start, lower):
            return Kind(name, words)
    columns = heads(text.decode("utf-8", "replace"))
    if len(columns) > 1:
        shown = ", ".join(columns[:_COLUMNS]) + ", ..." * (len(columns) > _COLUMNS)
        return Kind("table", f"a table with the columns {shown}", 1)
    return None if _HAS_JSON.search(text) else Kind("text", "text that is not JSON")


_TYPES: dict[type, str] = {str: "texts", list: "lists"}


def _has(*names: str) -> Callable[[dict[str, Any]], bool]:
    return lambda value: all(name in value for name in names)


def _says(**wanted: str) -> Callable[[dict[str, Any]], bool]:
    return lambda value: all(value.get(name) == text for name, text in wanted.items())


def _is_archive(value: dict[str, Any]) -> bool:
    return isinstance(value.get("log"), dict) and "entries" in value["log"]


def _is_batch(value: dict[str, Any]) -> bool:
    return value.get("type") == "message_batch" or "processing_status" in value


def _is_cassette(value: dict[str, Any]) -> bool:
    calls = value.get("interactions", value.get("http_interactions"))
    return isinstance(calls, list) or _is_archive(value) or _has("scope", "method", "path")(value)


def _is_call(value: dict[str, Any]) -> bool:
    request = value.get("request")
    return isinstance(request, dict) and "method" in request and isinstance(value.get("response"), dict)


_SHAPES: tuple[tuple[Callable[[dict[str, Any]], bool], Name, str], ...] = (
    (_has("custom_id", "params"), "requests", "requests of Message Batches"),
    (_has("custom_id", "result"), "results", "results of Message Batches"),
    (_has(MARK), "recording", "a recording of mockbatch"),
    (_has("kind", "outcome", "request"), "recording", "a part of a recording of mockbatch"),
    (_has("custom_id", "response"), "json", "results of OpenAI's batch API (`response`)"),
    (_has("custom_id", "url", "body"), "json", "requests of OpenAI's batch API (`url`, `body`)"),
    (_has("custom_id", "body"), "json", "requests of another batch API (`body` instead of `params`)"),
    (_has("recordId", "modelInput"), "json", "requests of Amazon Bedrock's batch inference (`modelInput`)"),
    (_has("recordId", "modelOutput"), "json", "results of Amazon Bedrock's batch inference (`modelOutput`)"),
    (_is_cassette, "cassette", "a recording of HTTP calls"),
    (_is_call, "cassette", "a recording of HTTP calls"),
    (_has("request", "response"), "json", "results of Gemini's batch API (`request`, `response`)"),
    (_has("key", "response"), "json", "results of Gemini's batch API (`key`, `response`)"),
    (_has("request"), "json", "requests of Gemini's batch API (`request`)"),
    (_is_batch, "json", "a batch object of the API, not its requests or results"),
    (_says(type="message"), "json", "replies of /v1/messages, not rows of results"),
    (_says(type="error"), "json", "an error response of the API"),
    (_has("model", "messages"), "params", "params of requests without a `custom_id`"),
    (_has("nbformat", "cells"), "json", "a notebook of Jupyter"),
    (_has("openapi"), "json", "a description of an API"),
    (_has("resourceSpans"), "json", "traces of OpenTelemetry"),
    (_has("traceEvents"), "json", "a trace of a browser"),
    (_has("messages"), "json", "examples for fine-tuning (`messages` alone)"),
    (_has("data", "has_more"), "json", "a page of a list from the API"),
)

_BEGINNINGS: tuple[tuple[re.Pattern[bytes], Name, str], ...] = (
    (re.compile(rb'\{\s*"log"\s*:\s*\{'), "cassette", "a recording of HTTP calls"),
    (re.compile(rb'\{[^\[]*"(http_)?interactions"\s*:\s*\['), "cassette", "a recording of HTTP calls"),
    (re.compile(rb'\{\s*"(scope|request)"\s*:'), "cassette", "a recording of HTTP calls"),
    (re.compile(rb'\{\s*"nbformat|\{\s*"cells"\s*:\s*\['), "json", "a notebook of Jupyter"),
    (re.compile(rb'\{\s*"openapi"'), "json", "a description of an API"),
    (re.compile(rb'\{\s*"custom_id"\s*:\s*"[^"]*"\s*,\s*"result"'), "results", "results of Message Batches"),
    (re.compile(rb'\{\s*"custom_id"\s*:\s*"[^"]*"\s*,\s*"params"'), "requests", "requests of Message Batches"),
    (
        re.compile(rb'\{\s*"custom_id"\s*:\s*"[^"]*"\s*,\s*"method"'),
        "json",
        "requests of OpenAI's batch API (`method`)",
    ),
)

_HAS_JSON = re.compile(rb"^\s*[{\[]", re.MULTILINE)
_YAML = rb"(---\s*\n|#[^\n]*\n)*"
_TEXTS: tuple[tuple[bytes, Name, str], ...] = (
    (rb"<!doctype html|<html|<head|<body", "other", "an HTML page, such as the error page of a server"),
    (rb"<\?xml|<[a-z]+[ >]", "other", "XML"),
    (rb"version https://git-lfs", "other", "a pointer of Git LFS: get the file with git lfs pull"),
    (rb"-----begin ", "other", "a key or a certificate"),
    (
        _YAML + rb"(version: *\d+\s+interactions:|(http_)?interactions:|- *\n? *request:)",
        "cassette",
        "a cassette",
    ),
    (rb"event: |data: \{", "other", "a stream of events of /v1/messages"),
)

_EXPORT = "save it as CSV or JSON lines, e.g. with pandas: read it, then to_json(PATH, orient='records', lines=True)"
_MAGIC = {
    b"%PDF-": "a PDF",
    b"PAR1": f"a Parquet file: {_EXPORT}",
    b"ARROW1": f"an Arrow file: {_EXPORT}",
    b"\xff\xff\xff\xff": f"an Arrow stream: {_EXPORT}",
    b"FEA1": f"a Feather file: {_EXPORT}",
    b"ORC": f"an ORC file: {_EXPORT}",
    b"Obj\x01": "an Avro file: save it as CSV or JSON lines",
    b"\x04\x22\x4d\x18": "compressed with LZ4: decompress it first",
    b"\xff\x06\x00\x00sNaPpY": "compressed with Snappy: decompress it first",
    b"x\x9c": "compressed with zlib: decompress it first",
    b"LZIP": "compressed with lzip: decompress it first",
    b"\x1f\x9d": "compressed with compress (.Z): decompress it first",
    b"\x1e{": "JSON text sequences (RFC 7464): remove the record separators",
    b"SQLite format 3\x00": "an SQLite database: export the table as CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls) or document: save the sheet as CSV (Save As, CSV UTF-8)",
    b"\x93NUMPY": "a NumPy array",
    b"\x80\x04\x95": "a Python pickle",
    b"\x80\x05\x95": "a Python pickle",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"7z\xbc\xaf": "a 7-Zip archive: extract the file you mean",
    b"Rar!": "a RAR archive: extract the file you mean",
}
