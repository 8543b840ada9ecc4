"""The proxy of `mockbatch run --intercept`, over real sockets: tunnels, refusals, bad clients, and its end."""

import gc
import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from mockbatch.intercept import HOST
from mockbatch.intercept.proxy import Proxy, Routes
from mockbatch.intercept.settings import Bypass, UpstreamProxy
from mockbatch.intercept.tunnels import Target

_PATIENCE = 20.0
# an address of this machine that no NO_PROXY names
NOWHERE = Target("127.0.0.1", 1)


@contextmanager
def listening(talk: Callable[[socket.socket], None]) -> Iterator[Target]:
    """A server that talks to one client after another."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.settimeout(_PATIENCE)
                    talk(client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Target("127.0.0.1", listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(_PATIENCE)


def echo(client: socket.socket) -> None:
    """Send back what comes, and a last word once that has ended."""
    while data := client.recv(65536):
        client.sendall(data)
    client.sendall(b"that was all")


@contextmanager
def proxied(
    api: Target = NOWHERE,
    no_proxy: str = "",
    upstream: UpstreamProxy | None = None,
    offline: bool = False,
    head_seconds: float = _PATIENCE,
) -> Iterator[Proxy]:
    proxy = Proxy(Routes(api, Bypass.of({"NO_PROXY": no_proxy}), upstream, offline), head_seconds)
    try:
        yield proxy
    finally:
        proxy.stop()


def connected(proxy: Proxy) -> socket.socket:
    host, port = proxy.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=_PATIENCE)


def everything(client: socket.socket) -> bytes:
    """All that comes until the end."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def asked(proxy: Proxy, request: bytes) -> bytes:
    """The whole answer to a request."""
    with connected(proxy) as client:
        client.sendall(request)
        return everything(client)


def tunnel(client: socket.socket, target: object) -> bytes:
    """Ask for a tunnel; the head of the answer."""
    client.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        data = client.recv(1)
        assert data, head
        head += data
    return head


def test_a_tunnel_passes_on_every_byte_and_the_end_of_each_half() -> None:
    """Five megabytes there and back, while both ends are open, and a last word after one has closed."""
    sent = bytes(range(256)) * 20_000

    def send(client: socket.socket) -> None:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)

    with listening(echo) as target, proxied() as proxy, connected(proxy) as client:
        assert tunnel(client, target).startswith(b"HTTP/1.1 200 ")
        sender = threading.Thread(target=send, args=(client,))
        sender.start()
        assert everything(client) == sent + b"that was all"
        sender.join()
        assert (proxy.passed, proxy.caught) == ({str(target): 1}, 0)


@pytest.mark.parametrize("name", [HOST, HOST.upper(), f"{HOST}."])
def test_the_official_host_is_caught_however_it_is_written(name: str) -> None:
    """With the port of https only."""
    with listening(echo) as api, proxied(api, offline=True) as proxy, connected(proxy) as client:
        assert tunnel(client, f"{name}:443").startswith(b"HTTP/1.1 200 ")
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"
        assert b" 403 " in asked(proxy, f"CONNECT {name}:8443 HTTP/1.1\r\n\r\n".encode())
        assert (proxy.caught, proxy.refused) == (1, {f"{HOST}:8443": 1})


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "this proxy expects HTTP"),
        (b"\r\n\r\n", 400, "this proxy expects HTTP"),
        (b"CONNECT a:443\r\n\r\n", 400, "this proxy expects HTTP"),
        (b"hello\r\n\r\n", 400, "this proxy expects HTTP"),
        (b"GET / HTTP/1.1\r\n\r\n", 405, "this proxy supports only https"),
        (b"GET http://:80/ HTTP/1.1\r\n\r\n", 400, "the request names no host and port"),
        (b"GET ftp://example.test/ HTTP/1.1\r\n\r\n", 405, "this proxy supports only https"),
        (b"GET http://example.test/ HTTP/1.1\r\n\r\n", 405, "this proxy supports only https"),
        (b"CONNECT example.test HTTP/1.1\r\n\r\n", 400, "the request names no host and port"),
        (b"CONNECT example.test:0 HTTP/1.1\r\n\r\n", 400, "the request names no host and port"),
        (b"CONNECT example.test:65536 HTTP/1.1\r\n\r\n", 400, "the request names no host and port"),
        (b"CONNECT :443 HTTP/1.1\r\n\r\n", 400, "the request names no host and port"),
        (b"CONNECT ex\xc3\xa4mple:443 HTTP/1.1\r\n\r\n", 400, "the request names no host and port"),
        (b"CONNECT http://a:443 HTTP/1.1\r\n\r\n", 400, "the request names no host and port"),
        (b"CONNECT a\nb:443 HTTP/1.1\r\n\r\n", 400, "this proxy expects HTTP"),
        (b"CONNECT " + b"a" * 70_000 + b":443 HTTP/1.1\r\n\r\n", 431, "the head of the request is too large"),
        (b"CONNECT " + b"a" * 64 + b":443 HTTP/1.1\r\n\r\n", 502, "a" * 64 + ":443 cannot be reached: "),
        (b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", 502, "127.0.0.1:1 cannot be reached: "),
        (b"CONNECT [::1]:1 HTTP/1.1\r\n\r\n", 502, "[::1]:1 cannot be reached: "),
    ],
)
def test_what_is_no_tunnel_is_refused_in_a_sentence(request_: bytes, status: int, said: str) -> None:
    """In the reason, which programs show, and in the body; the next client is served."""
    with proxied() as proxy:
        head, _, body = asked(proxy, request_).partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} {said}".encode())
        assert body.decode().startswith(said)
        assert f"content-length: {len(body)}".encode() in head
        with listening(echo) as target, connected(proxy) as client:
            assert b" 200 " in tunnel(client, target)


def test_a_client_that_does_not_ask_in_time_is_sent_away() -> None:
    """Be it slow or silent."""
    with proxied(head_seconds=0.05) as proxy:
        assert asked(proxy, b"CONNECT example").startswith(b"HTTP/1.1 408 the request did not arrive in time")
        assert asked(proxy, b"").startswith(b"HTTP/1.1 408 ")


def test_a_client_that_goes_away_is_forgotten() -> None:
    """Before it has asked, and after."""
    with listening(echo) as target, proxied() as proxy:
        for request in (b"", b"CONN"):
            with connected(proxy) as client:
                client.sendall(request)
        for _ in range(2):
            with connected(proxy) as client:
                assert b" 200 " in tunnel(client, target)


def test_offline_only_this_machine_and_hosts_in_no_proxy_are_reached() -> None:
    """A star there names no host."""
    with listening(echo) as target, proxied(no_proxy="*,127.0.0.1", offline=True) as proxy:
        refused = asked(proxy, b"CONNECT example.test:443 HTTP/1.1\r\n\r\n")
        assert refused.startswith(b"HTTP/1.1 403 mockbatch run --offline refuses example.test:443; ")
        for url in ("http://example.test/", "HTTP://me:secret@EXAMPLE.test:80?x"):
            assert asked(proxy, f"GET {url} HTTP/1.1\r\n\r\n".encode()).startswith(b"HTTP/1.1 403 ")
        with connected(proxy) as client:
            assert b" 200 " in tunnel(client, target)
        assert proxy.refused == {"example.test:443": 1, "example.test:80": 2}
        assert proxy.passed == {str(target): 1}


def reset(client: socket.socket) -> None:
    """Break the connection after a byte."""
    client.recv(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_connection_that_breaks_breaks_at_the_other_end_too() -> None:
    """It does not just end."""
    with listening(reset) as target, proxied() as proxy, connected(proxy) as client:
        tunnel(client, target)
        client.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_it_ends_with_all_its_tunnels_and_its_thread() -> None:
    """Clients that are in the middle of something see an end."""
    with listening(echo) as target, proxied() as proxy:
        with connected(proxy) as idle, connected(proxy) as busy:
            assert b" 200 " in tunnel(busy, target)
            proxy.stop()
            assert [has_ended(client) for client in (idle, busy)] == [True, True]
        with pytest.raises(ConnectionRefusedError):
            connected(proxy)
        assert "mockbatch proxy" not in [thread.name for thread in threading.enumerate()]


def has_ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@contextmanager
def users_proxy(answer: bytes, tls: ssl.SSLContext | None = None) -> Iterator[tuple[UpstreamProxy, list[bytes]]]:
    """A proxy that answers all the same, and echoes then; and what it was asked."""
    heads: list[bytes] = []

    def talk(client: socket.socket) -> None:
        if tls:
            with tls.wrap_socket(client, server_side=True) as secured:
                answered(secured)
        else:
            answered(client)

    def answered(client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        heads.append(head)
        client.sendall(answer)
        echo(client)

    with listening(talk) as at:
        yield UpstreamProxy(*at, tls is not None, "Basic bWU6cGFzcw=="), heads


def test_tunnels_lead_through_the_proxy_that_was_there() -> None:
    """With its password, but not where NO_PROXY says so, and never to the official host."""
    target = Target("example.test", 443)
    with users_proxy(b"HTTP/1.0 200 OK\r\nVia: it\r\n\r\nfirst") as (upstream, heads), listening(echo) as api:
        with proxied(api, upstream=upstream) as proxy, connected(proxy) as client:
            tunnel(client, target)
            client.sendall(b"hello")
            client.shutdown(socket.SHUT_WR)
            assert everything(client) == b"firsthellothat was all"
        authorization = b"Proxy-Authorization: Basic bWU6cGFzcw==\r\n"
        assert heads == [b"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n" + authorization + b"\r\n"]
        with proxied(api, upstream=upstream) as proxy:
            for direct in (f"{HOST}:443", api):
                with connected(proxy) as client:
                    assert b" 200 " in tunnel(client, direct)
        with proxied(api, upstream=upstream, no_proxy="*") as proxy:
            asked(proxy, b"CONNECT nowhere.invalid:443 HTTP/1.1\r\n\r\n")
        assert len(heads) == 1


def trusted_tls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return the context of a server on this machine whose certificate is trusted."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(folder / "root.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "root.pem"))
    return context


def test_a_proxy_that_speaks_tls_is_passed_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If its certificate is trusted."""
    with users_proxy(b"HTTP/1.1 200 OK\r\n\r\n", trusted_tls(tmp_path, monkeypatch)) as (upstream, heads):
        with proxied(upstream=upstream) as proxy, connected(proxy) as client:
            assert b" 200 " in tunnel(client, "example.test:443")
            client.sendall(b"hello")
            assert client.recv(5) == b"hello"
        assert len(heads) == 1


@pytest.mark.parametrize("unread", [0, 10_000_000])
def test_its_end_does_not_wait_for_the_other_side(unread: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not end its TLS leaves nothing open, and neither does a client that does not read."""
    context, stopped = trusted_tls(tmp_path, monkeypatch), threading.Event()

    def talk(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) as secured, suppress(OSError):
            secured.recv(65536)
            secured.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(unread))
            stopped.wait(_PATIENCE)

    with listening(talk) as at, warnings.catch_warnings(record=True, action="always", category=ResourceWarning) as left:
        with proxied(upstream=UpstreamProxy(*at, True, None)) as proxy, connected(proxy) as client:
            tunnel(client, "example.test:443")
            client.shutdown(socket.SHUT_WR)
            proxy.stop()
        stopped.set()
        gc.collect()
    assert [str(warning.message) for warning in left] == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "answered 407 Proxy Authentication Required to a tunnel",
        ),
        (b"garbage", "cannot be reached through the proxy 127.0.0.1: unexpected response"),
        (b"", "cannot be reached through the proxy 127.0.0.1: "),
    ],
)
def test_what_the_proxy_that_was_there_refuses_is_told(answer: bytes, said: str) -> None:
    def talk(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(answer)

    with listening(talk) as at, proxied(upstream=UpstreamProxy(*at, False, None)) as proxy:
        told = asked(proxy, b"CONNECT example.test:443 HTTP/1.1\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 502 ")
        assert said.encode() in told
        assert proxy.failed == {"example.test:443": 1}


def test_it_listens_on_loopback_only() -> None:
    with proxied() as proxy:
        assert proxy.url.startswith("http://127.0.0.1:")
