"""A server for tests: in a thread, in a process, without a socket, or one that is running already."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from hashlib import sha256
from http.client import HTTPException
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal, Protocol, Unpack, get_args

from mockbatch import __version__
from mockbatch.client.control import (
    Control,
    ControlError,
    Send,
    ServerGone,
    Wire,
    WrongServer,
    check_version,
    credentials,
    greet,
    read_json,
)
from mockbatch.core.suggestions import did_you_mean
from mockbatch.testing.clients import Clients
from mockbatch.testing.session import Session

if TYPE_CHECKING:
    from mockbatch.testing.options import ServerOptions, SessionOptions

How = Literal["thread", "process", "memory", "kept"]

_PATIENCE_SECONDS = 20
_GLANCE_SECONDS = 0.005
_LINES = 20
_OF_PYTHON = ("PYTHONHOME", "PYTHONPATH")


class ServerDied(ServerGone):
    """The server died unexpectedly; the message has its last log lines."""


class Host(Protocol):
    """The thread, process or other environment that runs a server."""

    url: str

    pid: int | None

    def send(self) -> Send: ...

    def clients(self) -> Clients: ...

    def died(self) -> str | None:
        """Return why it ended if it was not stopped; None while it runs."""

    def stop(self) -> None: ...


class Server:
    """A server that is ready once constructed, and stopped when its context is left.

    `how` is `thread` (the fastest), `process`, `memory` (no socket; only clients of its sessions reach it), or `kept`
    (a process that outlives this one). The options are those of the command line; `port` defaults to a free one. More
    options are read from the file `config`, by default MOCKBATCH_CONFIG. `command` is the `mockbatch` of another
    environment, used to run the process. Raises ConfigError for invalid options, OSError for an unusable port,
    ValueError for an unusable command.
    """

    def __init__(
        self,
        how: How = "thread",
        *,
        config: str | Path | None = None,
        command: str | Path | None = None,
        **options: Unpack["ServerOptions"],
    ) -> None:
        owner = token_hex(16)
        how = "process" if command and how == "thread" else how
        program = _found(command, how) if command else None
        self._begin(_hosted(how, config, options, owner, program), how, {"x-mockbatch-owner": owner})
        if program:
            self._check_version()

    def _begin(self, host: Host, how: str, headers: Mapping[str, str]) -> None:
        self._host = host
        self._how = how
        self._stopped = False
        self.url = host.url
        self.pid = host.pid
        self.control = Control(host.send(), self._lost, headers)
        self._chooses = False

    def _check_version(self) -> None:
        try:
            _greet(self.url)
        except BaseException:
            self.stop()
            raise

    @classmethod
    def at(cls, url: str, control_key: str | None = None) -> "Server":
        """Connect to a running server. A control key, by default MOCKBATCH_CONTROL_KEY, gives access to sessions that
        others opened. Raises ServerGone if none responds, ValueError for another version.
        """
        server = cls.__new__(cls)
        server._begin(_Foreign(url), "adopted", credentials(os.environ, url, control_key))
        _greet(url)
        return server

    def __repr__(self) -> str:
        state = "stopped" if self._stopped else "died" if self._host.died() else "ready"
        return f"<Server {__version__} {state} at {self.url} ({self._how})>"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the server, unless it was already running when connected to."""
        if not self._stopped:
            self._stopped = True
            self._host.stop()

    def session(self, label: str = "", *, api_key: str | None = None, **options: Unpack["SessionOptions"]) -> Session:
        """Open a session with its own options. Raises ControlError for invalid ones, or if the key has a session."""
        given: dict[str, Any] = {"label": label, "options": options, "api_key": api_key}
        view = self._opened({name: value for name, value in given.items() if value})
        return Session(self.control, self._host.clients(), view)

    def _opened(self, given: dict[str, Any]) -> Any:
        """Open a session. If the server refuses to generate a key for us, derive one from the label."""
        if not self._chooses:
            try:
                return self.control.post("sessions", **given)
            except ControlError as error:
                if error.status not in (401, 403):
                    raise
        for key in [given["api_key"]] if "api_key" in given else _keys(given.get("label", "")):
            try:
                view = self.control.of_session(key).post("sessions", **{**given, "api_key": key})
            except ControlError as error:
                if error.status != 409 or "api_key" in given:
                    raise
            else:
                self._chooses = True
                return view
        raise AssertionError("there is always one more key")

    def sessions(self) -> list[dict[str, Any]]:
        """Return all sessions, as the control plane shows them."""
        sessions: list[dict[str, Any]] = self.control.get("sessions")["sessions"]
        return sessions

    def info(self) -> dict[str, Any]:
        """Return the version, options and state of the server."""
        info: dict[str, Any] = self.control.get("info")
        return info

    def check_alive(self) -> None:
        """Raise ServerDied, with the last log lines, if the server ended unexpectedly."""
        if not self._stopped and (how := self._host.died()):
            raise ServerDied(f"the mockbatch server at {self.url} died: {how}")

    def _lost(self, error: BaseException) -> Exception:
        if self._stopped:
            return ServerGone(f"the mockbatch server at {self.url} was stopped")
        # its exit may be noticed a moment after the connection error
        deadline = time.monotonic() + 1
        while isinstance(error, ConnectionError) and not self._host.died() and time.monotonic() < deadline:
            time.sleep(_GLANCE_SECONDS)
        if how := self._host.died():
            return ServerDied(f"the mockbatch server at {self.url} died: {how}")
        return ServerGone(f"no response from the mockbatch server at {self.url}: {error}")


def _keys(label: str) -> Iterator[str]:
    for number in count():
        yield f"sk-ant-mock-{sha256(f'{label} {number}'.encode()).hexdigest()[:16]}"


def _found(command: str | Path, how: str) -> str:
    """Return the path of a command. Raises ValueError if there is none, or it cannot run such a server."""
    if how not in ("process", "kept"):
        raise ValueError(f"command: it runs a process, not {how!r}")
    if path := shutil.which(command):
        return path
    raise ValueError(f"command: there is no executable {str(command)!r}")


def _hosted(how: str, named: str | Path | None, options: Mapping[str, Any], owner: str, program: str | None) -> Host:
    from msgspec.structs import replace

    from mockbatch.config import OWNER, resolve, texts_of

    texts = {"port": "0", **texts_of({name: it for name, it in options.items() if it is not None}, "Server()")}
    file = named or os.environ.get("MOCKBATCH_CONFIG") or None
    config, _ = resolve(texts, os.environ, Path(file) if file else None, None)
    config = replace(config, owner=owner)
    if how == "thread":
        return _Thread(config)
    if how in ("process", "kept"):
        # else it would read a file in its working directory
        environ = {OWNER: owner, "MOCKBATCH_CONFIG": str(file or os.devnull)}
        return _Process(texts, environ, program, kept=how == "kept")
    if how == "memory":
        from mockbatch.testing.transports import Memory

        return Memory(config)
    known = get_args(How)
    raise ValueError(f"how: there is no {how!r}.{did_you_mean(str(how), known)} Known: {', '.join(known)}")


class _Socket:
    """A host with a URL to connect to."""

    url: str
    pid: int | None = None
    _wire: Wire

    def send(self) -> Send:
        self._wire = Wire(self.url)
        return self._wire.send

    def clients(self) -> Clients:
        return Clients(self.url)


class _Foreign(_Socket):
    """A running server that we did not start."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def died(self) -> str | None:
        return None

    def stop(self) -> None:
        self._wire.close()


class _Thread(_Socket):
    """A server in a thread of this process."""

    def __init__(self, config: Any) -> None:
        from mockbatch.http.app import create_app
        from mockbatch.server import Background

        self._background = Background(create_app(config), config.host, config.port)
        self.url = self._background.url

    def died(self) -> str | None:
        if self._background.is_alive:
            return None
        failure = self._background.failure
        return f"{failure!r}" if failure else "its thread ended"

    def stop(self) -> None:
        self._wire.close()
        self._background.stop()


class _Process(_Socket):
    """A server in its own process, which ends with this one unless `kept`."""

    def __init__(
        self, texts: Mapping[str, str], environ: Mapping[str, str], program: str | None, *, kept: bool
    ) -> None:
        self._kept = kept
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._folder = tempfile.TemporaryDirectory(prefix="mockbatch-")
        ready = Path(self._folder.name) / "ready.json"
        variables = {f"MOCKBATCH_{name.upper()}": text for name, text in {**texts, "ready_file": str(ready)}.items()}
        # another environment must not import from this process's paths
        around = {name: it for name, it in os.environ.items() if not (program and name in _OF_PYTHON)}
        self._process = subprocess.Popen(
            [*([program] if program else [sys.executable, "-m", "mockbatch"]), "serve" if kept else "serve-child"],
            env={**around, **environ, **variables},
            stdin=subprocess.DEVNULL if kept else subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=kept,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, name="mockbatch log", daemon=True)
        self._reader.start()
        self.url = self._wait(ready)

    def died(self) -> str | None:
        code = self._process.poll()
        if code is None:
            return None
        self._reader.join(1)
        lines = "".join(f"\n  {line}" for line in self._lines) or " nothing"
        return f"exit code {code}; last output:{lines}"

    def stop(self) -> None:
        self._wire.close()
        if self._kept:
            self._process.returncode = 0  # so that Popen does not wait for it or warn
            return
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._tidy()

    def _wait(self, ready: Path) -> str:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not ready.exists():
            if how := self.died():
                self._tidy()
                raise ServerDied(f"the mockbatch server did not start: {how}")
            if time.monotonic() > deadline:
                self._process.kill()
                self._tidy()
                raise ServerGone(f"the mockbatch server was not ready within {_PATIENCE_SECONDS} s")
            time.sleep(_GLANCE_SECONDS)
        url: str = read_json(ready.read_bytes())["url"]
        return url

    def _tidy(self) -> None:
        self._process.wait()
        self._reader.join()
        if self._process.stdin:
            self._process.stdin.close()
        self._folder.cleanup()

    def _read(self) -> None:
        assert self._process.stderr
        with self._process.stderr as lines:
            self._lines.extend(line.rstrip() for line in lines)


def _greet(url: str) -> None:
    """Check that a mockbatch of this version responds at a URL. Raises ServerGone or ValueError."""
    wire = Wire(url)
    try:
        check_version(greet(wire.send))
    except (OSError, HTTPException) as error:
        raise ServerGone(f"no server responds at {url}: {error}") from None
    except WrongServer as error:
        raise WrongServer(f"the server at {url} {error}") from None
    finally:
        wire.close()
