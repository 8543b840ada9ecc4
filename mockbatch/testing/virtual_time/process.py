"""Virtual time in whole processes: every Python under `mockbatch run --virtual-time`.

Real time passes, and sleeps jump ahead. Several processes share the clocks of the server: each advances them to its own
wake-up times.
"""

import contextlib
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from mockbatch.client.control import Control, ControlError, ServerGone, Wire
from mockbatch.testing.virtual_time import VirtualTime

HOMES = "MOCKBATCH_VIRTUAL_TIME"
"""The variable with the folders from which virtual time imports its modules."""


class SharedClock:
    """The clocks of all sessions of a server; the time is that of the key's session."""

    def __init__(self, url: str, owner: str, key: str) -> None:
        self._url, self._headers = url, {"x-mockbatch-owner": owner}
        self._connect()
        self._key = key
        try:
            self._now = self._shown()
        except ControlError:
            self._open()
            self._now = self._shown()

    def _open(self) -> None:
        """Open the session of the key, unless another process does."""
        with contextlib.suppress(ControlError):
            self._control.post("sessions", api_key=self._key)

    def _shown(self) -> float:
        """Return the time on the server."""
        return _seconds(self._control.of_session(self._key).get("clock")["now"])

    def _connect(self) -> None:
        self._control = Control(Wire(self._url).send, lambda error: ServerGone(str(error)), self._headers)

    def after_fork(self) -> None:
        """Open a new connection; the inherited one belongs to the parent."""
        self._connect()

    def time(self) -> float:
        """Return the time after the last move."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Advance by this many seconds from there."""
        self.advance_to(self._now + seconds)

    def advance_to(self, instant: float) -> None:
        """Advance all clocks to an instant, except those past it. Without a server, sleep in real time."""
        try:
            for session in self._control.get("sessions")["sessions"]:
                self._move(session["id"], instant)
            self._now = max(instant, self._shown())
        except (ServerGone, ControlError):
            time.sleep(max(instant - self._now, 0))
            self._now = instant

    def _move(self, session: str, instant: float) -> None:
        try:
            to = datetime.fromtimestamp(instant, UTC).isoformat()
            self._control.call("POST", f"/_mockbatch/clock/advance?session={session}", {"to": to})
        except ControlError as error:
            if error.status not in (400, 404):  # its clock is past that, or it was deleted
                raise


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class _WhenLoaded:
    """An import hook that calls a function once a module has been imported."""

    def __init__(self, name: str, call: Any) -> None:
        self._name, self._call = name, call
        self._loader: Any = None

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            self._loader, spec.loader = spec.loader, self  # type: ignore[assignment]
        return spec

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._call()


def begin(environ: Mapping[str, str]) -> None:
    """Start virtual time in this process and its forks. Raises any error that prevents it."""
    clock = SharedClock(environ["MOCKBATCH_URL"], environ["MOCKBATCH_OWNER"], environ["ANTHROPIC_API_KEY"])
    virtual = VirtualTime(clock, ticks=True)
    virtual.__enter__()

    def after_fork() -> None:
        clock.after_fork()
        virtual.after_fork()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=after_fork)
    if "anyio" not in sys.modules:
        sys.meta_path.insert(0, _WhenLoaded("anyio", virtual.replace_in_anyio))


def end() -> None:
    """End the virtual time that `begin` started, so that pytest's fixture can take over."""
    active = VirtualTime.active()
    if active is not None and active.ticks:
        active.__exit__(None, None, None)
