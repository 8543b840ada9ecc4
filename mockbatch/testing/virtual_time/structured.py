"""`anyio.sleep`, `fail_after` and `move_on_after` on virtual time, on asyncio; on trio they stay real."""

import asyncio
import math
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from mockbatch.testing.virtual_time.callers import is_machinery
from mockbatch.testing.virtual_time.tasks import Loops


class AnyioWaits:
    """Substitutes for anyio's functions, if anyio is loaded."""

    def __init__(self, loops: Loops) -> None:
        self._loops = loops
        self._anyio: Any = sys.modules.get("anyio")
        self.functions: dict[Callable[..., Any], Callable[..., Any]] = {}
        if self._anyio is not None:
            self._real_sleep = self._anyio.sleep
            self._scopes = {"fail_after": self._anyio.fail_after, "move_on_after": self._anyio.move_on_after}
            self.functions[self._real_sleep] = self._sleep
            for real in self._scopes.values():
                self.functions[real] = self._scope(real)

    def _sleep(self, delay: float) -> Coroutine[Any, Any, None]:
        if delay > 0 and not is_machinery() and _on_asyncio():
            return self._loops.sleep(delay, None)
        sleeping: Coroutine[Any, Any, None] = self._real_sleep(delay)
        return sleeping

    def _scope(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def scope(delay: float | None, *given: Any, **named: Any) -> AbstractContextManager[Any]:
            if delay is None or delay <= 0 or is_machinery() or not _on_asyncio():
                return real(delay, *given, **named)  # type: ignore[no-any-return]
            return self._virtual_scope(delay, lambda: real(None, *given, **named))

        return scope

    @contextmanager
    def _virtual_scope(self, delay: float, endless: Callable[[], Any]) -> Iterator[Any]:
        # a past deadline cancels the scope
        with endless() as scope, self._loops.alarm(delay, lambda: setattr(scope, "deadline", -math.inf)):
            yield scope


def _on_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
