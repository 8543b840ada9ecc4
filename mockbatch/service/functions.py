"""Replies that a function of the tester makes: `module:function`, given the request, sync or async."""

import asyncio
import inspect
import logging
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from mockbatch.core.replies.forms import ReplySpec
from mockbatch.core.replies.kinds import callable_reply
from mockbatch.core.replies.reply import Reply, ReplyError, Request

_log = logging.getLogger(__name__)


@cache
def function_of(name: str) -> Callable[[Request], Any]:
    """The function that `module:function` names, looked for in the working directory too. Raises ReplyError."""
    module, _, path = name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as error:
        raise ReplyError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
    if not path or not callable(found):
        raise ReplyError(f"{name} is no function; write it like mymodule:function")
    function: Callable[[Request], Any] = found
    return function


async def replies_of(wanted: Sequence[tuple[ReplySpec, Request]]) -> list[Reply | ReplyError]:
    """The replies of functions to some requests, in order; a ReplyError for each that raised.

    Functions run off the event loop: async ones in one of their own, others one after the other.
    """
    return await asyncio.to_thread(asyncio.run, _all(wanted))


async def _all(wanted: Sequence[tuple[ReplySpec, Request]]) -> list[Reply | ReplyError]:
    return await asyncio.gather(*(_reply(spec, request) for spec, request in wanted))


async def _reply(spec: ReplySpec, request: Request) -> Reply | ReplyError:
    name = spec.options["callable"]
    try:
        value = function_of(name)(request)
        if inspect.isawaitable(value):
            value = await value
        return callable_reply(value, request, spec)
    except ReplyError as error:
        return error
    except Exception as error:
        _log.exception("%s failed on %s", name, request.custom_id or "a message")
        return ReplyError(f"{name} raised {type(error).__name__}: {error}")
