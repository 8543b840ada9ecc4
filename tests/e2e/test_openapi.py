"""Whatever the OpenAPI document allows, and what it does not, gets an answer that it describes."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, assume, given, settings

from mockbatch.http.app import all_routes
from mockbatch.http.calls import Endpoint
from mockbatch.http.openapi import document
from mockbatch.http.operation import description_of
from tests.processes import Process, run, running

KEY = {"x-api-key": "sk-ant-test"}
OPERATIONS = {
    (route.path, method): handler
    for route in all_routes()
    if isinstance(route.app, Endpoint)
    for method, handler in route.app.handlers.items()
}
# what takes nothing can be given nothing wrong
CASES = [
    (path, method, mode)
    for (path, method), handler in OPERATIONS.items()
    for mode in ("positive", "negative")
    for noted in [description_of(handler)]
    if path != "/_mockbatch/events"  # which never ends; tests/e2e/test_events.py listens to it
    if mode == "positive" or noted.takes or noted.query or noted.caller == "key"
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("server"), "--progression", "polls:2") as process:
        process.http.post("/v1/messages/batches", json={"requests": [{"custom_id": "a", "params": {}}]})
        yield process


@pytest.fixture(scope="module")
def schema() -> Any:
    import schemathesis.openapi  # not before: it takes two seconds

    return schemathesis.openapi.from_dict(document(all_routes()))


def _is_long(synth: Any) -> bool:
    """Whether to make up so much only takes time: a million requests may be asked for."""
    numbers = [synth.get(name) for name in ("items", "batches")] if isinstance(synth, dict) else []
    return any(isinstance(number, int) and number > 100 for number in numbers)


@pytest.mark.parametrize(("path", "method", "mode"), CASES)
def test_every_answer_is_described(server: Process, schema: Any, path: str, method: str, mode: str) -> None:
    """No 500, no status, content type or shape that the document does not know, and errors only in the envelope."""
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    # among what other cases sent was a rule, maybe, that has this one answered wrongly
    server.http.delete("/_mockbatch/rules", headers=KEY).raise_for_status()
    strategy = schema[path][method].as_strategy(generation_mode=GenerationMode[mode.upper()])

    @given(case=strategy)
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def answered(case: Any) -> None:
        assume(path != "/_mockbatch/synth" or not _is_long(case.body))
        response = case.call(base_url=server.url, headers=KEY, timeout=20)
        (content_type,) = response.headers["content-type"]
        if not content_type.startswith(("application/x-jsonl", "text/event-stream")):
            case.validate_response(response, checks=checks)
        assert response.status_code < 500
        (request_id,) = response.headers["request-id"]
        if response.status_code >= 400:
            envelope = response.json()
            assert set(envelope) == {"type", "error", "request_id"}
            assert envelope["request_id"] == request_id

    answered()


def test_the_document_is_served_and_printed(server: Process) -> None:
    """The same by HTTP and by the command line, and every path and method has a description."""
    served = httpx2.get(f"{server.url}/_mockbatch/openapi.json").json()
    code, printed, _ = run("openapi")
    assert code == 0
    assert served == json.loads(printed)
    assert {(path, method.upper()) for path, methods in served["paths"].items() for method in methods} == set(
        OPERATIONS
    )
    assert all(method["summary"] for methods in served["paths"].values() for method in methods.values())
