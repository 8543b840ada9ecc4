"""How many polls a server answers: one tight loop over a few connections, each always with a request under way."""

import selectors
import socket
import time

from .load import Address, head
from .servers import BenchError

_WARM_UP = 0.5


def polls_per_second(address: Address, path: str, *, connections: int, seconds: float) -> float:
    """The rate of answers to GET `path`."""
    request = head("GET", path)
    size = _answer_size(address, request)
    selector = selectors.DefaultSelector()
    clients = [_client(address) for _ in range(connections)]
    try:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
            client.send(request)
        _spin(selector, request, size, _WARM_UP)
        return _spin(selector, request, size, seconds)
    finally:
        selector.close()
        for client in clients:
            client.close()


def _spin(selector: selectors.BaseSelector, request: bytes, size: int, seconds: float) -> float:
    answers, start = 0, time.perf_counter()
    end = start + seconds
    while (now := time.perf_counter()) < end:
        for key, _ in selector.select(1):
            client: socket.socket = key.fileobj  # type: ignore[assignment]
            answer = client.recv(65536)
            if len(answer) != size or not answer.startswith(b"HTTP/1.1 200"):
                answer = _whole(client, answer)
            client.send(request)
            answers += 1
    return answers / (now - start)


def _whole(client: socket.socket, answer: bytes) -> bytes:
    """The slow way, for an answer in two packets or of another length."""
    client.settimeout(5)
    while not answer.endswith(b"}"):
        more = client.recv(65536)
        if not more:
            raise BenchError("the server closed the connection")
        answer += more
    client.setblocking(False)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise BenchError(f"a poll failed: {answer[:300]!r}")
    return answer


def _answer_size(address: Address, request: bytes) -> int:
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(request)
        return len(_whole(client, b""))


def _client(address: Address) -> socket.socket:
    client = socket.create_connection(address)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setblocking(False)
    return client
