"""Client for the control plane of a server, over one kept-alive connection."""

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
    """The control plane rejected the call; the message is the server's."""

    def __init__(self, status: int, message: str, body: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class ServerGone(Exception):
    """No response came: the server has ended, or was never there."""


class WrongServer(ValueError):
    """The server is not a mockbatch, or another version of it."""


class Wire:
    """One kept-alive connection to a server, for one thread at a time. Raises ValueError for an invalid URL."""

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
        """Return status and body of the response. Raises OSError or HTTPException if none comes."""
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
            response = self._connection.getresponse()
            return response.status, response.read()
        except BaseException:
            self._connection.close()
            raise


class Control:
    """The control plane, as one session or without one.

    `lost` makes the error to raise if no response comes; `headers` are the caller's credentials; `session_id` selects
    the session if no key does.
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
        """Return a control plane with the same credentials for the session of that id."""
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
        params = {"session": self._session_id, **(query or {})}
        encoded = urlencode({name: value for name, value in params.items() if value is not None}, doseq=True)
        path = "/".join([PREFIX, *(quote(part, safe="") for part in parts)])
        return f"{path}?{encoded}" if encoded else path

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """Return the response, decoded from JSON. Raises ControlError, or the error that `lost` makes."""
        body = b"" if content is None else json.dumps(content, default=str).encode()
        try:
            status, response = self._send(method, path, self._headers, body)
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from None
        decoded = read_json(response)
        if status >= 400:
            raise ControlError(status, _message(status, decoded), decoded)
        return decoded


def greet(send: Send) -> dict[str, Any]:
    """Return the health response of a server. Raise WrongServer if it is not a mockbatch, OSError or HTTPException if
    there is none."""
    _, body = send("GET", "/health", {}, b"")
    health = read_json(body)
    if not isinstance(health, dict) or health.get("name") != "mockbatch":
        raise WrongServer("is not a mockbatch server")
    return health


def check_version(health: Mapping[str, Any]) -> None:
    """Raise WrongServer for another version of mockbatch."""
    if health["version"] != __version__:
        raise WrongServer(f"is mockbatch {health['version']}, and this is {__version__}: use the same")


def credentials(environ: Mapping[str, str], url: str, control_key: str | None) -> dict[str, str]:
    """Return the credential headers for a server started by another process."""
    key = control_key or environ.get("MOCKBATCH_CONTROL_KEY", "").partition(",")[0].strip()
    # the owner token is valid only for the server that `mockbatch run` started
    owner = environ.get("MOCKBATCH_OWNER", "") if url == environ.get("MOCKBATCH_URL") else ""
    given = {"x-mockbatch-control-key": key, "x-mockbatch-owner": owner}
    return {name: value for name, value in given.items() if value}


def read_json(body: bytes) -> Any:
    """Decode a JSON body; one that is not JSON is returned as text."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _message(status: int, body: Any) -> str:
    try:
        return str(body["error"]["message"])
    except (KeyError, TypeError):
        return f"{status}: {body}"
