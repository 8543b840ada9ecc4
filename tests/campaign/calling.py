"""Calls over one connection, by the plainest client there is: it costs less than the server."""

import http.client
import json
from contextlib import suppress
from typing import Any, NamedTuple

BROKEN = (OSError, http.client.HTTPException)
"""What a call raises when its server is gone."""


class Answer(NamedTuple):
    """What came back, whole."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status == 200

    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """Calls a server on this machine with one key."""

    def __init__(self, port: int, key: str, timeout: float) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self._headers = {"anthropic-version": "2023-06-01", **({"x-api-key": key} if key else {})}

    def call(self, method: str, path: str, content: Any = None, **headers: str) -> Answer:
        """Send a call; content that is no bytes is sent as JSON. Raises one of BROKEN."""
        body = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
        given = {"content-type": "application/json", **{name.replace("_", "-"): v for name, v in headers.items()}}
        try:
            self._connection.request(method, path, body, {**self._headers, **given})
            answer = self._connection.getresponse()
            return Answer(answer.status, answer.read())
        except BROKEN:
            self.close()
            raise

    def get(self, path: str) -> Any:
        """The JSON of a path. Raises one of BROKEN, and ValueError where the answer is no 200."""
        answer = self.call("GET", path)
        if not answer.ok:
            raise ValueError(f"GET {path}: {answer.status} {answer.body[:300]!r}")
        return answer.json()

    def upload(self, content: bytes) -> Answer:
        """Upload a file."""
        part = (
            b'--edge\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n'
        )
        return self.call(
            "POST",
            "/v1/files",
            part + b"\r\n" + content + b"\r\n--edge--\r\n",
            content_type="multipart/form-data; boundary=edge",
            anthropic_beta="files-api-2025-04-14",
        )

    def close(self) -> None:
        with suppress(OSError):
            self._connection.close()
