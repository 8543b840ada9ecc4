"""A running server, and the session that a command means."""

import os
from functools import cached_property
from http.client import HTTPException
from typing import Any

import click

from mockbatch.cli import BadInput, Failure, Unreachable, configured
from mockbatch.client.control import (
    Control,
    ControlError,
    Wire,
    WrongServer,
    check_version,
    credentials,
    greet,
)
from mockbatch.core.names import did_you_mean

STRANGER = (401, 403)
"""The status of what a caller may not see."""
_UNKNOWN = 404
_HINT = "start one with `mockbatch serve`, or name yours with --url or MOCKBATCH_URL"
_SHOWN = 5
_GREETING_SECONDS = 5


class NoSession(Failure):
    """Nothing has called the server yet."""


class Remote:
    """A server and the session that is meant: that of `session`, else that of the key, else the only one there is."""

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
        """The control plane, as the caller and about no session in particular. Raises Unreachable."""
        health_of(self.url, same_version=True)
        headers = credentials(os.environ, self.url, self._control_key)
        control = Control(self._wire.send, self._lost, headers)
        return control.of_session(self.api_key) if self.api_key else control

    @cached_property
    def mine(self) -> Control:
        """The control plane, about the session that is meant. Raises NoSession, BadInput."""
        if self._session:
            return self.control.about(self.identified(self._session))
        return self._of_key() if self.api_key else self._only()

    @property
    def session(self) -> dict[str, Any]:
        """The session that is meant."""
        view: dict[str, Any] = self.mine.get("session")
        return view

    def sessions(self) -> list[dict[str, Any]]:
        """Return all sessions, those that were opened last at the end."""
        views: list[dict[str, Any]] = self.control.get("sessions")["sessions"]
        return views

    def identified(self, name: str) -> str:
        """Return the id of the session that has this id, this label, or an id that begins like this."""
        try:
            views = self.sessions()
        except ControlError as error:
            if error.status in STRANGER:  # who may not see the others knows the whole id
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
        """The session of the key. That it opens one is told: the key may be another than that of the program."""
        try:
            self.control.get("session")
        except ControlError as error:
            if error.status != _UNKNOWN:
                raise
            click.echo("mockbatch: the key had no session here; this call opens one", err=True)
        return self.control

    def _only(self) -> Control:
        try:
            views = self.sessions()
        except ControlError as error:
            if error.status in STRANGER:  # the next call says what is missing
                return self.control
            raise
        if not views:
            raise NoSession(
                f"{self.url} has no session yet: the first call of a program opens one; name its key with --api-key"
            )
        if len(views) > 1:
            raise BadInput(f"there are {len(views)} sessions: {_named(views)}; choose one with --session or --api-key")
        return self.control.about(views[0]["id"])

    def _lost(self, error: BaseException) -> Exception:
        return Unreachable(f"no answer from {self.url}: {_reason(error)}")


def health_of(url: str, *, same_version: bool = False) -> dict[str, Any]:
    """Return what a server tells of its health. Raise Unreachable if there is none, or something else."""
    try:
        wire = Wire(url, _GREETING_SECONDS)
    except ValueError as error:
        raise BadInput(f"--url: {error}") from None
    try:
        health = greet(wire.send)
        if same_version:
            check_version(health)
    except WrongServer as error:
        raise Unreachable(f"what answers at {url} {error}; {_HINT}") from None
    except (OSError, HTTPException) as error:
        raise Unreachable(f"no server at {url}: {_reason(error)}; {_HINT}") from None
    finally:
        wire.close()
    return health


def url_here() -> str:
    """Return the address of the server that is configured here."""
    config, _ = configured({"config": None})
    return f"http://127.0.0.1:{config.port}"


def _named(views: list[dict[str, Any]]) -> str:
    names = [f"{view['label']} ({view['id']})" if view["label"] else view["id"] for view in views[:_SHOWN]]
    return ", ".join(names) + (" ..." if len(views) > _SHOWN else "")


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
