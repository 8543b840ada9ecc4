"""Texts that match a regular expression. Patterns are translated from JSON Schema's dialect and parsed by `re`.

Source: https://json-schema.org/understanding-json-schema/reference/regular_expressions
"""

import re
from functools import cache, lru_cache
from re import _constants as op
from re import _parser as parser
from typing import TYPE_CHECKING, Any

from mockbatch.core.bounded_cache import BoundedCache
from mockbatch.core.replies.rng import Rng
from mockbatch.core.replies.step_budget import StepBudget

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, FancyRegexOptions

_DIGITS, _LOWER, _UPPER = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WORD = _LOWER + _UPPER + _DIGITS + "_"
_PRINTABLE = "".join(map(chr, range(32, 127)))
_CATEGORIES = {
    op.CATEGORY_DIGIT: _DIGITS,
    op.CATEGORY_WORD: _WORD,
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_DIGIT: _LOWER,
    op.CATEGORY_NOT_WORD: " -.,",
    op.CATEGORY_NOT_SPACE: _LOWER + _DIGITS,
}
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_PROPERTIES = {"L": "a-zA-Z", "Lu": "A-Z", "Ll": "a-z", "N": "0-9", "Nd": "0-9", "P": r"!-/:-@", "S": "$+<=>", "Z": " "}
_PROPERTY = re.compile(r"\\p\{(?:Script=|General_Category=)?(\w+)\}")
_IN_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")
_ATTEMPTS = 40
_RARELY = 1 << 16
_MOST_TURNS = 200_000
_LONGEST = 10_000
_BACKTRACKS = 20_000
_UNBUDGETED = 2_000_000
_UNREADABLE = (re.error, OverflowError, RecursionError)


class NoMatch(Exception):
    """No matching text was found."""


def matching(
    pattern: str, dice: Rng, shortest: int = 0, longest: int | None = None, budget: StepBudget | None = None
) -> str:
    """Return a text of `shortest` to `longest` characters that contains a match of `pattern`. Raises NoMatch."""
    budget = budget or StepBudget(_UNBUDGETED)
    try:
        parsed, anchored = _parsed(pattern)
    except _UNREADABLE as error:
        raise NoMatch(f"{_shown(pattern)} is not a regular expression: {error}") from None
    extra = 2
    for _ in range(_ATTEMPTS):
        text = _Writer(dice, extra, budget).sequence(parsed)
        if len(text) < shortest and not anchored:
            text = text.ljust(shortest, "x")
        if len(text) < shortest:
            extra += max(shortest - len(text), 1)
        elif longest is not None and len(text) > longest:
            extra = max(extra // 2, 0)
        elif found(pattern, text):
            return text
    raise NoMatch(f"no text was found to match {_shown(pattern)}")


def nearly_matching(pattern: str, dice: Rng, budget: StepBudget) -> str:
    """Return a text built from `pattern`, ignoring lookarounds. Raises NoMatch."""
    try:
        return _Writer(dice, 0, budget).sequence(_parsed(pattern)[0])
    except _UNREADABLE as error:
        raise NoMatch(f"{_shown(pattern)} is not a regular expression: {error}") from None


def found(pattern: str, text: str) -> bool:
    """Return whether `pattern` matches in `text`; an invalid pattern never matches.

    The time is linear in the text: the engine does not backtrack, or only up to a limit.
    """
    engine = _engine(pattern)
    try:
        return engine is not None and engine.is_valid(text)
    except ValueError:  # a lone surrogate
        return False


def is_readable(pattern: str) -> bool:
    """Return whether the engine accepts a pattern."""
    return _engine(pattern) is not None


def size_of(pattern: str) -> int:
    """Return the number of parts an engine holds for a pattern, with its repetitions expanded."""
    try:
        return len(pattern) + _size(_parsed(pattern)[0])
    except _UNREADABLE:
        return len(pattern)


def _size(parsed: Any) -> int:
    return sum(_part_size(kind, argument) for kind, argument in parsed)


def _part_size(kind: Any, argument: Any) -> int:
    if kind in _REPEATS:
        least, most, inner = argument
        return int(_size(inner) * max(least, 0 if most is op.MAXREPEAT else most, 1))
    if kind is op.BRANCH:
        return sum(map(_size, argument[1]))
    if kind is op.SUBPATTERN:
        return _size(argument[-1])
    return _size(argument) if kind is op.ATOMIC_GROUP else 1


@cache
def engine_options() -> "FancyRegexOptions":
    """Return the engine options: patterns that need backtracking get a bounded number of steps."""
    # imported lazily: startup needs no schemas
    from jsonschema_rs import FancyRegexOptions

    return FancyRegexOptions(backtrack_limit=_BACKTRACKS)


def _compiled(pattern: str) -> "Draft202012Validator | None":
    from jsonschema_rs import Draft202012Validator

    try:
        return Draft202012Validator({"pattern": pattern}, pattern_options=engine_options())
    except ValueError:
        return None


def _read(pattern: str) -> tuple[Any, bool]:
    """Return the parsed expression, and whether it is anchored at the end of the text."""
    if len(pattern) > _LONGEST:
        raise OverflowError(f"it has more than {_LONGEST} characters")
    text = _translated(pattern)
    return parser.parse(text), text.endswith(("$", r"\Z"))


_engine = BoundedCache(_compiled, count=256, size=64 << 10)
_parsed = BoundedCache(_read, count=256, size=64 << 10)


def _shown(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 200 else f"{pattern[:200]}...")


def _translated(pattern: str) -> str:
    """Translate ECMA 262 syntax to Python's."""
    text = _IN_CLASS.sub(lambda found: _PROPERTY.sub(lambda name: _PROPERTIES.get(name[1], "a-z"), found[0]), pattern)
    text = _PROPERTY.sub(lambda name: f"[{_PROPERTIES.get(name[1], 'a-z')}]", text)
    text = re.sub(r"\\u\{([0-9a-fA-F]{1,6})\}", lambda code: f"\\U{code[1]:0>8}", text)
    return re.sub(r"\(\?<(?![=!])", "(?P<", text).replace(r"\/", "/")


class _Writer:
    """Writes one text; open-ended repetitions get up to `extra` more turns than required."""

    def __init__(self, dice: Rng, extra: int, budget: StepBudget) -> None:
        self._dice = dice
        self._budget = budget
        self._extra = extra
        self._groups: dict[int, str] = {}
        self._turns = 0

    def sequence(self, parsed: Any) -> str:
        self._budget.spend(len(parsed))
        return "".join(self._part(kind, argument) for kind, argument in parsed)

    def _part(self, kind: Any, argument: Any) -> str:
        if kind is op.LITERAL:
            return chr(argument)
        if kind is op.NOT_LITERAL:
            return self._dice.choose([letter for letter in _WORD if ord(letter) != argument])
        if kind is op.ANY:
            return self._dice.choose(_LOWER)
        if kind is op.IN:
            return self._dice.choose(_members(tuple(argument)))
        if kind is op.BRANCH:
            return self.sequence(self._dice.choose(argument[1]))
        if kind is op.SUBPATTERN:
            text = self.sequence(argument[-1])
            if argument[0] is not None:
                self._groups[argument[0]] = text
            return text
        if kind is op.ATOMIC_GROUP:
            return self.sequence(argument)
        if kind is op.GROUPREF:
            text = self._groups.get(argument, "")
            self._budget.spend(len(text) // 10)
            return text
        if kind in _REPEATS:
            return self._repeated(*argument)
        # anchors and lookarounds write nothing
        return ""

    def _repeated(self, least: int, most: int, parsed: Any) -> str:
        usual = max(least, 1) + self._extra
        turns = self._dice.between(least, min(most, usual, _RARELY)) if least < _RARELY else least
        self._turns += turns
        if self._turns > _MOST_TURNS:
            raise NoMatch("the pattern repeats too often")
        self._budget.spend(turns)
        return "".join(self.sequence(parsed) for _ in range(turns))


@lru_cache(maxsize=128)
def _members(argument: tuple[Any, ...]) -> str:
    """Return the characters of a class such as `[a-z_]`."""
    negated = argument[0][0] is op.NEGATE
    members: list[str] = []
    for kind, value in argument[negated:]:
        if kind is op.LITERAL:
            members.append(chr(value))
        elif kind is op.RANGE:
            members.extend(map(chr, range(value[0], min(value[1], value[0] + 127) + 1)))
        elif kind is op.CATEGORY:
            members.extend(_CATEGORIES.get(value, _LOWER))
    if not negated:
        return "".join(members)
    left = [letter for letter in _PRINTABLE if letter not in members]
    plain = [letter for letter in left if letter in _WORD]
    return "".join(plain or left) or "é"
