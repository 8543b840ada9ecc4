"""Run at the start of every Python under `mockbatch run --virtual-time`: start virtual time, then run the
`sitecustomize` that this module hides, if there is one.
"""

# must run on every Python since 3.8
from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from typing import Any

_OURS = ("mockbatch", "time_machine", "_time_machine")


class _Borrowed:
    """Finds only the modules that virtual time needs, in the environment of `mockbatch run`."""

    def __init__(self, folders: list[str]) -> None:
        self._folders = folders

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, self._folders) if name in _OURS else None


def _begin(folders: list[str]) -> None:
    borrowed: Any = _Borrowed(folders)
    sys.meta_path.append(borrowed)
    # time-machine would import pytest if it is installed
    sys.modules["pytest"] = None  # type: ignore[assignment]
    try:
        from mockbatch.testing.virtual_time.process import begin

        begin(os.environ)
    except Exception as error:
        _say(error)
    finally:
        del sys.modules["pytest"]
        sys.meta_path.remove(borrowed)


def _continue() -> None:
    """Restore sys.path, and run the `sitecustomize` that this module hides."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = sys.modules["sitecustomize"] = module_from_spec(spec)
        spec.loader.exec_module(module)


def _is_testing() -> bool:
    """Whether this is a run of pytest, which has a fixture instead."""
    return any(os.path.basename(word) in ("pytest", "py.test") for word in sys.orig_argv[:3])


def _say(problem: object) -> None:
    print(f"mockbatch: no virtual time in {sys.executable}: {problem}", file=sys.stderr)  # noqa: T201


if folders := os.environ.get("MOCKBATCH_VIRTUAL_TIME"):
    if sys.version_info < (3, 11):  # noqa: UP036
        _say("it needs Python 3.11")
    elif not _is_testing():
        _begin(folders.split(os.pathsep))
_continue()
