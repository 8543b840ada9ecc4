"""The client: blocking sockets and no HTTP library, so that the server is what takes the time."""

import json
import re
import socket
import time
from pathlib import Path
from typing import NamedTuple

from .servers import BenchError

ROUTE = "/v1/messages/batches"
_HEADERS = "host: bench\r\nx-api-key: bench\r\nanthropic-version: 2023-06-01\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PIECE = 256 * 1024
_TIMEOUT = 120.0

Address = tuple[str, int]


class Answer(NamedTuple):
    status: int
    body: bytes


def head(method: str, path: str, *more: str) -> bytes:
    """The head of a request."""
    lines = "".join(f"{line}\r\n" for line in more)
    return f"{method} {path} HTTP/1.1\r\n{_HEADERS}{lines}\r\n".encode()


class Connection:
    """One keep-alive connection, one request at a time."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address, timeout=_TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._piece = bytearray(_PIECE)

    def close(self) -> None:
        self._socket.close()

    def exchange(self, request: bytes) -> Answer:
        """The answer to `request`, whatever its status."""
        self._socket.sendall(request)
        return self._answer(has_body=not request.startswith(b"HEAD"))

    def get(self, path: str) -> bytes:
        """The body at `path`; anything but a 200 is an error."""
        return _body(path, self.exchange(head("GET", path)))

    def create(self, body: Path) -> str:
        """Creates a batch of the body in that file; answers its id."""
        length = body.stat().st_size
        more = ("content-type: application/json", f"content-length: {length}")
        self._socket.sendall(head("POST", ROUTE, *more))
        view = memoryview(self._piece)
        with body.open("rb", buffering=0) as file:
            while count := file.readinto(self._piece):
                self._socket.sendall(view[:count])
        batch_id: str = json.loads(_body(ROUTE, self._answer()))["id"]
        return batch_id

    def wait_until_ended(self, batch_id: str) -> None:
        deadline = time.monotonic() + _TIMEOUT
        while json.loads(self.get(f"{ROUTE}/{batch_id}"))["processing_status"] != "ended":
            if time.monotonic() > deadline:
                raise BenchError(f"{batch_id} does not end")
            time.sleep(0.01)

    def _answer(self, *, has_body: bool = True) -> Answer:
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._receive()
        length = _LENGTH.search(data, 0, end) if has_body else None
        if has_body and length is None:
            raise BenchError(f"an answer without a length: {bytes(data[:end])!r}")
        start = end + 4
        stop = start + (int(length[1]) if length else 0)
        while len(data) < stop:
            data += self._receive()
        return Answer(int(data[9:12]), bytes(data[start:stop]))

    def _receive(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise BenchError("the server closed the connection")
        return data


def count_results(address: Address, batch_id: str) -> int:
    """Downloads all results and counts the lines."""
    path = f"{ROUTE}/{batch_id}/results"
    buffer, rows = bytearray(1 << 20), 0
    with socket.create_connection(address, timeout=_TIMEOUT) as client:
        client.sendall(head("GET", path, "connection: close"))
        while count := client.recv_into(buffer):
            if not rows and buffer.startswith(b"HTTP") and not buffer.startswith(b"HTTP/1.1 200"):
                raise BenchError(f"{path}: {bytes(buffer[: min(count, 400)])!r}")
            # JSON holds no raw carriage return: each one belongs to a line end of HTTP
            rows += buffer.count(b"\n", 0, count) - buffer.count(b"\r", 0, count)
    return rows


def _body(path: str, answer: Answer) -> bytes:
    if answer.status != 200:
        raise BenchError(f"{path}: {answer.status} {answer.body[:300]!r}")
    return answer.body
