"""The running process: sockets, the ready line, start and stop."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec
import uvicorn
from starlette.routing import Router

from mockbatch import __version__
from mockbatch.config import Config
from mockbatch.core.estimates import expected
from mockbatch.fixtures import FixtureError
from mockbatch.heap import keep_freed_memory
from mockbatch.http import heads
from mockbatch.http.app import create_app
from mockbatch.http.connection import Protocol
from mockbatch.service.sessions.settings import clock_of
from mockbatch.store import StoreError

# objects made at startup stay alive and calls leave no cycles, so collections can be rare; but uvicorn leaves one per
# connection
_GC_THRESHOLD = (10_000, 10, 10)
# grace period for running downloads at shutdown, in seconds
_DRAIN_SECONDS = 0.5
# grace period for recordings to reach the disk
RECORDER_DRAIN = 30


# grace period for cancelled calls to clean up
_TIDY_SECONDS = 2.0
# how long a client may take for the TLS closing handshake
_TLS_END_SECONDS = 1.0


class PortInUse(Exception):
    """The port is already in use."""


class CannotStart(Exception):
    """The server cannot start, for a reason other than the port. The message is one sentence."""


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port`; port 0 picks a free one. Raises PortInUse or OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno in _IN_USE:
            raise PortInUse(f"port {port} on {host} is in use") from None
        raise
    return listener


_IN_USE = {48, 98, 10048}


def url_of(listener: socket.socket) -> str:
    """Return the URL at which this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Tls(NamedTuple):
    """A second listening socket that serves the same application over TLS."""

    listener: socket.socket
    context: ssl.SSLContext


class HttpServer(uvicorn.Server):
    """A uvicorn server whose signal handlers only request a stop, with a ready callback and an optional TLS socket."""

    def __init__(
        self, app: Router, on_ready: Callable[[], None], drain: float = _DRAIN_SECONDS, tls: Tls | None = None
    ) -> None:
        self._failures: list[StoreError | FixtureError | OSError] = []
        self._failed_ready: Exception | None = None
        super().__init__(_uvicorn_config(_remembering(app, self._failures, self._tidied), drain))
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
        self._on_ready = on_ready
        self._tls = tls
        self.stopped_by: signal.Signals | None = None

    def serve_on(self, listener: socket.socket) -> None:
        """Serve until stopped. Raises StoreError, FixtureError, OSError or CannotStart if startup fails."""
        with (
            contextlib.closing(listener),
            contextlib.closing(self._tls.listener) if self._tls else contextlib.nullcontext(),
        ):
            try:
                self.run(sockets=[listener])
            except SystemExit:  # raised by uvicorn when the lifespan fails
                if self._failures:
                    raise self._failures[0] from None
                raise
            except RuntimeError as error:
                # uvicorn's event loop could not be created, and then not closed either
                raise _first_os_error(error) or error from None
            if self._failed_ready:
                raise self._failed_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            try:
                if self._tls:
                    await self._listen(self._tls)
                self._on_ready()
            except Exception as error:
                # not raised here: what was opened has to be closed first
                self._failed_ready = error
                self.should_exit = True

    async def _listen(self, tls: Tls) -> None:
        self.servers.append(
            await asyncio.get_running_loop().create_server(
                lambda: Protocol(self.config, self.server_state, self.lifespan.state),
                sock=tls.listener,
                ssl=tls.context,
                ssl_shutdown_timeout=_TLS_END_SECONDS,
            )
        )

    async def _tidied(self) -> None:
        """Wait for cancelled calls to finish: they use the store to clean up."""
        if self.server_state.tasks:
            await asyncio.wait(list(self.server_state.tasks), timeout=_TIDY_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn re-raises the signal at the end, which would kill the process before it has cleaned up
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)
        yield

    def _stop(self, number: signal.Signals) -> None:
        self.stopped_by = signal.Signals(number)
        self.should_exit = True


def serve(
    config: Config, say: Callable[[str], None], app: Router | None = None, recording: str | None = None
) -> signal.Signals | None:
    """Serve until a signal arrives, and return it. `say` receives the ready line. `app` replaces the server described
    by `config`; if it is a recorder, `recording` is the URL of its upstream.

    Raises PortInUse, OSError, CannotStart, StoreError or FixtureError if the server cannot start.
    """
    keep_freed_memory()
    # the longest wait of the store's writer thread for the GIL while a body is parsed
    sys.setswitchinterval(0.0005)
    logging.basicConfig(level=config.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # the response reports a broken PDF
    listener = listening_socket(config.host, config.port)
    url = url_of(listener)

    def ready() -> None:
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLD)
        gc.enable()
        if config.ready_file:
            try:
                write_ready_file(Path(config.ready_file), url)
            except OSError as error:
                raise CannotStart(f"--ready-file {config.ready_file} cannot be written: {error.strerror}") from None
        say(ready_line(config, url) if recording is None else recording_line(recording, url))
        for line in for_people(config, url, recording) if is_terminal(sys.stdout) else ():
            say(line)

    drain = _DRAIN_SECONDS if recording is None else RECORDER_DRAIN
    server = HttpServer(app or create_app(config), ready, drain)
    server.serve_on(listener)
    return server.stopped_by


class Background:
    """A server in a thread of this process, whose signals and GC settings it leaves alone. Ready once constructed,
    stopped when the `with` block ends.

    `failure` is the exception that ended it, if `stop` did not. `drain` is the grace period for running calls in
    seconds. With a TLS context it also serves on a free loopback port, `tls_port`. Raises the same errors as `serve`.
    """

    def __init__(
        self,
        app: Router,
        host: str = "127.0.0.1",
        port: int = 0,
        drain: float = _DRAIN_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._listener = listening_socket(host, port)
        self.url = url_of(self._listener)
        self.failure: BaseException | None = None
        self._ready = threading.Event()
        second = Tls(listening_socket("127.0.0.1", 0), tls) if tls else None
        self.tls_port = second.listener.getsockname()[1] if second else 0
        self._server = HttpServer(app, self._ready.set, drain, second)
        self._thread = threading.Thread(target=self._serve, name="mockbatch server", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self.failure:
            raise self.failure

    def __enter__(self) -> "Background":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @contextlib.contextmanager
    def admitting(self) -> Iterator[None]:
        """Accept every connection meanwhile, also those that a rule would refuse."""
        mock = self._server.lifespan.state["mock"]
        mock.admits_all = True
        try:
            yield
        finally:
            mock.admits_all = False

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def _serve(self) -> None:
        try:
            self._server.serve_on(self._listener)
        except BaseException as error:
            self.failure = error
        finally:
            self._ready.set()


def ready_line(config: Config, url: str) -> str:
    """Return the first line of output."""
    time = "frozen" if config.frozen else f"x{config.speedup:g}"
    return f"mockbatch {__version__} ready on {url} (seed {config.seed}, clock {time}, delays {_delays(config)})"


def for_people(config: Config, url: str, recording: str | None = None) -> list[str]:
    """Return the lines that follow the ready line on a terminal."""
    key = "..." if config.api_key or recording else "sk-ant-anything"
    note = "  # one of --api-key" if config.api_key else "  # your own" if recording else ""
    recorded = config.replay is not None and config.takes_its_time
    return [
        "",
        *([] if recording else [f"  dashboard: {url}/"]),
        "  in the terminal of your program:",
        f"    export ANTHROPIC_BASE_URL={url}",
        f"    export ANTHROPIC_API_KEY={key}{note}",
        *([] if recording or recorded else (f"  {line}" for line in expected(config.profile(), clock_of(config, 0)))),
        "  Ctrl-C stops it.",
        "",
    ]


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def recording_line(upstream: str, url: str) -> str:
    """Return the first line of output of a recorder."""
    return f"mockbatch {__version__} recording {upstream} on {url}"


def _delays(config: Config) -> str:
    if config.progression != "time":
        return config.progression
    return "own" if config.wait or config.delay else config.delay_preset


def write_ready_file(path: Path, url: str) -> None:
    """Write the file atomically, so that no reader sees half of it."""
    content = {"url": url, "pid": os.getpid(), "version": __version__}
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(content))
    draft.replace(path)


def _uvicorn_config(app: Router, drain: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Protocol,
        lifespan="on",
        ws="none",
        access_log=False,
        proxy_headers=False,  # http/caller.py reads them
        log_config=None,
        server_header=False,
        timeout_keep_alive=heads.IDLE_SECONDS,
        timeout_graceful_shutdown=drain,  # type: ignore[arg-type]
    )


def _first_os_error(error: BaseException | None) -> OSError | None:
    while error is not None and not isinstance(error, OSError):
        error = error.__context__
    return error


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """Return False for records about calls that were cancelled because the server stops, which is no error."""
    if str(record.msg).startswith("Cancel "):
        return False
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _remembering(
    app: Router, failures: list[StoreError | FixtureError | OSError], tidied: Callable[[], Awaitable[None]]
) -> Router:
    """Wrap the lifespan of the app: collect startup errors, which uvicorn only logs, and await `tidied` at shutdown."""
    lifespan = app.lifespan_context

    @contextlib.asynccontextmanager
    async def remembered(app: Router):  # type: ignore[no-untyped-def]
        try:
            async with lifespan(app) as state:
                yield state
                await tidied()
        except (StoreError, FixtureError, OSError) as error:
            failures.append(error)
            logging.getLogger("uvicorn.error").disabled = True
            raise

    app.lifespan_context = remembered
    return app
