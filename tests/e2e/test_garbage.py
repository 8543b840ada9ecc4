"""A call leaves no cyclic garbage: memory is free at once, not when the collector gets to it."""

import gc
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from types import FrameType
from typing import Any

import pytest

from mockbatch.testing.server import Server
from tests.builders import BATCHES, params, requests
from tests.campaign.calling import Caller

_TIMES = 5
_BATCH = {"requests": requests("a", "b")}
_BAD_ROW = {"requests": [{"custom_id": "a", "params": {"model": "claude-haiku-4-5"}}]}
_RULE = {"on": "create", "respond": "overloaded"}
CALLS: dict[str, tuple[str, str, Any]] = {
    "create": ("POST", BATCHES, _BATCH),
    "create, a row without messages": ("POST", BATCHES, _BAD_ROW),
    "create, no JSON": ("POST", BATCHES, b"{bad"),
    "create, an array cut off": ("POST", BATCHES, b'{"requests":[{"custom_id"'),
    "create, no UTF-8": ("POST", BATCHES, b'{"requests":["\xff"]}'),
    "create, no requests": ("POST", BATCHES, {"requests": []}),
    "create, another type": ("POST", BATCHES, {"requests": 1}),
    "list": ("GET", BATCHES, None),
    "list, a bad limit": ("GET", f"{BATCHES}?limit=x", None),
    "no such batch": ("GET", f"{BATCHES}/msgbatch_none", None),
    "no such path": ("GET", "/v1/nothing", None),
    "message": ("POST", "/v1/messages", params("hello")),
    "message, streamed": ("POST", "/v1/messages", params("hello", stream=True)),
    "message, refused": ("POST", "/v1/messages", {"model": "m"}),
    "message, no JSON": ("POST", "/v1/messages", b"["),
    "tokens": ("POST", "/v1/messages/count_tokens", params("hello")),
    "tokens, refused": ("POST", "/v1/messages/count_tokens", {}),
    "models": ("GET", "/v1/models", None),
    "files": ("GET", "/v1/files", None),
    "file, no form": ("POST", "/v1/files", b"x"),
    "session": ("POST", "/_mockbatch/sessions", {"label": "one"}),
    "session, no JSON": ("POST", "/_mockbatch/sessions", b"{"),
    "session, a bad option": ("POST", "/_mockbatch/sessions", {"options": {"speedup": "x"}}),
    "rules": ("PUT", "/_mockbatch/rules", []),
    "rules, a bad one": ("PUT", "/_mockbatch/rules", [{"on": "never"}]),
    "advance": ("POST", "/_mockbatch/clock/advance", {"by": "1s"}),
    "advance, a bad span": ("POST", "/_mockbatch/clock/advance", {"by": "soon"}),
    "snapshot": ("POST", "/_mockbatch/snapshots", None),
    "ledger": ("GET", "/_mockbatch/ledger", None),
    "summary": ("GET", "/_mockbatch/summary", None),
    "problems": ("GET", "/_mockbatch/problems", None),
    "journal": ("GET", "/_mockbatch/requests", None),
    "reset": ("POST", "/_mockbatch/reset", {"scope": "journal"}),
}


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with Server("thread", frozen=True) as server, closing(_caller(server)) as caller:
        gc.collect()
        gc.freeze()  # what is there already need not be searched again and again
        yield caller
        gc.unfreeze()


def _caller(server: Server) -> Caller:
    return Caller(int(server.url.rpartition(":")[2]), "sk-ant-test", 30)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_leaves_no_garbage(caller: Caller, call: tuple[str, str, Any]) -> None:
    assert garbage_of(caller, *call) == {}


@pytest.mark.parametrize("path", ["", "/results", "/cancel"])
def test_a_call_of_a_batch_that_has_ended_leaves_no_garbage(caller: Caller, path: str) -> None:
    id = json.loads(caller.call("POST", BATCHES, _BATCH).body)["id"]
    caller.call("POST", "/_mockbatch/clock/advance", {"by": "25h"})
    method = "POST" if path == "/cancel" else "GET"

    assert garbage_of(caller, method, f"{BATCHES}/{id}{path}") == {}


def test_garbage_would_be_found(caller: Caller) -> None:
    class Loop:
        def __init__(self) -> None:
            self.me = self

    Loop.__module__ = "mockbatch.loop"
    assert garbage_of(caller, "GET", BATCHES, before=Loop) == {"Loop": _TIMES}


def garbage_of(caller: Caller, method: str, path: str, content: Any = None, before: Any = None) -> Counter[str]:
    """Return the number of objects of this package that a call has left to the collector, by type."""
    caller.call(method, path, content)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(_TIMES):
            caller.call(method, path, content)
            if before:
                before()
        # the server tidies up after it has responded; the response to the next call says that it has
        caller.call("GET", "/health")
        gc.collect()
        found = Counter(_name(it) for it in gc.garbage if _is_ours(it))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    return Counter({name: number for name, number in found.items() if number >= _TIMES})


def _is_ours(it: object) -> bool:
    if isinstance(it, FrameType):
        return "/mockbatch/" in it.f_code.co_filename
    return type(it).__module__.partition(".")[0] == "mockbatch"


def _name(it: object) -> str:
    return it.f_code.co_qualname if isinstance(it, FrameType) else type(it).__name__
