"""Somebody who is called by webhooks."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import NamedTuple

_PATIENCE = 60


class Called(NamedTuple):
    """One call as it came."""

    path: str
    headers: dict[str, str]
    body: str


class Server(ThreadingHTTPServer):
    """One that many may call at once."""

    request_queue_size = 128


class Receiver:
    """A server that keeps what it is called with, and answers with the next of `statuses`, then with 204."""

    def __init__(self, statuses: list[int], look: Callable[[Called], None]) -> None:
        self.statuses = statuses
        self.queue: Queue[Called] = Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                called = Called(self.path, {name.lower(): text for name, text in self.headers.items()}, body)
                look(called)
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.send_header("location", "/moved")
                self.send_header("content-length", "0")
                self.end_headers()
                receiver.queue.put(called)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def next(self) -> Called:
        """The next call; waits for it."""
        return self.queue.get(timeout=_PATIENCE)


def _nothing(called: Called) -> None:
    """Look at nothing."""


@contextmanager
def receiving(*statuses: int, look: Callable[[Called], None] = _nothing) -> Iterator[Receiver]:
    """A receiver that is gone afterwards; `look` is called before it answers."""
    receiver = Receiver(list(statuses), look)
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
