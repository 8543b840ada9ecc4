"""HTTP on the wire, where answers are written past uvicorn's `send`: read from a socket, byte by byte."""

import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.builders import BATCHES, requests
from tests.processes import Process, running

HEADERS = b"host: a\r\nx-api-key: sk-ant-test\r\nanthropic-version: 2023-06-01\r\n"
MANY = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("connections"), "--progression", "immediate") as process:
        yield process


@pytest.fixture
def line(server: Process) -> Iterator[socket.socket]:
    url = urlsplit(server.url)
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=10) as connected:
        yield connected


def call(method: bytes, path: str, *more: bytes, version: bytes = b"1.1", body: bytes = b"") -> bytes:
    lines = b"".join(b"%b\r\n" % header for header in more)
    if body:
        lines += b"content-length: %d\r\n" % len(body)
    return b"%b %b HTTP/%b\r\n%b%b\r\n%b" % (method, path.encode(), version, HEADERS, lines, body)


def answer(line: socket.socket, left: bytes = b"") -> tuple[bytes, bytes, bytes]:
    """Head, body and what came after them."""
    while b"\r\n\r\n" not in left:
        left += received(line)
    head, _, left = left.partition(b"\r\n\r\n")
    length = int(re.findall(rb"\r\ncontent-length: (\d+)", head)[0])
    while len(left) < length:
        left += received(line)
    return head, left[:length], left[length:]


def received(line: socket.socket) -> bytes:
    piece = line.recv(1 << 16)
    assert piece, "the server closed the connection"
    return piece


def rest(line: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    pieces = iter(lambda: line.recv(1 << 16), b"")
    return b"".join(pieces)


def made(server: Process) -> dict[str, object]:
    batch: dict[str, object] = server.http.post(BATCHES, json={"requests": requests("a")}).json()
    return batch


def test_an_answer_is_whole_and_the_connection_stays(line: socket.socket, server: Process) -> None:
    """Status, date, each header once on a line of its own, as long as it says; and the next call is answered too."""
    path = f"{BATCHES}/{made(server)['id']}"
    for _ in range(2):
        line.sendall(call(b"GET", path))
        head, body, left = answer(line)
        status, *lines = head.split(b"\r\n")
        names = [name for name, _, _ in (header.partition(b": ") for header in lines)]
        assert status == b"HTTP/1.1 200 OK"
        assert len(names) == len(set(names)) >= 8
        assert {b"date", b"content-type", b"request-id", b"x-mockbatch-now"} <= set(names)
        assert not {b"transfer-encoding", b"connection", b"server"} & set(names)
        assert json.loads(body)["type"] == "message_batch"
        assert left == b""


def test_an_error_is_written_the_same_way(line: socket.socket) -> None:
    """With its own status and headers."""
    line.sendall(call(b"GET", f"{BATCHES}/msgbatch_none"))
    head, body, _ = answer(line)
    assert head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"\r\nx-should-retry: false" in head
    assert json.loads(body)["error"]["type"] == "not_found_error"


def test_calls_sent_at_once_are_answered_in_their_order(line: socket.socket, server: Process) -> None:
    """However many are in the pipeline, one after the other on the same connection."""
    batches = [str(made(server)["id"]) for _ in range(3)]
    wanted = [batches[number % 3] for number in range(MANY)]
    line.sendall(b"".join(call(b"GET", f"{BATCHES}/{name}") for name in wanted))
    found, left = [], b""
    for _ in wanted:
        _, body, left = answer(line, left)
        found.append(json.loads(body)["id"])
    assert found == wanted
    assert left == b""


def test_a_body_that_nobody_reads_does_not_hold_up_what_follows(line: socket.socket) -> None:
    """A call that is refused by its headers is answered, and so is the one behind its body."""
    refused = call(b"POST", BATCHES, b"anthropic-beta: none-such", body=b"x" * 300_000)
    line.sendall(refused + call(b"GET", "/v1/models"))
    head, _, left = answer(line)
    assert head.startswith(b"HTTP/1.1 400 ")
    head, body, _ = answer(line, left)
    assert head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body)["data"]


def test_head_has_the_headers_and_no_body(line: socket.socket, server: Process) -> None:
    """Also the length that the body would have."""
    path = f"{BATCHES}/{made(server)['id']}"
    line.sendall(call(b"HEAD", path) + call(b"GET", path, b"connection: close"))
    first, _, second = rest(line).partition(b"\r\n\r\n")
    assert second.startswith(b"HTTP/1.1 200 OK")
    length = re.findall(rb"content-length: (\d+)", first)
    assert length == [b"%d" % len(second.partition(b"\r\n\r\n")[2])]


@pytest.mark.parametrize(("version", "more"), [(b"1.1", (b"connection: close",)), (b"1.0", ())])
def test_who_wants_the_connection_closed_gets_that(
    line: socket.socket, version: bytes, more: tuple[bytes, ...]
) -> None:
    """And is told so."""
    line.sendall(call(b"GET", "/v1/models", *more, version=version))
    head, _, body = rest(line).partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head
    assert json.loads(body)["data"]


def test_a_body_that_waits_to_be_asked_for_is(line: socket.socket) -> None:
    """With 100 Continue, and then the answer; where nothing is read of it, the answer alone."""
    body = json.dumps({"requests": requests("a")}).encode()
    length = b"content-length: %d" % len(body)
    line.sendall(call(b"POST", BATCHES, b"expect: 100-continue", length))
    asked = b""
    while not asked.endswith(b"\r\n\r\n"):
        asked += received(line)
    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.sendall(body)
    head, content, _ = answer(line)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(content)["processing_status"] in ("in_progress", "ended")


def test_a_caller_that_does_not_read_is_waited_for(server: Process) -> None:
    """Answers that do not fit onto the way wait there, and come whole once somebody reads."""
    url = urlsplit(server.url)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect((url.hostname, url.port))
        line.settimeout(10)
        line.sendall(call(b"GET", "/_mockbatch/openapi.json") + call(b"GET", "/v1/models?limit=1000") * MANY)
        left, bodies = b"", []
        head, body, left = answer(line)
        for _ in range(MANY):
            head, body, left = answer(line, left)
            bodies.append(body)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert len(set(bodies)) == 1
    assert json.loads(bodies[0])["data"]
