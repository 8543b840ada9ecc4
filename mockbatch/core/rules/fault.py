"""The base class of faults.

A fault is a class: its docstring says what happens, its attributes say where and what the SDK does, its options are
typed attributes, and one method carries it out at the stage concerned.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, get_args

from mockbatch.core.rules.actions import Action, Delivery, Outcome, Plan, Shown, Sight, Strike
from mockbatch.core.rules.options import FaultParam
from mockbatch.core.vocabulary import Struck

Scope = Literal[Struck, "item", "batch", "connection", "http", "webhook"]
CALLS: tuple[Scope, ...] = get_args(Struck)
ANY_CALL: tuple[Scope, ...] = ("http", *CALLS)

_OF_CALLS = ("before", "response")
_STAGES: dict[Scope, tuple[str, ...]] = {
    "item": ("alias", "reply", "outcome"),
    "batch": ("plan", "view"),
    "webhook": ("delivery",),
    "messages": (*_OF_CALLS, "reply"),
    "connection": (*_OF_CALLS, "connect"),
}


class Fault:
    """A fault with the options that a rule gives it.

    A class with a `name` is a fault that rules can inject, in the scopes `on`, of which the first is the default. For
    each of them it defines a method that is carried out there, or it is refused: it would count hits and do nothing.
    `sdk` is the reaction of the official SDK, `modes` are the numbers of its failure modes, `test` names the test that
    demonstrates it, and `key` is the key of a rule that stands for it.

    If it `continues`, later rules are applied too. A `streamed` fault matches streamed messages only, a `server_wide`
    one applies before the session of a connection is known, and one with `progress` needs the actual row counts.
    """

    name: ClassVar[str] = ""
    on: ClassVar[tuple[Scope, ...]] = ()
    effect: ClassVar[str] = ""
    sdk: ClassVar[str] = ""
    modes: ClassVar[tuple[int, ...]] = ()
    test: ClassVar[str] = ""
    key: ClassVar[str] = ""
    options: ClassVar[dict[str, FaultParam]] = {}
    continues: ClassVar[bool] = False
    streamed: ClassVar[bool] = False
    server_wide: ClassVar[bool] = False
    progress: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {name: value for name, value in vars(cls).items() if isinstance(value, FaultParam)}
        bases = (base for base in cls.__bases__ if issubclass(base, Fault))
        cls.options = {name: one for base in bases for name, one in base.options.items()} | own
        if "name" in vars(cls):
            cls.effect = " ".join((cls.__doc__ or "").split())
            _check(cls)

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        """Set the options to parsed values, or to their defaults."""
        for name, option in self.options.items():
            setattr(self, name, option.load((given or {}).get(name, option.default)))

    @classmethod
    def has(cls, *stages: str) -> bool:
        """Return whether it defines one of these methods."""
        return any(getattr(cls, stage) is not getattr(Fault, stage) for stage in stages)

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the options that have a default."""
        return {name: option.default for name, option in cls.options.items() if option.default is not None}

    def problem(self) -> str | None:
        """Return what is wrong with the combination of options, if anything."""
        return None

    def selects(self, ordinal: int, age: int, *, chosen: bool) -> bool:
        """Return whether it applies to the `ordinal`th call for a batch of this age, `chosen` by its rule or not."""
        return True

    def connect(self) -> Action | None:
        """Return what is done to a new connection."""
        return None

    def before(self, strike: Strike) -> Action | None:
        """Return what is done to a call before it is handled, or instead of handling it."""
        return None

    def response(self, strike: Strike) -> Action | None:
        """Return what is done to the response."""
        return None

    def reply(self) -> dict[str, Any] | None:
        """Return the reply that it stands for."""
        return None

    def alias(self) -> dict[str, Any] | None:
        """Return the fields of the rule that it stands for."""
        return None

    def outcome(self, seed: int, rule: str) -> Callable[[str], Outcome] | None:
        """Return the function from the identity of a row to its outcome."""
        return None

    def plan(self) -> Plan | None:
        """Return what it fixes for a batch when it is created."""
        return None

    def view(self, shown: Shown, sight: Sight) -> Shown:
        """Return the batch as it is shown; equal to `shown` if nothing changes."""
        return shown

    def hides_results(self, ended_at: int, sight: Sight) -> bool:
        """Return whether a batch that ended at this instant has no results."""
        return False

    def delivery(self, delivery: Delivery, next_due: int, luck: float) -> Delivery:
        """Return the delivery of a webhook; `next_due` is when the next one of its session is due."""
        return delivery


def _check(fault: type[Fault]) -> None:
    """Raise TypeError for a fault that nothing carries out in one of its scopes."""
    if not fault.on or not fault.effect:
        raise TypeError(f"{fault.name}: a fault needs scopes, and a docstring that says what happens")
    for scope in fault.on:
        stages = _STAGES.get(scope, _OF_CALLS)
        if not fault.has(*stages):
            raise TypeError(f"{fault.name}: nothing carries it out on {scope!r}; define {' or '.join(stages)}")
    inherited = {name for base in fault.__mro__[:-2] for name in vars(base)}
    if missing := [name for name in inherited if getattr(getattr(fault, name), "__isabstractmethod__", False)]:
        raise TypeError(f"{fault.name}: nothing carries it out; define {' and '.join(sorted(missing))}")
