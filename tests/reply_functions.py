"""Functions that tests let make replies."""

import asyncio
from itertools import count
from threading import Event

from mockbatch.core.replies.reply import Request

_numbers = count()


def shout(request: Request) -> str:
    """What was asked, in capitals."""
    text: str = request.params["messages"][-1]["content"]
    return text.upper()


async def later(request: Request) -> dict[str, object]:
    """A whole message, after others had their turn."""
    await asyncio.sleep(0)
    return {
        "content": f"{request.custom_id} of {request.batch}",
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3},
    }


def numbered(request: Request) -> str:
    """Never the same."""
    return f"number {next(_numbers)}"


def picky(request: Request) -> str:
    """Nothing for those that it does not like."""
    if request.custom_id == "bad":
        raise LookupError("I do not like it")
    return "fine"


def odd(request: Request) -> object:
    """No reply at all."""
    return object()


release = Event()


def stuck(request: Request) -> str:
    """Does not return before it is released; only for those that ask for it."""
    if request.custom_id == "stuck":
        release.wait()
    return "fine"


async def endless(request: Request) -> str:
    """Never returns."""
    await asyncio.Event().wait()
    return "never"


async def stuck_later(request: Request) -> str:
    """Never returns for those that ask for it, and keeps nobody from their turn."""
    if request.custom_id == "stuck":
        await asyncio.Event().wait()
    return "fine"


class Unspeakable(BaseException):
    """An error that cannot be told."""

    def __str__(self) -> str:
        raise self


RAISED: dict[str, BaseException] = {
    "exit": SystemExit(3),
    "interrupt": KeyboardInterrupt(),
    "cancelled": asyncio.CancelledError(),
    "generator": GeneratorExit(),
    "memory": MemoryError(),
    "recursion": RecursionError(),
    "unspeakable": Unspeakable(),
    "surrogate": ValueError("\ud800"),
}


class Hostile:
    """A reply of which every attribute raises."""

    def __getattribute__(self, name: str) -> object:
        raise Unspeakable


def hostile(request: Request) -> object:
    """Whatever its custom_id names, raised; or what cannot be sent."""
    name = request.custom_id or ""
    if name in RAISED:
        raise RAISED[name]
    unusable = {
        "attributes": Hostile(),
        "letters": "\ud800",
        "tokens": {"content": "x", "usage": {"input_tokens": 10**30}},
        "negative": {"content": "x", "usage": {"input_tokens": -1}},
        "text": {"content": "x", "usage": {"input_tokens": "many"}},
        "details": {"content": "x", "stop_details": 3},
        "block": [{"type": "text", "text": object()}],
    }
    return unusable.get(name, "fine")


UNUSABLE = ("attributes", "letters", "tokens", "negative", "text", "details", "block")
