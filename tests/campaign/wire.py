"""HTTP/1.1 over a plain socket, so that anything can be sent and all that comes back is seen."""

import json
import re
import socket
from dataclasses import dataclass
from typing import Any

_SLICE = 1 << 16


class Lost(Exception):
    """The connection ended before an answer was whole."""


class Hung(Exception):
    """No answer came in time."""


@dataclass
class Answer:
    """An answer as it came; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """A socket that reads one answer after another."""

    def __init__(self, host: str, port: int, patience: float = 15.0) -> None:
        self.socket = socket.create_connection((host, port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except TimeoutError as error:
            raise Hung("nothing was read") from error
        except OSError as error:
            raise Lost(str(error)) from error

    def _more(self) -> bool:
        """Read on; return whether there was anything."""
        try:
            data = self.socket.recv(_SLICE)
        except TimeoutError as error:
            raise Hung("no answer") from error
        except OSError as error:
            raise Lost(str(error)) from error
        self.buffer += data
        return bool(data)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if not self._more():
                raise Lost(f"ended after {self.buffer[:60]!r}")
        part, _, self.buffer = self.buffer.partition(mark)
        return part

    def _exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self._more():
                raise Lost(f"{len(self.buffer)} of {count} bytes came")
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def answer(self) -> Answer:
        """The next answer that is not an interim one. Raise Lost or Hung."""
        status, headers = self._head()
        while 100 <= status < 200 and status != 101:
            status, headers = self._head()
        return Answer(status, headers, self._body(status, headers))

    def _head(self) -> tuple[int, dict[str, str]]:
        first, *lines = self._until(b"\r\n\r\n").split(b"\r\n")
        words = first.split(b" ")
        if len(words) < 2 or not words[1].isdigit():
            raise Lost(f"no status line: {first[:60]!r}")
        pairs = (line.decode("latin-1").partition(":") for line in lines)
        return int(words[1]), {name.strip().lower(): text.strip() for name, _, text in pairs}

    def _body(self, status: int, headers: dict[str, str]) -> bytes:
        if status in (204, 304):
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        if "content-length" in headers:
            return self._exactly(int(headers["content-length"]))
        while self._more():
            pass
        body, self.buffer = self.buffer, b""
        return body

    def _chunk(self) -> bytes:
        size = self._until(b"\r\n").partition(b";")[0]
        if not size.strip():
            raise Lost("a chunk without a size")
        chunk = self._exactly(int(size, 16))
        self._until(b"\r\n")
        return chunk

    def ended(self, patience: float = 2.0) -> bool:
        """Whether the server ends the connection within this time, saying no more."""
        self.socket.settimeout(patience)
        try:
            return not self.buffer and not self._more()
        except Lost:
            return True
        except Hung:
            return False

    def close(self) -> None:
        self.socket.close()


def request(
    method: str, path: str, key: str | None = None, body: bytes | None = None, headers: dict[str, str] | None = None
) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", "anthropic-version: 2023-06-01"]
    if key is not None:
        lines.append(f"x-api-key: {key}")
    if body is not None:
        lines += [f"content-length: {len(body)}"]
        if not headers or "content-type" not in headers:
            lines.append("content-type: application/json")
    lines += [f"{name}: {text}" for name, text in (headers or {}).items()]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + (body or b"")


def shown(data: bytes, most: int = 2000) -> str:
    """What was sent, to repeat it: runs of one character are told by their length."""
    short = re.sub(rb"(.)\1{40,}", lambda run: b"<%d x %b>" % (len(run[0]), run[1]), data, flags=re.DOTALL)
    return repr(short[:most])[1:]
