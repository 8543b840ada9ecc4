"""Replies computed by a user's function: `module:function`, called with the request, sync or async."""

import asyncio
import inspect
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from mockbatch.core.replies.draft import FUNCTION, ReplySpec
from mockbatch.core.replies.kinds import callable_reply
from mockbatch.core.replies.reply import Reply, ReplyError, Request

_log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds after which a function that has not returned is abandoned."""

Wanted = Sequence[tuple[ReplySpec, Request]]
Made = list[Reply | ReplyError | None]


@cache
def function_of(name: str) -> Callable[[Request], Any]:
    """Return the function named by `module:function`; the working directory is searched too. Raises ReplyError."""
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
        raise ReplyError(f"{name} is not a function; write it like mymodule:function")
    function: Callable[[Request], Any] = found
    return function


async def replies_of(wanted: Wanted, patience: float = PATIENCE) -> list[Reply | ReplyError]:
    """Return the replies of functions to some requests, in order; a ReplyError for each that raised or did not return.

    Functions run off the event loop: async ones in an event loop of their own, sync ones one after the other.
    """
    made: Made = [None] * len(wanted)
    while left := [at for at, reply in enumerate(made) if reply is None]:
        run = _Run([wanted[at] for at in left])
        await run.finished(patience)
        for at, reply in zip(left, run.made, strict=True):
            made[at] = reply
    return [reply for reply in made if reply is not None]


class _Run:
    """Function calls on a separate thread, which neither blocks other threads nor the end of the process: a function
    that does not return is abandoned.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.made: Made = [None] * len(wanted)
        self._wanted = wanted
        self._running: int | None = None
        self._begun = 0
        self._waiting = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._is_over = False
        threading.Thread(target=self._work, name="mockbatch functions", daemon=True).start()

    async def finished(self, patience: float) -> None:
        """Wait until all replies are made; abandon hanging functions if none is made for `patience` seconds."""
        while not self._is_over:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), patience)
            except TimeoutError:
                self._give_up(patience)
                return

    def _give_up(self, patience: float) -> None:
        running = self._running
        # others may only wait for the running one; if none is running, all started ones hang
        for at in range(self._begun) if running is None else (running,):
            if self.made[at] is None:
                name = self._wanted[at][0].options[FUNCTION]
                self.made[at] = ReplyError(f"{name} did not return within {patience:g} s")
        self.made = list(self.made)  # ignore later writes by the thread

    def _work(self) -> None:
        try:
            asyncio.run(self._all(self.made))
        except BaseException:
            _log.exception("the event loop of the reply functions failed")
            for at, reply in enumerate(self.made):
                self.made[at] = reply or ReplyError("the event loop of the reply functions failed")
        self._is_over = True
        self._tell()

    def _tell(self) -> None:
        try:
            self._waiting.call_soon_threadsafe(self._news.set)
        except RuntimeError:  # the server has stopped, and does not wait for replies
            return

    async def _all(self, made: Made) -> None:
        await asyncio.gather(*(self._one(at, made) for at in range(len(self._wanted))))

    async def _one(self, at: int, made: Made) -> None:
        spec, request = self._wanted[at]
        self._begun = max(self._begun, at + 1)
        self._running = at
        try:
            made[at] = await self._reply(spec, request)
        finally:
            self._running = None
        self._tell()

    async def _reply(self, spec: ReplySpec, request: Request) -> Reply | ReplyError:
        name = spec.options[FUNCTION]
        try:
            value = function_of(name)(request)
            if inspect.isawaitable(value):
                self._running = None
                value = await value
            return callable_reply(value, request, spec)
        except ReplyError as error:
            return error
        except BaseException as error:
            # whatever the function raises fails only its row, even SystemExit
            _log.error("%s failed on %s", name, request.custom_id or "a message", exc_info=_shown(error))
            return ReplyError(f"{name} raised {type(error).__name__}{_described(error)}")


def _described(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        return ""
    return f": {text}"


def _shown(error: BaseException) -> BaseException | None:
    """Return the error if it can be written to a log."""
    try:
        str(error)
    except BaseException:
        return None
    return error
