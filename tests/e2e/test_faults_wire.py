"""Answers whose headers or encoding are wrong, as the official SDK meets them."""

import gzip
import json
import zlib
from typing import Any

import anthropic
import httpx2
import pytest

from tests.builders import params
from tests.e2e.faulty import Faulty, counted

BATCHES = "/v1/messages/batches"
ROWS = 40


def test_answers_without_a_content_type(faulty: Faulty) -> None:
    """Results, batches, messages, streams and errors: the SDK reads them all the same."""
    batch = faulty.ended()
    faulty.arm({"name": "bare", "fault": "http.headers"})
    faulty.arm({"on": "create", "http": {"status": 400, "message": "no"}})
    assert faulty.rows(batch) == ["0", "1", "2"]
    assert faulty.sdk.messages.batches.retrieve(batch).id == batch
    assert faulty.sdk.messages.create(**params("hi")).type == "message"
    with faulty.sdk.messages.stream(**params("hi")) as stream:
        assert stream.get_final_message().stop_reason is not None
    with pytest.raises(anthropic.BadRequestError, match="no"):
        faulty.sdk.messages.batches.create(requests=[])
    for method, path in (("GET", f"{BATCHES}/{batch}/results"), ("GET", f"{BATCHES}/{batch}"), ("POST", BATCHES)):
        answer = faulty.raw(method, path, {} if method == "POST" else None)
        assert "content-type" not in answer.headers
        assert answer.headers["request-id"].startswith("req_")
        assert "bare" in answer.headers["x-mockbatch-fault"]


def test_other_headers_than_usual(faulty: Faulty) -> None:
    """Left out, replaced or added, however their names are written."""
    batch = faulty.ended()
    shapes: list[dict[str, Any]] = [
        {"headers": {"Content-Type": "text/html; charset=utf-8", "x-extra": "1"}},
        {"without": "Request-Id/content-length"},
        {"without": ["content-type"], "headers": "retry-after: 7; content-type: application/json"},
    ]
    for nth, shape in enumerate(shapes, 1):
        faulty.arm({"on": "retrieve", "fault": "http.headers", "nth": nth, **shape})
    html, bare, both = (faulty.raw("GET", f"{BATCHES}/{batch}") for _ in shapes)
    assert html.headers.get_list("content-type") == ["text/html; charset=utf-8"]
    assert html.headers["x-extra"] == "1"
    assert "request-id" not in bare.headers
    assert bare.headers["transfer-encoding"] == "chunked"
    assert both.headers.get_list("content-type") == ["application/json"]
    assert both.headers["retry-after"] == "7"
    assert {answer.json()["id"] for answer in (html, bare, both)} == {batch}


@pytest.mark.parametrize("how", ["clean", "close", "short"])
def test_headers_of_a_stream_that_is_cut_off(faulty: Faulty, how: str) -> None:
    """Also where HTTP is written by hand."""
    batch = faulty.ended()
    faulty.arm({"fault": "http.headers"}, {"fault": "results.cut", "after_items": 1, "how": how})
    with faulty.server.http.stream("GET", f"{BATCHES}/{batch}/results", headers={"x-api-key": faulty.key}) as answer:
        assert "content-type" not in answer.headers


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"without": "transfer-encoding"}, "without: transfer-encoding: the server itself sets this header"),
        ({"without": "Date"}, "without: date: the server itself sets this header"),
        ({"without": "a b"}, "without: 'a b' is not a header name"),
        ({"headers": {"content-length": "3"}}, "content-length: the server itself sets this header"),
        ({"headers": {"x": "a\r\nb: c"}}, "is not the value of a header"),
    ],
)
def test_headers_that_would_break_http_are_refused(faulty: Faulty, told: dict[str, Any], message: str) -> None:
    """With the reason, and nothing is armed."""
    answer = faulty.raw("POST", "/_mockbatch/rules", {"fault": "http.headers", "with": told})
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]
    assert faulty.control("GET", "rules")["rules"] == []


def sent(faulty: Faulty, path: str, **headers: str) -> tuple[dict[str, str], bytes]:
    """Headers and the bytes as they came."""
    with faulty.server.http.stream("GET", path, headers={"x-api-key": faulty.key, **headers}) as answer:
        return dict(answer.headers), b"".join(answer.iter_raw())


@pytest.mark.parametrize(
    "rule",
    [{"fault": "connection.slow_headers", "gap": "0s"}, {"fault": "results.cut", "after_items": ROWS, "how": "close"}],
    ids=str,
)
def test_encodings_of_answers_that_are_written_by_hand(faulty: Faulty, rule: dict[str, Any]) -> None:
    """One fault does not make another one do nothing."""
    url = f"{BATCHES}/{faulty.ended(ROWS)}/results"
    _, whole = sent(faulty, url, **{"accept-encoding": "identity"})
    faulty.arm({"fault": "http.encoding", "how": "unannounced"}, rule)
    headers, raw = sent(faulty, url)
    assert headers["connection"] == "close"
    inflate = zlib.decompressobj(31)
    assert inflate.decompress(raw) == whole


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
@pytest.mark.parametrize("path", ["{}/{}", "{}/{}/results"])
@pytest.mark.parametrize("how", ["not_gzip", "truncated", "corrupt", "unannounced", "unknown"])
def test_encodings_that_are_wrong(faulty: Faulty, how: str, path: str, accepted: str) -> None:
    """Whatever the caller accepts, and however small the answer is."""
    url = path.format(BATCHES, faulty.ended(ROWS))
    _, whole = sent(faulty, url, **{"accept-encoding": "identity"})
    faulty.arm({"fault": "http.encoding", "how": how})
    headers, raw = sent(faulty, url, **{"accept-encoding": accepted})
    encoding = headers.get("content-encoding")
    assert encoding == {"unannounced": None, "unknown": "x-unknown"}.get(how, "gzip")
    match how:
        case "not_gzip" | "unknown":
            assert raw == whole
        case "unannounced":
            assert gzip.decompress(raw) == whole
        case "truncated":
            inflate = zlib.decompressobj(31)
            part = inflate.decompress(raw)
            assert not inflate.eof
            assert 0 < len(part) < len(whole)
            assert whole.startswith(part)
        case "corrupt":
            with pytest.raises(zlib.error, match="incorrect data check"):
                zlib.decompressobj(31).decompress(raw)


@pytest.mark.parametrize(
    ("how", "of_rows", "of_batch"),
    [
        ("not_gzip", httpx2.DecodingError, anthropic.APIConnectionError),
        ("truncated", json.JSONDecodeError, json.JSONDecodeError),
        ("corrupt", httpx2.DecodingError, anthropic.APIConnectionError),
        ("unannounced", UnicodeDecodeError, UnicodeDecodeError),
    ],
)
def test_what_the_sdk_makes_of_a_wrong_encoding(
    faulty: Faulty, how: str, of_rows: type[Exception], of_batch: type[Exception]
) -> None:
    """Errors that are none of its own but where the whole is read before it is answered: that is repeated."""
    batch = faulty.ended(ROWS)
    faulty.arm(counted("retrieve"), {"fault": "http.encoding", "how": how, "on": "results"})
    assert len(faulty.rows_until(batch, of_rows)) < ROWS
    assert faulty.hits("calls") == 1
    faulty.arm({"fault": "http.encoding", "how": how, "on": "retrieve"})
    with pytest.raises(of_batch):
        faulty.sdk.messages.batches.retrieve(batch)
    assert faulty.hits("calls") == (4 if of_batch is anthropic.APIConnectionError else 2)


def test_an_unknown_encoding_passes(faulty: Faulty) -> None:
    """The SDK's client reads what it does not know as it is."""
    batch = faulty.ended()
    faulty.arm({"fault": "http.encoding", "how": "unknown"})
    assert faulty.rows(batch) == ["0", "1", "2"]


def test_the_journal_tells_what_was_meant(faulty: Faulty) -> None:
    """And not the bytes that were made of it; all rows of a download count as delivered."""
    batch = faulty.ended(ROWS)
    faulty.arm({"fault": "http.encoding", "how": "unannounced"})
    sent(faulty, f"{BATCHES}/{batch}")
    sent(faulty, f"{BATCHES}/{batch}/results")
    calls = faulty.control("GET", "requests")["requests"]
    assert json.loads(calls[-2]["answered"])["id"] == batch
    assert calls[-1]["answered"].startswith('{"custom_id":"0"')
    assert faulty.control("GET", f"batches/{batch}")["delivered"] == ROWS
