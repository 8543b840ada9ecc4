"""Each fault is carried out wherever it can be armed, and one that is not cannot be defined."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from mockbatch.core.rules.actions import Action, AfterBody, OnSuccess, Strike
from mockbatch.core.rules.fault import Fault
from mockbatch.core.rules.faults import FAULTS
from mockbatch.http.compression import CODINGS
from mockbatch.http.effects import ANSWERS, ON_RESPONSE

STRIKE = Strike("a rule", "a session", 7, "msgbatch_1", 1, 0, 0)


def defined(base: type[Fault] = Fault, **attributes: Any) -> type[Fault]:
    """A fault with these attributes, defined as a module of faults would do it."""
    return type("Odd", (base,), {"__doc__": "Something odd happens.", "name": "http.odd", **attributes})


def respond(fault: Fault, strike: Strike) -> Action | None:
    return None


@pytest.mark.parametrize("scope", ["item", "batch", "webhook", "create", "messages", "connection", "http"])
def test_a_fault_that_nothing_carries_out_is_refused(scope: str) -> None:
    """Else it would count its hits and do nothing."""
    with pytest.raises(TypeError, match=rf"^http\.odd: nothing carries it out on '{scope}'; define "):
        defined(on=(scope,))


def test_a_fault_is_carried_out_in_each_of_its_scopes() -> None:
    """What happens to a response happens neither to the rows nor to the view of a batch."""
    assert defined(on=("create", "connection"), response=respond).on == ("create", "connection")
    with pytest.raises(TypeError, match=r"nothing carries it out on 'batch'; define plan or view$"):
        defined(on=("create", "batch"), response=respond)


def test_a_fault_of_rows_says_what_becomes_of_them() -> None:
    """What it inherits is not enough."""
    with pytest.raises(TypeError, match=r"^http\.odd: nothing carries it out; define change$"):
        defined(FAULTS["results.omit"].__bases__[0])


@pytest.mark.parametrize("lacking", [{"on": ()}, {"on": ("create",), "__doc__": None}])
def test_a_fault_says_where_and_what_happens(lacking: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="a fault needs scopes, and a docstring"):
        defined(response=respond, **lacking)


def subclasses(fault: type[Fault]) -> Iterator[type[Fault]]:
    for one in fault.__subclasses__():
        yield one
        yield from subclasses(one)


def test_every_fault_is_registered_under_a_name_of_its_own() -> None:
    """A second one of the same name would hide the first."""
    named = [one for one in set(subclasses(Fault)) if one.name and one.__module__.startswith("mockbatch.")]
    assert sorted(one.name for one in named) == sorted(FAULTS)


def variants(fault: type[Fault]) -> list[Fault]:
    """The fault with each of the choices that it offers."""
    choices = {name: option.choices for name, option in fault.options.items() if option.kind == "choice"}
    return [fault(dict(zip(choices, chosen, strict=True))) for chosen in product(*choices.values())]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_every_action_on_a_response_has_a_hand(fault: type[Fault]) -> None:
    """Whatever is chosen; so do the responses that stand in for others."""
    for variant in variants(fault):
        action = variant.response(STRIKE)
        assert action is None or type(action) in ON_RESPONSE
        for nested in (action, variant.before(STRIKE)):
            if isinstance(nested, OnSuccess | AfterBody):
                assert type(nested.then) in ANSWERS


def test_every_wrong_encoding_has_a_hand() -> None:
    assert set(FAULTS["http.encoding"].options["how"].choices) == CODINGS.keys()
