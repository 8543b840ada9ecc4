"""Calls of the control plane, over one connection that is kept."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

PREFIX = "/_mockbatch"
_SECONDS = 60

Send = Callable[[str, str, dict[str, str], bytes], tuple[int, bytes]]


class ControlError(Exception):
    """The control plane refused; the message is its own."""

    def __init__(self, status: int, message: str, body: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class ServerGone(Exception):
    """No answer came: the server ended, or was never there."""


class Wire:
    """One connection to a server, kept alive, used by one thread at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._prefix = parts.path.rstrip("/")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=_SECONDS)
        self._lock = threading.Lock()

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises OSError or HTTPException when none comes."""
        with self._lock:
            fresh = self._connection.sock is None
            try:
                return self._sent(method, path, headers, body)
            except (ConnectionError, http.client.HTTPException):
                self._connection.close()
                if fresh:
                    raise
                return self._sent(method, path, headers, body)

    def close(self) -> None:
        self._connection.close()

    def _sent(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        try:
            if self._connection.sock is None:
                self._connection.connect()
                connected: Any = self._connection.sock
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection.request(method, self._prefix + path, body or None, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except BaseException:
            self._connection.close()
            raise


class Control:
    """The control plane, as one session or as nobody. `lost` makes the error that is raised when no answer comes;
    `headers` say what more the caller may do.
    """

    def __init__(
        self, send: Send, lost: Callable[[BaseException], Exception], headers: Mapping[str, str] | None = None
    ) -> None:
        self._send = send
        self._lost = lost
        self._headers = dict(headers or {})

    def of_session(self, api_key: str) -> "Control":
        return Control(self._send, self._lost, {**self._headers, "x-api-key": api_key})

    def get(self, *path: str, **query: Any) -> Any:
        asked = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", _path(path) + (f"?{urlencode(asked, doseq=True)}" if asked else ""))

    def post(self, *path: str, **content: Any) -> Any:
        return self.call("POST", _path(path), content)

    def patch(self, *path: str, **content: Any) -> Any:
        return self.call("PATCH", _path(path), content)

    def delete(self, *path: str) -> Any:
        return self.call("DELETE", _path(path))

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """What the control plane answers, read as JSON. Raises ControlError, or what `lost` makes."""
        body = b"" if content is None else json.dumps(content, default=str).encode()
        try:
            status, answer = self._send(method, path, self._headers, body)
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from None
        told = read_json(answer)
        if status >= 400:
            raise ControlError(status, _message(status, told), told)
        return told


def _path(parts: tuple[str, ...]) -> str:
    return "/".join([PREFIX, *(quote(part, safe="") for part in parts)])


def read_json(answer: bytes) -> Any:
    """What an answer says; one that is no JSON as text."""
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode(errors="replace")


def _message(status: int, told: Any) -> str:
    try:
        return str(told["error"]["message"])
    except (KeyError, TypeError):
        return f"{status}: {told}"
