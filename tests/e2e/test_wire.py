"""What is no HTTP, too much of it, or never whole: read from a socket, byte by byte."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httptools
import pytest

from tests.processes import Process, running

KEY = b"host: a\r\nx-api-key: sk-ant-test\r\nanthropic-version: 2023-06-01\r\n"
GOOD = b"GET /v1/models HTTP/1.1\r\n" + KEY + b"\r\n"
POST = b"POST /v1/messages/batches HTTP/1.1\r\n" + KEY


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("wire"), "--progression", "immediate") as process:
        yield process


@contextmanager
def connected(server: Process) -> Iterator[socket.socket]:
    url = urlsplit(server.url)
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=20) as line:
        yield line


def answers(server: Process, *sent: bytes) -> list[tuple[int, bytes, bytes]]:
    """Status, head and body of all that comes until the server closes the connection."""
    with connected(server) as line:
        for piece in sent:
            line.sendall(piece)
        came = b"".join(iter(lambda: line.recv(1 << 16), b""))
    found = []
    while came:
        head, _, came = came.partition(b"\r\n\r\n")
        length = int(re.findall(rb"\r\ncontent-length: (\d+)", head)[0])
        found.append((int(head.split()[1]), head, came[:length]))
        came = came[length:]
    return found


def check_refused(answer: tuple[int, bytes, bytes], status: int) -> None:
    found, head, body = answer
    content = json.loads(body)
    assert found == status
    assert content["type"] == "error"
    assert content["error"]["type"] == "invalid_request_error"
    assert content["error"]["message"]
    assert b"\r\nrequest-id: %b" % content["request_id"].encode() in head
    assert b"\r\ncontent-type: application/json" in head
    assert b"\r\nconnection: close" in head


UNREADABLE = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": b"BREW /v1/models HTTP/1.1\r\nhost: a\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\nhost: a\r\n\r\n",
    "two lengths": POST + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a length and chunks": POST + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length that is none": POST + b"content-length: -1\r\n\r\n",
    "a length beyond all": POST + b"content-length: " + b"9" * 5000 + b"\r\n\r\n",
    "a chunk that is none": POST + b"transfer-encoding: chunked\r\n\r\nxyz\r\n",
    "a blank in a name": b"GET / HTTP/1.1\r\nhost : a\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nhost: a\0b\r\n\r\n",
    "bytes in the URL": b"GET /v1/\xff HTTP/1.1\r\nhost: a\r\n\r\n",
    "CONNECT": b"CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n",
}
if [int(part) for part in re.findall(r"\d+", httptools.__version__)] >= [0, 6, 3]:  # older parsers join the lines
    UNREADABLE["a folded header"] = b"GET / HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n"


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_refused_in_the_envelope(server: Process, sent: bytes) -> None:
    """As the API answers: JSON with an id. Then the connection ends."""
    (answer,) = answers(server, sent)
    check_refused(answer, 400)


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_calls_before_it_get_their_answers_first(server: Process, sent: bytes) -> None:
    """In their order, whatever comes behind them."""
    *good, last = answers(server, GOOD * 5 + sent)
    assert [status for status, _, _ in good] == [200] * 5
    check_refused(last, 400)


TOO_MUCH = {
    "a long header": (431, GOOD[:-2] + b"x: " + b"a" * 100_000 + b"\r\n\r\n"),
    "many headers": (431, GOOD[:-2] + b"x: a\r\n" * 201 + b"\r\n"),
    "a long name": (431, GOOD[:-2] + b"a" * 100_000 + b": x\r\n\r\n"),
    "a header without end": (431, GOOD[:-2] + b"x: " + b"a" * 20_000_000),
    "headers without end": (431, GOOD[:-2] + b"x: a\r\n" * 1_000_000),
    "a long URL": (414, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n"),
    "a URL without end": (414, b"GET /" + b"a" * 20_000_000),
    "line ends without end": (431, b"\r\n" * 1_000_000),
    "trailers without end": (431, POST + b"transfer-encoding: chunked\r\n\r\n0\r\n" + b"x: a\r\n" * 1_000_000),
    "many trailers": (431, POST + b"transfer-encoding: chunked\r\n\r\n0\r\n" + b"x: a\r\n" * 201 + b"\r\n"),
    "a chunk extension": (431, POST + b"transfer-encoding: chunked\r\n\r\n1;x=" + b"a" * 20_000_000),
}


@pytest.mark.parametrize(("status", "sent"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_a_head_has_a_limit(server: Process, status: int, sent: bytes) -> None:
    """Also one that never ends; and what came before it is answered."""
    first, second = answers(server, GOOD + sent)
    assert first[0] == 200
    check_refused(second, status)


def test_a_head_within_the_limits_is_taken(server: Process) -> None:
    """In one piece or in many, and however many of them come at once."""
    head = GOOD[:-2] + b"x: " + b"a" * 600 + b"\r\n" + (b"y: " + b"b" * 300 + b"\r\n") * 190
    whole = head + b"\r\n"
    pieces = [whole[at : at + 1000] for at in range(0, len(whole), 1000)]
    last = head + b"connection: close\r\n\r\n"
    assert [status for status, _, _ in answers(server, whole * 8, *pieces, last)] == [200] * 10


def test_trailers_are_no_headers(server: Process) -> None:
    """A key that comes behind a body opens nothing."""
    chunks = b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\nx-api-key: sk-ant-test\r\n\r\n"
    *_, (status, _, _) = answers(server, GOOD + b"POST /v1/messages/batches HTTP/1.1\r\nhost: a\r\n" + chunks)
    assert status == 401


ODD = {
    "an upgrade": (200, b"GET /v1/models HTTP/1.1\r\n" + KEY + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n"),
    "a websocket": (200, b"GET /v1/models HTTP/1.1\r\n" + KEY + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"),
    "an absolute URL": (200, b"GET http://a/v1/models HTTP/1.1\r\n" + KEY + b"connection: close\r\n\r\n"),
    "doubled slashes": (200, b"GET //v1//models HTTP/1.1\r\n" + KEY + b"connection: close\r\n\r\n"),
    "HTTP/1.0": (200, b"GET /v1/models HTTP/1.0\r\n" + KEY + b"\r\n"),
    "TRACE": (405, b"TRACE /v1/models HTTP/1.1\r\n" + KEY + b"connection: close\r\n\r\n"),
    "NUL in the path": (404, b"GET /v1/models/%00 HTTP/1.1\r\n" + KEY + b"connection: close\r\n\r\n"),
    "no UTF-8 in the path": (404, b"GET /v1/messages/batches/%ff HTTP/1.1\r\n" + KEY + b"connection: close\r\n\r\n"),
    "PROPFIND": (405, b"PROPFIND /elsewhere HTTP/1.1\r\n" + KEY + b"connection: close\r\n\r\n"),
}


@pytest.mark.parametrize(("status", "sent"), ODD.values(), ids=ODD.keys())
def test_what_is_odd_is_answered_as_json(server: Process, status: int, sent: bytes) -> None:
    """Never as plain text, and never as a fault of the server."""
    ((found, head, body),) = answers(server, sent)
    assert found == status
    assert b"\r\ncontent-type: application/json" in head
    assert json.loads(body)


def test_a_head_that_is_never_whole_is_not_waited_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither at the start nor behind an answer; nor is a caller that says nothing."""
    folder = tmp_path_factory.mktemp("late")
    (folder / "sitecustomize.py").write_text(
        "import mockbatch.http.heads as heads\nheads.HEAD_SECONDS = heads.IDLE_SECONDS = 0.2\n"
    )
    with running(folder, environ={"PYTHONPATH": str(folder)}) as server:
        assert answers(server) == []
        assert answers(server, GOOD[:50]) == []
        assert [status for status, _, _ in answers(server, GOOD + GOOD[:50])] == [200]
        assert [status for status, _, _ in answers(server, GOOD + b"\r\n")] == [200]
