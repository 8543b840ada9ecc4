"""A rule: the rows or calls it matches, how it selects among them, and what it does to them.

Config files, flags, the control plane and Python share one notation: a table with the keys below, in which the keys of
`match` and `with` may also stand at the top level.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.conversion import threadsafe_convert
from mockbatch.core.rules.actions import ItemError, Outcome
from mockbatch.core.rules.during import During, parse_during
from mockbatch.core.rules.fault import Fault, Scope
from mockbatch.core.rules.faults import FAULTS, KEYED, meant_instead
from mockbatch.core.rules.match import Match, check
from mockbatch.core.rules.options import LARGEST_COUNT, RuleError
from mockbatch.core.suggestions import did_you_mean

ReadReply = Callable[[Any], Any]
"""Parses the `reply` of a rule. Raises ValueError."""

_ACTIONS = ("reply", "errored", "outcome", "fault", "http")
_LONGEST_NAME = 500
_COUNTING = ("skip", "times", "every", "probability")


class Rule(Struct, frozen=True, omit_defaults=True):
    """A parsed rule; it does exactly one of `reply`, `errored`, `outcome` and `fault`.

    `rate` is a share of the rows, `exactly` their number in each batch. Calls are counted: after the first `skip`
    calls, the rule applies to each, to one in `every`, or to each with a `probability`, at most `times` times. `during`
    is a span of virtual time, of the call or of the creation of the batch. A row submitted more than `fail_attempts`
    times is left alone.
    """

    name: str
    on: Scope
    match: Match = Match()
    rate: float | None = None
    exactly: int | None = None
    skip: int = 0
    times: int | None = None
    every: int | None = None
    probability: float | None = None
    during: During | None = None
    fail_attempts: int | None = None
    reply: Any = None
    errored: ItemError | None = None
    outcome: Outcome | None = None
    fault: str | None = None
    options: dict[str, Any] = {}
    id: str = ""
    enabled: bool = True

    def __hash__(self) -> int:
        return hash((self.name, self.on, self.match))

    @property
    def injected(self) -> Fault | None:
        """The fault with its options, if the rule injects one."""
        return None if self.fault is None else FAULTS[self.fault](self.options)

    @property
    def given_reply(self) -> Any:
        """The reply that the rule gives, also under the name of a fault; None if it gives none."""
        fault = self.injected
        return self.reply if fault is None else fault.reply()

    @property
    def chooses_calls(self) -> bool:
        """Whether the rule selects among the calls that it matches."""
        counting = self.skip or self.times or self.every or self.probability
        return bool(counting or self.match.nth or self.match.share or self.during)

    @property
    def unconditional(self) -> bool:
        """Whether the rule applies to everything in its scope."""
        return (
            self.enabled
            and not self.match.given()
            and not any((self.rate, self.exactly, self.skip, self.times, self.every, self.probability))
            and self.during is None
            and self.fail_attempts is None
        )


KEYS = (
    *("name", "on", "match", "rate", "exactly", *_COUNTING, "during", "fail_attempts"),
    *(*_ACTIONS, "with", "id", "enabled"),
)
"""All keys of a rule."""


def parse_rule(
    value: Any, where: str, *, read_reply: ReadReply | None = None, known_models: Iterable[str] = ()
) -> Rule:
    """Parse a table into a rule. `where` prefixes the error message.

    `known_models` are the allowed names of models; if empty, any name is allowed. Raises RuleError.
    """
    try:
        return _parsed(value, read_reply, known_models)
    except RuleError as error:
        raise RuleError(f"{where}: {error}" if where else str(error)) from None
    except (OverflowError, RecursionError):
        problem = "a number is too large, or a table too deeply nested"
        raise RuleError(f"{where}: {problem}" if where else problem) from None


def _parsed(value: Any, read_reply: ReadReply | None, known_models: Iterable[str]) -> Rule:
    if not isinstance(value, Mapping):
        raise RuleError(f"{value!r} is not a rule; a rule is a table")
    fault = _fault_of(value)
    given = _gathered(value, fault)
    _one_action(given)
    written = next((key for key in KEYED if key in given), "with")
    fault, given = _as_fault(fault, given)
    if fault is None and given["with"]:
        raise RuleError(f"with: needs a fault; this rule has {next(iter(given['with']))} but no fault")
    scope = _scope_of(given, fault)
    match = _struct(given.get("match", {}), Match, "match")
    options = _options_of(given.pop("with", {}), fault, written)
    during = parse_during(given.pop("during")) if "during" in given else None
    alias = fault(options).alias() if fault else {"outcome": _outcome_of(given)}
    if alias:
        fault, options = None, {}
    raw = {**given, "on": scope, "options": options, "fault": fault.name if fault else None}
    raw.pop("match", None)
    raw.pop("outcome", None)
    rule: Rule = _struct({"name": "", **raw}, Rule, "")
    rule = replace(rule, match=match, during=during, **(alias or {}))
    if "name" not in raw:
        rule = replace(rule, name=_name_of(rule))
    _check(rule, read_reply)
    check(match, scope, known_models)
    return rule


def _fault_of(value: Mapping[str, Any]) -> type[Fault] | None:
    name = value.get("fault")
    if name is None:
        return None
    fault = FAULTS.get(str(name))
    if fault is None:
        raise RuleError(f"fault: there is no {name!r}.{meant_instead(str(name))}")
    return fault


def _gathered(value: Mapping[str, Any], fault: type[Fault] | None) -> dict[str, Any]:
    """Return the table with top-level keys moved into `match` and `with`. Raises RuleError for unknown keys."""
    known = fault.options if fault else {}
    given: dict[str, Any] = {}
    match, options = dict(_table(value, "match")), dict(_table(value, "with"))
    for key, one in value.items():
        if key in ("match", "with"):
            continue
        if key in KEYS:
            given[key] = one
        elif key in known:
            options[key] = one
        elif key in Match.__struct_fields__:
            match[key] = one
        else:
            _refuse_key(key, [*KEYS, *Match.__struct_fields__, *known])
    return {**given, "match": match, "with": options}


def _table(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key, {})
    if not isinstance(found, Mapping):
        raise RuleError(f"{key}: {found!r} is not a table")
    return found


def _refuse_key(key: str, known: Iterable[str], prefix: str = "") -> None:
    known = list(known)
    raise RuleError(f"{prefix}{key}: unknown key.{did_you_mean(key, known)} Known: {', '.join(known)}")


def _one_action(given: Mapping[str, Any]) -> None:
    done = [name for name in _ACTIONS if given.get(name) is not None]
    if not done:
        raise RuleError(f"does nothing; give it one of {', '.join(_ACTIONS)}")
    if len(done) > 1:
        raise RuleError(f"{' and '.join(done)} exclude each other; give it one of them")


def _as_fault(fault: type[Fault] | None, given: dict[str, Any]) -> tuple[type[Fault] | None, dict[str, Any]]:
    """Return the table with a key such as `http` replaced by the fault that it stands for."""
    for key, keyed in KEYED.items():
        if key in given:
            value = given.pop(key)
            options = value if isinstance(value, Mapping) else {next(iter(keyed.options)): value}
            return keyed, {**given, "with": {**given["with"], **options}}
    return fault, given


def _scope_of(given: dict[str, Any], fault: type[Fault] | None) -> Scope:
    on = given.get("on", fault.on[0] if fault else "item")
    on = "http" if on == "*" else on
    scopes = get_args(Scope)
    if on not in scopes:
        raise RuleError(f"on: there is no scope {on!r}.{did_you_mean(str(on), scopes)} Known: {', '.join(scopes)}")
    if fault and on not in fault.on:
        raise RuleError(f"on: {fault.name} does not happen to {on!r}, only to {', '.join(fault.on)}")
    if given.get("outcome") is not None and on != "item":
        raise RuleError(f"on: rows have an outcome, {on!r} has none; write on = 'item'")
    if given.get("reply") is not None and on not in ("item", "messages"):
        raise RuleError(f"on: rows and messages have a reply, {on!r} has none; write on = 'item' or 'messages'")
    return cast(Scope, on)


def _options_of(given: Mapping[str, Any], fault: type[Fault] | None, written: str) -> dict[str, Any]:
    """Parse the options of a fault; `written` is the key that holds them."""
    if fault is None:
        return {}
    read = {}
    for name, value in given.items():
        if name not in fault.options:
            known = ", ".join(fault.options) or "none"
            raise RuleError(
                f"{written}.{name}: {fault.name} has no such option.{did_you_mean(name, fault.options)} Known: {known}"
            )
        try:
            read[name] = fault.options[name].read(value)
        except ValueError as error:
            raise RuleError(f"{written}.{name}: {error}") from None
    if problem := fault(read).problem():
        raise RuleError(f"{written}: {problem}")
    return read


def _outcome_of(given: Mapping[str, Any]) -> Outcome | None:
    outcome = given.get("outcome")
    known = get_args(Outcome)
    if outcome is not None and outcome not in known:
        near = did_you_mean(str(outcome), known)
        raise RuleError(f"outcome: there is no {outcome!r}.{near} Known: {', '.join(known)}")
    return cast(Outcome | None, outcome)


def _name_of(rule: Rule) -> str:
    if rule.errored:
        return f"errored {rule.errored.type}"
    return rule.fault or (f"outcome {rule.outcome}" if rule.outcome else "reply")


def _struct(value: Mapping[str, Any], kind: type[Any], prefix: str) -> Any:
    """Convert a table to a struct, parsing texts as numbers where numbers are expected."""
    try:
        if kind is Match and isinstance(value.get("header"), str):
            name, _, text = value["header"].partition(":")
            value = {**value, "header": {name.strip().lower(): text.strip() or "*"}}
        if kind is Match and isinstance(value.get("header"), Mapping):
            value = {**value, "header": {str(name).lower(): text for name, text in value["header"].items()}}
        return threadsafe_convert(_checked_keys(value, kind, prefix), kind, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        key = ".".join(filter(None, (prefix, path.rstrip("`"))))
        raise RuleError(f"{key}: {message}" if key else message) from None


def _checked_keys(value: Mapping[str, Any], kind: type[Struct], prefix: str) -> Mapping[str, Any]:
    for key in value:
        if key not in kind.__struct_fields__:
            _refuse_key(str(key), kind.__struct_fields__, prefix and f"{prefix}.")
    return value


def _check(rule: Rule, read_reply: ReadReply | None) -> None:
    """Raise RuleError for invalid numbers, and for selectors that contradict each other."""
    of_items, problems = rule.on == "item", []
    if not rule.name.strip():
        problems.append("name: a rule needs a name that is not blank")
    for key in ("name", "id"):
        text = getattr(rule, key)
        if len(text) > _LONGEST_NAME or not (text.isprintable() and _is_unicode(text)):
            problems.append(f"{key}: {text[:100]!r} is not one line of at most {_LONGEST_NAME} printable characters")
    if not of_items:
        problems += [
            f"{name}: selects rows, so it needs on = 'item'" + also
            for name, also in (("rate", "; for calls write probability"), ("exactly", ""), ("fail_attempts", ""))
            if getattr(rule, name) is not None
        ]
    else:
        problems += [
            f"{name}: counts calls, and rows have no order; write {instead}"
            for name, instead in (("skip", "rate"), ("times", "exactly"), ("every", "rate"), ("probability", "rate"))
            if getattr(rule, name)
        ]
    if rule.rate is not None and rule.exactly is not None:
        problems.append("rate and exactly contradict each other; give one of them")
    problems += [
        f"{name}: {value} never applies; it must be at least 1"
        for name in ("exactly", "times", "every", "fail_attempts")
        if (value := getattr(rule, name)) is not None and value < 1
    ]
    if rule.skip < 0:
        problems.append(f"skip: {rule.skip} is below 0")
    problems += [
        f"{name}: counts go up to 2**53"
        for name in ("skip", "exactly", "times", "every", "fail_attempts")
        if (getattr(rule, name) or 0) > LARGEST_COUNT
    ]
    problems += [
        f"{name}: {value:g} is not a share above 0 and up to 1"
        for name in ("rate", "probability")
        if (value := getattr(rule, name)) is not None and not 0 < value <= 1
    ]
    problems += _contradictions(rule)
    if problems:
        raise RuleError(problems[0])
    if rule.reply is not None and read_reply is not None:
        try:
            read_reply(rule.reply)
        except ValueError as error:
            raise RuleError(f"reply: {error}") from None


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _contradictions(rule: Rule) -> Iterable[str]:
    nth, attempt = rule.match.nth, rule.match.attempt
    if nth is not None and (rule.skip or rule.every or (rule.times or 1) > 1):
        yield "match.nth: there is only one nth call; skip, every and times contradict it"
    if attempt is not None and rule.fail_attempts is not None and attempt > rule.fail_attempts:
        yield f"fail_attempts: never applies at attempt {attempt}, which match.attempt requires"


def parse_rules(
    values: Any, where: Callable[[int], str], *, read_reply: ReadReply | None = None, known_models: Iterable[str] = ()
) -> tuple[Rule, ...]:
    """Parse a list of tables; `where` returns the prefix of error messages for an index. Raises RuleError."""
    if not isinstance(values, list):
        raise RuleError(f"{where(0)}: rules are a list of tables, written as [[rules]]")
    known = list(known_models)
    return together(
        [parse_rule(value, where(at), read_reply=read_reply, known_models=known) for at, value in enumerate(values)],
        where,
    )


def together(rules: Iterable[Rule], where: Callable[[int], str] = "rule {}".format) -> tuple[Rule, ...]:
    """Return the rules as one list with unique names. Raises RuleError for a rule that an earlier one hides."""
    placed: list[Rule] = []
    for at, rule in enumerate(rules):
        names = {other.name for other in placed}
        if hiding := next((other for other in placed if hides(other, rule)), None):
            raise RuleError(f"{where(at)}: can never match because {hiding.name!r} before it matches everything")
        if rule.name in names:
            number = next(n for n in range(2, len(placed) + 3) if f"{rule.name} {n}" not in names)
            rule = replace(rule, name=f"{rule.name} {number}")
        placed.append(rule)
    return tuple(placed)


def hides(first: Rule, second: Rule) -> bool:
    """Return whether a rule leaves nothing to match for a later one."""
    same = first.on == second.on and first.on not in ("webhook", "batch")
    fault = FAULTS.get(first.fault or "")
    return same and first.unconditional and not (fault and (fault.continues or fault.has("selects")))
