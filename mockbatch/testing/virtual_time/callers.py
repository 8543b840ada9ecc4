"""Classify callers: code under test, or machinery that must see real time."""

import sys
import threading
from types import FrameType

# event loops, HTTP clients and servers, test runners: their sleeps and monotonic clocks stay real
_MACHINERY = frozenset(
    {
        *(
            "_pytest",
            "pytest",
            "pluggy",
            "pytest_asyncio",
            "pytest_timeout",
            "xdist",
            "execnet",
            "hypothesis",
            "coverage",
        ),
        *(
            "asyncio",
            "uvloop",
            "selectors",
            "anyio",
            "trio",
            "socket",
            "socketserver",
            "ssl",
            "http",
            "h11",
            "httptools",
        ),
        *(
            "httpx",
            "httpx2",
            "httpcore",
            "httpcore2",
            "urllib3",
            "requests",
            "aiohttp",
            "opentelemetry",
            "schemathesis",
        ),
        *("mockbatch", "uvicorn", "starlette", "aiosqlite", "time_machine", "debugpy", "pydevd", "faulthandler"),
        *("importlib", "logging", "multiprocessing", "subprocess"),
    }
)
# they wait on behalf of their callers
_GO_BETWEENS = frozenset({"threading", "queue", "concurrent", "contextlib", "functools", "sched", "_weakrefset"})
# a wait in one of these is for bytes from a peer, or for another process
_IN_FLIGHT = ("httpx2", "httpcore2", "httpx", "httpcore", "urllib3", "requests", "http", "aiohttp", "socket", "ssl")
_IN_FLIGHT_EXACTLY = frozenset({"asyncio.streams", "asyncio.subprocess", "asyncio.base_subprocess", "subprocess"})
# their threads work in real time
_OUTSIDERS = frozenset(
    {
        *("mockbatch", "uvicorn", "aiosqlite", "execnet", "xdist", "pytest_timeout"),
        *("coverage", "debugpy", "pydevd", "opentelemetry"),
    }
)
_WAITING_ROOMS = frozenset({"threading", "queue", "concurrent", "selectors"})

# threads that take no part in virtual time
outside: set[threading.Thread] = set()


def is_machinery(depth: int = 1) -> bool:
    """Whether the caller `depth` frames above the calling function is machinery."""
    if threading.current_thread() in outside:
        return True
    frame: FrameType | None = sys._getframe(depth + 1)
    while frame is not None:
        room = room_of(frame)
        if room not in _GO_BETWEENS:
            return room in _MACHINERY
        frame = frame.f_back
    return _thread_is_machinery(threading.current_thread())


def _thread_is_machinery(thread: threading.Thread) -> bool:
    """Whether a thread that runs only the standard library is machinery: a timer belongs to its creator."""
    function = getattr(thread, "function", None)
    module = getattr(function, "__module__", None) or ""
    return module.partition(".")[0] in _MACHINERY


def room_of(frame: FrameType) -> str:
    """Return the top-level package of a frame's code."""
    name: str = frame.f_globals.get("__name__") or ""
    return name.partition(".")[0]


def is_machinery_module(name: str) -> bool:
    """Whether a module is machinery for all callers."""
    return name.partition(".")[0] in _MACHINERY


def is_in_flight(frame: FrameType) -> bool:
    """Whether a frame waits for an external response."""
    return room_of(frame) in _IN_FLIGHT or frame.f_globals.get("__name__") in _IN_FLIGHT_EXACTLY


def is_waiting_room(frame: FrameType) -> bool:
    """Whether a frame belongs to code in which threads wait for each other."""
    return room_of(frame) in _WAITING_ROOMS


def is_outsider(frame: FrameType) -> bool:
    """Whether the thread that runs this frame takes no part in virtual time."""
    outermost = ""
    below: FrameType | None = frame
    while below is not None:
        room = room_of(below)
        outermost = outermost if room in _GO_BETWEENS else room
        below = below.f_back
    return outermost in _OUTSIDERS
