"""Regular expressions compiled on first use: a batch of short questions needs none of them."""

import re
from collections.abc import Callable
from typing import Any

_METHODS = ("search", "findall", "finditer", "match", "split")


class LazyPattern:
    """A lazily compiled pattern with the methods of a compiled one."""

    search: Callable[..., re.Match[str] | None]
    match: Callable[..., re.Match[str] | None]
    findall: Callable[..., list[Any]]
    finditer: Callable[..., Any]
    split: Callable[..., list[Any]]

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._pattern, self._flags = pattern, flags

    def __getattr__(self, name: str) -> Any:
        """Compile on first use; later lookups find the methods directly."""
        if name not in _METHODS:
            raise AttributeError(name)
        compiled = re.compile(self._pattern, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(self, name)
