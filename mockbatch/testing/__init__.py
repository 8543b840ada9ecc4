"""The tester's kit: a server, sessions, virtual time. What is used is imported, so that the rest costs nothing."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockbatch.testing.control import ControlError, ServerGone
    from mockbatch.testing.server import Server, ServerDied
    from mockbatch.testing.session import Problem, Problems, Session
    from mockbatch.testing.virtual_time import TimeStandsStill, VirtualTime

_ROOMS = {
    "ControlError": "control",
    "Problem": "session",
    "Problems": "session",
    "Server": "server",
    "ServerDied": "server",
    "ServerGone": "control",
    "Session": "session",
    "TimeStandsStill": "virtual_time",
    "VirtualTime": "virtual_time",
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
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
