"""The table of refusals over HTTP: what a batch is answered, whoever looks, and when."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockbatch.client.checking import Check
from mockbatch.client.splitting import Splitter
from mockbatch.core.contract.catalog import MODELS, Models
from mockbatch.core.contract.params import Terms
from mockbatch.core.contract.refusals import TABLE, Example, Refusal
from mockbatch.core.contract.refusals.refusal import NEWEST, OLDEST
from mockbatch.core.money.prices import Prices
from mockbatch.files.documents import Line
from tests.builders import Api, serving
from tests.drift.grammar import Sample, newest
from tests.drift.requests import samples
from tests.refused import is_worded

BODIES = [entry for entry in TABLE if entry.stage == "create" and "body" in entry.refused.change]
ROWS = [entry for entry in TABLE if entry.stage == "row" and entry.refused.surface == "batch"]
PRICES = Prices()


VERSION, KEY = {"anthropic-version": NEWEST}, {"x-api-key": "sk-ant-any"}
CALLS: dict[str, tuple[str, dict[str, str]]] = {
    "no key": ("/v1/models", VERSION),
    "an unknown key": ("/v1/models", {**VERSION, "x-api-key": "sk-ant-admin-1"}),
    "no version": ("/v1/models", KEY),
    "an unknown version": ("/v1/models", {**KEY, "anthropic-version": "2027-01-01"}),
    "an unknown beta": ("/v1/models", {**KEY, **VERSION, "anthropic-beta": "none-such-2026-01-01"}),
    "an empty beta header": ("/v1/models", {**KEY, **VERSION, "anthropic-beta": ""}),
    "an unknown path": ("/v2/models", {**KEY, **VERSION}),
}


@pytest.fixture(scope="module")
def later() -> Iterator[Api]:
    """A server that looks into requests when they are executed, as the API does."""
    with serving() as api:
        yield api


@pytest.fixture(scope="module")
def anybody() -> Iterator[Api]:
    """A caller who sends no header unasked."""
    with serving() as api:
        api.headers.clear()
        yield api


@pytest.fixture(scope="module")
def early() -> Iterator[Api]:
    """A server that looks into them at create."""
    with serving(validation="early") as api:
        yield api


@pytest.mark.parametrize("entry", [entry for entry in TABLE if entry.stage == "call"], ids=lambda entry: entry.name)
def test_calls_are_refused_as_the_table_says(anybody: Api, entry: Refusal) -> None:
    """Whatever they are about. A path that is not there is told with those that are."""
    path, headers = CALLS[entry.name]
    answered = anybody.get(path, headers=headers)
    assert answered.status_code == entry.error.status
    assert answered.json()["error"]["type"] == entry.error.type
    message = answered.json()["error"]["message"]
    assert is_worded(message, entry) or message.startswith(entry.says)


@pytest.mark.parametrize("entry", BODIES, ids=lambda entry: entry.name)
def test_create_refuses_what_the_table_says(later: Api, entry: Refusal) -> None:
    """A body that is a text is sent as it is."""
    body = entry.refused.change["body"]
    answered = later.post("/v1/messages/batches", content=body if isinstance(body, str) else json.dumps(body))
    assert answered.status_code == entry.error.status
    assert is_worded(answered.json()["error"]["message"], entry)
    assert later.post("/v1/messages/batches", json=entry.taken.change["body"]).status_code == 200


@pytest.mark.parametrize("entry", ROWS, ids=lambda entry: entry.name)
def test_all_who_look_find_the_same(later: Api, early: Api, entry: Refusal) -> None:
    """The row, the check at create, and the check of a file, for the request and for the one next to it."""
    assert is_worded(agreed(later, early, entry.refused) or "", entry)
    assert agreed(later, early, entry.taken) is None


@cache
def sent() -> list[Sample]:
    return samples(newest(), "beta create")


@st.composite
def requests_of_the_sdk(draw: Any) -> Example:
    """A request that the SDK can send: some of what it can send at once, to any model, with any of the betas."""
    parts = draw(st.lists(st.sampled_from(sent()), min_size=1, max_size=3))
    change: dict[str, Any] = {}
    for _, sample in parts:
        change |= {name: value for name, value in sample.items() if name != "model"}
    change["model"] = draw(st.sampled_from(list(MODELS)))
    change["max_tokens"] = draw(st.sampled_from((64, 2_000, 64_000)))
    betas = draw(st.sampled_from(((), ALL_BETAS)))
    return Example(change, draw(st.sampled_from((NEWEST, OLDEST))), betas)


ALL_BETAS = tuple(sorted({beta for entry in ROWS for beta in entry.taken.betas}))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests_of_the_sdk())
def test_all_who_look_agree_on_what_the_sdk_can_send(later: Api, early: Api, example: Example) -> None:
    """Nobody takes what another refuses."""
    agreed(later, early, example)


def agreed(later: Api, early: Api, example: Example) -> str | None:
    """What becomes of a request, which all who look at it agree about: the sentence that it is refused with."""
    headers = {"anthropic-version": example.version, "anthropic-beta": ",".join(example.betas)}
    headers |= {"anthropic-user-profile-id": example.profile} if example.profile else {}
    headers = {name: value for name, value in headers.items() if value}
    item = {"custom_id": "a", "params": example.params}
    body = json.dumps({"requests": [item]})
    at_create = early.post("/v1/messages/batches", content=body, headers=headers)
    batch = later.post("/v1/messages/batches", content=body, headers=headers).json()["id"]
    later.post("/_mockbatch/clock/advance", json={"by": "25h"})
    (line,) = later.get(f"/v1/messages/batches/{batch}/results").text.splitlines()
    result = json.loads(line)["result"]
    said = {
        "row": result["error"]["error"]["message"] if result["type"] == "errored" else None,
        "create": at_create.json()["error"]["message"] if at_create.status_code != 200 else None,
        "file": in_file(item, example),
    }
    sentences = {text for text in said.values() if text is None or not text.startswith("File `")}
    assert len(sentences) <= 1, said
    return next(iter(sentences), None)


def in_file(item: dict[str, Any], example: Example) -> str | None:
    """What the check of a file says. Which files there are is known to the server alone."""
    terms = Terms(example.version, example.betas, Models(), profile=example.profile)
    problem = Check(terms, Splitter(100_000, 1 << 28), PRICES).check_line(Line(1, 0, json.dumps(item).encode()))
    return problem.message if problem else None
