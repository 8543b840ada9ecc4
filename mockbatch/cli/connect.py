"""Connect to a running server and select the session of a command."""

import os
from functools import cached_property
from http.client import HTTPException
from typing import Any

import click

from mockbatch.cli import BadInput, CommandError, Unreachable, configured
from mockbatch.client.control import (
    Control,
    ControlError,
    Wire,
    WrongServer,
    check_version,
    credentials,
    greet,
)
from mockbatch.core.suggestions import did_you_mean

STRANGER = (401, 403)
"""The status codes for missing permissions."""
_UNKNOWN = 404
_HINT = "start one with `mockbatch serve`, or set --url or MOCKBATCH_URL"
_SHOWN = 5
_GREETING_SECONDS = 5


class NoSession(CommandError):
    """The server has no sessions yet."""


class Remote:
    """A server and the selected session: `session`, else that of the key, else the only one."""

    def __init__(self, url: str, api_key: str | None, control_key: str | None, session: str | None) -> None:
        self.url = url.rstrip("/")
        self.is_of_one = bool(api_key or session)
        self.api_key = api_key
        self._control_key, self._session = control_key, session
        try:
            self._wire = Wire(self.url)
        except ValueError as error:
            raise BadInput(f"--url: {error}") from None

    def close(self) -> None:
        self._wire.close()

    @cached_property
    def control(self) -> Control:
        """The control plane, not bound to a session. Raises Unreachable."""
        health_of(self.url, same_version=True)
        headers = credentials(os.environ, self.url, self._control_key)
        control = Control(self._wire.send, self._lost, headers)
        return control.of_session(self.api_key) if self.api_key else control

    @cached_property
    def mine(self) -> Control:
        """The control plane, bound to the selected session. Raises NoSession, BadInput."""
        if self._session:
            return self.control.about(self.identified(self._session))
        return self._of_key() if self.api_key else self._only()

    @property
    def session(self) -> dict[str, Any]:
        """The view of the selected session."""
        view: dict[str, Any] = self.mine.get("session")
        return view

    def sessions(self) -> list[dict[str, Any]]:
        """Return all sessions, the newest last."""
        views: list[dict[str, Any]] = self.control.get("sessions")["sessions"]
        return views

    def identified(self, name: str) -> str:
        """Return the ID of the session with this ID, label, or unique ID prefix. Raises BadInput."""
        try:
            views = self.sessions()
        except ControlError as error:
            if error.status in STRANGER:  # without permission to list sessions, take the name as the ID
                return name
            raise
        for view in views:
            if name in (view["id"], view["label"]):
                return str(view["id"])
        begun = [view["id"] for view in views if view["id"].startswith(name)]
        if len(begun) == 1:
            return str(begun[0])
        known = [word for view in views for word in (view["id"], view["label"]) if word]
        raise BadInput(f"there is no session {name!r}.{did_you_mean(name, known)} `mockbatch sessions` lists them")

    def _of_key(self) -> Control:
        """Select the session of the key. Warn if that opens a new one: the program may use another key."""
        try:
            self.control.get("session")
        except ControlError as error:
            if error.status != _UNKNOWN:
                raise
            click.echo("mockbatch: this key had no session; opened a new one", err=True)
        return self.control

    def _only(self) -> Control:
        try:
            views = self.sessions()
        except ControlError as error:
            if error.status in STRANGER:  # the next call reports what is missing
                return self.control
            raise
        if not views:
            raise NoSession(
                f"{self.url} has no sessions yet: the first call of a program opens one; set its key with --api-key"
            )
        if len(views) > 1:
            raise BadInput(
                f"there are {len(views)} sessions: {_names_of(views)}; choose one with --session or --api-key"
            )
        return self.control.about(views[0]["id"])

    def _lost(self, error: BaseException) -> Exception:
        return Unreachable(f"no response from {self.url}: {_reason(error)}")


def health_of(url: str, *, same_version: bool = False) -> dict[str, Any]:
    """Return the health of a server. Raises Unreachable if none responds, or something else does."""
    try:
        wire = Wire(url, _GREETING_SECONDS)
    except ValueError as error:
        raise BadInput(f"--url: {error}") from None
    try:
        health = greet(wire.send)
        if same_version:
            check_version(health)
    except WrongServer as error:
        raise Unreachable(f"the server at {url} {error}; {_HINT}") from None
    except (OSError, HTTPException) as error:
        raise Unreachable(f"no server at {url}: {_reason(error)}; {_HINT}") from None
    finally:
        wire.close()
    return health


def url_here() -> str:
    """Return the URL of the server configured here."""
    config, _ = configured({"config": None})
    return f"http://127.0.0.1:{config.port}"


def _names_of(views: list[dict[str, Any]]) -> str:
    names = [f"{view['label']} ({view['id']})" if view["label"] else view["id"] for view in views[:_SHOWN]]
    return ", ".join(names) + (" ..." if len(views) > _SHOWN else "")


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
