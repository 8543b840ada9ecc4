"""A way to a real server through a raw socket that breaks: connections are reset in the middle of an answer."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_PIECE = 4096
_RESET = struct.pack("ii", 1, 0)


class Cutting:
    """Relays connections; resets one whose answer to a call for results has become longer than the next of `cuts`.

    When no cuts are left, everything passes.
    """

    def __init__(self, url: str, cuts: list[int]) -> None:
        target = urlsplit(url)
        assert target.hostname
        assert target.port
        self._target = (target.hostname, target.port)
        self.cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        left: list[int] = []
        with suppress(OSError), caller, socket.create_connection(self._target) as server:
            threading.Thread(target=self._forward, args=(caller, server, left), daemon=True).start()
            while piece := server.recv(_PIECE):
                if left and len(piece) >= left[0]:
                    caller.sendall(piece[: left[0]])
                    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    # the connection is not closed while somebody waits for what it brings
                    caller.shutdown(socket.SHUT_RD)
                    return
                caller.sendall(piece)
                left[:] = [left[0] - len(piece)] if left else []

    def _forward(self, caller: socket.socket, server: socket.socket, left: list[int]) -> None:
        """What the caller sends; `left` gets how much of the answer to a call for results may pass."""
        with suppress(OSError):
            while piece := caller.recv(_PIECE):
                if b"/results " in piece and self.cuts:
                    left[:] = [self.cuts.pop(0)]
                server.sendall(piece)


@contextmanager
def cutting(url: str, *cuts: int) -> Iterator[Cutting]:
    """A way to the server at `url`, gone afterwards."""
    way = Cutting(url, list(cuts))
    try:
        yield way
    finally:
        way.close()
