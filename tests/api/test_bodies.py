"""Bodies in other encodings and charsets, on every endpoint that takes one."""

import gzip
import json
import zlib
from typing import Any

import pytest

from tests.builders import BATCHES, Api, params, requests, serving

MESSAGES = "/v1/messages"


def post(api: Api, path: str, body: bytes, **headers: str) -> Any:
    sent = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return api.post(path, content=body, headers=sent)


def whole(path: str) -> bytes:
    return json.dumps(
        {"requests": requests(*range(50))} if path == BATCHES else params("hé"), ensure_ascii=False
    ).encode()


@pytest.mark.parametrize("path", [BATCHES, MESSAGES])
def test_compressed_bodies_are_understood(path: str) -> None:
    """Both ways, and the answer is that to the plain body."""
    with serving() as api:
        assert post(api, path, gzip.compress(whole(path)), content_encoding="gzip").status_code == 200
        assert post(api, path, zlib.compress(whole(path)), content_encoding="deflate").status_code == 200
        assert post(api, path, whole(path), content_encoding="identity").status_code == 200


@pytest.mark.parametrize("path", [BATCHES, MESSAGES])
@pytest.mark.parametrize(
    ("headers", "spoil", "status", "code"),
    [
        ({"content_encoding": "gzip"}, lambda body: body, 400, "request_body_encoding_invalid"),
        ({"content_encoding": "gzip"}, lambda body: gzip.compress(body)[:-9], 400, "request_body_encoding_invalid"),
        ({"content_encoding": "gzip"}, lambda body: gzip.compress(body) + b"x", 400, "request_body_encoding_invalid"),
        ({"content_encoding": "snappy"}, lambda body: body, 400, "request_body_encoding_unsupported"),
        ({"content_type": "application/json; charset=utf-16"}, lambda body: body, 400, "unsupported_charset"),
    ],
)
def test_broken_encodings_have_errors_of_their_own(
    path: str, headers: dict[str, str], spoil: Any, status: int, code: str
) -> None:
    """https://platform.claude.com/docs/en/api/errors"""
    with serving() as api:
        answer = post(api, path, spoil(whole(path)), **headers)
        assert (answer.status_code, answer.json()["error"]["details"]["error_code"]) == (status, code)
        assert api.get(BATCHES).json()["data"] == []


def test_a_small_body_that_grows_too_large_is_refused() -> None:
    """A bomb is not unpacked: a hundred megabytes in a hundred kilobytes."""
    bomb = gzip.compress(b" " * 100_000_000)
    with serving() as api:
        answer = post(api, MESSAGES, bomb, content_encoding="gzip")
        assert answer.status_code == 413
        assert answer.json()["error"]["details"]["error_code"] == "request_body_too_large_after_decoding"


def test_latin_1_is_read_as_what_it_says() -> None:
    """The reply is that to the same text in UTF-8."""
    text = json.dumps(params("café"), ensure_ascii=False)
    with serving() as api:
        latin = post(api, MESSAGES, text.encode("latin-1"), content_type="application/json; charset=ISO-8859-1")
        utf8 = post(api, MESSAGES, text.encode(), content_type="application/json; charset=utf-8")
        assert api.ok(latin)["content"] == api.ok(utf8)["content"]
        assert api.ok(latin)["usage"] == api.ok(utf8)["usage"]
