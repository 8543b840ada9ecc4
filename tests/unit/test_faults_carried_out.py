"""Each fault of the registry has someone who carries it out, wherever it can be armed."""

import pytest

from mockbatch.core.rules.batch_faults import PLANNED
from mockbatch.core.rules.call_faults import FLAPS
from mockbatch.core.rules.fault import Fault, Scope
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.items import ROW_ACTIONS
from mockbatch.core.rules.life import LIFE_FAULTS, Plan, plan_of
from mockbatch.core.rules.message_faults import STREAMED
from mockbatch.core.rules.replied import REPLY_FAULTS
from mockbatch.core.rules.rules import PASSING, Rule, parse_rule
from mockbatch.core.rules.streams import work_of
from mockbatch.http.effects import BEFORE, ON_ANSWER, rows_of
from mockbatch.service.mishaps import NOTICE_FAULTS
from mockbatch.service.rules import SERVER_WIDE

PAIRS = [(fault, scope) for fault in FAULTS.values() for scope in fault.on]


def carried_out(rule: Rule, fault: Fault) -> bool:
    """Whether something becomes of a fault in the scope in which it was armed."""
    match rule.on:
        case "item":
            return fault.name in REPLY_FAULTS or fault.name in ROW_ACTIONS or bool(rule.errored or rule.outcome)
        case "batch" if fault.name in PLANNED:
            return plan_of([parse_rule({"fault": fault.name, "factor": 2}, "")]) != Plan()
        case "batch":
            return fault.name in LIFE_FAULTS
        case "webhook":
            return fault.name in NOTICE_FAULTS
    if ON_ANSWER.get(fault.name) is rows_of:
        return work_of(rule) is not None
    of_replies = rule.on == "messages" and fault.name in REPLY_FAULTS
    of_connections = rule.on == "connection" and fault.name in SERVER_WIDE
    return of_replies or of_connections or (fault.name in BEFORE) != (fault.name in ON_ANSWER)


@pytest.mark.parametrize(("fault", "scope"), PAIRS, ids=[f"{fault.name}-{scope}" for fault, scope in PAIRS])
def test_no_fault_is_without_a_hand(fault: Fault, scope: Scope) -> None:
    """Else it would count its hits and do nothing."""
    assert carried_out(parse_rule({"fault": fault.name, "on": scope, "with": fault.defaults()}, ""), fault)


@pytest.mark.parametrize("scope", ["item", "batch", "webhook", "create", "messages", "connection", "http"])
def test_a_fault_that_nobody_knows_would_be_found(scope: Scope) -> None:
    """So the test above can fail."""
    assert not carried_out(Rule("nothing", scope, fault="http.nothing"), Fault("http.nothing", (scope,), "", ""))


def test_nobody_carries_out_what_is_no_fault() -> None:
    """A name that is written wrongly in a table would be a fault that is missing elsewhere."""
    tables = (
        BEFORE,
        ON_ANSWER,
        LIFE_FAULTS,
        REPLY_FAULTS,
        NOTICE_FAULTS,
        ROW_ACTIONS,
        PASSING,
        FLAPS,
        PLANNED,
        STREAMED,
    )
    assert {name for table in (*tables, SERVER_WIDE) for name in table} <= FAULTS.keys()
