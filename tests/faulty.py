"""A way to the server on which things go wrong, and a client that goes it without ever sleeping."""

from collections.abc import Callable, Iterator

import httpx2

from mockbatch.client.api import Api as Client
from tests.builders import HEADERS, Api

Carry = Callable[[httpx2.Request], httpx2.Response]
Fault = Callable[[httpx2.Request, Carry], httpx2.Response]


class Faulty(httpx2.BaseTransport):
    """Carries calls to a server in this process; the next of `faults` is done to each that `when` chooses."""

    def __init__(self, api: Api, faults: list[Fault], when: Callable[[httpx2.Request], bool]) -> None:
        self.calls: list[httpx2.Request] = []
        self._inner = api._transport
        self._faults = faults
        self._when = when

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.calls.append(request)
        if self._when(request) and self._faults:
            return self._faults.pop(0)(request, self._inner.handle_request)
        return self._inner.handle_request(request)

    def count(self, method: str, path: str) -> int:
        return sum(call.method == method and call.url.path.endswith(path) for call in self.calls)


def answered(status: int, content: bytes = b"<html>Bad Gateway</html>", **headers: str) -> Fault:
    """Somebody in between answers, and the server never hears of it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def fault(request: httpx2.Request, carry: Carry) -> httpx2.Response:
        request.read()
        return httpx2.Response(status, content=content, headers=named)

    return fault


def unreachable(request: httpx2.Request, carry: Carry) -> httpx2.Response:
    """Nobody listens."""
    raise httpx2.ConnectError("Connection refused")


def broken_upload(request: httpx2.Request, carry: Carry) -> httpx2.Response:
    """The connection breaks while the body is sent."""
    assert isinstance(request.stream, httpx2.SyncByteStream)
    next(iter(request.stream))
    raise httpx2.WriteError("Broken pipe")


def lost_answer(request: httpx2.Request, carry: Carry) -> httpx2.Response:
    """The server does what it was asked for; its answer gets lost."""
    carry(request)
    raise httpx2.ReadError("Connection reset by peer")


def replaced_answer(status: int) -> Fault:
    """The server does what it was asked for; somebody in between answers for it."""

    def fault(request: httpx2.Request, carry: Carry) -> httpx2.Response:
        carry(request)
        return httpx2.Response(status, content=b"upstream timed out")

    return fault


def cut(after: int, *, cleanly: bool = False) -> Fault:
    """So many bytes of the answer arrive; then the connection breaks, or ends as if that were all."""

    def fault(request: httpx2.Request, carry: Carry) -> httpx2.Response:
        content = carry(request).read()[:after]

        class Pieces(httpx2.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                for at in range(0, len(content), 1000):
                    yield content[at : at + 1000]
                if not cleanly:
                    raise httpx2.ReadError("Connection reset by peer")

        return httpx2.Response(200, stream=Pieces())

    return fault


class Waiting:
    """A client with what it said and for how long it wanted to sleep."""

    def __init__(self, transport: httpx2.BaseTransport, wake: Callable[[], object] = lambda: None) -> None:
        self.slept: list[float] = []
        self.said: list[str] = []
        self._wake = wake
        self.api = Client(
            "http://mockbatch",
            HEADERS["x-api-key"],
            HEADERS["anthropic-version"],
            sleep=self._sleep,
            say=self.said.append,
            transport=transport,
        )

    def now(self) -> float:
        """Seconds that have passed: those that were slept."""
        return sum(self.slept)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._wake()


def always(request: httpx2.Request) -> bool:
    return True


def is_create(request: httpx2.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/batches")


def is_results(request: httpx2.Request) -> bool:
    return request.url.path.endswith("/results")


def is_retrieve(request: httpx2.Request) -> bool:
    return request.method == "GET" and "msgbatch_" in request.url.path and not is_results(request)
