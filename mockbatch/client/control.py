"""The control plane of a server from the caller's side: calls over one connection that is kept."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from mockbatch import __version__

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


class WrongServer(ValueError):
    """Something answers that is no mockbatch, or another version of it."""


class Wire:
    """One connection to a server, kept alive, used by one thread at a time. Raises ValueError for what is no URL."""

    def __init__(self, url: str, seconds: float = _SECONDS) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is not a URL; write it like http://127.0.0.1:8787")
        self._prefix = parts.path.rstrip("/")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(host, port, timeout=seconds)
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
    `headers` say what more the caller may do; `session_id` names the session that is meant, where no key does.
    """

    def __init__(
        self,
        send: Send,
        lost: Callable[[BaseException], Exception],
        headers: Mapping[str, str] | None = None,
        session_id: str | None = None,
    ) -> None:
        self._send = send
        self._lost = lost
        self._headers = dict(headers or {})
        self._session_id = session_id

    def of_session(self, api_key: str) -> "Control":
        return Control(self._send, self._lost, {**self._headers, "x-api-key": api_key})

    def about(self, session_id: str) -> "Control":
        """The same caller, about the session of that id."""
        return Control(self._send, self._lost, self._headers, session_id)

    def get(self, *path: str, **query: Any) -> Any:
        return self.call("GET", self._path(path, query))

    def post(self, *path: str, **content: Any) -> Any:
        return self.call("POST", self._path(path), content)

    def patch(self, *path: str, **content: Any) -> Any:
        return self.call("PATCH", self._path(path), content)

    def delete(self, *path: str) -> Any:
        return self.call("DELETE", self._path(path))

    def _path(self, parts: tuple[str, ...], query: Mapping[str, Any] | None = None) -> str:
        asked = {"session": self._session_id, **(query or {})}
        told = urlencode({name: value for name, value in asked.items() if value is not None}, doseq=True)
        path = "/".join([PREFIX, *(quote(part, safe="") for part in parts)])
        return f"{path}?{told}" if told else path

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


def greet(send: Send) -> dict[str, Any]:
    """Return what a server tells of its health. Raise WrongServer if it is no mockbatch, OSError or HTTPException if
    there is none.
    """
    _, body = send("GET", "/health", {}, b"")
    told = read_json(body)
    if not isinstance(told, dict) or told.get("name") != "mockbatch":
        raise WrongServer("is no mockbatch")
    return told


def check_version(health: Mapping[str, Any]) -> None:
    """Raise WrongServer for a mockbatch of another version."""
    if health["version"] != __version__:
        raise WrongServer(f"is mockbatch {health['version']}, and here is {__version__}: use the same")


def credentials(environ: Mapping[str, str], url: str, control_key: str | None) -> dict[str, str]:
    """The headers with which a caller may do more on a server that somebody else has started."""
    key = control_key or environ.get("MOCKBATCH_CONTROL_KEY", "").partition(",")[0].strip()
    # the token is that of the server which `mockbatch run` has started, and nobody else's business
    owner = environ.get("MOCKBATCH_OWNER", "") if url == environ.get("MOCKBATCH_URL") else ""
    given = {"x-mockbatch-control-key": key, "x-mockbatch-owner": owner}
    return {name: value for name, value in given.items() if value}


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
