"""The batch API over HTTP, with retries of transient failures.

Source: https://platform.claude.com/docs/en/api/messages/batches
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from mockbatch import __version__
from mockbatch.client import ClientError
from mockbatch.client.waiting import passes, pause
from mockbatch.core.conversion import threadsafe_convert
from mockbatch.core.hosts import is_local

if TYPE_CHECKING:
    from httpx2 import BaseTransport, Client, Response

T = TypeVar("T")
Say = Callable[[str], None]

_PATH = "/v1/messages/batches"
_CONNECT, _ANSWER = 10.0, 600.0
_PAGE = 1000
_ATTEMPTS = 5
_SHOWN = 300


class ApiRefused(ClientError):
    """The API responded with an error."""

    def __init__(self, status: int, type: str, message: str, headers: Mapping[str, str]) -> None:
        suffix = f" (request {headers['request-id']})" if "request-id" in headers else ""
        super().__init__(f"{status} {type}: {message}{suffix}")
        self.status = status
        self.headers = headers

    @property
    def passes(self) -> bool:
        return passes(self.status, self.headers)


class Unanswered(ClientError):
    """No response, or only a part of one."""


class RemoteBatch(Struct, frozen=True):
    """The fields of a batch that commands need, and the whole response as `fields`."""

    id: str
    processing_status: str
    request_counts: dict[str, int]
    created_at: str
    fields: dict[str, Any]

    @property
    def ended(self) -> bool:
        return self.processing_status == "ended"

    @property
    def size(self) -> int:
        return sum(self.request_counts.values())


class Api:
    """The batches of one key at one base URL.

    `sleep` takes seconds; `say` receives messages for the user; `transport` carries the calls, by default over sockets.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        version: str,
        betas: Iterable[str] = (),
        *,
        idle: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        say: Say = lambda text: None,
        transport: "BaseTransport | None" = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.sleep, self.say = sleep, say
        self._headers = {"x-api-key": key, "anthropic-version": version, "user-agent": f"mockbatch/{__version__}"}
        if joined := ",".join(betas):
            self._headers["anthropic-beta"] = joined
        self._idle = idle
        self._transport = transport
        self._made: Client | None = None

    def close(self) -> None:
        if self._made is not None:
            self._made.close()

    def create(self, body: Iterator[bytes], size: int) -> RemoteBatch:
        """Create a batch from a body of `size` bytes. Not retried: a second create could make a second batch."""
        headers = {"content-type": "application/json", "content-length": str(size)}
        return _batch(self._called("POST", _PATH, content=body, headers=headers))

    def retrieve(self, batch_id: str) -> tuple[RemoteBatch, Mapping[str, str]]:
        """Return a batch and its response headers. Not retried: callers poll anyway."""
        response = self._called("GET", f"{_PATH}/{_segment(batch_id)}")
        return _batch(response), response.headers

    def found(self, batch_id: str) -> RemoteBatch:
        return self.persist(lambda: self.retrieve(batch_id)[0])

    def cancel(self, batch_id: str) -> RemoteBatch:
        return self.persist(lambda: _batch(self._called("POST", f"{_PATH}/{_segment(batch_id)}/cancel")))

    def delete(self, batch_id: str) -> None:
        self.persist(lambda: self._called("DELETE", f"{_PATH}/{_segment(batch_id)}"))

    def batches(self, most: int | None = None) -> Iterator[RemoteBatch]:
        """Yield the batches, newest first, over all pages; at most `most`."""
        after, left = None, most
        while left is None or left > 0:
            page = self.persist(self._page(after, _PAGE if left is None else min(left, _PAGE)))
            yield from (_as_batch(entry) for entry in page["data"])
            left = None if left is None else left - len(page["data"])
            if not page.get("has_more") or not page["data"]:
                return
            if page.get("last_id") in (None, after):
                raise ClientError("the list does not advance: the server repeats its cursor")
            after = page["last_id"]

    @contextmanager
    def results(self, batch_id: str) -> "Iterator[Iterator[bytes]]":
        """Stream the results, once. Raises Unanswered if they break off."""
        with (
            _explained(self.base_url),
            self._client().stream("GET", f"{_PATH}/{_segment(batch_id)}/results", timeout=self._idle) as response,
        ):
            if response.status_code != 200:
                response.read()
                raise _refused(response)
            yield response.iter_bytes()

    def persist(self, call: Callable[[], T], attempts: int = _ATTEMPTS) -> T:
        """Call, and retry transient failures."""
        for attempt in range(1, attempts):
            try:
                return call()
            except (ApiRefused, Unanswered) as error:
                if isinstance(error, ApiRefused) and not error.passes:
                    raise
                seconds = pause(attempt, error.headers if isinstance(error, ApiRefused) else {})
                self.say(f"{error}; trying again in {seconds:g} s")
                self.sleep(seconds)
        return call()

    def _page(self, after: str | None, limit: int) -> Callable[[], dict[str, Any]]:
        query: dict[str, str | int] = {"limit": limit} | ({"after_id": after} if after else {})

        def page() -> dict[str, Any]:
            return _object(self._called("GET", _PATH, params=query))

        return page

    def _called(self, method: str, path: str, **more: Any) -> "Response":
        with _explained(self.base_url):
            response = self._client().request(method, path, **more)
        if response.status_code != 200:
            raise _refused(response)
        return response

    def _client(self) -> "Client":
        if self._made is None:
            # imported lazily: most commands of mockbatch make no calls
            from httpx2 import Client, Timeout

            # no proxy for local servers
            self._made = Client(
                base_url=self.base_url,
                headers=self._headers,
                timeout=Timeout(_ANSWER, connect=_CONNECT),
                trust_env=not is_local(self.base_url),
                transport=self._transport,
            )
        return self._made


@contextmanager
def _explained(base_url: str) -> Iterator[None]:
    from httpx2 import ConnectError, ConnectTimeout, HTTPError, InvalidURL, TimeoutException, UnsupportedProtocol

    try:
        yield
    except (InvalidURL, UnsupportedProtocol):
        raise ClientError(f"{base_url!r} is not a URL; write it like https://api.anthropic.com") from None
    except (ConnectError, ConnectTimeout) as error:
        raise Unanswered(f"no connection to {base_url}: {error}") from None
    except TimeoutException:
        raise Unanswered(f"{base_url} stopped responding") from None
    except HTTPError as error:
        raise Unanswered(f"the connection to {base_url} broke: {error or type(error).__name__}") from None


def _refused(response: "Response") -> ApiRefused:
    """Return the error of a response of any shape."""
    try:
        inner = msgspec.json.decode(response.content)["error"]
        kind, message = str(inner["type"]), str(inner["message"])
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
        kind, message = response.reason_phrase, response.text.strip()[:_SHOWN] or "without a body"
    return ApiRefused(response.status_code, kind, message, response.headers)


def _object(response: "Response") -> dict[str, Any]:
    try:
        content = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict):
        raise ClientError(f"the response of {response.url} is not a JSON object; is it the API?")
    return content


def _batch(response: "Response") -> RemoteBatch:
    return _as_batch(_object(response))


def _as_batch(fields: dict[str, Any]) -> RemoteBatch:
    try:
        return threadsafe_convert({**fields, "fields": fields}, RemoteBatch)
    except msgspec.ValidationError as error:
        raise ClientError(f"the response is not a batch: {error}") from None


def _segment(batch_id: str) -> str:
    """Return the id as a path segment; ids of batches need no quoting."""
    if not batch_id or not all(mark.isalnum() or mark in "_-" for mark in batch_id):
        raise ClientError(f"{batch_id!r} is not the id of a batch; they look like msgbatch_01...")
    return batch_id
