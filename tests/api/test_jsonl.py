"""Batches created of JSONL, which the official API does not have."""

import bz2
import gzip
import json
import lzma
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.http.jsonl import as_json
from tests.builders import BATCHES, Api, outcomes, requests, serving

GOOD = requests("a", "b", "c")
LINES = b"".join(json.dumps(item, separators=(",", ":")).encode() + b"\n" for item in GOOD)


def post(api: Api, body: bytes, kind: str = "application/jsonl", **headers: str) -> Any:
    sent = {"content-type": kind, **{name.replace("_", "-"): text for name, text in headers.items()}}
    return api.post(BATCHES, content=body, headers=sent)


@pytest.mark.parametrize(
    "kind", ["application/jsonl", "application/x-jsonl", "application/x-ndjson", "Application/JSONL; charset=utf-8"]
)
def test_lines_become_the_batch_that_their_json_would_be(kind: str) -> None:
    """The same id, since everything is drawn from what was sent; and the same rows."""
    with serving() as api, serving() as other:
        batch = api.ok(post(api, LINES, kind))
        assert batch == other.create("a", "b", "c")
        assert api.results(api.ended(batch)) == other.results(other.ended(batch))


@pytest.mark.parametrize("field", ["file", "requests"])
def test_a_file_in_a_form_is_understood(api: Api, field: str) -> None:
    """Small, or so large that it waits on disk."""
    batch = api.ok(api.post(BATCHES, files={field: ("requests.jsonl", LINES)}))
    assert batch["request_counts"]["processing"] == 3
    many = b"".join(json.dumps(item).encode() + b"\n" for item in requests(*range(2000), padding=1000))
    batch = api.ok(api.post(BATCHES, files={field: ("requests.jsonl", many)}))
    assert batch["request_counts"]["processing"] == 2000


def test_lines_may_be_compressed_and_ended_in_any_way(api: Api) -> None:
    """Byte order mark, CRLF, blank lines, no newline at the end."""
    text = b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n\r\n").rstrip()
    batch = api.ok(post(api, gzip.compress(text), content_encoding="gzip"))
    assert outcomes(api.results(api.ended(batch))).keys() == {"a", "b", "c"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=lambda pack: pack.__module__)
@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        json.dumps({"requests": GOOD}),
        json.dumps({"requests": GOOD}, indent=2),
        "\n".join(json.dumps(item, indent=2) for item in GOOD),
    ],
    ids=["list", "body", "printed", "one after the other"],
)
def test_a_file_comes_in_any_form(api: Api, pack: Any, text: str) -> None:
    """In the body as in a form, whatever the compression and the encoding."""
    for data in (pack(text.encode()), pack(text.encode("utf-16"))):
        for answer in (post(api, data), api.post(BATCHES, files={"file": ("requests", data)})):
            batch = api.ended(api.ok(answer))
            assert outcomes(api.results(batch)) == dict.fromkeys("abc", "succeeded")


def test_a_damaged_archive_makes_no_batch(api: Api) -> None:
    """Nothing of it stays."""
    answer = post(api, gzip.compress(LINES)[:-9])
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert "the file cannot be read" in answer.json()["error"]["message"]
    assert api.get(BATCHES).json()["data"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (LINES + b"{", "line 4: not valid JSON: unexpected end of data: column 2"),
        (
            LINES + b'{"custom_id": "d", "params": {"t": 1e400}}',
            "line 4: not valid JSON: number is infinity when parsed as double: column 36",
        ),
        (b"\n\n" + LINES + b"\n[]", "line 7: Input should be a valid dictionary"),
        (LINES + b'{"custom_id": "a b", "params": {}}', "line 4: custom_id: String should match pattern"),
        (LINES + b'{"custom_id": "d"}\n' + LINES, "line 4: params: Field required"),
        (LINES + LINES, "line 4: custom_id: a is on line 1 already"),
        (b"", "requests: List should have at least 1 item after validation, not 0"),
        (b"\n \r\n", "requests: List should have at least 1 item after validation, not 0"),
        (json.dumps(GOOD).encode() + b"\n" + LINES, "line 2: custom_id: a is on line 1 already"),
        (json.dumps(GOOD).encode()[:-1], "line 1: the list does not end: the file was cut"),
        (
            b'{"custom_id": "a", "method": "POST", "url": "/", "body": {}}',
            "line 1: this is requests of OpenAI's",
        ),
        (b"custom_id,prompt\na,Hello\n", "line 1: this is a table with the columns custom_id, prompt; expected req"),
        (b"%PDF-1.7\n\xe2\xe3", "this is a PDF; expected requests"),
    ],
)
def test_a_line_that_is_wrong_is_told_with_its_number_and_nothing_stays(api: Api, body: bytes, message: str) -> None:
    """In the body as in a form."""
    for answer in (post(api, body), api.post(BATCHES, files={"file": ("requests.jsonl", body)})):
        assert answer.status_code == 400
        assert answer.json()["error"]["message"].startswith(message)
    assert api.get(BATCHES).json()["data"] == []


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"files": {"upload": ("x", LINES)}}, "file: Field required"),
        ({"content": b"--x", "headers": {"content-type": "multipart/form-data"}}, "The request body is not valid mult"),
        ({"data": {"file": "text"}, "files": {"other": ("x", b"")}}, "file: Field required"),
    ],
)
def test_a_form_without_a_file_is_refused(api: Api, sent: dict[str, Any], message: str) -> None:
    """As for `/v1/files`."""
    answer = api.post(BATCHES, **sent)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)


def test_the_limits_hold(api: Api) -> None:
    """Requests and bytes, as for JSON."""
    with serving(max_requests="2", max_bytes="2000") as small:
        assert "at most 2 items" in post(small, LINES).json()["error"]["message"]
        answer = post(small, b'{"custom_id": "' + b"x" * 3000)
        assert (answer.status_code, answer.json()["error"]["type"]) == (413, "request_too_large")


@given(st.lists(st.sampled_from([b"", b"  ", *LINES.splitlines()]), max_size=6), st.data())
def test_how_the_lines_arrive_makes_no_difference(lines: list[bytes], data: st.DataObject) -> None:
    """Whatever the pieces are, the body is that of the lines; or the first doubled one is found."""
    content = b"\n".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=5)))
    pieces = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]

    async def arriving() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def body() -> bytes:
        return b"".join([piece async for piece in as_json(arriving(), 1 << 20)])

    whole = [json.loads(line) for line in lines if line.strip()]
    if len({item["custom_id"] for item in whole}) < len(whole):
        with pytest.raises(InvalidRequest, match="already"):
            anyio.run(body)
    else:
        assert json.loads(anyio.run(body)) == {"requests": whole}
