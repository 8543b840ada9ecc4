"""Functions that tests let make replies."""

import asyncio
from itertools import count

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
