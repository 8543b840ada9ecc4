"""A proxy for one run: it listens on loopback, sends the official host to our server, and passes on all others."""

import asyncio
import socket
import threading
from collections import Counter
from typing import NamedTuple

from mockbatch.intercept import HOST, PORT
from mockbatch.intercept.settings import Bypass, UpstreamProxy
from mockbatch.intercept.tunnels import (
    LIMIT,
    Streams,
    Target,
    TunnelRefused,
    asked_for,
    close,
    closing,
    join,
    reach,
    refuse,
    reset,
)

_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Routes(NamedTuple):
    """Routing of tunnels. Without an upstream proxy, other hosts are reached directly."""

    api: Target
    bypass: Bypass
    upstream: UpstreamProxy | None = None
    offline: bool = False

    def is_refused(self, target: Target) -> bool:
        return self.offline and not self.bypass.has(*target)

    def upstream_for(self, target: Target) -> UpstreamProxy | None:
        return None if self.bypass.is_all or self.bypass.has(*target) else self.upstream


class Proxy:
    """A proxy in a thread. `stop` ends it and all tunnels.

    `caught` counts connections to the official host; other connections are counted by target. A client has
    `head_seconds` to send its request head. Raises OSError if it cannot listen.
    """

    def __init__(self, routes: Routes, head_seconds: float = 10.0) -> None:
        self.caught = 0
        self.passed, self.refused, self.failed = Counter[str](), Counter[str](), Counter[str]()
        self._routes, self._head_seconds = routes, head_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="mockbatch proxy", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, sock=self._listener, limit=LIMIT)
        await self._stopping.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._tunnel(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # the task may be cancelled before its first step, so it cannot do this itself
        task.add_done_callback(lambda _: writer.transport.abort())

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            other = await self._connected(*await asked_for(reader, self._head_seconds))
        except TunnelRefused as refusal:
            await refuse(reader, writer, refusal.answer)
        except (OSError, EOFError):
            reset(writer)
        else:
            async with closing(other[1]):
                writer.write(_OPEN)
                await join((reader, writer), other)
        await close(writer)

    async def _connected(self, target: Target, is_tunnel: bool) -> Streams:
        """Open the other end of a tunnel. Raises TunnelRefused."""
        if is_tunnel and target == (HOST, PORT):
            self.caught += 1
            return await reach(self._routes.api, None)
        if self._routes.is_refused(target):
            self.refused[str(target)] += 1
            raise TunnelRefused(403, f"mockbatch run --offline refuses {target}; hosts in NO_PROXY are allowed")
        if not is_tunnel:
            raise TunnelRefused(405, "this proxy supports only https")
        try:
            other = await reach(target, self._routes.upstream_for(target))
        except TunnelRefused:
            self.failed[str(target)] += 1
            raise
        self.passed[str(target)] += 1
        return other
