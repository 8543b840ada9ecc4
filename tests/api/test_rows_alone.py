"""A row that goes wrong, whatever goes wrong with it: the others, its batch and all sums of it answer."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.replies.draft import Reply, ReplyError, ReplySpec, Request
from mockbatch.service.sessions.functions import replies_of
from tests import reply_functions
from tests.builders import Api, outcomes, serving

VIEWS = ("summary", "batches", "ledger", "metrics", "problems")
HOSTILE = (*reply_functions.RAISED, *reply_functions.UNUSABLE)


@pytest.fixture
def hostile() -> Iterator[Api]:
    """A server whose replies are made by a hostile function."""
    with serving(replies="tests.reply_functions:hostile") as api:
        yield api


@pytest.mark.parametrize("name", HOSTILE)
def test_a_function_harms_no_other_row(hostile: Api, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "mockbatch")  # pytest-xdist cannot carry a log with what some of them raise
    batch = hostile.ended(hostile.create("good", name, "fine"))
    found = hostile.results(batch)
    assert outcomes(found) == {"good": "succeeded", name: "errored", "fine": "succeeded"}
    assert batch["request_counts"]["errored"] == 1
    error = next(row for row in found if row["custom_id"] == name)["result"]["error"]["error"]
    assert error["type"] == "api_error"
    assert error["message"].startswith("rule ")
    assert hostile.get("/v1/messages/batches").status_code == 200
    for view in VIEWS:
        assert hostile.get(f"/_mockbatch/{view}").status_code == 200


SCHEMAS = {
    "counts": {"type": "array", "items": {"type": "integer"}, "minItems": 2.0},
    "range": {"type": "number", "multipleOf": 1e-308, "minimum": 1e308},
    "long": {"type": "array", "items": {"type": "integer"}, "minItems": 1e9},
}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_harms_no_other_row(api: Api, kind: str) -> None:
    """And its own row gets a value all the same."""
    schema = {"type": "object", "properties": {"value": SCHEMAS[kind]}, "required": ["value"]}
    tool = {"name": "keep", "input_schema": schema}
    batch = api.ended(api.create("a", tools=[tool], tool_choice={"type": "any"}))
    (row,) = api.results(batch)
    assert row["result"]["type"] == "succeeded"
    for view in VIEWS:
        assert api.get(f"/_mockbatch/{view}").status_code == 200


def made_by(function: str, *custom_ids: str) -> list[Reply | ReplyError]:
    """The replies of a function that is given up at once when it hangs."""
    spec = ReplySpec("callable", {"callable": f"tests.reply_functions:{function}"})
    model = MODELS["claude-haiku-4-5-20251001"]
    wanted = [(spec, Request({}, model, 1, 100, name)) for name in custom_ids]
    return asyncio.run(replies_of(wanted, patience=0.2))


@pytest.mark.parametrize("function", ["stuck", "stuck_later"])
def test_a_function_that_does_not_return_is_given_up(function: str) -> None:
    """The others are made all the same."""
    reply_functions.release.clear()
    try:
        first, stuck, last = made_by(function, "first", "stuck", "last")
    finally:
        reply_functions.release.set()
    assert isinstance(first, Reply)
    assert isinstance(last, Reply)
    assert isinstance(stuck, ReplyError)
    assert stuck.message == f"tests.reply_functions:{function} did not return within 0.2 s"
