"""What the state of an account refuses, as the official SDK documents and raises it."""

import inspect
import re
from typing import Any, get_overloads

import anthropic
import pytest
from anthropic import _error_classes as sdk

from mockbatch.core.rules.account_faults import Refusal
from mockbatch.core.rules.fault import Scope
from mockbatch.core.rules.faults import FAULTS
from tests.builders import params, requests
from tests.e2e.faulty import Faulty, counted

ACCOUNT_FAULTS = [fault for fault in FAULTS.values() if issubclass(fault, Refusal)]
PAIRS = [(fault, scope) for fault in ACCOUNT_FAULTS for scope in fault.on]


def call(faulty: Faulty, scope: Scope) -> Any:
    """A call of the SDK in a scope."""
    batches = faulty.sdk.messages.batches
    calls: dict[str, Any] = {
        "create": lambda: batches.create(requests=requests("a")),  # type: ignore[arg-type]
        "retrieve": lambda: batches.retrieve("msgbatch_1"),
        "list": lambda: batches.list(),
        "cancel": lambda: batches.cancel("msgbatch_1"),
        "delete": lambda: batches.delete("msgbatch_1"),
        "results": lambda: faulty.sdk.get(
            "/v1/messages/batches/msgbatch_1/results", cast_to=str
        ),  # results() would retrieve the batch first
        "messages": lambda: faulty.sdk.messages.create(**params("hi")),
        "http": lambda: faulty.sdk.models.list(),
    }
    return calls[scope]()


@pytest.mark.parametrize(("fault", "scope"), PAIRS, ids=[f"{fault.name}-{scope}" for fault, scope in PAIRS])
def test_what_the_state_of_an_account_refuses(faulty: Faulty, fault: type[Refusal], scope: Scope) -> None:
    """The exception that has the code, after as many requests as its status is worth; and nothing is created."""
    faulty.arm(counted("http"), {"name": "no", "fault": fault.name, "on": scope})
    with pytest.raises(anthropic.APIStatusError) as raised:
        call(faulty, scope)
    error = raised.value
    assert type(error) is sdk.ERROR_CLASSES[fault.status, fault.error_code]
    assert f"`{raised.type.__name__}`" in fault.sdk
    assert error.status_code == fault.status
    body: Any = error.body
    assert body["error"]["details"] == {"error_code": fault.error_code}
    assert body["error"]["message"] == fault.text or not fault.text
    assert faulty.hits("no") == (3 if fault.status >= 429 else 1)
    faulty.control("DELETE", "rules")
    assert faulty.batches() == []


def documented(method: Any) -> set[str]:
    """The exceptions that the SDK documents for a call."""
    documents = [inspect.getdoc(one) or "" for one in (method, *get_overloads(method))]
    return {name for text in documents for name in re.findall(r"(\w+Error):", text.partition("Raises:")[2])}


@pytest.mark.parametrize("scope", ["create", "retrieve", "list", "cancel", "delete", "results"])
def test_everything_that_is_documented_for_a_call_of_batches_can_be_had(scope: Scope) -> None:
    """And nothing else: a release of the SDK that documents more is noticed."""
    method = getattr(anthropic.resources.messages.Batches, scope)
    ours = {sdk.ERROR_CLASSES[fault.status, fault.error_code].__name__ for fault in ACCOUNT_FAULTS if scope in fault.on}
    assert ours == documented(method)


def test_everything_for_messages_is_documented() -> None:
    """What an account refuses; what a request does itself is not among it."""
    ours = {
        sdk.ERROR_CLASSES[fault.status, fault.error_code].__name__ for fault in ACCOUNT_FAULTS if "messages" in fault.on
    }
    assert ours <= documented(anthropic.resources.messages.Messages.create)


def test_words_and_details_of_a_refusal(faulty: Faulty) -> None:
    """The known words, those of the caller, where to appeal, when to come back."""
    rules: list[dict[str, Any]] = [
        {"fault": "refused.organization_on_hold"},
        {"fault": "refused.organization_on_hold", "with": {"appeal_url": "https://example.com/appeal"}},
        {"fault": "refused.enforced_spend_limit_reached"},
        {"fault": "refused.cmek_key_disabled", "with": {"message": "the key is off"}},
    ]
    for nth, rule in enumerate(rules, 1):
        faulty.arm({**rule, "nth": nth})
    faulty.arm({"fault": "refused.ramp_limit_exceeded", "retry_after": 3})
    held, appealed, spent, key = (
        faulty.raw("POST", "/v1/messages/batches", {"requests": requests("a")}) for _ in rules
    )
    assert held.json()["error"] == {
        "type": "invalid_request_error",
        "message": "This organization has been disabled.",
        "details": {"error_code": "organization_on_hold"},
    }
    assert appealed.json()["error"]["details"]["appeal_url"] == "https://example.com/appeal"
    assert spent.status_code == 429
    assert "retry-after" not in spent.headers
    assert re.search(r"You will regain access on \d{4}-\d\d-01 at 00:00 UTC\.$", spent.json()["error"]["message"])
    assert key.json()["error"]["message"] == "the key is off"
    assert faulty.raw("POST", "/v1/messages", params("hi")).headers["retry-after"] == "3"
