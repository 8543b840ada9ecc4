"""Replace functions wherever a reference to them is found."""

import sys
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

from mockbatch.testing.virtual_time.callers import is_machinery_module

_found: dict[str, tuple[tuple[int, int, int], list[str]]] = {}


class Replaced:
    """Replaces originals by substitutes between `start` and `stop`.

    `members` are attributes of classes, which exist once. Functions of modules are searched for in all loaded modules,
    since `from time import sleep` makes another reference, and in the defaults of functions, since
    `def wait(sleep=time.sleep)` does too.
    """

    def __init__(
        self, functions: Mapping[Any, Callable[..., Any]], members: Mapping[tuple[type, str], Callable[..., Any]]
    ) -> None:
        self._functions = {id(original): (original, substitute) for original, substitute in functions.items()}
        self._members = members
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        for (owner, name), substitute in self._members.items():
            self._put(owner, name, substitute)
        for module in list(sys.modules.values()):
            if isinstance(module, ModuleType) and _is_searched(module.__name__):
                self._in_module(module)

    def stop(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _put(self, owner: Any, name: str, substitute: Any) -> None:
        original = vars(owner)[name]
        setattr(owner, name, substitute)
        self._undo.append(lambda: setattr(owner, name, original))

    def _in_module(self, module: ModuleType) -> None:
        for name in self._copies(module):
            value = vars(module).get(name)
            if id(value) in self._functions:
                self._put(module, name, self._functions[id(value)][1])
            elif isinstance(value, FunctionType):
                self._in_defaults(value)
            elif isinstance(value, type):
                for member in list(vars(value).values()):
                    if isinstance(member, FunctionType):
                        self._in_defaults(member)

    def _copies(self, module: ModuleType) -> list[str]:
        """Return the names in a module that are or may hold references; cached while its size is unchanged."""
        content = vars(module)
        state = (id(module), len(content), len(self._functions))
        known = _found.get(module.__name__)
        if known and known[0] == state:
            return known[1]
        own = _is_own(module)
        names = [name for name, value in list(content.items()) if self._is_wanted(value, module, own)]
        _found[module.__name__] = (state, names)
        return names

    def _is_wanted(self, value: Any, module: ModuleType, own: bool) -> bool:
        if id(value) in self._functions:
            return True
        return own and isinstance(value, FunctionType | type) and getattr(value, "__module__", "") == module.__name__

    def _in_defaults(self, function: FunctionType) -> None:
        defaults, named = function.__defaults__, function.__kwdefaults__
        if defaults and any(id(value) in self._functions for value in defaults):
            function.__defaults__ = tuple(self._substitute(value) for value in defaults)
            self._undo.append(lambda: setattr(function, "__defaults__", defaults))
        if named and any(id(value) in self._functions for value in named.values()):
            function.__kwdefaults__ = {name: self._substitute(value) for name, value in named.items()}
            self._undo.append(lambda: setattr(function, "__kwdefaults__", named))

    def _substitute(self, value: Any) -> Any:
        return self._functions.get(id(value), (value, value))[1]


_LIBRARIES = tuple(dict.fromkeys(path for path in (sys.prefix + "/lib", sys.base_prefix + "/lib") if path))


def _is_searched(name: str) -> bool:
    return name in _HOMES or not is_machinery_module(name)


# machinery modules that user code imports the functions from
_HOMES = frozenset({"asyncio", "asyncio.tasks", "asyncio.timeouts", "anyio"})


def _is_own(module: ModuleType) -> bool:
    """Whether a module belongs to the project under test, not to an installed package."""
    path = getattr(module, "__file__", None)
    return path is not None and "site-packages" not in path and not path.startswith(_LIBRARIES)
