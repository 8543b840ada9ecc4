"""Tunnels through the proxy: parsing the request, connecting to the target, and copying bytes both ways."""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from typing import NamedTuple

from mockbatch.intercept.settings import UpstreamProxy

LIMIT = 65_536
"""The largest size of a head, and of a block to copy, in bytes."""
_CONNECT_SECONDS = 30.0
_LINGER_SECONDS = 1.0
_RESET = struct.pack("ii", 1, 0)
_HOST_AND_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?", re.ASCII).fullmatch
_REQUEST = re.compile(r"([A-Z]+) (\S+) HTTP/1\.[01]").fullmatch
_NOT_HTTP = "this proxy expects HTTP"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Target(NamedTuple):
    """The host and port that a client requests."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class TunnelRefused(Exception):
    """A refused tunnel. The sentence is also the reason phrase, since most programs show only that."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.answer = (
            f"HTTP/1.1 {status} {sentence}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(sentence) + 1}\r\n\r\n{sentence}\n"
        ).encode("ascii", "replace")


async def asked_for(reader: asyncio.StreamReader, seconds: float) -> tuple[Target, bool]:
    """Return the requested target, and whether it was a CONNECT.

    Raises TunnelRefused, or EOFError if the client is gone.
    """
    try:
        async with asyncio.timeout(seconds):
            first = await reader.readexactly(1)
            if not first.isalpha():
                raise TunnelRefused(400, _NOT_HTTP)
            line, _, _ = (first + await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
    except asyncio.LimitOverrunError:
        raise TunnelRefused(431, "the head of the request is too large") from None
    except TimeoutError:
        raise TunnelRefused(408, "the request did not arrive in time") from None
    found = _REQUEST(line.decode("latin-1"))
    if found is None:
        raise TunnelRefused(400, _NOT_HTTP)
    return (_target(found[2], 0), True) if found[1] == "CONNECT" else (_target_of_url(found[2]), False)


def _target_of_url(url: str) -> Target:
    """Return the target in the URL of a plain request. Raises TunnelRefused."""
    if not url.lower().startswith("http://"):
        raise TunnelRefused(405, "this proxy supports only https")
    return _target(re.split(r"[/?#]", url[7:], maxsplit=1)[0].rpartition("@")[2], 80)


def _target(name: str, default_port: int) -> Target:
    found = _HOST_AND_PORT(name)
    port = int(found[3] or default_port) if found else 0
    if not found or not 0 < port < 65_536:
        raise TunnelRefused(400, "the request names no host and port")
    return Target((found[1] or found[2]).lower().rstrip("."), port)


async def reach(target: Target, upstream: UpstreamProxy | None) -> Streams:
    """Connect to a target, through the upstream proxy if there is one. Raises TunnelRefused."""
    through = f" through the proxy {upstream.host}" if upstream else ""
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            if upstream is None:
                return await asyncio.open_connection(target.host, target.port, limit=LIMIT, happy_eyeballs_delay=0.25)
            return await _through(upstream, target)
    except TimeoutError:
        raise TunnelRefused(504, f"{target} did not answer in time{through}") from None
    except (OSError, EOFError, UnicodeError, asyncio.LimitOverrunError) as error:
        reason = getattr(error, "strerror", None) or "unexpected response"
        raise TunnelRefused(502, f"{target} cannot be reached{through}: {reason}") from None


async def _through(upstream: UpstreamProxy, target: Target) -> Streams:
    context = ssl.create_default_context() if upstream.is_tls else None
    reader, writer = await asyncio.open_connection(upstream.host, upstream.port, limit=LIMIT, ssl=context)
    try:
        authorization = f"Proxy-Authorization: {upstream.authorization}\r\n" if upstream.authorization else ""
        writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n".encode())
        line, _, _ = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        status = line.split(b" ", 1)[-1].decode("ascii", "replace")
        if not status.startswith("2"):
            raise TunnelRefused(502, f"the proxy {upstream.host} answered {status[:100]} to a tunnel to {target}")
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Send a response and wait for the client to read it: closing while it still sends would discard the response."""
    with contextlib.suppress(OSError, TimeoutError):
        writer.write(answer)
        writer.write_eof()
        async with asyncio.timeout(_LINGER_SECONDS):
            while await reader.read(LIMIT):
                pass


async def join(one: Streams, other: Streams) -> None:
    """Copy bytes both ways until both sides are done. A reset of one side resets the other."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pass_on(one[0], other[1]))
            group.create_task(_pass_on(other[0], one[1]))
    except* OSError:
        for _, writer in (one, other):
            reset(writer)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(LIMIT):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:  # TLS has no half-close
        writer.close()


@contextlib.asynccontextmanager
async def closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Close a connection after the block. Abort it if the block or the close is cancelled."""
    try:
        yield
        await close(writer)
    finally:
        writer.transport.abort()


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection and wait until it is closed: TLS first exchanges messages with the other side."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a TCP reset."""
    raw = writer.get_extra_info("socket")
    if raw is not None and not writer.is_closing():
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
