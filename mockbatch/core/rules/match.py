"""The conditions that select the rows and calls of a rule."""

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import lru_cache
from typing import Any

from msgspec import Struct

from mockbatch.core.expressions import LONGEST, searcher
from mockbatch.core.replies.request_access import messages_of, tools_of
from mockbatch.core.rules.fault import CALLS, Scope
from mockbatch.core.rules.options import LARGEST_COUNT, RuleError, check_header_name

Test = Callable[[str], Any]
"""A predicate on a text; its result is truthy if the text matches."""

_LONGEST_GLOB = 1_000
_WILD = re.compile(r"[*?\[]")


class Match(Struct, frozen=True, omit_defaults=True):
    """The conditions on a row or a call; all must hold. None always holds.

    `model`, `custom_id`, `tool`, `session`, `batch` and the values of `header` are globs, or regular expressions after
    `re:`. `prompt` and `system` match anywhere in the text, as a substring or a regular expression after `re:`. `nth`
    is the nth call that meets the other conditions, `attempt` the 1-based count of submissions of the row, `share` a
    share of all rows, which is the same for every rule.
    """

    model: str | None = None
    custom_id: str | None = None
    prompt: str | None = None
    system: str | None = None
    tool: str | None = None
    header: dict[str, str] | None = None
    session: str | None = None
    batch: str | None = None
    nth: int | None = None
    attempt: int | None = None
    share: float | None = None

    def given(self) -> list[str]:
        """Return the names of the conditions that are set."""
        return [name for name in self.__struct_fields__ if getattr(self, name) is not None]

    def __hash__(self) -> int:
        return hash((self.model, self.custom_id, self.prompt, self.nth, self.attempt))


_OF_PARAMS = frozenset({"model", "prompt", "system", "tool"})
_OF_CALLS = frozenset({"header", "session", "nth"})
_OF_ONE_BATCH = _OF_CALLS | {"batch"}
MATCHES: dict[Scope, frozenset[str]] = {
    "item": _OF_PARAMS | {"custom_id", "header", "session", "batch", "attempt", "share"},
    "messages": _OF_PARAMS | _OF_CALLS,
    "batch": _OF_ONE_BATCH | {"share"},
    "create": _OF_CALLS,
    "list": _OF_CALLS,
    "retrieve": _OF_ONE_BATCH,
    "cancel": _OF_ONE_BATCH,
    "delete": _OF_ONE_BATCH,
    "results": _OF_ONE_BATCH,
    "http": _OF_ONE_BATCH,
    "connection": _OF_ONE_BATCH,
    "webhook": frozenset({"session", "batch", "nth"}),
}
"""The conditions allowed in each scope."""


@lru_cache(maxsize=1024)
def test_of(pattern: str) -> Test:
    """Return a predicate on a whole text: a glob, or a regular expression after `re:`. Raises RuleError."""
    if pattern.startswith("re:"):
        return _expression(pattern)
    if not _WILD.search(pattern):
        return pattern.__eq__
    if len(pattern) > _LONGEST_GLOB:
        raise RuleError(f"a glob has at most {_LONGEST_GLOB:,} characters, not {len(pattern):,}")
    return re.compile(translate(pattern)).match


@lru_cache(maxsize=1024)
def search_of(pattern: str) -> Test:
    """Return a predicate for a substring, or a regular expression after `re:`. Raises RuleError."""
    if pattern.startswith("re:"):
        return _expression(pattern)
    return lambda text: pattern in text


def _expression(pattern: str) -> Test:
    try:
        return searcher(pattern[3:])
    except ValueError as error:
        raise RuleError(f"{pattern[:100]!r} is not a usable regular expression: {error}") from None


def literal(pattern: str) -> str | None:
    """Return the only text that a pattern matches, or None if it has wildcards."""
    return None if pattern.startswith("re:") or _WILD.search(pattern) else pattern


class Prompt:
    """The texts of a request, built on first use."""

    __slots__ = ("_prompt", "_system", "params")

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self._prompt: str | None = None
        self._system: str | None = None

    @property
    def prompt(self) -> str:
        if self._prompt is None:
            found = [message.get("content") for message in messages_of(self.params)]
            if len(found) == 1 and isinstance(found[0], str):
                self._prompt = found[0]
            else:
                self._prompt = "\n".join(text for content in found for text in _texts(content))
        return self._prompt

    @property
    def system(self) -> str:
        if self._system is None:
            self._system = "\n".join(_texts(self.params.get("system")))
        return self._system

    def tools(self) -> Iterable[str]:
        return [str(tool.get("name")) for tool in tools_of(self.params)]


def _texts(content: Any) -> Iterable[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, dict):
                yield from _texts(block.get("text"))
                yield from _texts(block.get("content"))


def params_test(match: Match, *, prompt: bool = True) -> Callable[[Prompt], Any] | None:
    """Return the test of prompt, system and tool, or None if the rule has none of them.

    With `prompt=False`, the caller tests a plain text in the prompt.
    """
    tests: list[Callable[[Prompt], Any]] = []
    if match.prompt is not None and (prompt or match.prompt.startswith("re:")):
        in_prompt = search_of(match.prompt)
        tests.append(lambda request: in_prompt(request.prompt))
    if match.system is not None:
        in_system = search_of(match.system)
        tests.append(lambda request: in_system(request.system))
    if match.tool is not None:
        is_tool = test_of(match.tool)
        tests.append(lambda request: any(map(is_tool, request.tools())))
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda request: all(test(request) for test in tests)


def check(match: Match, scope: Scope, known_models: Iterable[str]) -> None:
    """Raise RuleError, with the key first, for a condition that can never match or makes no sense in this scope."""
    for name in match.given():
        if name not in MATCHES[scope]:
            raise RuleError(f"match.{name}: {_misplaced(name, scope)}")
        value = getattr(match, name)
        for pattern in value.values() if name == "header" else (value,):
            if isinstance(pattern, str):
                check_pattern(f"match.{name}", pattern)
    for name in ("nth", "attempt"):
        if (number := getattr(match, name)) is not None and not 1 <= number <= LARGEST_COUNT:
            raise RuleError(f"match.{name}: {number} never occurs; counts go from 1 to 2**53")
    if match.share is not None and not 0 < match.share <= 1:
        raise RuleError(f"match.share: {match.share:g} is not a share above 0 and up to 1")
    for header in match.header or {}:
        _check_header(header)
    if match.custom_id is not None:
        _check_custom_id(match.custom_id)
    if match.model is not None:
        _check_model(match.model, list(known_models))


def _misplaced(name: str, scope: Scope) -> str:
    if name in ("nth", "attempt", "share"):
        counted = {"nth": "calls", "attempt": "rows", "share": "rows and batches"}[name]
        return f"counts {counted}, so it never matches on = {scope!r}"
    if scope in CALLS and name in MATCHES["item"]:
        return f"a {scope} call has none; for the rows of a batch write on = 'item'"
    return f"never matches on = {scope!r}. Known there: {', '.join(sorted(MATCHES[scope]))}"


def check_pattern(where: str, pattern: str) -> None:
    """Raise RuleError for an unusable pattern."""
    if not pattern:
        raise RuleError(f"{where}: an empty pattern is not allowed")
    if len(pattern) > LONGEST:
        raise RuleError(f"{where}: a pattern has at most {LONGEST:,} characters, not {len(pattern):,}")
    try:
        test_of(pattern)
    except RuleError as error:
        raise RuleError(f"{where}: {error}") from None


def _check_header(name: str) -> None:
    try:
        check_header_name(name)
    except ValueError as error:
        raise RuleError(f"match.header: {error}") from None


def _check_custom_id(pattern: str) -> None:
    if not pattern.startswith("re:") and (wrong := re.search(r"[^a-zA-Z0-9_\-*?\[\]!]", pattern)):
        raise RuleError(f"match.custom_id: {pattern!r} can never match, a custom_id cannot contain {wrong[0]!r}")
    if (name := literal(pattern)) is not None and len(name) > 64:
        raise RuleError("match.custom_id: a custom_id of more than 64 characters can never match")


def _check_model(pattern: str, known: list[str]) -> None:
    # not before: a rule without a model needs no names
    from mockbatch.core.suggestions import did_you_mean

    if known and not any(map(test_of(pattern), known)):
        raise RuleError(f"match.model: no model is called {pattern!r}.{did_you_mean(pattern, known)}")
