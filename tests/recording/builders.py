"""A recorder between the official SDK and the small upstream, all over real sockets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import httpx2

from mockbatch.core.cassette.interaction import Interaction
from mockbatch.core.cassette.redaction import Redaction
from mockbatch.fixtures.files import interactions
from mockbatch.fixtures.spool import Spool
from mockbatch.fixtures.writing import Written, write_fixture
from mockbatch.http.recording import create_recorder
from mockbatch.server import RECORDER_DRAIN, Background
from tests.upstream import Upstream

KEY = "sk-ant-the-real-key"


class Recorder:
    """What is recorded of `upstream`; `received` are the bodies that the SDK was sent, by call, as they came."""

    def __init__(self, upstream: Upstream, redaction: Redaction | None = None) -> None:
        self.upstream = upstream
        self.spool = Spool(redaction or Redaction())
        self.received: list[tuple[str, bytes]] = []
        self.url = ""
        self._clients: list[httpx2.Client] = []

    @contextmanager
    def running(self) -> Iterator["Recorder"]:
        with Background(create_recorder(self.upstream.url, self.spool), drain=RECORDER_DRAIN) as recorder:
            self.url = recorder.url
            try:
                yield self
            finally:
                for client in self._clients:
                    client.close()

    def client(self, **more: Any) -> anthropic.Anthropic:
        http = httpx2.Client(transport=_Keeping(self.received), timeout=20)
        self._clients.append(http)
        options = {"base_url": self.url, "api_key": KEY, "max_retries": 0, "http_client": http, **more}
        return anthropic.Anthropic(**options)

    def write(self, path: Path, **how: Any) -> Written:
        return write_fixture(path, self.spool, self.upstream.url, **how)


class _Keeping(httpx2.HTTPTransport):
    """Keeps every body, byte for byte."""

    def __init__(self, received: list[tuple[str, bytes]]) -> None:
        super().__init__()
        self._received = received

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        body = bytearray()
        call = f"{request.method} {request.url.path}"

        def kept() -> Iterator[bytes]:
            try:
                for piece in response.iter_raw():
                    body.extend(piece)
                    yield piece
            finally:
                self._received.append((call, bytes(body)))

        return httpx2.Response(response.status_code, headers=response.headers, stream=_Pieces(kept()))


class _Pieces(httpx2.SyncByteStream):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._pieces.close()  # type: ignore[attr-defined]


@contextmanager
def recording(path: Path, redaction: Redaction | None = None, **how: Any) -> Iterator[Recorder]:
    """An upstream and its recorder; what was recorded is at `path` afterwards."""
    with Upstream() as upstream:
        recorder = Recorder(upstream, redaction)
        try:
            with recorder.running():
                yield recorder
            recorder.write(path, **how)
        finally:
            recorder.spool.close()


def run_batch(client: anthropic.Anthropic, requests: list[Any]) -> list[Any]:
    """A batch through its whole life; its results."""
    batch = client.messages.batches.create(requests=requests)
    while client.messages.batches.retrieve(batch.id).processing_status != "ended":
        pass
    return list(client.messages.batches.results(batch.id))


def recorded(path: Path) -> dict[str, list[Interaction]]:
    """What a fixture holds, by kind."""
    found: dict[str, list[Interaction]] = {}
    for interaction in interactions(path):
        found.setdefault(interaction.kind, []).append(interaction)
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
