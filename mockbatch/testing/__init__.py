"""The API for tests: servers, sessions, virtual time. Names are imported on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockbatch.client.control import ControlError, ServerGone
    from mockbatch.testing.server import Server, ServerDied
    from mockbatch.testing.session import Problem, Problems, Session
    from mockbatch.testing.virtual_time import TimeStandsStill, VirtualTime

_ROOMS = {
    "ControlError": "mockbatch.client.control",
    "Problem": "mockbatch.testing.session",
    "Problems": "mockbatch.testing.session",
    "Server": "mockbatch.testing.server",
    "ServerDied": "mockbatch.testing.server",
    "ServerGone": "mockbatch.client.control",
    "Session": "mockbatch.testing.session",
    "TimeStandsStill": "mockbatch.testing.virtual_time",
    "VirtualTime": "mockbatch.testing.virtual_time",
}
__all__ = [
    "ControlError",
    "Problem",
    "Problems",
    "Server",
    "ServerDied",
    "ServerGone",
    "Session",
    "TimeStandsStill",
    "VirtualTime",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)
