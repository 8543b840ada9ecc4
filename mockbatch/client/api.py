"""The batch API over HTTP: calls that are made again while their failure may pass.

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
from mockbatch.core.hosts import is_local
from mockbatch.core.typed import convert

if TYPE_CHECKING:
    from httpx2 import BaseTransport, Client, Response

T = TypeVar("T")
Say = Callable[[str], None]

_PATH = "/v1/messages/batches"
_CONNECT, _ANSWER = 10.0, 600.0
_PAGE = 1000
_ATTEMPTS = 5
_SHOWN = 300


class Refused(ClientError):
    """The API answered with an error."""

    def __init__(self, status: int, type: str, message: str, headers: Mapping[str, str]) -> None:
        told = f" (request {headers['request-id']})" if "request-id" in headers else ""
        super().__init__(f"{status} {type}: {message}{told}")
        self.status = status
        self.headers = headers

    @property
    def passes(self) -> bool:
        return passes(self.status, self.headers)


class Unanswered(ClientError):
    """No answer came, or not all of it."""


class Batch(Struct, frozen=True):
    """What the commands need of a batch, and all that was answered as `fields`."""

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
    """The batches of one key at one base URL. `sleep` takes seconds; `say` is told what a person may wonder about;
    `transport` is what carries the calls, by default sockets.
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

    def create(self, body: Iterator[bytes], size: int) -> Batch:
        """Create a batch of a body of `size` bytes, once: a create that is made again may be a second batch."""
        headers = {"content-type": "application/json", "content-length": str(size)}
        return _batch(self._called("POST", _PATH, content=body, headers=headers))

    def retrieve(self, batch_id: str) -> tuple[Batch, Mapping[str, str]]:
        """A batch and the headers that came with it. Not made again when it fails: who polls does so anyway."""
        answer = self._called("GET", f"{_PATH}/{_segment(batch_id)}")
        return _batch(answer), answer.headers

    def found(self, batch_id: str) -> Batch:
        return self.persist(lambda: self.retrieve(batch_id)[0])

    def cancel(self, batch_id: str) -> Batch:
        return self.persist(lambda: _batch(self._called("POST", f"{_PATH}/{_segment(batch_id)}/cancel")))

    def delete(self, batch_id: str) -> None:
        self.persist(lambda: self._called("DELETE", f"{_PATH}/{_segment(batch_id)}"))

    def batches(self, most: int | None = None) -> Iterator[Batch]:
        """The batches, newest first, page after page; `most` of them, or all."""
        after, left = None, most
        while left is None or left > 0:
            page = self.persist(self._page(after, _PAGE if left is None else min(left, _PAGE)))
            yield from (_as_batch(entry) for entry in page["data"])
            left = None if left is None else left - len(page["data"])
            if not page.get("has_more") or not page["data"]:
                return
            if page.get("last_id") in (None, after):
                raise ClientError("the list does not go on: the server's cursor stays where it is")
            after = page["last_id"]

    @contextmanager
    def results(self, batch_id: str) -> "Iterator[Iterator[bytes]]":
        """The results as they arrive, once. Raises Unanswered where they break off."""
        with (
            _explained(self.base_url),
            self._client().stream("GET", f"{_PATH}/{_segment(batch_id)}/results", timeout=self._idle) as answer,
        ):
            if answer.status_code != 200:
                answer.read()
                raise _refused(answer)
            yield answer.iter_bytes()

    def persist(self, call: Callable[[], T], attempts: int = _ATTEMPTS) -> T:
        """What the call answers, which is made again while its failure may pass."""
        for attempt in range(1, attempts):
            try:
                return call()
            except (Refused, Unanswered) as error:
                if isinstance(error, Refused) and not error.passes:
                    raise
                seconds = pause(attempt, error.headers if isinstance(error, Refused) else {})
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
            answer = self._client().request(method, path, **more)
        if answer.status_code != 200:
            raise _refused(answer)
        return answer

    def _client(self) -> "Client":
        if self._made is None:
            # not before: most commands of mockbatch call nobody
            from httpx2 import Client, Timeout

            # a proxy is for the world outside
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
        raise Unanswered(f"{base_url} went silent") from None
    except HTTPError as error:
        raise Unanswered(f"{base_url} broke off: {error or type(error).__name__}") from None


def _refused(answer: "Response") -> Refused:
    """The error of an answer, in whatever shape it came."""
    try:
        inner = msgspec.json.decode(answer.content)["error"]
        kind, message = str(inner["type"]), str(inner["message"])
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
        kind, message = answer.reason_phrase, answer.text.strip()[:_SHOWN] or "without a body"
    return Refused(answer.status_code, kind, message, answer.headers)


def _object(answer: "Response") -> dict[str, Any]:
    try:
        content = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict):
        raise ClientError(f"{answer.url} answered what is no JSON object; is it the API?")
    return content


def _batch(answer: "Response") -> Batch:
    return _as_batch(_object(answer))


def _as_batch(fields: dict[str, Any]) -> Batch:
    try:
        return convert({**fields, "fields": fields}, Batch)
    except msgspec.ValidationError as error:
        raise ClientError(f"the server answered what is no batch: {error}") from None


def _segment(batch_id: str) -> str:
    """The id as a part of a path; ids of batches need no quoting."""
    if not batch_id or not all(mark.isalnum() or mark in "_-" for mark in batch_id):
        raise ClientError(f"{batch_id!r} is not the id of a batch; they look like msgbatch_01...")
    return batch_id
